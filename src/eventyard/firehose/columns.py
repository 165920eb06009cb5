"""The types of columns, found in records: what a first record has, later ones must fit. Pure.

An integer column becomes one of floating point with the first number that is none. Missing fields and nulls fit
everywhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from eventyard.errors import InvalidRequest
from eventyard.firehose.resources import Conversion

_LEAST, _MOST = -(1 << 63), (1 << 63) - 1


class Plain(msgspec.Struct, frozen=True):
    """``unknown``: nothing but nulls was seen."""

    name: Literal["unknown", "boolean", "integer", "number", "string"]


class Listed(msgspec.Struct, frozen=True):
    of: Type


class Fields(msgspec.Struct, frozen=True):
    fields: dict[str, Type]


Type = Plain | Listed | Fields
NOTHING = Fields({})
_UNKNOWN = Plain("unknown")


def widened(known: Fields, row: Mapping[str, Any]) -> Fields:
    """The columns that hold what ``known`` do and ``row`` as well. Raises InvalidRequest for a row that does not
    fit."""
    found = _both(known, _type_of(row, ""), "")
    assert isinstance(found, Fields)
    return found


def named(document: Mapping[str, Any], conversion: Conversion) -> dict[str, Any]:
    """``document`` with the names of columns. Raises InvalidRequest where two keys have one name."""
    columns = {key: column for column, key in conversion.names.items()}
    return _named(document, conversion, columns)


def _named(document: Mapping[str, Any], conversion: Conversion, columns: Mapping[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in document.items():
        name = columns.get(key) or key
        if conversion.underscores:
            name = name.replace(".", "_")
        if conversion.lower:
            name = name.lower()
        if name in found:
            raise InvalidRequest(f"Two keys of the record are the column {name}.")
        found[name] = _named_value(value, conversion)
    return found


def _named_value(value: Any, conversion: Conversion) -> Any:
    if isinstance(value, dict):
        return _named(value, conversion, {})
    if isinstance(value, list):
        return [_named_value(one, conversion) for one in value]
    return value


def _type_of(value: Any, path: str) -> Type:
    if value is None:
        return _UNKNOWN
    if isinstance(value, bool):
        return Plain("boolean")
    if isinstance(value, int):
        if not _LEAST <= value <= _MOST:
            raise InvalidRequest(f"{path} is a number of more than 64 bits.")
        return Plain("integer")
    if isinstance(value, float):
        return Plain("number")
    if isinstance(value, str):
        return Plain("string")
    if isinstance(value, list):
        of: Type = _UNKNOWN
        for one in value:
            of = _both(of, _type_of(one, path), path)
        return Listed(of)
    return Fields({name: _type_of(one, f"{path}.{name}".lstrip(".")) for name, one in value.items()})


def _both(one: Type, other: Type, path: str) -> Type:
    """The narrowest type that holds both."""
    if one == other or other == _UNKNOWN:
        return one
    if one == _UNKNOWN:
        return other
    if isinstance(one, Plain) and isinstance(other, Plain) and {one.name, other.name} == {"integer", "number"}:
        return Plain("number")
    if isinstance(one, Listed) and isinstance(other, Listed):
        return Listed(_both(one.of, other.of, path))
    if isinstance(one, Fields) and isinstance(other, Fields):
        both = dict(one.fields)
        for name, type in other.fields.items():
            both[name] = _both(both[name], type, f"{path}.{name}".lstrip(".")) if name in both else type
        return Fields(both)
    raise InvalidRequest(f"{path} is of another type than in the records before: {_name(other)}, not {_name(one)}.")


def _name(type: Type) -> str:
    return type.name if isinstance(type, Plain) else "array" if isinstance(type, Listed) else "object"
