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
    settings = {key: plain.pop(key) for key in ("MaximumRetryAttempts",) if key in plain}
    properties = plain | {
        "FunctionName": name,
        "Code": posixpath.normpath(posixpath.join(posixpath.dirname(file), said["code"])),
        "Role": said.get("role", targets.role("functions")),
    }
    if "environment" in said:
        properties["Environment"] = {"Variables": said["environment"]}
    yield id, "AWS::Lambda::Function", properties, at
    if "dead_letters" in said:
        queue = names.refer("queues", said["dead_letters"], "Arn", (*at, "dead_letters"))
        settings["DestinationConfig"] = {"OnFailure": {"Destination": queue}}
    if settings:
        made = {"FunctionName": Reference(id, "Ref"), "Qualifier": "$LATEST", **settings}
        yield f"{id}.failures", "AWS::Lambda::EventInvokeConfig", made, at
    given = said.get("reads", [])
    for index, each in enumerate(given if isinstance(given, list) else [given]):
        where: Path = (*at, "reads", index) if isinstance(given, list) else (*at, "reads")
        kind = "queue" if "queue" in each else "stream"
        yield (
            f"{id}.reads.{each[kind]}",
            "AWS::Lambda::EventSourceMapping",
            _mapping(names, id, kind, each, where),
            where,
        )


def _mapping(names: Names, function: str, kind: str, said: Made, at: Path) -> Made:
    reads = SECTIONS["functions"][0].fields["reads"].form
    assert isinstance(reads, ListOf)
    assert isinstance(reads.item, Fields)
    made: Made = {field.to: said[name] for name, field in reads.item.fields.items() if field.to and name in said} | {
        "FunctionName": Reference(function, "Ref"),
        "EventSourceArn": names.refer(f"{kind}s", said[kind], "Arn", (*at, kind)),
    }
    if kind == "stream":
        made["StartingPosition"] = "LATEST"
    if patterns := said.get("filter"):
        listed = patterns if isinstance(patterns, list) else [patterns]
        made["FilterCriteria"] = {"Filters": [{"Pattern": each} for each in listed]}
    if said.get("report_failures"):
        made["FunctionResponseTypes"] = ["ReportBatchItemFailures"]
    return made
