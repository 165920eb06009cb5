"""A schema with everything that it refers to put in its place, so that two of them can be laid side by side."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from eventyard.contract.references import needed, schemas
from eventyard.contract.resolver import Place, Resolver

_MOST_NODES = 20_000
_DYNAMIC = frozenset({"$dynamicRef", "$recursiveRef"})
#: What constrains nothing, or has done its work when references are resolved.
_DROPPED = frozenset({
    "$anchor", "$comment", "$defs", "$dynamicAnchor", "$id", "$recursiveAnchor", "$ref", "$schema", "$vocabulary",
    "default", "definitions", "deprecated", "description", "example", "examples", "id", "readOnly", "title",
    "writeOnly",
})  # fmt: skip
_BY_NAME = frozenset({"properties", "patternProperties", "dependentSchemas", "dependencies"})
_LISTS = frozenset({"allOf", "anyOf", "oneOf", "prefixItems", "items"})
_SINGLE = frozenset({
    "additionalItems", "additionalProperties", "contains", "contentSchema", "else", "if", "items", "not",
    "propertyNames", "then", "unevaluatedItems", "unevaluatedProperties",
})  # fmt: skip


class NotModelled(Exception):
    """The schema does something that can't be put in one place: dynamic references, mixed dialects, great size."""


def whole(schema: Mapping[str, Any] | bool, atoms: Mapping[str, Any]) -> dict[str, Any] | bool:
    """``schema`` without references and annotations; what refers to itself is in ``$defs``. Raises NotModelled."""
    if isinstance(schema, bool):
        return schema
    used = needed(schema, atoms)
    for each in (schema, *used.values()):
        if Resolver(each, {}).draft != Resolver(schema, {}).draft:
            raise NotModelled("the schema and its atoms are of different dialects")
        if any(_DYNAMIC & node.keys() for _, node in schemas(each, ())):
            raise NotModelled("it has dynamic references")
    return _Whole(Resolver(schema, used)).run(schema)


def mapped(schema: Any, change: Callable[[dict[str, Any]], dict[str, Any]]) -> Any:
    """``schema`` with every schema in it changed, the inner ones first."""
    if isinstance(schema, list):
        return [mapped(each, change) for each in schema]
    if not isinstance(schema, dict):
        return schema
    made = {}
    for keyword, value in schema.items():
        if keyword in ("enum", "const"):
            made[keyword] = value
        elif keyword in (*_BY_NAME, "$defs") and isinstance(value, dict):
            made[keyword] = {name: mapped(inner, change) for name, inner in value.items()}
        else:
            made[keyword] = mapped(value, change)
    return change(made)


class _Whole:
    def __init__(self, resolver: Resolver) -> None:
        self._resolver = resolver
        self._names: dict[Place, str] = {}
        self._nodes = 0

    def run(self, schema: Mapping[str, Any]) -> dict[str, Any] | bool:
        root = self._resolver.root
        made = self._put(root, (root,))
        defined: dict[str, Any] = {}
        while waiting := [place for place, name in self._names.items() if name not in defined]:
            for place in waiting:
                defined[self._names[place]] = self._put(place, (place,))
        if isinstance(made, bool):
            return made
        dialect = {"$schema": schema["$schema"]} if "$schema" in schema else {}
        return {**dialect, **made, **({"$defs": defined} if defined else {})}

    def _put(self, place: Place, way: tuple[Place, ...]) -> dict[str, Any] | bool:
        self._nodes += 1
        if self._nodes > _MOST_NODES:
            raise NotModelled(f"it has more than {_MOST_NODES:,} parts")
        node = self._resolver.get(place)
        if not isinstance(node, Mapping):
            return bool(node)
        identity = node.get("$id", node.get("id"))
        if place.pointer and isinstance(identity, str) and not identity.startswith("#"):
            place = self._resolver.find(identity, place.base)
        target = self._referred(node["$ref"], place, way) if isinstance(node.get("$ref"), str) else None
        if target is not None and self._resolver.draft <= 7:
            return target  # what stands beside a reference is ignored there
        made = {
            keyword: self._value(keyword, value, place.inside(keyword), way)
            for keyword, value in node.items()
            if keyword not in _DROPPED
        }
        if target is None:
            return made
        if not made:
            return target
        return {**made, "allOf": [*made.get("allOf", ()), target]}

    def _referred(self, reference: str, place: Place, way: tuple[Place, ...]) -> dict[str, Any] | bool:
        target = self._resolver.find(reference, place.base)
        if target not in way:
            return self._put(target, (*way, target))
        name = self._names.setdefault(target, f"round{len(self._names)}")
        return {"$ref": f"#/$defs/{name}"}

    def _value(self, keyword: str, value: Any, place: Place, way: tuple[Place, ...]) -> Any:
        if keyword in _BY_NAME and isinstance(value, Mapping):
            return {
                name: inner if isinstance(inner, list) else self._put(place.inside(name), way)
                for name, inner in value.items()
            }
        if keyword in _LISTS and isinstance(value, list):
            return [self._put(place.inside(at), way) for at in range(len(value))]
        if keyword in _SINGLE and isinstance(value, Mapping | bool):
            return self._put(place, way)
        return value
