"""The section ``functions``: a function, what it reads, and what becomes of failures."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from typing import Any

from eventyard.resource import Reference
from eventyard.templates.own import targets
from eventyard.templates.own.forms import Fields, ListOf, Path
from eventyard.templates.own.names import Names
from eventyard.templates.own.table import SECTIONS

Made = dict[str, Any]


def build_function(
    names: Names, file: str, name: str, said: Made, at: Path, plain: Made
) -> Iterator[tuple[str, str, Made, Path]]:
    """Id, type, properties and place of each resource. ``plain``: the properties that are said as they are."""
    id = f"functions.{name}"
    letters = None
    if "dead_letters" in said:
        letters = names.refer("queues", said["dead_letters"], "Arn", (*at, "dead_letters"))
    if "code" in said:
        yield from _uploaded(names, file, name, said, at, plain, letters)
    else:
        yield id, "Eventyard::Functions::Function", _in_place(names, file, name, said, at, plain, letters), at
    given = said.get("reads", [])
    for index, each in enumerate(given if isinstance(given, list) else [given]):
        where: Path = (*at, "reads", index) if isinstance(given, list) else (*at, "reads")
        kind = "queue" if "queue" in each else "stream"
        mapping = _mapping(names, id, kind, each, where)
        yield f"{id}.reads.{each[kind]}", "AWS::Lambda::EventSourceMapping", mapping, where


def _uploaded(
    names: Names, file: str, name: str, said: Made, at: Path, plain: Made, letters: Any
) -> Iterator[tuple[str, str, Made, Path]]:
    id = f"functions.{name}"
    _needs(names, said, at, "code", ("handler", "runtime"), ("command",))
    properties = plain | {
        "FunctionName": name,
        "Code": _beside(file, said["code"]),
        "Role": said.get("role", targets.role("functions")),
    }
    for key, to in (("memory", "MemorySize"), ("concurrency", "ReservedConcurrentExecutions")):
        if key in said:
            properties[to] = said[key]
    if "environment" in said:
        properties["Environment"] = {"Variables": said["environment"]}
    yield id, "AWS::Lambda::Function", properties, at
    settings: Made = {"MaximumRetryAttempts": said["retries"]} if "retries" in said else {}
    if letters is not None:
        settings["DestinationConfig"] = {"OnFailure": {"Destination": letters}}
    if settings:
        made = {"FunctionName": Reference(id, "Ref"), "Qualifier": "$LATEST", **settings}
        yield f"{id}.failures", "AWS::Lambda::EventInvokeConfig", made, at


def _in_place(names: Names, file: str, name: str, said: Made, at: Path, plain: Made, letters: Any) -> Made:
    if "url" in said:
        _needs(names, said, at, "url", (), ("command", "handler", "runtime"))
    else:
        _needs(names, said, at, "folder", () if "command" in said else ("handler",), ())
    found = plain | {"Name": name}
    for key, to in (("url", "Url"), ("role", "Role"), ("memory", "Memory"), ("concurrency", "Concurrency")):
        if key in said:
            found[to] = said[key]
    for key, to in (("retries", "Retries"), ("environment", "Environment")):
        if key in said:
            found[to] = said[key]
    if "folder" in said:
        found["Path"] = _beside(file, said["folder"])
    if letters is not None:
        found["OnFailure"] = letters
    return found


def _needs(names: Names, said: Made, at: Path, what: str, needed: tuple[str, ...], senseless: tuple[str, ...]) -> None:
    for key in needed:
        if key not in said:
            names.find(at, "missing-key", f"A function with {what} says {key}, too.")
    for key in senseless:
        if key in said:
            names.find((*at, key), "senseless-key", f"A function with {what} has no {key}.")


def _beside(file: str, path: Any) -> Any:
    """A path that is seen from where the file is."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(file), path)) if isinstance(path, str) else path


def _mapping(names: Names, function: str, kind: str, said: Made, at: Path) -> Made:
    reads = SECTIONS["functions"][0].fields["reads"].form
    assert isinstance(reads, ListOf)
    assert isinstance(reads.item, Fields)
    made: Made = {field.to: said[name] for name, field in reads.item.fields.items() if field.to and name in said}
    source = names.refer(f"{kind}s", said[kind], "Arn", (*at, kind))
    made |= {"FunctionName": Reference(function, "Ref"), "EventSourceArn": source}
    if kind == "stream":
        made["StartingPosition"] = "LATEST"
    if patterns := said.get("filter"):
        listed = patterns if isinstance(patterns, list) else [patterns]
        made["FilterCriteria"] = {"Filters": [{"Pattern": each} for each in listed]}
    if said.get("report_failures"):
        made["FunctionResponseTypes"] = ["ReportBatchItemFailures"]
    return made
