"""From the texts of files to a stack and findings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from eventyard.contract.finding import Finding
from eventyard.resource import Stack
from eventyard.templates.checks import check_resources
from eventyard.templates.own.build import Builder
from eventyard.templates.own.forms import check
from eventyard.templates.own.names import Names
from eventyard.templates.own.table import FILE, SECTIONS
from eventyard.templates.own.yaml import Source, parse


def read_own(
    files: Sequence[tuple[str, str]],
    name: str | None = None,
    parameters: Mapping[str, str] = {},
    environment: Mapping[str, str] = {},
) -> tuple[Stack | None, tuple[Finding, ...]]:
    """The stack that ``files``, paths and texts, ask for together. ``name``: of the stack, if not what a file says.
    ``parameters`` go before those in the files. There is no stack if one of the findings is an error."""
    sources = [parse(path, text) for path, text in files]
    found = [finding for source in sources for finding in (*source.findings, *_wrong(source))]
    if any(finding.severity == "error" for finding in found):
        return None, tuple(sorted(found))
    ids = {
        _id(section, each): section
        for source in sources
        for section in SECTIONS
        for each in (source.value or {}).get(section) or {}
    }
    said: dict[str, str] = {}
    for source in sources:
        said |= {key: str(value) for key, value in (source.value or {}).get("parameters", {}).items()}
    resources = []
    outputs: dict[str, Any] = {}
    for source in sources:
        names = Names(source, ids, {**said, **parameters}, environment)
        builder = Builder(source, names)
        resources += builder.resources()
        outputs |= names.expand((source.value or {}).get("outputs", {}), ("outputs",))
        found += names.found
    for unknown in parameters.keys() - said.keys():
        used = any(f"${{param:{unknown}}}" in text for _, text in files)
        if not used:
            found.append(Finding(files[0][0], 1, 1, "unused-parameter", f"No file says parameter {unknown}."))
    names_said = [source.value["stack"] for source in sources if source.value and "stack" in source.value]
    stack_name = name or (names_said[0] if names_said else "")
    if not stack_name:
        message = "The file does not say the stack's name. Add `stack: NAME`, or give --stack."
        found.append(Finding(files[0][0], 1, 1, "no-stack", message))
    found += check_resources(resources, dict(files))
    if any(finding.severity == "error" for finding in found):
        return None, tuple(sorted(found))
    return Stack(stack_name, tuple(resources), outputs), tuple(sorted(found))


def _wrong(source: Source) -> list[Finding]:
    if source.value is None:
        return []
    return [
        Finding(*source.place(at, rule in ("unknown-key", "missing-key")), rule, message)
        for at, rule, message in check(FILE, source.value)
    ]


def _id(section: str, name: str) -> str:
    """Of a resource: what stands under ``resources`` has its name as it is."""
    return name if section == "resources" else f"{section}.{name}"
