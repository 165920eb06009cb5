"""Models as a JSON schema of few keywords, for a generator that must not see the hostile one they come from."""

from __future__ import annotations

import json
from typing import Any

import msgspec

from eventyard.codegen.identifier import prose
from eventyard.codegen.merging import kinds_of, union
from eventyard.codegen.shape import (
    Anything,
    ListOf,
    MapOf,
    Models,
    Named,
    Object,
    OneOf,
    Scalar,
    Shape,
    Tuple,
    Union,
)
from eventyard.errors import InvalidRequest


class Abilities(msgspec.Struct, frozen=True):
    """What a style of models can say. ``formats``: of strings, that it has types for. ``booleans``: as literals.
    ``apart``: whether one of several objects (or arrays) can be told from the others when a value is read. ``tuples``:
    whether an array may become one."""

    formats: frozenset[str] = frozenset()
    booleans: bool = True
    apart: bool = True
    tuples: bool = True


def plain(models: Models, abilities: Abilities) -> dict[str, Any]:
    """The schema: the root model, and the other objects in ``$defs``. Raises InvalidRequest for alternatives that the
    style can't tell apart."""
    return _Plain(models, abilities).schema()


class _Plain:
    def __init__(self, models: Models, abilities: Abilities) -> None:
        self._models = {model.name: model for model in models.models}
        self._root = models.root
        self._abilities = abilities
        self._within: list[str] = []  # names of what is no object, and is written out where it is used

    def schema(self) -> dict[str, Any]:
        others = {
            name: self._model(name)
            for name, model in self._models.items()
            if name != self._root and isinstance(model.shape, Object)
        }
        return {**self._model(self._root), "title": self._root, "$defs": others}

    def _model(self, name: str) -> dict[str, Any]:
        model = self._models[name]
        found = self._shape(model.shape, name)
        return {**found, "description": prose(model.description)} if prose(model.description) else found

    def _shape(self, shape: Shape, where: str) -> dict[str, Any]:
        match shape:
            case Scalar(kind, format):
                return {"type": kind, **({"format": format} if format in self._abilities.formats else {})}
            case OneOf(texts):
                return self._literals(texts)
            case ListOf(item):
                return {"type": "array", "items": self._shape(item, where)}
            case Tuple(items, rest, least):
                return self._tuple(items, rest, least, where)
            case MapOf(value):
                return {"type": "object", "additionalProperties": self._shape(value, where) or True}
            case Named(name):
                return self._named(name, where)
            case Object():
                return self._object(shape, where)
            case Union(shapes):
                return {"anyOf": [self._shape(each, where) for each in self._apart(shapes, where)]}
        return {}

    def _object(self, shape: Object, where: str) -> dict[str, Any]:
        fields = sorted(shape.fields, key=lambda field: not field.required)  # defaults come last in classes
        properties = {}
        for field in fields:
            told = {"description": prose(field.description)} if prose(field.description) else {}
            properties[field.name] = {**self._shape(field.shape, f"{where}.{field.name}"), **told}
        # A closed object is read like an open one whose other members are of no interest: whoever receives an event
        # must not fail when its producer says more. Only what may be there is kept.
        opened = {} if shape.rest is None else {"additionalProperties": True}
        required = [field.name for field in fields if field.required]
        return {"type": "object", "properties": properties, "required": required, **opened}

    def _named(self, name: str, where: str) -> dict[str, Any]:
        if name == self._root:
            return {"$ref": "#"}
        shape = self._models[name].shape
        if isinstance(shape, Object):
            return {"$ref": f"#/$defs/{name}"}
        if name in self._within:
            return {}
        self._within.append(name)
        found = self._shape(shape, where)
        self._within.pop()
        return found

    def _tuple(self, items: tuple[Shape, ...], rest: Shape | None, least: int, where: str) -> dict[str, Any]:
        if self._abilities.tuples and rest is None and least == len(items):
            made = [self._shape(item, where) for item in items]
            return {"type": "array", "prefixItems": made, "items": False, "minItems": least, "maxItems": least}
        any_item = union([*items, *(() if rest is None else (rest,))])
        return {"type": "array", "items": self._shape(any_item, where)}

    def _literals(self, texts: tuple[str, ...]) -> dict[str, Any]:
        values = [json.loads(text) for text in texts]
        kept = [value for value in values if isinstance(value, str) or type(value) is int]
        kinds = {"null" for value in values if value is None} | {"number" for value in values if type(value) is float}
        booleans = [value for value in values if type(value) is bool]
        if booleans and self._abilities.booleans and len(booleans) == 1:
            kept += booleans
        elif booleans:
            kinds.add("boolean")
        parts: list[dict[str, Any]] = [{"type": kind} for kind in sorted(kinds)]
        if kept:
            parts.insert(0, {"enum": kept})
        return parts[0] if len(parts) == 1 else {"anyOf": parts}

    def _apart(self, shapes: tuple[Shape, ...], where: str) -> tuple[Shape, ...]:
        """``shapes``, or fewer and wider ones that the style can tell from each other by their kind of JSON alone."""
        if self._abilities.apart:
            return shapes
        by_kind: dict[str, list[Shape]] = {}
        for shape in shapes:
            kinds = kinds_of(shape, lambda name: self._models[name].shape)
            for kind in kinds - {"integer"} if "number" in kinds else kinds:
                by_kind.setdefault(kind, []).append(shape)
        found: list[Shape] = []
        for kind, ones in by_kind.items():
            if len(ones) == 1:
                found += ones
            elif kind == "object":
                raise InvalidRequest(
                    f"{where} is one of several objects, which this style can't tell apart. Choose pydantic."
                )
            elif kind == "array":
                found.append(ListOf(Anything()))
            else:
                found.append(Scalar(kind))  # type: ignore[arg-type]
        return tuple(dict.fromkeys(found))
