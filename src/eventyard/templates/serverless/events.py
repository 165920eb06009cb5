"""The events of Serverless Framework's functions: eventBridge, schedule, sqs, sns, stream and cloudwatchEvent.

Its documentation, "EventBridge Event" and its neighbours; ids, names and properties are those that it generates.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from eventyard.contract.finding import Place
from eventyard.resource import Join, Reference, Resource
from eventyard.templates.cloudformation.functions import Functions
from eventyard.templates.scope import Head, Scope
from eventyard.templates.serverless import misplaced
from eventyard.templates.serverless.names import letters, normalized, source
from eventyard.templates.serverless.shapes import EVENTS, SHORT, mapping_fields
from eventyard.templates.shapes import convert
from eventyard.templates.tree import Entry, Fields, Missing, Node, Scalar, later, settle, unknown

#: EventBridge API reference, "PutRule".
_LONGEST_NAME = 64


def announced(key: str, node: Node, place: Place) -> Iterator[tuple[str, Head]]:
    """The bus or topic that an event makes, by the id others may refer to."""
    given = node if isinstance(node, Scalar) else node.get("topicName") if isinstance(node, Fields) else None
    arn = node.get("arn") if isinstance(node, Fields) else None
    if key == "sns" and arn is None and (name := _made(given)):
        yield f"SNSTopic{letters(name)}", Head("AWS::SNS::Topic", place)
    bus = node.get("eventBus") if isinstance(node, Fields) else None
    if key == "eventBridge" and (name := _made(bus)) and name != "default":
        yield _bus_id(name), Head("AWS::Events::EventBus", place)


def _made(node: Node | None) -> str | None:
    """A name, not an ARN: what is asked for by name is made."""
    written = node.value if isinstance(node, Scalar) else None
    return written if isinstance(written, str) and written and not written.startswith("arn:") else None


def _bus_id(name: str) -> str:
    return f"{normalized(name)}EventBridgeEventBus"


class Events:
    """The events of one function. ``full``: its name. ``role``: its ARN. ``made``: what is there, by id; topics and
    buses are shared. ``idle``: it is left out by its condition and only checked. ``lines``: of the texts, by path."""

    def __init__(
        self,
        name: str,
        full: Any,
        role: str,
        scope: Scope,
        made: dict[str, Resource],
        idle: bool,
        lines: Mapping[str, Sequence[str]],
    ) -> None:
        self._name = name
        self._full = full
        self._role = role
        self._id = normalized(name)
        self._scope = scope
        self._findings = scope.findings
        self._made = made
        self._idle = idle
        self._lines = lines
        self._rules = self._schedules = self._watched = 0
        self._arn = Reference(f"{self._id}LambdaFunction", "Arn")

    def resources(self, key: str, node: Node, place: Place) -> Iterator[Resource]:
        """What the event ``key`` stands for."""
        evaluated: Node = settle(Functions(self._scope, self._idle).evaluate(node))
        if unknown(evaluated):
            return
        if key in SHORT and not isinstance(evaluated, Fields):
            evaluated = self._long(key, evaluated, place)
        where = f"functions.{self._name}.{key}"
        if key == "eventBridge" and isinstance(node, Fields) and misplaced.outside(node, self._lines, self._findings):
            return
        said = convert(evaluated, EVENTS[key], self._findings, where, "unknown-key")
        if isinstance(said, Missing):
            return
        arn = (node.get("arn") if isinstance(node, Fields) else None) or node
        if key == "eventBridge":
            bus = node.get("eventBus") if isinstance(node, Fields) else None
            yield from self._event_bridge(said, bus, place)
        elif key == "schedule":
            yield from self._schedule(said, place)
        elif key == "cloudwatchEvent":
            yield from self._cloudwatch(said, place)
        elif key == "sns":
            yield from self._sns(said, arn, place)
        else:
            yield from self._mapping(key, said, arn, place)

    def _long(self, key: str, node: Node, place: Place) -> Node:
        name = SHORT[key]
        if key == "sns" and isinstance(node, Scalar) and str(node.value).startswith("arn:"):
            name = "arn"
        return Fields({name: Entry(place, node)}, place)

    # Rules

    def _event_bridge(self, said: Mapping[str, Any], raw: Node | None, place: Place) -> Iterator[Resource]:
        self._rules += 1
        if "pattern" not in said and "schedule" not in said:
            self._findings.error(place, "missing-property", f"An event of {self._name} wants a pattern or a schedule.")
            return
        numbered = joined(self._full, f"-rule-{self._rules}")
        name = said.get("name", numbered)
        if isinstance(name, str) and len(name) > _LONGEST_NAME:
            message = f"The rule's name {name} is longer than {_LONGEST_NAME} characters: give it a name."
            self._findings.error(place, "bad-name", message)
        bus = said.get("eventBus")
        after: tuple[str, ...] = ()
        if isinstance(bus, str) and bus.startswith("arn:"):
            bus = self._own(bus, place)
        elif isinstance(raw, Scalar) and isinstance(bus, str) and bus != "default":
            id = _bus_id(bus)
            after = (id,)
            if id not in self._made:
                self._made[id] = Resource(id, "AWS::Events::EventBus", {"Name": bus}, place)
                yield self._made[id]
        target = {"Arn": self._arn, "Id": joined(name, "-target"), **self._input(said, place)}
        if "retryPolicy" in said:
            names = {"maximumEventAge": "MaximumEventAgeInSeconds", "maximumRetryAttempts": "MaximumRetryAttempts"}
            target["RetryPolicy"] = {names[key]: value for key, value in said["retryPolicy"].items()}
        if "deadLetterQueueArn" in said:
            target["DeadLetterConfig"] = {"Arn": said["deadLetterQueueArn"]}
        rule: dict[str, Any] = {"Name": name, "State": _state(said), "Targets": [target]}
        names = {"description": "Description", "pattern": "EventPattern", "schedule": "ScheduleExpression"}
        rule |= {names[key]: said[key] for key in names if key in said}
        if bus is not None and bus != "default":
            rule["EventBusName"] = bus
        known = letters(numbered) if isinstance(numbered, str) else f"{self._id}{self._rules}"
        yield Resource(f"{known}EventBridgeRule", "AWS::Events::Rule", rule, place, after)
        path = ("rule/", bus, "/", name) if bus is not None else ("rule/", name)
        yield self._permission(
            f"EventBridgeLambdaPermission{self._rules}", "events", self._arn_of("events", *path), place
        )

    def _own(self, arn: str, place: Place) -> str:
        """The name of a bus of this account and region; there are no rules on others."""
        where = self._scope.where
        mine = f"arn:{where.partition}:events:{where.region}:{where.account}:event-bus/"
        if not arn.startswith(mine):
            message = f"The bus {arn[:120]} is of another account or region than {mine[:-11]}, which this is read for."
            self._findings.error(place, "not-allowed", message)
        return arn.removeprefix(mine)

    def _cloudwatch(self, said: Mapping[str, Any], place: Place) -> Iterator[Resource]:
        self._watched += 1
        target = {"Arn": self._arn, "Id": f"{self._name}CloudWatchEvent", **self._input(said, place)}
        rule: dict[str, Any] = {"EventPattern": said["event"], "State": _state(said), "Targets": [target]}
        rule |= {key.capitalize(): said[key] for key in ("description", "name") if key in said}
        id = f"{self._id}EventsRuleCloudWatchEvent{self._watched}"
        yield Resource(id, "AWS::Events::Rule", rule, place)
        permission = f"LambdaPermissionEventsRuleCloudWatchEvent{self._watched}"
        yield self._permission(permission, "events", Reference(id, "Arn"), place)

    def _schedule(self, said: Mapping[str, Any], place: Place) -> Iterator[Resource]:
        rates = said["rate"] if isinstance(said["rate"], list) else [said["rate"]]
        by_scheduler = said.get("method") == "scheduler"
        for key in ("inputPath", "inputTransformer") if by_scheduler else ("timezone",):
            if key in said:
                only = "schedules of the method eventBus" if by_scheduler else "those of the method scheduler"
                self._findings.error(place, "not-allowed", f"{key} is for {only}.")
        for rate in rates:
            self._schedules += 1
            if by_scheduler:
                yield self._scheduled(said, rate, place)
                continue
            target = {"Arn": self._arn, "Id": f"{self._name}Schedule", **self._input(said, place)}
            rule: dict[str, Any] = {"ScheduleExpression": rate, "State": _state(said), "Targets": [target]}
            rule |= {key.capitalize(): said[key] for key in ("description", "name") if key in said}
            id = f"{self._id}EventsRuleSchedule{self._schedules}"
            yield Resource(id, "AWS::Events::Rule", rule, place)
            permission = f"LambdaPermissionEventsRuleSchedule{self._schedules}"
            yield self._permission(permission, "events", Reference(id, "Arn"), place)

    def _scheduled(self, said: Mapping[str, Any], rate: str, place: Place) -> Resource:
        made: dict[str, Any] = {
            "FlexibleTimeWindow": {"Mode": "OFF"},
            "ScheduleExpression": rate,
            "State": _state(said),
            "Target": {"Arn": self._arn, "RoleArn": self._role, **self._input(said, place)},
        }
        names = {"description": "Description", "name": "Name", "timezone": "ScheduleExpressionTimezone"}
        made |= {names[key]: said[key] for key in names if key in said}
        return Resource(f"{self._id}SchedulerSchedule{self._schedules}", "AWS::Scheduler::Schedule", made, place)

    def _input(self, said: Mapping[str, Any], place: Place) -> dict[str, Any]:
        given = [key for key in ("input", "inputPath", "inputTransformer") if key in said]
        if len(given) > 1:
            self._findings.error(place, "not-allowed", f"There is one of {', '.join(given)} only.")
        if "input" in said:
            return {"Input": self._json(said["input"], place)}
        if "inputPath" in said:
            return {"InputPath": said["inputPath"]}
        if "inputTransformer" in said:
            names = {"inputPathsMap": "InputPathsMap", "inputTemplate": "InputTemplate"}
            return {"InputTransformer": {names[key]: value for key, value in said["inputTransformer"].items()}}
        return {}

    def _json(self, value: Any, place: Place) -> str:
        if isinstance(value, str):
            return value
        if later(value):
            self._findings.error(place, "bad-function", "input wants what is known before anything is there.")
            return ""
        return msgspec.json.encode(value).decode()

    # Sources that are polled, and topics

    def _mapping(self, key: str, said: Mapping[str, Any], arn: Node, place: Place) -> Iterator[Resource]:
        if said.get("type") == "dynamodb" or ":dynamodb:" in str(said["arn"]):
            self._findings.error(place, "unsupported-event", "Streams of DynamoDB are not done here.")
            return
        made: dict[str, Any] = {
            "BatchSize": 10,
            "Enabled": True,
            "EventSourceArn": said["arn"],
            "FunctionName": self._arn,
        }
        if key == "stream":
            made["StartingPosition"] = "TRIM_HORIZON"
        made |= {name: said[one] for one, name in mapping_fields().items() if one in said}
        if "functionResponseType" in said:
            made["FunctionResponseTypes"] = [said["functionResponseType"]]
        if "maximumConcurrency" in said:
            made["ScalingConfig"] = {"MaximumConcurrency": said["maximumConcurrency"]}
        if "filterPatterns" in said:
            patterns = [{"Pattern": self._json(one, place)} for one in said["filterPatterns"]]
            made["FilterCriteria"] = {"Filters": patterns}
        if "destinations" in said:
            one = said["destinations"]["onFailure"]
            made["DestinationConfig"] = {"OnFailure": {"Destination": one["arn"] if isinstance(one, dict) else one}}
        kind = "SQS" if key == "sqs" else "Kinesis"
        id = f"{self._id}EventSourceMapping{kind}{source(arn)}"
        yield Resource(id, "AWS::Lambda::EventSourceMapping", made, place)

    def _sns(self, said: Mapping[str, Any], arn: Node, place: Place) -> Iterator[Resource]:
        name, topic = said.get("topicName"), said.get("arn")
        if topic is None and not isinstance(name, str):
            self._findings.error(place, "missing-property", f"The topic of {self._name} wants topicName or arn.")
            return
        id = letters(name) if isinstance(name, str) else source(arn)
        subscription: dict[str, Any] = {"Endpoint": self._arn, "Protocol": "lambda"}
        names = {"filterPolicy": "FilterPolicy", "filterPolicyScope": "FilterPolicyScope"}
        more = {names[key]: said[key] for key in names if key in said}
        yield from self._letters(said.get("redrivePolicy"), id, topic, more, place)
        permitted = topic if topic is not None else self._arn_of("sns", name)
        if topic is None:
            yield from self._topic(name, said, [] if more else [subscription], place)
        if topic is not None or more:
            known = topic if topic is not None else Reference(f"SNSTopic{id}", "Ref")
            made = {**subscription, "TopicArn": known, **more}
            yield Resource(f"{self._id}SnsSubscription{id}", "AWS::SNS::Subscription", made, place)
        yield self._permission(f"LambdaPermission{id}SNS", "sns", permitted, place)

    def _topic(self, name: Any, said: Mapping[str, Any], subscriptions: list[Any], place: Place) -> Iterator[Resource]:
        """The topic, once for all functions that are subscribed to it."""
        id = f"SNSTopic{letters(name)}"
        old = self._made.get(id)
        properties: dict[str, Any] = dict(old.properties) if old else {"TopicName": name}
        if "displayName" in said:
            properties["DisplayName"] = said["displayName"]
        if subscriptions:
            properties["Subscription"] = [*properties.get("Subscription", []), *subscriptions]
        self._made[id] = Resource(id, "AWS::SNS::Topic", properties, old.place if old else place)
        yield self._made[id]

    def _letters(
        self, said: Mapping[str, Any] | None, id: str, topic: Any, more: dict[str, Any], place: Place
    ) -> Iterator[Resource]:
        """The dead-letter queue of a subscription; one of this file gets the policy that lets the topic send to it."""
        if said is None:
            return
        if len(said) != 1:
            self._findings.error(place, "not-allowed", "redrivePolicy has one of its three forms of the queue.")
        if "deadLetterTargetImport" in said:
            message = "deadLetterTargetImport is of another stack: give deadLetterTargetArn."
            self._findings.error(place, "unsupported-property", message)
            return
        if "deadLetterTargetArn" in said:
            more["RedrivePolicy"] = {"deadLetterTargetArn": said["deadLetterTargetArn"]}
            return
        queue = said.get("deadLetterTargetRef")
        head = self._scope.heads.get(queue) if isinstance(queue, str) else None
        if head is None or head.type != "AWS::SQS::Queue":
            queues = [name for name, one in self._scope.heads.items() if one.type == "AWS::SQS::Queue"]
            self._findings.unknown(place, "unknown-reference", "The queue", str(queue), queues)
            return
        arn = Reference(str(queue), "Arn")
        more["RedrivePolicy"] = {"deadLetterTargetArn": arn}
        sender = topic if topic is not None else Reference(f"SNSTopic{id}", "Ref")
        statement = {
            "Action": "sqs:SendMessage",
            "Effect": "Allow",
            "Principal": {"Service": "sns.amazonaws.com"},
            "Condition": {"ArnEquals": {"aws:SourceArn": sender}},
            "Resource": arn,
        }
        policy = {
            "PolicyDocument": {"Version": "2012-10-17", "Statement": [statement]},
            "Queues": [Reference(str(queue), "Ref")],
        }
        yield Resource(f"{id}To{self._id}DLQPolicy", "AWS::SQS::QueuePolicy", policy, place)

    def _permission(self, suffix: str, service: str, sender: Any, place: Place) -> Resource:
        made = {
            "Action": "lambda:InvokeFunction",
            "FunctionName": self._arn,
            "Principal": f"{service}.amazonaws.com",
            "SourceArn": sender,
        }
        return Resource(f"{self._id}{suffix}", "AWS::Lambda::Permission", made, place)

    def _arn_of(self, service: str, *rest: Any) -> Any:
        where = self._scope.where
        return joined(f"arn:{where.partition}:{service}:{where.region}:{where.account}:", *rest)


def _state(said: Mapping[str, Any]) -> str:
    return "ENABLED" if said.get("enabled", True) else "DISABLED"


def joined(*parts: Any) -> Any:
    """A text of parts of which some may only be known later."""
    flat: list[str | Reference] = []
    for part in parts:
        for one in part.parts if isinstance(part, Join) else (part,):
            if isinstance(one, str) and flat and isinstance(last := flat[-1], str):
                flat[-1] = last + one
            else:
                flat.append(one)
    return flat[0] if len(flat) == 1 else Join(tuple(flat))
