"""The events of AWS::Serverless::Function: the rules, schedules, mappings and subscriptions that each stands for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from eventyard.contract.finding import Place
from eventyard.resource import Reference, Resource
from eventyard.templates.cloudformation.roles import stand_in
from eventyard.templates.findings import Findings
from eventyard.templates.sam.shapes import SCHEDULE
from eventyard.templates.scope import Scope
from eventyard.templates.tree import Fields, Node, Scalar, settle, text

_RULES = ("CloudWatchEvent", "EventBridgeRule", "Schedule")
_TYPES = {
    **dict.fromkeys(_RULES, "AWS::Events::Rule"),
    **dict.fromkeys(("Kinesis", "SQS"), "AWS::Lambda::EventSourceMapping"),
    "ScheduleV2": "AWS::Scheduler::Schedule",
    "SNS": "AWS::SNS::Subscription",
}


class Event(msgspec.Struct, frozen=True):
    """``function``: the id of its function. ``said``: its properties in their shape."""

    function: str
    key: str
    place: Place
    kind: str
    said: dict[str, Any]

    @property
    def id(self) -> str:
        return f"{self.function}{self.key}"

    @property
    def arn(self) -> Reference:
        return Reference(self.function, "Arn")

    def take(self, *names: str) -> dict[str, Any]:
        return {name: self.said[name] for name in names if name in self.said}

    def make(self, suffix: str, type: str, properties: dict[str, Any]) -> Resource:
        return Resource(f"{self.id}{suffix}", type, properties, self.place)


def generated(id: str, node: Node) -> Iterator[tuple[str, str]]:
    """The ids and types of what an event generates, as far as others may refer to them."""
    said = node.get("Type") if isinstance(node, Fields) else None
    kind = text(said.value) if isinstance(said, Scalar) else ""
    if not isinstance(node, Fields) or kind not in _TYPES:
        return
    yield id, _TYPES[kind]
    properties = settle(node.get("Properties") or node)
    if kind in (*_RULES, "SNS"):
        yield f"{id}Permission", "AWS::Lambda::Permission"
    if isinstance(properties, Fields):
        letters = properties.get("DeadLetterConfig")
        named = letters.get("QueueLogicalId") if isinstance(letters, Fields) else None
        if isinstance(letters, Fields) and letters.get("Type") is not None:
            yield text(named.value) if isinstance(named, Scalar) else f"{id}Queue", "AWS::SQS::Queue"
        if properties.get("SqsSubscription") is not None:
            yield f"{id}Queue", "AWS::SQS::Queue"


def resources(event: Event, scope: Scope) -> Iterator[Resource]:
    """All that the event stands for."""
    findings = scope.findings
    if event.kind in _RULES:
        yield from _rule(event, findings)
    elif event.kind == "ScheduleV2":
        yield from _schedule(event, scope)
    elif event.kind == "SNS":
        yield from _subscription(event)
    else:
        source = "Queue" if event.kind == "SQS" else "Stream"
        made = {name: value for name, value in event.said.items() if name != source}
        made |= {"EventSourceArn": event.said[source], "FunctionName": Reference(event.function, "Ref")}
        if "DestinationConfig" in made:
            ends = made["DestinationConfig"].items()
            made["DestinationConfig"] = {when: {"Destination": one.get("Destination", "")} for when, one in ends}
        yield event.make("", "AWS::Lambda::EventSourceMapping", made)


def _state(event: Event, findings: Findings) -> dict[str, Any]:
    if "State" in event.said and "Enabled" in event.said:
        findings.error(event.place, "not-allowed", f"{event.key} has State or Enabled, not both.")
    if "Enabled" in event.said:
        return {"State": "ENABLED" if event.said["Enabled"] else "DISABLED"}
    return event.take("State")


def _rule(event: Event, findings: Findings) -> Iterator[Resource]:
    said = event.said
    target: dict[str, Any] = {"Arn": event.arn, "Id": said.get("Target", {}).get("Id", f"{event.id}LambdaTarget")}
    target |= event.take("Input", "InputPath", "InputTransformer", "RetryPolicy")
    letters, made = _letters(event, findings)
    yield from made
    if letters is not None:
        target["DeadLetterConfig"] = {"Arn": letters}
    names = {"Pattern": "EventPattern", "Schedule": "ScheduleExpression", "RuleName": "Name"}
    rule = {
        names.get(name, name): said[name] for name in (*names, "Name", "Description", "EventBusName") if name in said
    }
    yield event.make("", "AWS::Events::Rule", {**rule, **_state(event, findings), "Targets": [target]})
    yield _permission(event, "events.amazonaws.com", Reference(event.id, "Arn"))


def _schedule(event: Event, scope: Scope) -> Iterator[Resource]:
    said = event.said
    # The role that SAM makes is left out, as all are, but the API wants its name.
    role = said.get("RoleArn", stand_in(f"{scope.where.stack}-{event.id}Role", "Role", scope)["Arn"])
    target: dict[str, Any] = {"Arn": event.arn, "RoleArn": role, **event.take("Input", "RetryPolicy")}
    letters, made = _letters(event, scope.findings)
    yield from made
    if letters is not None:
        target["DeadLetterConfig"] = {"Arn": letters}
    schedule = {"FlexibleTimeWindow": {"Mode": "OFF"}, **event.take(*SCHEDULE), "Target": target}
    if "Name" not in said and not said.get("OmitName", False):
        schedule["Name"] = event.id
    yield event.make("", "AWS::Scheduler::Schedule", schedule)


def _letters(event: Event, findings: Findings) -> tuple[Any, list[Resource]]:
    """The ARN of the dead-letter queue, and what is made for it where a type says so instead of an ARN."""
    said = event.said.get("DeadLetterConfig")
    if said is None:
        return None, []
    if ("Arn" in said) == ("Type" in said):
        findings.error(event.place, "not-allowed", f"The DeadLetterConfig of {event.key} has either Arn or Type.")
        return None, []
    if "Arn" in said:
        return said["Arn"], []
    id = said.get("QueueLogicalId", f"{event.id}Queue")
    made = [Resource(id, "AWS::SQS::Queue", {}, event.place)]
    if event.kind != "ScheduleV2":
        made.append(event.make("QueuePolicy", "AWS::SQS::QueuePolicy", _policy(id, "events.amazonaws.com", event.id)))
    return Reference(id, "Arn"), made


def _policy(queue: str, service: str, source: str) -> dict[str, Any]:
    return _may_send(Reference(queue, "Arn"), Reference(queue, "Ref"), {"Service": service}, Reference(source, "Arn"))


def _may_send(arn: Any, url: Any, principal: Any, source: Any) -> dict[str, Any]:
    statement = {
        "Action": "sqs:SendMessage",
        "Effect": "Allow",
        "Principal": principal,
        "Resource": arn,
        "Condition": {"ArnEquals": {"aws:SourceArn": source}},
    }
    return {"PolicyDocument": {"Version": "2012-10-17", "Statement": [statement]}, "Queues": [url]}


def _permission(event: Event, service: str, source: Any) -> Resource:
    made = {
        "Action": "lambda:InvokeFunction",
        "FunctionName": Reference(event.function, "Ref"),
        "Principal": service,
        "SourceArn": source,
    }
    return event.make("Permission", "AWS::Lambda::Permission", made)


def _subscription(event: Event) -> Iterator[Resource]:
    said = event.said
    made = {"TopicArn": said["Topic"], **event.take("FilterPolicy", "FilterPolicyScope", "RedrivePolicy", "Region")}
    between = said.get("SqsSubscription", False)
    if between is False:
        yield _permission(event, "sns.amazonaws.com", said["Topic"])
        yield event.make("", "AWS::SNS::Subscription", {**made, "Endpoint": event.arn, "Protocol": "lambda"})
        return
    given = between if isinstance(between, dict) else {}
    arn, url = (
        given.get("QueueArn", Reference(f"{event.id}Queue", "Arn")),
        given.get("QueueUrl", Reference(f"{event.id}Queue", "Ref")),
    )
    if not given:
        yield event.make("Queue", "AWS::SQS::Queue", {})
    mapping = {"BatchSize": given.get("BatchSize", 10), "Enabled": given.get("Enabled", True), "EventSourceArn": arn}
    mapping["FunctionName"] = Reference(event.function, "Ref")
    yield event.make("EventSourceMapping", "AWS::Lambda::EventSourceMapping", mapping)
    policy = given.get("QueuePolicyLogicalId", f"{event.id}QueuePolicy")
    yield Resource(policy, "AWS::SQS::QueuePolicy", _may_send(arn, url, "*", said["Topic"]), event.place)
    yield event.make("", "AWS::SNS::Subscription", {**made, "Endpoint": arn, "Protocol": "sqs"})
