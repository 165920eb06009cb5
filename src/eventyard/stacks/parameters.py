"""From properties, as CloudFormation has them, to parameters, as the APIs do: by botocore's shapes."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import msgspec

from eventyard.errors import InvalidRequest


def parameters(shape: Any, properties: Mapping[str, Any], rename: Mapping[str, str]) -> dict[str, Any]:
    """Those of ``properties`` that ``shape`` takes, under the names that ``rename`` gives them.

    Raises InvalidRequest for a value that can't be what the parameter is."""
    named = {rename.get(name, name): value for name, value in properties.items()}
    return {name: convert(member, named[name], name) for name, member in shape.members.items() if name in named}


def convert(shape: Any, value: Any, path: str) -> Any:
    """``value`` as a parameter of ``shape``. Raises InvalidRequest, with the path."""
    kind = shape.type_name
    if kind == "structure":
        return _structure(shape, value, path)
    if kind == "list":
        if isinstance(value, Mapping):  # tags, in the other of their two forms
            value = [{"Key": name, "Value": each} for name, each in value.items()]
        if not isinstance(value, list):
            raise InvalidRequest(f"{path} is a list, not {_shown(value)}.")
        return [convert(shape.member, each, f"{path}.{index}") for index, each in enumerate(value)]
    if kind == "map":
        if isinstance(value, list) and all(isinstance(each, Mapping) and "Key" in each for each in value):
            value = {each["Key"]: each.get("Value", "") for each in value}
        if not isinstance(value, Mapping):
            raise InvalidRequest(f"{path} is an object, not {_shown(value)}.")
        return {str(name): convert(shape.value, each, f"{path}.{name}") for name, each in value.items()}
    return _scalar(kind, value, path)


def text(value: Any) -> str:
    """``value`` as a text: an object as its JSON."""
    if isinstance(value, Mapping | list):
        return msgspec.json.encode(value).decode()
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def unknown(name: str, known: Iterable[str], said: str = "") -> str:
    """The sentence for a name that is none of ``known``. ``said``: how to speak of it."""
    there = sorted(known)
    lower = {each.lower(): each for each in there}
    near = difflib.get_close_matches(name.lower(), lower, 1)
    hint = f"did you mean {lower[near[0]]}?" if near else f"there are {', '.join(there)}."
    return f"{said or name} is not known; {hint}"


def _structure(shape: Any, value: Any, path: str) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise InvalidRequest(f"{path} is an object, not {_shown(value)}.")
    # Some services spell members with a small first letter where CloudFormation doesn't.
    members = {name.lower(): name for name in shape.members}
    found: dict[str, Any] = {}
    for name, each in value.items():
        member = members.get(name.lower())
        if member is None:
            raise InvalidRequest(f"{path}.{unknown(name, shape.members)}")
        found[member] = convert(shape.members[member], each, f"{path}.{name}")
    return found


def _scalar(kind: str, value: Any, path: str) -> Any:
    try:
        if kind == "string":
            return text(value)
        if kind in ("integer", "long") and not isinstance(value, bool):
            return int(value)
        if kind in ("float", "double") and not isinstance(value, bool):
            return float(value)
        if kind == "boolean":
            return {"true": True, "false": False}[text(value).lower()]
        if kind == "timestamp":
            return value if isinstance(value, datetime) else text(value)
        if kind == "blob":
            return value if isinstance(value, bytes) else text(value).encode()
    except (TypeError, ValueError, KeyError):
        pass
    raise InvalidRequest(f"{path} is of type {kind}, not {_shown(value)}.")


def _shown(value: Any) -> str:
    shown = text(value)
    return repr(shown if len(shown) <= 60 else shown[:57] + "...")
