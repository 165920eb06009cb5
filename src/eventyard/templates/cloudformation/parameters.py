"""The section ``Parameters``: what may be given, and the values that hold.

CloudFormation user guide, "Parameters". What is kept in Systems Manager can't be asked for: its
value is given, or nothing may refer to it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import jsonschema_rs

from eventyard.templates.findings import Findings
from eventyard.templates.scope import Scope
from eventyard.templates.shapes import convert
from eventyard.templates.tree import UNKNOWN, Entry, Fields, Items, Missing, Node, Scalar, scalar

_SHAPE = {
    "fields": {
        **dict.fromkeys(("Type", "Default", "Description", "AllowedPattern", "ConstraintDescription"), "string"),
        **dict.fromkeys(("MaxLength", "MinLength"), "integer"),
        **dict.fromkeys(("MaxValue", "MinValue"), "number"),
        "AllowedValues": ["string"],
        "NoEcho": "boolean",
    },
    "required": ["Type"],
}
#: Types of one value, and of several with commas between them.
SINGLE, LISTS = ("String", "Number"), ("CommaDelimitedList", "List<Number>")
#: AWS-specific types: names and ids of things that exist in the account, which nobody can look up here.
_SPECIFIC = re.compile(r"(?P<list>List<)?AWS::(?!SSM::)[A-Za-z0-9]+::[A-Za-z0-9.:]+>?")
_NUMBER = re.compile(r"[-+]?[0-9]{1,30}(\.[0-9]{1,30})?")


def read_parameters(section: Fields, scope: Scope) -> None:
    """Put the parameters' values into ``scope``."""
    for name, entry in section.entries.items():
        scope.parameters[name] = _parameter(name, entry, scope)
    for name in scope.where.parameters:
        if name in scope.parameters:
            scope.used.add(name)


def unused(scope: Scope, path: str) -> None:
    """What was given and nobody asked for is an error: it was meant to change something."""
    for name in scope.where.parameters:
        if name not in scope.used:
            scope.findings.unknown((path, 1, 1), "unknown-parameter", "The parameter", name, scope.parameters)


def _parameter(name: str, entry: Entry, scope: Scope) -> Node:
    findings, place = scope.findings, entry.place
    wrong = Scalar(UNKNOWN, place)
    said = convert(entry.node, _SHAPE, findings, f"The parameter {name}", "unknown-key")
    if isinstance(said, Missing):
        return wrong
    kind = said["Type"]
    if "AWS::SSM::" in kind and name in scope.where.parameters:
        # Its value, not the name that it is kept under: nobody else can say it here.
        kind = "CommaDelimitedList" if "List" in kind else "String"
    if "AWS::SSM::" in kind:
        scope.unavailable[name] = (
            f"{name} is kept in Systems Manager ({kind[:60]}), which can't be asked here; give its value."
        )
        findings.warn(place, "unsupported-parameter", f"{scope.unavailable[name]}")
        return wrong
    specific = _SPECIFIC.fullmatch(kind)
    if not specific and kind not in (*SINGLE, *LISTS):
        findings.unknown(place, "unknown-type", "The type of a parameter", kind, (*SINGLE, *LISTS))
        return wrong
    given = scope.where.parameters.get(name, said.get("Default"))
    if given is None:
        findings.error(place, "missing-parameter", f"{name} has no default: give its value.")
        return wrong
    if said.get("NoEcho") and given:
        findings.secrets.add(given)
    several = kind in LISTS or (specific is not None and specific["list"] is not None)
    values = [one.strip() for one in given.split(",")] if several else [given]
    if not all(_allowed(name, kind, value, said, entry, findings) for value in values):
        return wrong
    if several:
        return Items(tuple(scalar(value, place) for value in values), place)
    return scalar(given, place)


def _allowed(name: str, kind: str, value: str, said: Mapping[str, Any], entry: Entry, findings: Findings) -> bool:
    why = None
    shown = "its value" if said.get("NoEcho") else repr(value[:60])
    if "Number" in kind and not _NUMBER.fullmatch(value):
        why = f"{shown} is no number"
    elif "AllowedValues" in said and value not in said["AllowedValues"]:
        why = f"{shown} is none of {', '.join(said['AllowedValues'])[:300]}"
    elif "Number" not in kind and not said.get("MinLength", 0) <= len(value) <= said.get("MaxLength", len(value)):
        why = f"{shown} has {len(value)} characters"
    elif "Number" in kind and not said.get("MinValue", float(value)) <= float(value) <= said.get(
        "MaxValue", float(value)
    ):
        why = f"{shown} is out of its range"
    elif "AllowedPattern" in said and (matched := _matches(said["AllowedPattern"], value)) is not True:
        if matched is None:
            message = f"The AllowedPattern of {name} is not checked: only regular expressions without look-around are."
            findings.warn(entry.place, "not-checked", message)
            return True
        why = f"{shown} does not match {said['AllowedPattern'][:100]}"
    if why is None:
        return True
    more = f": {said['ConstraintDescription']}" if "ConstraintDescription" in said else ""
    findings.error(entry.place, "bad-parameter", f"{name}: {why}{more}.")
    return False


def _matches(pattern: str, value: str) -> bool | None:
    """Whether all of ``value`` matches, in linear time; None for a pattern that this can't be said of."""
    try:
        validator = jsonschema_rs.validator_for(
            {"type": "string", "pattern": f"^(?:{pattern})$"}, pattern_options=jsonschema_rs.RegexOptions()
        )
    except (jsonschema_rs.ValidationError, ValueError):
        return None
    return validator.is_valid(value)
