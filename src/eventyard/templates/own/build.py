"""Sections of the file to resources: what the short forms stand for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from eventyard.resource import Reference, Resource
from eventyard.templates.own import targets
from eventyard.templates.own.forms import Fields, Path
from eventyard.templates.own.functions import build_function
from eventyard.templates.own.names import Names
from eventyard.templates.own.table import SECTIONS
from eventyard.templates.own.yaml import Source

Said = dict[str, Any]
Made = dict[str, Any]


class Builder:
    """Of one file. Its values have the right forms; what they refer to is looked up, and what is not there found."""

    def __init__(self, source: Source, names: Names) -> None:
        self._source = source
        self._names = names
        self._made: list[Resource] = []

    def resources(self) -> list[Resource]:
        """All resources, in the order of the file."""
        build: dict[str, Callable[[str, Said, Path], None]] = {
            "buses": self._bus,
            "rules": self._rule,
            "queues": self._queue,
            "topics": self._topic,
            "streams": self._stream,
            "schedules": self._schedule,
            "archives": self._archive,
            "pipes": self._pipe,
            "connections": self._connection,
            "destinations": self._destination,
            "functions": self._function,
            "webhooks": self._webhook,
            "logs": self._log,
            "resources": self._resource,
        }
        value = self._source.value or {}
        for section in value:
            for name, said in (value[section] or {}).items() if section in build else ():
                at = (section, name)
                build[section](name, self._names.expand(said or {}, at), at)
        return self._made

    def _add(
        self, id: str, type: str, properties: Made, at: Path, after: tuple[str, ...] = (), keep: bool = False
    ) -> Reference:
        """A resource more, without the properties that are None."""
        given = {name: value for name, value in properties.items() if value is not None}
        self._made.append(Resource(id, type, given, self._source.place(at, True), after, keep, keep))
        return Reference(id, "Ref")

    def _refer(self, section: str, said: Said, key: str, at: Path, attribute: str = "Arn") -> Any:
        return self._names.refer(section, said[key], attribute, (*at, key)) if key in said else None

    def _bus_name(self, said: Said, at: Path) -> Any:
        name = said.get("bus", "default")
        return None if name == "default" else self._names.refer("buses", name, "Ref", (*at, "bus"))

    def _bus_arn(self, said: Said, at: Path) -> Any:
        return targets.arn(self._names, {"bus": said.get("bus", "default")}, at)

    def _bus(self, name: str, said: Said, at: Path) -> None:
        id = f"buses.{name}"
        letters = self._refer("queues", said, "dead_letters", at)
        properties = _plain("buses", said) | {"Name": name, "Policy": said.get("policy")}
        if name != "default":
            self._add(id, "AWS::Events::EventBus", properties | {"DeadLetterConfig": letters and {"Arn": letters}}, at)
        elif said.keys() - {"discover", "contracts"}:
            self._names.find(at, "default-bus", "Every account has a bus `default`; discover and contracts go for it.")
        if said.get("discover"):
            arn = targets.arn(self._names, {"bus": name}, at)
            self._add(f"{id}.discover", "AWS::EventSchemas::Discoverer", {"SourceArn": arn}, at)
        if contracts := said.get("contracts"):
            long = contracts if isinstance(contracts, dict) else {"mode": contracts}
            rules = _of(SECTIONS["buses"][0].fields["contracts"].form.long, long)  # type: ignore[union-attr]  # the table says
            queue = self._refer("queues", long, "queue", (*at, "contracts"))
            bus = name if name == "default" else Reference(id, "Ref")
            made = {"Registry": "contracts", **rules, "Bus": bus, "Queue": queue}
            self._add(f"{id}.contracts", "Eventyard::Contracts::Policy", made, (*at, "contracts"))

    def _rule(self, name: str, said: Said, at: Path) -> None:
        id = f"rules.{name}"
        pattern = dict(said.get("pattern") or {})
        for key, member in (("events", "detail-type"), ("source", "source")):
            if key in said and member in pattern:
                self._names.find((*at, key), "said-twice", f"The pattern says {member}, too.")
            elif key in said:
                pattern[member] = said[key] if isinstance(said[key], list) else [said[key]]
        made: list[Made] = []
        given = said.get("targets", [])
        alone = not isinstance(given, list)
        for index, each in enumerate([given] if alone else given):
            where: Path = (*at, "targets") if alone else (*at, "targets", index)
            target_id = targets.id_of(each, {one["Id"] for one in made})
            arn = self._target(each, where, f"{id}.{target_id}", f"{name}-{target_id}")
            made.append(targets.of_rule(self._names, each, where, target_id, arn))
        properties = {
            "Name": name,
            "EventBusName": self._bus_name(said, at),
            "EventPattern": pattern or None,
            "State": _switched(said, "ENABLED", "DISABLED"),
            "Targets": made or None,
        }
        self._add(id, "AWS::Events::Rule", _plain("rules", said) | properties, at)

    def _target(self, said: Said, at: Path, id: str, name: str) -> Any:
        """The ARN of a target; a URL becomes a destination of its own."""
        if not _is_url(said.get("http")):
            for key in ("connection", "method"):
                if key in said:
                    self._names.find((*at, key), "no-url", f"{key} goes with a URL under http.")
            return targets.arn(self._names, said, at)
        connection = self._refer("connections", said, "connection", at)
        if connection is None and "connection" not in said:
            self._names.find((*at, "http"), "no-connection", "A URL needs a connection; EventBridge wants one for all.")
        properties = {"Name": name[:64], "InvocationEndpoint": said["http"], "ConnectionArn": connection}
        self._add(id, "AWS::Events::ApiDestination", properties | {"HttpMethod": said.get("method", "POST")}, at)
        return Reference(id, "Arn")

    def _queue(self, name: str, said: Said, at: Path) -> None:
        id = f"queues.{name}"
        properties = _plain("queues", said) | {"QueueName": name, "FifoQueue": said.get("fifo") or None}
        if letters := said.get("dead_letters"):
            queue = self._refer("queues", letters, "queue", (*at, "dead_letters"))
            properties["RedrivePolicy"] = {"deadLetterTargetArn": queue, "maxReceiveCount": letters.get("after", 5)}
        queue = self._add(id, "AWS::SQS::Queue", properties, at)
        if policy := said.get("policy"):
            made = {"Queues": [queue], "PolicyDocument": policy}
            self._add(f"{id}.policy", "AWS::SQS::QueuePolicy", made, (*at, "policy"))

    def _topic(self, name: str, said: Said, at: Path) -> None:
        id = f"topics.{name}"
        properties = _plain("topics", said) | {"TopicName": name, "FifoTopic": said.get("fifo") or None}
        topic = self._add(id, "AWS::SNS::Topic", properties, at)
        if policy := said.get("policy"):
            made = {"Topics": [topic], "PolicyDocument": policy}
            self._add(f"{id}.policy", "AWS::SNS::TopicPolicy", made, (*at, "policy"))
        given = said.get("subscribers", [])
        for index, each in enumerate(given if isinstance(given, list) else [given]):
            where: Path = (*at, "subscribers", index) if isinstance(given, list) else (*at, "subscribers")
            self._subscriber(id, topic, each, where)

    def _subscriber(self, id: str, topic: Reference, said: Said, at: Path) -> None:
        kind = next(each for each in ("queue", "function", "http", "firehose") if each in said)
        endpoint = said[kind]
        protocol = {"queue": "sqs", "function": "lambda"}.get(kind, kind)
        if kind in ("queue", "function"):
            endpoint = self._refer(f"{kind}s", said, kind, at)
        elif kind == "http" and isinstance(endpoint, str):
            protocol = endpoint.partition(":")[0]
        letters = self._refer("queues", said, "dead_letters", at)
        scope = {"attributes": "MessageAttributes", "body": "MessageBody"}.get(said.get("filter_on", ""))
        made = {
            "TopicArn": topic,
            "Protocol": protocol,
            "Endpoint": endpoint,
            "FilterPolicyScope": scope,
            "RedrivePolicy": letters and {"deadLetterTargetArn": letters},
        }
        form = SECTIONS["topics"][0].fields["subscribers"].form.item  # type: ignore[union-attr]  # the table says
        # By what it is, so that another place in the list is no change.
        name = said[kind] if isinstance(said[kind], str) else kind
        made |= _of(form, said)
        self._add(f"{id}.{kind}.{name}", "AWS::SNS::Subscription", made, at)

    def _stream(self, name: str, said: Said, at: Path) -> None:
        mode = None if "shards" in said else {"StreamMode": "ON_DEMAND"}
        properties = _plain("streams", said) | {"Name": name, "StreamModeDetails": mode}
        self._add(f"streams.{name}", "AWS::Kinesis::Stream", properties, at)

    def _schedule(self, name: str, said: Said, at: Path) -> None:
        if "event" in said:
            event = said["event"]
            target = {
                "Arn": targets.arn(self._names, {"bus": event.get("bus", "default")}, (*at, "event")),
                "RoleArn": targets.role("scheduler"),
                "EventBridgeParameters": {"DetailType": event["type"], "Source": event["source"]},
                "Input": event.get("detail", {}),
            }
        else:
            where = (*at, "target")
            if "http" in said["target"] or "log" in said["target"]:
                self._names.find(where, "no-target", "EventBridge Scheduler sends to no URL and to no log group.")
                return
            target = targets.of_schedule(
                self._names, said["target"], where, targets.arn(self._names, said["target"], where)
            )
        window = {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": said["window"]} if "window" in said else {"Mode": "OFF"}
        properties = {
            "Name": name,
            "Target": target,
            "FlexibleTimeWindow": window,
            "State": _switched(said, "ENABLED", "DISABLED"),
        }
        self._add(f"schedules.{name}", "AWS::Scheduler::Schedule", _plain("schedules", said) | properties, at)

    def _archive(self, name: str, said: Said, at: Path) -> None:
        properties = _plain("archives", said) | {"ArchiveName": name, "SourceArn": self._bus_arn(said, at)}
        self._add(f"archives.{name}", "AWS::Events::Archive", properties, at)

    def _pipe(self, name: str, said: Said, at: Path) -> None:
        kind = "queue" if "queue" in said else "stream"
        where = (*at, "target")
        own: Made = {"BatchSize": said["batch"]} if "batch" in said else {}
        if kind == "stream":
            own["StartingPosition"] = "TRIM_HORIZON" if said.get("from") == "oldest" else "LATEST"
        parameters: Made = {"SqsQueueParameters" if kind == "queue" else "KinesisStreamParameters": own} if own else {}
        if patterns := said.get("filter"):
            listed = patterns if isinstance(patterns, list) else [patterns]
            parameters["FilterCriteria"] = {"Filters": [{"Pattern": each} for each in listed]}
        properties = {
            "Name": name,
            "Source": self._refer(f"{kind}s", said, kind, at),
            "SourceParameters": parameters or None,
            "Enrichment": self._refer("functions", said, "enrich", at),
            "Target": self._target(said["target"], where, f"pipes.{name}.target", name),
            "TargetParameters": targets.of_pipe(self._names, said["target"], where) or None,
            "DesiredState": _switched(said, "RUNNING", "STOPPED"),
            "RoleArn": said.get("role", targets.role("pipes")),
        }
        self._add(f"pipes.{name}", "AWS::Pipes::Pipe", _plain("pipes", said) | properties, at)

    def _connection(self, name: str, said: Said, at: Path) -> None:
        made: Made = {}
        fields = SECTIONS["connections"][0].fields
        if "api_key" in said:
            kind = "API_KEY"
            made["ApiKeyAuthParameters"] = _of(fields["api_key"].form, said["api_key"])
        elif "basic" in said:
            kind = "BASIC"
            made["BasicAuthParameters"] = _of(fields["basic"].form, said["basic"])
        else:
            kind, oauth = "OAUTH_CLIENT_CREDENTIALS", said["oauth"]
            made["OAuthParameters"] = {
                "AuthorizationEndpoint": oauth["url"],
                "ClientParameters": {"ClientID": oauth["client"], "ClientSecret": oauth["secret"]},
                "HttpMethod": oauth.get("method", "POST"),
            }
            if body := oauth.get("body"):
                made["OAuthParameters"]["OAuthHttpParameters"] = {"BodyParameters": _pairs(body)}
        more = {
            member: _pairs(said[key])
            for key, member in (("headers", "HeaderParameters"), ("query", "QueryStringParameters"))
            if key in said
        }
        if more:
            made["InvocationHttpParameters"] = more
        properties = {"Name": name, "AuthorizationType": kind, "AuthParameters": made}
        self._add(f"connections.{name}", "AWS::Events::Connection", _plain("connections", said) | properties, at)

    def _destination(self, name: str, said: Said, at: Path) -> None:
        properties = {
            "Name": name,
            "ConnectionArn": self._refer("connections", said, "connection", at),
            "HttpMethod": said.get("method", "POST"),
        }
        self._add(f"destinations.{name}", "AWS::Events::ApiDestination", _plain("destinations", said) | properties, at)

    def _function(self, name: str, said: Said, at: Path) -> None:
        plain = _plain("functions", said)
        for id, type, properties, where in build_function(self._names, self._source.path, name, said, at, plain):
            self._add(id, type, properties, where)

    def _webhook(self, name: str, said: Said, at: Path) -> None:
        secrets = said.get("secrets")
        properties = {
            "Name": name,
            "Secrets": [secrets] if secrets is not None and not isinstance(secrets, list) else secrets,
            "Bus": self._bus_arn(said, at) if "bus" in said else None,
        }
        self._add(f"webhooks.{name}", "Eventyard::Webhooks::Endpoint", _plain("webhooks", said) | properties, at)

    def _log(self, name: str, said: Said, at: Path) -> None:
        self._add(f"logs.{name}", "AWS::Logs::LogGroup", _plain("logs", said) | {"LogGroupName": name}, at)

    def _resource(self, name: str, said: Said, at: Path) -> None:
        after = said.get("after", ())
        after = tuple(after) if isinstance(after, list) else (after,) if after else ()
        self._add(name, said["type"], said.get("properties") or {}, at, after, bool(said.get("keep")))


def _plain(section: str, said: Said) -> Made:
    """What stands for a property by itself."""
    return _of(SECTIONS[section][0], said)


def _of(form: object, said: Said) -> Made:
    assert isinstance(form, Fields)
    return {field.to: said[name] for name, field in form.fields.items() if field.to and name in said}


def _pairs(said: Said) -> list[Made]:
    return [{"Key": name, "Value": value, "IsValueSecret": True} for name, value in said.items()]


def _is_url(value: object) -> bool:
    return isinstance(value, str) and value.startswith(("http://", "https://"))


def _switched(said: Said, on: str, off: str) -> str | None:
    """What ``enabled`` makes of it; None where it isn't said."""
    enabled = said.get("enabled")
    return on if enabled is True else off if enabled is False else None
