"""The functions of a file of Serverless Framework: the resources that each, with its events, stands for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from eventyard.contract.finding import Place
from eventyard.resource import Reference, Resource
from eventyard.templates.cloudformation.functions import Functions
from eventyard.templates.cloudformation.roles import stand_in
from eventyard.templates.code import local
from eventyard.templates.scope import Head, Scope
from eventyard.templates.serverless import events as serverless_events
from eventyard.templates.serverless import misplaced, package
from eventyard.templates.serverless.names import normalized
from eventyard.templates.serverless.shapes import EVENTS, FUNCTION, REFUSED_EVENTS
from eventyard.templates.shapes import convert
from eventyard.templates.tree import Entry, Fields, Items, Missing, Node, Scalar, missing, settle, unknown, word

#: Megabytes and seconds without a word of them (Serverless.yml Reference).
_MEMORY, _SECONDS = 1024, 6


class Service(msgspec.Struct, frozen=True):
    """What all functions share. ``provider``: what the file says of it. ``lines``: of the texts, by path. ``patterns``:
    of the files that are code."""

    name: str
    stage: str
    provider: Mapping[str, Any]
    path: str
    lines: Mapping[str, Sequence[str]]
    patterns: tuple[str, ...] = ()

    def role(self, region: str) -> str:
        """The name of the role that all functions get."""
        return f"{self.name}-{self.stage}-{region}-lambdaRole"


def announced(name: str, entry: Entry, scope: Scope) -> Iterator[tuple[str, Head]]:
    """What others may refer to: the function, its log group, and the buses and topics that its events make."""
    id = normalized(name)
    wanted = True
    node = entry.node
    condition = node.get("condition") if isinstance(node, Fields) else None
    if isinstance(condition, Scalar) and isinstance(condition.value, str):
        wanted = scope.condition(condition.value, condition.place) is not False
    yield f"{id}LambdaFunction", Head("AWS::Lambda::Function", entry.place, wanted)
    yield f"{id}LogGroup", Head("AWS::Logs::LogGroup", entry.place)
    events = node.get("events") if isinstance(node, Fields) else None
    for item in events.items if isinstance(events, Items) else ():
        if isinstance(item, Fields) and (only := item.only()) is not None:
            yield from serverless_events.announced(only[0], only[1].node, item.place)


def function(
    name: str, entry: Entry, service: Service, scope: Scope, made: Mapping[str, Resource]
) -> Iterator[Resource]:
    """The function and what its events make. ``made``: what the functions before it did; shared topics and buses are
    made once."""
    findings = scope.findings
    if not isinstance(entry.node, Fields):
        if not unknown(entry.node):
            findings.error(entry.place, "wrong-type", f"The function {name[:60]} is a mapping, not {word(entry.node)}.")
        return
    id = normalized(name)
    role = stand_in(service.role(scope.where.region), "Role", scope)["Arn"]
    wanted = scope.heads[f"{id}LambdaFunction"].wanted
    moved = misplaced.above(entry.node, service.lines, findings)
    own = {key: one for key, one in entry.node.entries.items() if key != "events" and key not in moved}
    evaluated = Functions(scope, not wanted).evaluate(Fields(own, entry.node.place))
    said = convert(evaluated, FUNCTION, findings, f"functions.{name}", "unknown-key")
    whole = said if not isinstance(said, Missing) else {}
    package.check(entry.node.get("package"), findings)
    if not isinstance(said, Missing) and wanted:
        yield from _function(name, entry.place, said, service, scope, role)
    events = serverless_events.Events(
        name,
        whole.get("name", f"{service.name}-{service.stage}-{name}"),
        role,
        scope,
        dict(made),
        not wanted,
        service.lines,
    )
    for key, one, place in _events(name, entry.node.get("events"), service, scope, bool(moved)):
        yield from (each for each in events.resources(key, one, place) if wanted)


def _function(
    name: str, place: Place, said: Mapping[str, Any], service: Service, scope: Scope, role: str
) -> Iterator[Resource]:
    provider, id = service.provider, normalized(name)
    full = said.get("name", f"{service.name}-{service.stage}-{name}")
    runtime = said.get("runtime", provider.get("runtime"))
    if runtime is None and not provider:
        return  # what is wrong with the provider is a finding
    if runtime is None:
        scope.findings.error(place, "missing-property", f"functions.{name} wants a runtime, or provider does.")
        return
    after: tuple[str, ...] = ()
    if not said.get("disableLogs", False):
        group: dict[str, Any] = {"LogGroupName": serverless_events.joined("/aws/lambda/", full)}
        if (days := said.get("logRetentionInDays", provider.get("logRetentionInDays"))) is not None:
            group["RetentionInDays"] = days
        yield Resource(f"{id}LogGroup", "AWS::Logs::LogGroup", group, place)
        after = (f"{id}LogGroup",)
    made: dict[str, Any] = {
        "Code": {
            "Path": local(service.path, "."),
            "Patterns": [*service.patterns, *package.listed(said.get("package"))],
        },
        "FunctionName": full,
        "Handler": said["handler"],
        "MemorySize": said.get("memorySize", provider.get("memorySize", _MEMORY)),
        "Role": _role(said.get("role"), role, scope),
        "Runtime": runtime,
        "Timeout": said.get("timeout", provider.get("timeout", _SECONDS)),
    }
    environment = {**provider.get("environment", {}), **said.get("environment", {})}
    tags = {**provider.get("tags", {}), **said.get("tags", {})}
    optional = {
        "Architectures": [architecture] if (architecture := _either("architecture", said, provider)) else None,
        "DeadLetterConfig": {"TargetArn": said["onError"]} if "onError" in said else None,
        "Description": said.get("description"),
        "Environment": {"Variables": environment} if environment else None,
        "EphemeralStorage": {"Size": said["ephemeralStorageSize"]} if "ephemeralStorageSize" in said else None,
        "KmsKeyArn": _either("kmsKeyArn", said, provider),
        "ReservedConcurrentExecutions": said.get("reservedConcurrency"),
        "Tags": [{"Key": key, "Value": value} for key, value in tags.items()] or None,
    }
    made |= {key: value for key, value in optional.items() if value is not None}
    given = said.get("dependsOn", [])
    for one in given if isinstance(given, list) else [given]:
        if one not in scope.heads:
            scope.findings.unknown(place, "unknown-reference", "The resource", str(one), scope.heads)
        elif scope.heads[one].wanted and scope.heads[one].attributes is None:
            after = (*after, one)
    yield Resource(f"{id}LambdaFunction", "AWS::Lambda::Function", made, place, after)
    yield from _invocation(id, place, said, scope)


def _role(given: Any, own: str, scope: Scope) -> Any:
    """An ARN, or of a role of the file its id; the service's ``own`` without one."""
    head = scope.heads.get(given) if isinstance(given, str) else None
    return head.attributes.get("Arn", own) if head and head.attributes else given if given is not None else own


