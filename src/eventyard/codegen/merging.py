"""Shapes that hold for the same value at once (``allOf``, and what stands beside a ``oneOf``) made one."""

from __future__ import annotations

from collections.abc import Callable

from eventyard.codegen.shape import Anything, Field, ListOf, MapOf, Named, Object, OneOf, Scalar, Shape, Tuple, Union

#: Alternatives that may come from alternatives beside alternatives; beyond, the first ones stand alone.
_MOST = 32

Lookup = Callable[[str], Shape]


def union(shapes: list[Shape]) -> Shape:
    """Any of ``shapes``, flat and without doubles."""
    found: dict[Shape, None] = {}
    texts: dict[str, None] = {}
    for shape in shapes:
        for each in shape.shapes if isinstance(shape, Union) else (shape,):
            if isinstance(each, OneOf):
                texts.update(dict.fromkeys(each.texts))
            else:
                found[each] = None
    if Anything() in found or not (found or texts):
        return Anything()
    if texts:
        found = {OneOf(tuple(texts)): None, **found}
    if len(found) == 1:
        return next(iter(found))
    return Union(tuple(found))


def both(first: Shape, second: Shape, lookup: Lookup) -> Shape:
    """What is ``first`` and ``second``. Where they contradict each other ``first`` stands: no value is both anyway."""
    if isinstance(second, Anything) or first == second:
        return first
    if isinstance(first, Anything):
        return second
    if isinstance(first, Union) or isinstance(second, Union):
        return _unions(first, second, lookup)
    if isinstance(first, Named) or isinstance(second, Named):
        return both(_opened(first, lookup), _opened(second, lookup), lookup)
    match first, second:
        case (Object() | MapOf(), Object() | MapOf()):
            return _objects(_object(first), _object(second), lookup)
        case OneOf(), OneOf():
            return OneOf(tuple(text for text in first.texts if text in second.texts) or first.texts)
        case Scalar(), OneOf():
            return second
        case Scalar(), Scalar():
            integers = {first.kind, second.kind} == {"integer", "number"}
            return Scalar("integer") if integers else first if first.format or first.kind != second.kind else second
        case ListOf(), ListOf():
            return ListOf(both(first.item, second.item, lookup))
        case ListOf(), Tuple():
            return second
    return first


def _unions(first: Shape, second: Shape, lookup: Lookup) -> Shape:
    ones = first.shapes if isinstance(first, Union) else (first,)
    others = second.shapes if isinstance(second, Union) else (second,)
    if len(ones) * len(others) > _MOST:
        return first
    pairs = [(one, other) for one in ones for other in others if alike(one, other, lookup)]
    return union([both(one, other, lookup) for one, other in pairs]) if pairs else first


def alike(one: Shape, other: Shape, lookup: Lookup) -> bool:
    """Whether a value could be both."""
    kinds, others = kinds_of(one, lookup), kinds_of(other, lookup)
    return bool(kinds & others)


def kinds_of(shape: Shape, lookup: Lookup) -> set[str]:
    """The kinds of JSON values that ``shape`` takes; an integer is also a number."""
    match _opened(shape, lookup):
        case Scalar(kind):
            return {"integer", "number"} if kind in ("integer", "number") else {kind}
        case OneOf(texts):
            return {kind for text in texts for kind in _kinds(text)}
        case ListOf() | Tuple():
            return {"array"}
        case Object() | MapOf():
            return {"object"}
        case Union(shapes):
            return {kind for each in shapes for kind in kinds_of(each, lookup)}
    return {"string", "integer", "number", "boolean", "null", "array", "object"}


def _kinds(text: str) -> set[str]:
    if text == "null":
        return {"null"}
    if text in ("true", "false"):
        return {"boolean"}
    return {"string"} if text.startswith('"') else {"integer", "number"}


def _opened(shape: Shape, lookup: Lookup) -> Shape:
    seen = set()
    while isinstance(shape, Named) and shape.name not in seen:
        seen.add(shape.name)
        shape = lookup(shape.name)
    return shape


def _object(shape: Object | MapOf) -> Object:
    return shape if isinstance(shape, Object) else Object((), shape.value)


def _objects(first: Object, second: Object, lookup: Lookup) -> Object:
    fields = {field.name: field for field in first.fields}
    for field in second.fields:
        mine = fields.get(field.name)
        if mine is not None:
            shape = both(mine.shape, field.shape, lookup)
            description = mine.description or field.description
            field = Field(field.name, shape, mine.required or field.required, description)
        fields[field.name] = field
    rest = None if first.rest is None or second.rest is None else both(first.rest, second.rest, lookup)
    return Object(tuple(fields.values()), rest, second.title or first.title)
