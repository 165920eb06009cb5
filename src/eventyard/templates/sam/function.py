"""AWS::Serverless::Function: the resources that it stands for.

Serverless Application Model developer guide, "AWS::Serverless::Function" and "Generated CloudFormation resources": ids
and properties are those that SAM generates, but for roles, which are left out, and the tag lambda:createdBy.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from eventyard.contract.finding import Place
from eventyard.resource import Reference, Resource
from eventyard.templates.cloudformation.functions import Functions
from eventyard.templates.cloudformation.roles import stand_in
from eventyard.templates.code import local
from eventyard.templates.findings import Findings
from eventyard.templates.sam import events as sam_events
from eventyard.templates.sam.shapes import EVENTS, REFUSED_EVENTS, SAME, event
from eventyard.templates.sam.shapes import function as function_shape
from eventyard.templates.scope import Head, Scope
from eventyard.templates.shapes import convert
from eventyard.templates.tree import Entry, Fields, Items, Missing, Node, Scalar, missing, settle, text, unknown, word

SERVERLESS = "AWS::Serverless-2016-10-31"
PREFIX = "AWS::Serverless::"
FUNCTION = "AWS::Serverless::Function"
_DESTINATIONS = {"SQS": ("AWS::SQS::Queue", "Queue", "Arn"), "SNS": ("AWS::SNS::Topic", "Topic", "Ref")}


def announce(name: str, entry: Entry, wanted: bool, scope: Scope) -> None:
    """Note the function and what it generates, so that all can be referred to."""
    place = entry.place
    scope.heads[name] = Head("AWS::Lambda::Function", place, wanted)
    properties = entry.node.get("Properties") if isinstance(entry.node, Fields) else None
    if not isinstance(properties, Fields):
        return
    if properties.get("Role") is None:
        role = f"{name}Role"
        known = stand_in(f"{scope.where.stack}-{role}", "Role", scope)
        scope.heads[role] = Head("AWS::IAM::Role", place, wanted, known)
    config = properties.get("EventInvokeConfig")
    if config is not None:
        scope.heads[f"{name}EventInvokeConfig"] = Head("AWS::Lambda::EventInvokeConfig", place, wanted)
        destinations = config.get("DestinationConfig") if isinstance(config, Fields) else None
        for when, one in destinations.entries.items() if isinstance(destinations, Fields) else ():
            kind = (
                one.node.get("Type") if isinstance(one.node, Fields) and one.node.get("Destination") is None else None
            )
            if isinstance(kind, Scalar) and text(kind.value) in _DESTINATIONS:
                made, suffix, _ = _DESTINATIONS[text(kind.value)]
                scope.heads[f"{name}EventInvokeConfig{when}{suffix}"] = Head(made, one.place, wanted)
    events = properties.get("Events")
    for key, one in events.entries.items() if isinstance(events, Fields) else ():
        for id, type in sam_events.generated(f"{name}{key}", one.node):
            scope.heads[id] = Head(type, one.place, wanted)


def read_globals(section: Fields, scope: Scope, serverless: bool) -> Fields:
    """What ``Globals`` says of functions, evaluated."""
    findings = scope.findings
    if section.entries and not serverless:
        findings.error(section.place, "missing-transform", f"Globals wants the line `Transform: {SERVERLESS}`.")
    shared: Node = Fields({}, section.place)
    for name, entry in section.entries.items():
        if name == "Function":
            shared = settle(Functions(scope).evaluate(entry.node))
        elif name in (
            "Api",
            "CapacityProvider",
            "HttpApi",
            "LayerVersion",
            "SimpleTable",
            "StateMachine",
            "WebSocketApi",
        ):
            findings.warn(
                entry.place, "no-effect", f"AWS::Serverless::{name} is not done here, nor what is global to it."
            )
        else:
            findings.unknown(entry.place, "unknown-section", "In Globals", name, ("Function",))
    if not isinstance(shared, Fields):
        if not unknown(shared):
            findings.error(shared.place, "wrong-type", f"Globals.Function is a mapping, not {word(shared)}.")
        return Fields({}, section.place)
    # Said here as well where no function takes it.
    convert(shared, {"fields": function_shape()["fields"]}, findings, "Globals.Function")
    return shared


def function(name: str, place: Place, given: Node, shared: Fields, scope: Scope, path: str) -> Iterator[Resource]:
    """The function and all that it generates. ``given``: its properties, evaluated."""
    findings = scope.findings
    given = settle(given)
    if not isinstance(given, Fields):
        findings.error(given.place, "wrong-type", f"{name} is a mapping, not {word(given)}.")
        return
    events = given.get("Events")
    rest = Fields({key: entry for key, entry in given.entries.items() if key != "Events"}, given.place)
    said = convert(_merged(shared, rest), function_shape(), findings, name)
    if not isinstance(said, Missing):
        yield from _function(name, place, said, scope, path)
        yield from _invocation(name, place, said.get("EventInvokeConfig"))
    if events is None:
        return
    events = settle(events)
    if not isinstance(events, Fields):
        if not missing(events):
            findings.error(events.place, "wrong-type", f"{name}.Events is a mapping, not {word(events)}.")
        return
    for key, entry in events.entries.items():
        yield from _event(name, key, entry, findings, scope)


def _function(name: str, place: Place, said: dict[str, Any], scope: Scope, path: str) -> Iterator[Resource]:
    made = {key: said[key] for key in SAME if key in said}
    made.setdefault("Role", stand_in(f"{scope.where.stack}-{name}Role", "Role", scope)["Arn"])
    made["Code"] = _code(name, place, said, scope.findings, path)
    if "DeadLetterQueue" in said:
        made["DeadLetterConfig"] = {"TargetArn": said["DeadLetterQueue"]["TargetArn"]}
    if "Tags" in said:
        made["Tags"] = [{"Key": key, "Value": value} for key, value in said["Tags"].items()]
    if said.get("Tracing") in ("Active", "PassThrough"):
        made["TracingConfig"] = {"Mode": said["Tracing"]}
    yield Resource(name, "AWS::Lambda::Function", made, place)


def _code(name: str, place: Place, said: dict[str, Any], findings: Findings, path: str) -> Any:
    uri = said.get("CodeUri")
    if "InlineCode" in said:
        return {"ZipFile": said["InlineCode"]}
    if "ImageUri" in said or said.get("PackageType") == "Image":
        return {"ImageUri": said.get("ImageUri", "")}
    if isinstance(uri, dict):
        names = {"Bucket": "S3Bucket", "Key": "S3Key", "Version": "S3ObjectVersion"}
        return {names[key]: value for key, value in uri.items()}
    if isinstance(uri, str) and uri.startswith("s3://"):
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        return {"S3Bucket": bucket, "S3Key": key}
    if not isinstance(uri, str):
        why = "its CodeUri is only known later" if uri else "it has neither CodeUri nor InlineCode"
        findings.error(place, "missing-property", f"The code of {name} can't be found: {why}.")
        return ""
    return local(path, uri)


def _invocation(name: str, place: Place, said: dict[str, Any] | None) -> Iterator[Resource]:
    """How asynchronous invocations are made; a destination without an ARN is made, too."""
    if said is None:
        return
    id = f"{name}EventInvokeConfig"
    made: dict[str, Any] = {"FunctionName": Reference(name, "Ref"), "Qualifier": "$LATEST"}
    made |= {key: said[key] for key in ("MaximumEventAgeInSeconds", "MaximumRetryAttempts") if key in said}
    destinations = {}
    for when, one in said.get("DestinationConfig", {}).items():
        target = one.get("Destination")
        if target is None and one.get("Type") in _DESTINATIONS:
            kind, suffix, attribute = _DESTINATIONS[one["Type"]]
            target = Reference(f"{id}{when}{suffix}", attribute)
            yield Resource(f"{id}{when}{suffix}", kind, {}, place)
        destinations[when] = {"Destination": target} if target is not None else {}
    if destinations:
        made["DestinationConfig"] = destinations
    yield Resource(id, "AWS::Lambda::EventInvokeConfig", made, place)


def _event(name: str, key: str, entry: Entry, findings: Findings, scope: Scope) -> Iterator[Resource]:
    node = settle(entry.node)
    where = f"{name}.Events.{key}"
    if missing(node):
        return
    shape = {"fields": {"Type": "string", "Properties": "json"}, "required": ["Type"]}
    said = convert(node, shape, findings, where)
    kind = said["Type"] if not isinstance(said, Missing) else None
    if not isinstance(node, Fields) or not isinstance(kind, str):
        return
    known = event(kind)
    if known is None:
        place = settle(node.entries["Type"].node).place
        if kind in REFUSED_EVENTS:
            findings.error(place, "unsupported-event", f"Events of the type {kind} are not done here.")
        else:
            findings.unknown(place, "unsupported-event", "The type of event", kind, EVENTS)
        return
    properties = node.get("Properties") or Fields({}, node.place)
    made = convert(properties, known, findings, where)
    if not isinstance(made, Missing):
        yield from sam_events.resources(sam_events.Event(name, key, entry.place, kind, made), scope)


def _merged(shared: Node, given: Node) -> Node:
    """SAM's rules for globals: mappings are joined, lists put behind one another, and all else replaced (developer
    guide, "Globals section")."""
    first, second = settle(shared), settle(given)
    if isinstance(first, Fields) and isinstance(second, Fields):
        entries = dict(first.entries)
        for name, entry in second.entries.items():
            old = entries.get(name)
            entries[name] = Entry(entry.place, _merged(old.node, entry.node)) if old else entry
        return Fields(entries, second.place)
    if isinstance(first, Items) and isinstance(second, Items):
        return Items((*first.items, *second.items), second.place)
    return given