def _invocation(id: str, place: Place, said: Mapping[str, Any], scope: Scope) -> Iterator[Resource]:
    names = {"maximumEventAge": "MaximumEventAgeInSeconds", "maximumRetryAttempts": "MaximumRetryAttempts"}
    made: dict[str, Any] = {names[key]: said[key] for key in names if key in said}
    ends = {}
    for when, one in said.get("destinations", {}).items():
        target = one["arn"] if isinstance(one, dict) else one
        if isinstance(target, str) and not target.startswith("arn:"):
            # The name of another function of the service.
            other = f"{normalized(target)}LambdaFunction"
            if other not in scope.heads:
                scope.findings.unknown(place, "unknown-reference", "The function", target, ())
            target = Reference(other, "Arn")
        ends["On" + when.removeprefix("on")] = {"Destination": target}
    if ends:
        made["DestinationConfig"] = ends
    if made:
        made |= {"FunctionName": Reference(f"{id}LambdaFunction", "Ref"), "Qualifier": "$LATEST"}
        yield Resource(f"{id}LambdaEvConf", "AWS::Lambda::EventInvokeConfig", made, place)


def _events(
    name: str, node: Node | None, service: Service, scope: Scope, moved: bool
) -> Iterator[tuple[str, Node, Place]]:
    """The events one by one: their names and what is said of them, with what is misplaced found."""
    findings = scope.findings
    node = settle(node) if node is not None else None
    if node is None or missing(node) or (isinstance(node, Scalar) and node.value is None):
        return
    if isinstance(node, Fields) and (only := node.only()) is not None and only[0] in EVENTS:
        message = f"events is a list: put a dash before {only[0]}."
        findings.error(only[1].place, "wrong-depth", message, ["events:", f"  - {only[0]}: ..."])
        return
    if not isinstance(node, Items):
        findings.error(node.place, "wrong-type", f"functions.{name}.events is a list, not {word(node)}.")
        return
    skip = 0
    for at, item in enumerate(node.items):
        if skip:
            skip -= 1
            continue
        if unknown(item):
            continue
        if isinstance(item, Fields) and misplaced.beside(item, service.lines, findings):
            continue
        skip = misplaced.behind(node, at, service.lines, findings)
        only = item.only() if isinstance(item, Fields) else None
        if skip or (moved and at == len(node.items) - 1):
            continue
        if only is None:
            if isinstance(item, Scalar) and item.text in EVENTS:
                only = item.text, Entry(item.place, Scalar(None, item.place))
            else:
                message = f"An event is a mapping with one name, such as eventBridge, not {word(item)}"
                more = f" with {len(item.entries)}" if isinstance(item, Fields) else ""
                findings.error(item.place, "wrong-type", f"{message}{more}.")
                continue
        key, entry = only
        if key in REFUSED_EVENTS:
            findings.error(entry.place, "unsupported-event", f"Events of the kind {key} are not done here.")
        elif key not in EVENTS:
            findings.unknown(entry.place, "unsupported-event", "The kind of event", key, EVENTS)
        else:
            yield key, entry.node, entry.place


def _either(key: str, said: Mapping[str, Any], provider: Mapping[str, Any]) -> Any:
    return said.get(key, provider.get(key))
