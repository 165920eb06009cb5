"""The shape of JSON values: what is known of a place in an event after some events. Shapes are joined, and only grow.

``join`` takes what either shape takes. It does not matter in which order, or how often, the same values are joined,
but for evidence: how often something was there. Everything is bounded: the depth, the names of members, kept values.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import jsonschema_rs
import msgspec

#: Below that many levels anything goes.
DEEPEST = 32
#: An object with more names, or with more of those that look like identifiers, is a map: its names are data.
MOST_NAMES, MOST_IDENTIFIERS = 256, 8
#: Values of a text that are kept, and how long they may be; how often they must have been there to be an enum, all
#: together and each.
MOST_VALUES, _LONGEST_VALUE = 8, 64
_EVIDENCE, _EVIDENCE_EACH = 100, 5

_IDENTIFIER = re.compile(r"\d.*\d.*\d")
_LONGEST_FORMATTED = 2_048


class Text(msgspec.Struct, frozen=True, array_like=True):
    """``formats``: those that every text had. ``values``: how often there was which; None if they are too many, or one
    came after they were thought to be all."""

    formats: tuple[str, ...]
    values: Mapping[str, int] | None

    @property
    def enum(self) -> list[str] | None:
        """The values, sorted, if there is reason to think that these are all."""
        if self.values is None or self.formats or len(self.values) < 2 or sum(self.values.values()) < _EVIDENCE:
            return None
        return sorted(self.values) if min(self.values.values()) >= _EVIDENCE_EACH else None


class Field(msgspec.Struct, frozen=True, array_like=True):
    """A member of an object, and how many objects had it."""

    shape: Shape
    count: int


class Object(msgspec.Struct, frozen=True, array_like=True):
    """``count``: how many objects there were. ``rest``: of a map, the shape of all its members; it has no fields."""

    count: int
    fields: Mapping[str, Field]
    rest: Shape | None = None

    @property
    def required(self) -> list[str]:
        """The names that every object had, sorted."""
        return sorted(name for name, field in self.fields.items() if field.count == self.count)


class Array(msgspec.Struct, frozen=True, array_like=True):
    """``items``: what the items are; None if there were none."""

    items: Shape | None


class Shape(msgspec.Struct, frozen=True, array_like=True):
    """Which kinds of values there were. ``number``: 1 for integers only, 2 also for others. ``anything``: nobody
    looked closer."""

    anything: bool = False
    null: bool = False
    boolean: bool = False
    number: int = 0
    text: Text | None = None
    array: Array | None = None
    object: Object | None = None


ANYTHING = Shape(anything=True)


def shape_of(value: Any, deepest: int = DEEPEST) -> Shape:
    """The shape of one JSON value, as orjson parses it."""
    if deepest == 0:
        return ANYTHING
    if value is None:
        return Shape(null=True)
    if value is True or value is False:
        return Shape(boolean=True)
    if isinstance(value, str):
        return Shape(text=_text((value,)))
    if isinstance(value, int):
        return Shape(number=1)
    if isinstance(value, float):
        return Shape(number=2)
    if isinstance(value, list):
        return Shape(array=Array(_items(value, deepest - 1)))
    fields = {name: Field(shape_of(each, deepest - 1), 1) for name, each in value.items()}
    return Shape(object=_closed(Object(1, fields)))


def join(one: Shape, other: Shape) -> Shape:
    """The shape of what has either shape."""
    if one.anything or other.anything:
        return ANYTHING
    return Shape(
        null=one.null or other.null,
        boolean=one.boolean or other.boolean,
        number=max(one.number, other.number),
        text=_join_texts(one.text, other.text),
        array=_join_arrays(one.array, other.array),
        object=_join_objects(one.object, other.object),
    )


def pruned(shape: Shape, levels: int) -> Shape:
    """``shape`` with anything below ``levels`` levels."""
    if levels == 0 or shape.anything:
        return ANYTHING
    array, object = shape.array, shape.object
    if array is not None and array.items is not None:
        array = Array(pruned(array.items, levels - 1))
    if object is not None:
        fields = {name: Field(pruned(field.shape, levels - 1), field.count) for name, field in object.fields.items()}
        object = Object(object.count, fields, None if object.rest is None else pruned(object.rest, levels - 1))
    return msgspec.structs.replace(shape, array=array, object=object)


def size(shape: Shape) -> int:
    """How many places ``shape`` knows of."""
    total = 1
    if shape.array is not None and shape.array.items is not None:
        total += size(shape.array.items)
    if shape.object is not None:
        total += sum(size(field.shape) for field in shape.object.fields.values())
        total += 0 if shape.object.rest is None else size(shape.object.rest)
    return total


def _items(values: list[Any], deepest: int) -> Shape | None:
    """The shape of all items. Those that are alike are looked at once: there may be very many."""
    if not values:
        return None
    if deepest == 0:
        return ANYTHING
    kinds = {type(value) for value in values}
    shape = Shape(
        null=type(None) in kinds, boolean=bool in kinds, number=2 if float in kinds else 1 if int in kinds else 0
    )
    if str in kinds:
        shape = join(shape, Shape(text=_text([value for value in values if type(value) is str])))
    if dict in kinds or list in kinds:
        for value in values:
            if isinstance(value, dict | list):
                shape = join(shape, shape_of(value, deepest))
    return shape


def _text(values: Iterable[str]) -> Text:
    formats: list[str] | None = None
    seen: dict[str, int] | None = {}
    for value in values:
        formats = [name for name in (_LIKELY if formats is None else formats) if _has_format(value, name)]
        if seen is not None:
            seen[value] = seen.get(value, 0) + 1
            if len(seen) > MOST_VALUES or len(value) > _LONGEST_VALUE:
                seen = None
    return Text(tuple(formats or ()), seen)


def _join_texts(one: Text | None, other: Text | None) -> Text | None:
    if one is None or other is None:
        return one or other
    return Text(tuple(name for name in one.formats if name in other.formats), _join_values(one, other))


def _join_values(one: Text, other: Text) -> Mapping[str, int] | None:
    if one.values is None or other.values is None:
        return None
    values = dict(one.values)
    for value, count in other.values.items():
        values[value] = values.get(value, 0) + count
    # What was thought to be all was not, so nobody should think so again: else each new value made a new version.
    refuted = any(enum is not None and len(enum) != len(values) for enum in (one.enum, other.enum))
    return None if refuted or len(values) > MOST_VALUES else values


def _join_arrays(one: Array | None, other: Array | None) -> Array | None:
    if one is None or other is None:
        return one or other
    if one.items is None or other.items is None:
        return Array(one.items or other.items)
    return Array(join(one.items, other.items))


def _join_objects(one: Object | None, other: Object | None) -> Object | None:
    if one is None or other is None:
        return one or other
    fields = dict(one.fields)
    for name, field in other.fields.items():
        known = fields.get(name)
        fields[name] = field if known is None else Field(join(known.shape, field.shape), known.count + field.count)
    rest = one.rest or other.rest
    if one.rest is not None and other.rest is not None:
        rest = join(one.rest, other.rest)
    return _closed(Object(one.count + other.count, fields, rest))


def _closed(object: Object) -> Object:
    """``object`` as a map, if it is one. Names only get more, so that the order does not matter here either."""
    names = object.fields
    if object.rest is None and len(names) <= MOST_IDENTIFIERS:
        return object
    is_map = object.rest is not None or len(names) > MOST_NAMES
    if not is_map and sum(_IDENTIFIER.search(name) is not None for name in names) <= MOST_IDENTIFIERS:
        return object
    rest = object.rest or Shape()
    for field in names.values():
        rest = join(rest, field.shape)
    return Object(object.count, {}, rest)


def _has_format(value: str, name: str) -> bool:
    if len(value) > _LONGEST_FORMATTED or not _LIKELY[name].match(value):
        return False
    return bool(_FORMATS[name].is_valid(value))


#: The formats that are looked for, and what a text must look like before the validator is asked.
_LIKELY = {
    "date-time": re.compile(r"\d{4}-\d\d-\d\dT"),
    "date": re.compile(r"\d{4}-\d\d-\d\d\Z"),
    "uuid": re.compile(r"[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-"),
    "email": re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+\Z"),
    "uri": re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://"),
    "ipv4": re.compile(r"\d{1,3}\."),
    "ipv6": re.compile(r"[0-9A-Fa-f:]{2,}:"),
}
_FORMATS = {
    name: jsonschema_rs.Draft202012Validator({"format": name}, validate_formats=True, offline=True) for name in _LIKELY
}
