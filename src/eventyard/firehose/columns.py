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
_KINDS = {bool: "boolean", float: "number", str: "string"}
_NESTED = (dict, list)
_NO_NAMES: Mapping[str, str] = {}


def widened(known: Fields, row: Mapping[str, Any]) -> Fields:
    """The columns that hold what ``known`` do and ``row`` as well. Raises InvalidRequest for a row that does not
    fit."""
    if _fits(row, known):
        return known
    found = _both(known, _type_of(row, ""), "")
    assert isinstance(found, Fields)
    return found


class Names:
    """What the keys of documents are called as columns."""

    def __init__(self, conversion: Conversion) -> None:
        self._conversion = conversion
        self._top = {key: self._name(column) for column, key in conversion.names.items()}
        self._known: dict[str, str] = {}

    def row(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """``document`` with the names of columns. Raises InvalidRequest where two keys have one name."""
        return self._fields(document, self._top)

    def _fields(self, document: Mapping[str, Any], top: Mapping[str, str]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, value in document.items():
            name = top.get(key) or self._known.get(key) or self._learn(key)
            found[name] = self._value(value) if type(value) in _NESTED else value
        if len(found) < len(document):
            raise InvalidRequest(f"Two of the keys {', '.join(document)} are the same column.")
        return found

    def _value(self, value: Any) -> Any:
        if isinstance(value, dict):
            return self._fields(value, _NO_NAMES)
        return [self._value(one) if type(one) in _NESTED else one for one in value]

    def _learn(self, key: str) -> str:
        name = self._known[key] = self._name(key)
        return name

    def _name(self, key: str) -> str:
        if self._conversion.underscores:
            key = key.replace(".", "_")
        return key.lower() if self._conversion.lower else key


def _fits(value: Any, column: Type) -> bool:
    """Whether ``column`` holds ``value`` as it is."""
    if value is None:
        return True
    kind = type(value)
    if isinstance(column, Plain):
        if kind is int:
            return column.name in ("integer", "number") and _LEAST <= value <= _MOST
        return column.name == _KINDS.get(kind)
    if isinstance(column, Listed):
        return kind is list and all(_fits(one, column.of) for one in value)
    fields = column.fields
    return kind is dict and all(name in fields and _fits(one, fields[name]) for name, one in value.items())


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
