"""What a schema asks for at one spot of a message: references, ``allOf`` and what stands beside them seen as one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

import msgspec

from eventyard.contract.resolver import Place, Resolver
from eventyard.contract.validator import Validator

_TYPES = ("object", "array", "string", "number", "integer", "boolean", "null")
_OF_OBJECTS = frozenset({"properties", "required", "additionalProperties", "patternProperties", "propertyNames"})
#: Without one of these a schema only narrows what its neighbours say: it is no choice of its own.
_SHAPING = frozenset({"$ref", "type", "properties", "items", "prefixItems", "enum", "const", "allOf", "anyOf", "oneOf"})
_HOME = "urn:eventyard:schema"


class Spot(msgspec.Struct, frozen=True):
    """The schemas that hold together. ``type``: the one of several types that was chosen. ``chosen``: the places whose
    alternatives are settled, so that they are not asked for again."""

    places: tuple[Place, ...]
    type: str | None = None
    chosen: frozenset[Place] = frozenset()


class View(msgspec.Struct, frozen=True):
    """``kind``: what is entered: a type of JSON, or ``enum``, ``choice`` (of ``alternatives``) or ``any``. ``options``:
    an enum's values and what they are called. ``rest``: the spot of members without a property; None where there are
    none. ``open``: whether the schema itself speaks of such members. ``limits``: keywords such as ``maxLength``.
    ``title``: the spot's own; what is referred to has another. ``blank``: whether an empty text or list keeps the
    contract."""

    kind: str
    title: str = ""
    description: str = ""
    nullable: bool = False
    options: tuple[tuple[Any, str], ...] = ()
    alternatives: tuple[tuple[str, Spot], ...] = ()
    members: Mapping[str, Spot] = {}
    required: frozenset[str] = frozenset()
    rest: Spot | None = None
    open: bool = False
    first: tuple[Spot, ...] = ()
    item: Spot | None = None
    limits: Mapping[str, Any] = {}
    blank: bool = False
    examples: tuple[Any, ...] = ()


ANYTHING = Spot(())


class Schema:
    """A schema and those it refers to. Raises InvalidRequest for references that lead nowhere."""

    def __init__(self, schema: Mapping[str, Any] | bool, atoms: Mapping[str, Any]) -> None:
        self._resolver = Resolver(schema, atoms)
        self._dialect = schema.get("$schema") if isinstance(schema, Mapping) else None
        self._resources = {_HOME if not self._resolver.root.base else self._resolver.root.base: schema, **atoms}
        self._views: dict[Spot, View] = {}
        self._validators: dict[Spot, Validator] = {}
        self.root = Spot((self._resolver.root,), "object")

    def view(self, spot: Spot) -> View:
        found = self._views.get(spot)
        if found is None:
            found = self._views[spot] = self._seen(spot)
        return found

    def validator(self, spot: Spot) -> Validator:
        """A check of the value at ``spot`` alone."""
        found = self._validators.get(spot)
        if found is None:
            each = [{"$ref": f"{p.base or _HOME}#{quote(p.fragment[1:], safe='/~')}"} for p in spot.places]
            typed = {"type": spot.type} if spot.type else {}
            head = {"$schema": self._dialect} if self._dialect else {}
            found = self._validators[spot] = Validator({**head, "allOf": each or [{}], **typed}, self._resources)
        return found

    def _seen(self, spot: Spot) -> View:
        parts = list(self._parts(spot))
        told = {
            "title": _first([part for part in parts if part[1] in spot.places], "title", str),
            "description": _first(parts, "description", str),
            "examples": tuple(each for schema, _ in parts for each in _shown(schema)),
        }
        types = self._types(spot, parts)
        nullable = "null" in types and len(types) > 1
        values = _values(parts)
        if values is not None:
            options = tuple((value, _named(value)) for value in values)
            return View("enum", options=options, **told)
        choice = self._choice(spot, parts)
        if choice is not None:
            ones = [self.view(inner).options for _, inner in choice]
            if all(len(each) == 1 for each in ones):  # an enum whose values have titles
                named = tuple((ones[at][0][0], name) for at, (name, _) in enumerate(choice))
                return View("enum", options=named, **told)
            return View("choice", alternatives=choice, **told)
        if len(types) - nullable > 1:
            typed = tuple((each, msgspec.structs.replace(spot, type=each)) for each in types)
            return View("choice", alternatives=typed, **told)
        types = tuple(each for each in types if each != "null" or not nullable)
        if not types:
            return View("any", **told)
        limits = {name: value for schema, _ in reversed(parts) for name, value in schema.items() if name in _LIMITS}
        if types[0] == "object":
            return View("object", nullable=nullable, limits=limits, **self._object(parts), **told)
        if types[0] == "array":
            blank = self.validator(spot).is_valid([])
            return View("array", nullable=nullable, limits=limits, blank=blank, **self._array(parts), **told)
        blank = types[0] == "string" and self.validator(spot).is_valid("")
        return View(types[0], nullable=nullable, limits=limits, blank=blank, **told)

    def _parts(self, spot: Spot) -> Iterator[tuple[Mapping[str, Any], Place]]:
        """All schemas that hold, the outermost first, each with its place."""
        waiting, seen = list(spot.places), set[Place]()
        while waiting:
            place = waiting.pop(0)
            if place in seen:
                continue
            seen.add(place)
            schema = self._resolver.get(place)
            if not isinstance(schema, Mapping):
                continue
            inner = self._resolver.home(place)
            reference = schema.get("$ref")
            yield schema, inner
            if isinstance(reference, str):
                waiting.insert(0, self._resolver.find(reference, inner.base))
            for at in range(len(_list(schema.get("allOf")))):
                waiting.append(inner.inside("allOf", at))

    def _types(self, spot: Spot, parts: list[tuple[Mapping[str, Any], Place]]) -> tuple[str, ...]:
        if spot.type is not None:
            return (spot.type,)
        found: tuple[str, ...] | None = None
        for schema, _ in parts:
            given = schema.get("type")
            types = (given,) if isinstance(given, str) else tuple(_list(given))
            if types:
                found = types if found is None else tuple(each for each in found if each in types) or found
            if schema.get("nullable") is True and found:
                found = (*found, "null")
        if found is None:
            # A schema that speaks of members means an object, and of items an array, though it does not say so.
            named = {name for schema, _ in parts for name in schema}
            return ("object",) if _OF_OBJECTS & named else ("array",) if {"items", "prefixItems"} & named else ()
        return tuple(each for each in dict.fromkeys(found) if each in _TYPES)

    def _choice(self, spot: Spot, parts: list[tuple[Mapping[str, Any], Place]]) -> tuple[tuple[str, Spot], ...] | None:
        """The alternatives of the first ``oneOf`` or ``anyOf`` that is still to be chosen from."""
        for schema, place in parts:
            if place in spot.chosen:
                continue
            for keyword in ("oneOf", "anyOf"):
                branches = _list(schema.get(keyword))
                shaped = [each for each in branches if isinstance(each, Mapping) and _SHAPING & each.keys()]
                if not shaped or len(shaped) < len(branches):
                    continue
                found = []
                for at in range(len(branches)):
                    inner = Spot((*spot.places, place.inside(keyword, at)), spot.type, spot.chosen | {place})
                    found.append((self._called(Spot((place.inside(keyword, at),)), at), inner))
                return tuple(found)
        return None

    def _called(self, spot: Spot, at: int) -> str:
        """The name of an alternative: its title, or what kind of value it is."""
        title = _first(list(self._parts(spot)), "title", str)
        if title:
            return str(title)
        view = self.view(spot)
        for name, member in view.members.items():
            # Not the member's view: it could lead back to this very choice.
            values = _values(list(self._parts(member))) or []
            if len(values) == 1 and name in view.required:
                return _named(values[0])
        if len(view.options) == 1:
            return view.options[0][1]
        return {"any": f"Alternative {at + 1}", "choice": f"Alternative {at + 1}", "enum": "one of a list"}.get(
            view.kind, f"{view.kind} ({at + 1})" if view.kind in ("object", "array") else view.kind
        )

    def _object(self, parts: list[tuple[Mapping[str, Any], Place]]) -> dict[str, Any]:
        members: dict[str, tuple[Place, ...]] = {}
        rest: list[Place] = []
        closed = opened = False
        for schema, place in parts:
            for name, inner in _mapping(schema.get("properties")).items():
                if inner is not False:
                    members[name] = (*members.get(name, ()), place.inside("properties", name))
            patterns = _mapping(schema.get("patternProperties"))
            if len(patterns) == 1 and schema.get("additionalProperties") is False:
                rest.append(place.inside("patternProperties", next(iter(patterns))))
            elif schema.get("additionalProperties") is False or schema.get("unevaluatedProperties") is False:
                closed = not patterns
            if isinstance(schema.get("additionalProperties"), Mapping):
                rest.append(place.inside("additionalProperties"))
            opened = opened or bool(patterns) or schema.get("additionalProperties", False) is not False
        required = {name for schema, _ in parts for name in _list(schema.get("required")) if isinstance(name, str)}
        spots = {name: Spot(places) for name, places in members.items()}
        spots |= {name: ANYTHING for name in sorted(required - spots.keys()) if not closed}
        return {
            "members": spots,
            "required": frozenset(required),
            "rest": None if closed and not rest else Spot(tuple(rest)),
            "open": (not closed and (opened or not members)) or bool(rest),
        }

    def _array(self, parts: list[tuple[Mapping[str, Any], Place]]) -> dict[str, Any]:
        first: list[tuple[Place, ...]] = []
        item: list[Place] = []
        for schema, place in parts:
            ahead = "prefixItems" if isinstance(schema.get("prefixItems"), list) else "items"
            behind = "items" if ahead == "prefixItems" else "additionalItems"
            if isinstance(schema.get(ahead), list):
                for at in range(len(schema[ahead])):
                    first += [()] if at == len(first) else []
                    first[at] = (*first[at], place.inside(ahead, at))
                if schema.get(behind) is False:
                    return {"first": tuple(Spot(places) for places in first), "item": None}
                item += [place.inside(behind)] if isinstance(schema.get(behind), Mapping) else []
            elif isinstance(schema.get("items"), Mapping):
                item.append(place.inside("items"))
        return {"first": tuple(Spot(places) for places in first), "item": Spot(tuple(item))}


_LIMITS = frozenset(
    {"format", "pattern", "minLength", "maxLength", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"}
    | {"multipleOf", "minItems", "maxItems"}
)


def _values(parts: list[tuple[Mapping[str, Any], Place]]) -> list[Any] | None:
    """The values of the narrowest enum or const; None if there is none."""
    found: list[Any] | None = None
    for schema, _ in parts:
        for given in (schema.get("enum"), [schema["const"]] if "const" in schema else None):
            if isinstance(given, list) and (found is None or len(given) < len(found)):
                found = given
    return found


def _shown(schema: Mapping[str, Any]) -> Iterator[Any]:
    if "default" in schema:
        yield schema["default"]
    yield from _list(schema.get("examples"))


def _named(value: Any) -> str:
    return value if isinstance(value, str) and value.strip() else msgspec.json.encode(value).decode()


def _first(parts: list[tuple[Mapping[str, Any], Place]], name: str, kind: type) -> Any:
    return next((schema[name] for schema, _ in parts if isinstance(schema.get(name), kind)), "")


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
