"""A schema as rows of a table: one for each member, nested ones below, with what is asked of it in words."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from typing import Any

import msgspec

from eventyard.contract.references import needed
from eventyard.contract.resolver import Place, Resolver
from eventyard.errors import InvalidRequest
from eventyard.text import limited

_DEEPEST = 6
_MOST = 500
_SAID = {
    "minimum": "at least {}",
    "maximum": "at most {}",
    "exclusiveMinimum": "more than {}",
    "exclusiveMaximum": "less than {}",
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "minItems": "at least {} items",
    "maxItems": "at most {} items",
    "minProperties": "at least {} members",
    "maxProperties": "at most {} members",
    "multipleOf": "a multiple of {}",
    "pattern": "like {}",
}


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """One row. ``path``: with dots, as settings name members. ``depth``: 0 for members of the detail itself. ``atoms``:
    URLs that it refers to. ``values``: the only ones there can be, as JSON. ``rules``: in words."""

    path: str
    name: str
    depth: int
    kind: str
    required: bool = False
    description: str = ""
    atoms: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    pii: bool = False
    correlation: bool = False
    deprecated: bool = False


def fields(
    schema: Mapping[str, Any] | bool,
    atoms: Mapping[str, Any],
    pii: Collection[str] = (),
    correlation: Collection[str] = (),
) -> list[Field]:
    """The rows of ``schema``, at most 500; what refers to itself is not opened again."""
    if isinstance(schema, bool):
        return []
    rows = _Rows(Resolver(schema, needed(schema, atoms)), atoms, frozenset(pii), frozenset(correlation))
    return list(rows.of_object(rows.root, "", 0, ()))[:_MOST]


class _Node(msgspec.Struct, frozen=True):
    """A schema with what it refers to put into it: where its own references are looked up, and which atoms it is."""

    schema: Mapping[str, Any]
    place: Place
    atoms: tuple[str, ...] = ()


class _Rows:
    def __init__(
        self, resolver: Resolver, atoms: Mapping[str, Any], pii: frozenset[str], correlation: frozenset[str]
    ) -> None:
        self._resolver = resolver
        self._atoms = atoms
        self._pii = pii
        self._correlation = correlation
        self.root = self._node(resolver.root)

    def of_object(self, node: _Node, path: str, depth: int, way: tuple[Place, ...]) -> Iterator[Field]:
        if depth > _DEEPEST or node.place in way:
            return
        for part in self._parts(node):
            required = set(part.schema.get("required", ()))
            members = part.schema.get("properties", {})
            for name in members if isinstance(members, Mapping) else ():
                inner = self._node(part.place.inside("properties", name))
                yield from self._member(inner, name, path, depth, name in required, (*way, node.place))

    def _member(
        self, node: _Node, name: str, path: str, depth: int, required: bool, way: tuple[Place, ...]
    ) -> Iterator[Field]:
        own = f"{path}.{name}" if path else name
        schema = node.schema
        yield Field(
            path=own,
            name=name,
            depth=depth,
            kind=self._kind(node),
            required=required,
            description=str(schema.get("description") or schema.get("title") or ""),
            atoms=node.atoms,
            values=tuple(json.dumps(each, ensure_ascii=False) for each in _values(schema)),
            rules=tuple(_rules(schema)),
            pii=any(own == each or own.startswith(f"{each}.") for each in self._pii),
            correlation=own in self._correlation,
            deprecated=schema.get("deprecated") is True,
        )
        yield from self.of_object(node, own, depth + 1, way)
        items = schema.get("items")
        if isinstance(items, Mapping):
            inner = self._node(node.place.inside("items"))
            yield from self.of_object(inner, f"{own}[]", depth + 1, way)
        for keyword in ("oneOf", "anyOf"):
            for at in range(len(schema.get(keyword, ()))):
                yield from self.of_object(self._node(node.place.inside(keyword, at)), own, depth + 1, way)

    def _parts(self, node: _Node) -> Iterator[_Node]:
        """The schema itself, and what must hold besides."""
        yield node
        for at in range(len(node.schema.get("allOf", ()))):
            yield from self._parts(self._node(node.place.inside("allOf", at)))

    def _node(self, place: Place) -> _Node:
        schema = self._resolver.get(place)
        if not isinstance(schema, Mapping):
            return _Node({} if schema else {"not": {}}, place)
        reference = schema.get("$ref")
        if not isinstance(reference, str):
            return _Node(schema, place)
        try:
            target = self._resolver.find(reference, place.base)
        except InvalidRequest:
            return _Node(schema, place)
        inner = self._node(target)
        own = {keyword: value for keyword, value in schema.items() if keyword != "$ref"}
        atoms = (target.base,) if target.base in self._atoms and not target.pointer else ()
        # Its own title and description say more of it here than those of what it refers to.
        return _Node({**inner.schema, **own}, inner.place, atoms + inner.atoms)

    def _kind(self, node: _Node) -> str:
        schema = node.schema
        given = schema.get("type")
        if given is None:
            for keyword in ("oneOf", "anyOf"):
                if keyword in schema:
                    kinds = [
                        self._kind(self._node(node.place.inside(keyword, at))) for at in range(len(schema[keyword]))
                    ]
                    return " or ".join(dict.fromkeys(kinds))
            return "object" if "properties" in schema else "one of" if _values(schema) else "anything"
        kind = " or ".join(given) if isinstance(given, list) else str(given)
        if "format" in schema:
            kind += f" ({schema['format']})"
        if isinstance(schema.get("items"), Mapping):
            inner = self._node(node.place.inside("items"))
            kind += f" of {self._kind(inner)}"
        return kind


def _values(schema: Mapping[str, Any]) -> list[Any]:
    return [schema["const"]] if "const" in schema else list(schema.get("enum", ()))


def _rules(schema: Mapping[str, Any]) -> Iterator[str]:
    for keyword, words in _SAID.items():
        value = schema.get(keyword)
        if value is not None and not isinstance(value, bool):
            yield limited(words, value)
    if schema.get("uniqueItems") is True:
        yield "no two alike"
    if schema.get("additionalProperties") is False:
        yield "no other members"
    if "default" in schema:
        yield f"{json.dumps(schema['default'], ensure_ascii=False)} if left out"
