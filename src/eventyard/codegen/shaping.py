"""The shapes in a JSON schema of any draft from 4 to 2020-12."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from typing import Any, get_args

from eventyard.codegen.identifier import free, pascal
from eventyard.codegen.merging import both, union
from eventyard.codegen.shape import (
    Anything,
    Field,
    ListOf,
    MapOf,
    Model,
    Models,
    Named,
    Object,
    OneOf,
    Primitive,
    Scalar,
    Shape,
    Tuple,
    Union,
)
from eventyard.contract.resolver import Place, Resolver
from eventyard.errors import InvalidRequest

_PRIMITIVES = frozenset(get_args(Primitive))
_OF_OBJECTS = frozenset({"properties", "required", "additionalProperties", "patternProperties"})
_OF_ARRAYS = frozenset({"items", "prefixItems"})
_LONGEST = 80
#: Levels and models of one schema; those of a contract have a bound of their own, the registry's haven't.
_DEEPEST, _MOST = 150, 2_000


def shaped(schema: Mapping[str, Any] | bool, atoms: Mapping[str, Any], name: str) -> Models:
    """The models of ``schema``, the first of them named after ``name``. Raises InvalidRequest for a reference that
    leads nowhere or only to itself, and for a schema without end."""
    return _Shaping(Resolver(schema, atoms), name).models()


class _Shaping:
    def __init__(self, resolver: Resolver, name: str) -> None:
        self._resolver = resolver
        self._root = free(pascal(name, "Event"), ())
        self._names: dict[Place, str] = {resolver.root: self._root}
        self._models: dict[str, Model | None] = {}  # None: under way

    def models(self) -> Models:
        self._build(self._resolver.root, self._root, 0)
        made = {name: model for name, model in self._models.items() if model is not None}
        used = {self._root}
        waiting = [made[self._root].shape]
        while waiting:
            for name in _mentioned(waiting.pop()) - used:
                used.add(name)
                waiting.append(made[name].shape)
        return Models(self._root, tuple(model for name, model in made.items() if name in used))

    def _build(self, place: Place, name: str, depth: int) -> None:
        self._start(name)
        shape = self._shape(place, name, depth)
        if isinstance(shape, Union):
            shape = self._hoisted(shape, name)
        elif isinstance(shape, Named) and name == self._root:
            shape = self._lookup(shape.name)  # the event is an object of its own, not another name for a shared one
        self._models[name] = Model(name, shape, _text(self._resolver.get(place), "description"))

    def _start(self, name: str) -> None:
        if len(self._models) >= _MOST:
            raise InvalidRequest(f"The schema has more than {_MOST:,} objects: too many to make code of.")
        self._models[name] = None

    def _lookup(self, name: str) -> Shape:
        model = self._models.get(name)
        return Anything() if model is None else model.shape

    def _shape(self, place: Place, hint: str, depth: int) -> Shape:
        """``hint``: what an object here could be named."""
        schema = self._resolver.get(place)
        if depth > _DEEPEST:
            raise InvalidRequest(f"The schema is more than {_DEEPEST} levels deep: too deep to make code of.")
        if not isinstance(schema, Mapping):
            return Anything()
        place = self._resolver.home(place)
        found: Shape = Anything()
        for part in self._parts(schema, place, hint, depth):
            found = both(found, part, self._lookup)
        return found

    def _used(self, place: Place, hint: str, depth: int) -> Shape:
        """The shape at ``place``, its object a model of its own."""
        return self._hoisted(self._shape(place, hint, depth), hint, _text(self._resolver.get(place), "description"))

    def _hoisted(self, shape: Shape, hint: str, description: str = "") -> Shape:
        match shape:
            case Object():
                name = free(hint[:_LONGEST], {*self._models, *self._names.values()})
                self._start(name)
                self._models[name] = Model(name, shape, description)
                return Named(name)
            case Union(shapes):
                return union([self._hoisted(each, _alternative(each, hint, at)) for at, each in enumerate(shapes, 1)])
        return shape

    def _parts(self, schema: Mapping[str, Any], place: Place, hint: str, depth: int) -> Iterator[Shape]:
        """What all holds for a value here."""
        if isinstance(schema.get("$ref"), str):
            yield self._reference(schema["$ref"], place, depth)
            if self._resolver.draft <= 7:  # up to draft 7 what stands beside a reference is ignored
                return
        yield self._typed(schema, place, hint, depth)
        for literals in (schema.get("enum"), [schema["const"]] if "const" in schema else None):
            if isinstance(literals, list) and literals:
                yield union([_literal(value) for value in literals])
        for at, _ in enumerate(_list(schema.get("allOf"))):
            yield self._shape(place.inside("allOf", at), hint, depth + 1)
        for keyword in ("oneOf", "anyOf"):
            branches = [at for at, each in enumerate(_list(schema.get(keyword))) if each is not False]
            if branches:
                yield union([self._shape(place.inside(keyword, at), f"{hint}{at + 1}", depth + 1) for at in branches])

    def _reference(self, reference: str, place: Place, depth: int) -> Shape:
        target = self._resolver.find(reference, place.base)
        name = self._names.get(target)
        if name is None:
            last = target.pointer[-1] if target.pointer else target.base.rstrip("/").rpartition("/")[2]
            name = free(pascal(last, "Shared"), {*self._names.values(), *self._models})
            self._names[target] = name
            self._build(target, name, depth + 1)
        return Named(name)

    def _typed(self, schema: Mapping[str, Any], place: Place, hint: str, depth: int) -> Shape:
        given = schema.get("type")
        types = [given] if isinstance(given, str) else [each for each in _list(given) if isinstance(each, str)]
        if not types:
            # A schema that speaks of members means an object, and of items an array, though it does not say so.
            types = ["object"] if _OF_OBJECTS & schema.keys() else ["array"] if _OF_ARRAYS & schema.keys() else []
        shapes: list[Shape] = []
        for each in types:
            if each == "object":
                shapes.append(self._object(schema, place, hint, depth))
            elif each == "array":
                shapes.append(self._array(schema, place, hint, depth))
            elif each in _PRIMITIVES:
                format = schema.get("format") if each == "string" else None
                shapes.append(Scalar(each, format if isinstance(format, str) else None))  # type: ignore[arg-type]
        if schema.get("nullable") is True and shapes:  # OpenAPI 3.0
            shapes.append(Scalar("null"))
        return union(shapes)

    def _object(self, schema: Mapping[str, Any], place: Place, hint: str, depth: int) -> Shape:
        properties = schema.get("properties")
        properties = properties if isinstance(properties, Mapping) else {}
        required = [name for name in _list(schema.get("required")) if isinstance(name, str)]
        fields = [
            Field(
                name,
                self._used(place.inside("properties", name), hint + pascal(name, "Member"), depth + 1),
                name in required,
                _text(each, "description"),
            )
            for name, each in properties.items()
            if each is not False
        ]
        fields += [Field(name, Anything(), True) for name in required if name not in properties]
        rest = self._rest(schema, place, hint, depth)
        if not fields and rest is not None:
            return MapOf(rest)
        return Object(tuple(fields), rest, _text(schema, "title"))

    def _rest(self, schema: Mapping[str, Any], place: Place, hint: str, depth: int) -> Shape | None:
        patterns = schema.get("patternProperties")
        shapes = [
            self._used(place.inside("patternProperties", pattern), f"{hint}Value", depth + 1)
            for pattern in (patterns if isinstance(patterns, Mapping) else ())
        ]
        for keyword in ("additionalProperties", "unevaluatedProperties"):
            if schema.get(keyword) is False:
                return union(shapes) if shapes else None
            if isinstance(schema.get(keyword), Mapping):
                return union([*shapes, self._used(place.inside(keyword), f"{hint}Value", depth + 1)])
        return Anything()

    def _array(self, schema: Mapping[str, Any], place: Place, hint: str, depth: int) -> Shape:
        first = "prefixItems" if "prefixItems" in schema else "items"
        rest = "items" if first == "prefixItems" else "additionalItems"
        if isinstance(schema.get(first), list):
            items = [
                self._used(place.inside(first, at), f"{hint}Item{at + 1}", depth + 1)
                for at in range(len(schema[first]))
            ]
            least = schema.get("minItems")
            least = min(least, len(items)) if isinstance(least, int) else 0
            more: Shape | None = None
            if schema.get(rest) is not False:
                more = self._used(place.inside(rest), f"{hint}Item", depth + 1) if rest in schema else Anything()
            return Tuple(tuple(items), more, least)
        if isinstance(schema.get("items"), Mapping):
            return ListOf(self._used(place.inside("items"), f"{hint}Item", depth + 1))
        return ListOf(Anything())


def _mentioned(shape: Shape | None) -> set[str]:
    """The names of the models in ``shape``."""
    match shape:
        case Named(name):
            return {name}
        case ListOf(inner) | MapOf(inner):
            return _mentioned(inner)
        case Tuple(items, rest):
            return {name for each in (*items, rest) for name in _mentioned(each)}
        case Union(shapes):
            return {name for each in shapes for name in _mentioned(each)}
        case Object(fields, rest):
            return {name for each in (*(field.shape for field in fields), rest) for name in _mentioned(each)}
    return set()


def _alternative(shape: Shape, hint: str, at: int) -> str:
    titled = isinstance(shape, Object) and any(char.isalnum() and char.isascii() for char in shape.title)
    return f"{hint}{pascal(shape.title)}" if isinstance(shape, Object) and titled else f"{hint}{at}"


def _literal(value: Any) -> Shape:
    if isinstance(value, Mapping):
        return MapOf(Anything())
    if isinstance(value, list):
        return ListOf(Anything())
    if isinstance(value, float) and not math.isfinite(value):
        return Scalar("number")
    return OneOf((json.dumps(value),))


def _text(schema: Any, name: str) -> str:
    value = schema.get(name) if isinstance(schema, Mapping) else None
    return value if isinstance(value, str) else ""


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
