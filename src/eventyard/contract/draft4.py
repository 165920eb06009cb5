"""A schema of a later draft in terms of Draft 4. See ``dialects`` for what is promised."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import msgspec

from eventyard.contract.resolver import Place, Resolver
from eventyard.errors import InvalidRequest

DRAFT4 = "http://json-schema.org/draft-04/schema#"

#: What constrains nothing and has no name in Draft 4.
_DROPPED = frozenset({
    "$anchor", "$comment", "$defs", "$dynamicAnchor", "$id", "$recursiveAnchor", "$schema", "$vocabulary",
    "contentEncoding", "contentMediaType", "contentSchema", "definitions", "deprecated", "examples", "id",
    "readOnly", "writeOnly",
})  # fmt: skip
#: What is looked at with another keyword.
_TAKEN = frozenset({"additionalItems", "else", "maxContains", "minContains", "then"})
#: The draft that a keyword came with; before it, it is nothing. ("dependencies" went, but validators still know it.)
_SINCE = {
    "const": 6, "contains": 6, "propertyNames": 6, "if": 7, "dependentRequired": 2019, "dependentSchemas": 2019,
    "unevaluatedProperties": 2019, "unevaluatedItems": 2019, "$recursiveRef": 2019, "prefixItems": 2020,
    "$dynamicRef": 2020,
}  # fmt: skip
_APPLICATORS = (
    "$ref",
    "allOf",
    "anyOf",
    "oneOf",
    "if",
    "not",
    "dependentSchemas",
    "dependencies",
    "$dynamicRef",
    "$recursiveRef",
)
_NOTHING: dict[str, Any] = {"not": {}}


class _Work(msgspec.Struct):
    """The schema that is being converted: ``out`` is what becomes of it, and ``also`` what must hold besides."""

    place: Place
    schema: Mapping[str, Any]
    out: dict[str, Any] = {}
    also: list[dict[str, Any]] = []


Made = tuple[dict[str, Any], bool]
"""A converted schema, and whether it says exactly what the original says (else it lets more through)."""


class Downgrade:
    """One conversion. ``run`` may be called once."""

    def __init__(self, resolver: Resolver) -> None:
        self._resolver = resolver
        self._old_refs = resolver.draft <= 7
        #: What is referred to: its name, and how it was converted.
        self._names: dict[Place, str] = {}
        self._made: dict[Place, dict[str, Any]] = {}
        self._inexact: set[Place] = set()
        self._left: list[tuple[str, str]] = []

    def run(self) -> tuple[dict[str, Any], list[tuple[str, str]]]:
        """The schema with its definitions, and what was left out as (pointer, keyword)."""
        root = self._resolver.root
        while True:
            # Whether a definition is exact can depend on itself; once it is found not to be, it never is again.
            known = len(self._inexact)
            self._left, self._made = [], {}
            made, exact = self._convert(root)
            if not exact:
                self._inexact.add(root)
            work = [place for place in self._names if place != root]
            while work:
                for place in work:
                    self._made[place], exact = self._convert(place)
                    if not exact:
                        self._inexact.add(place)
                work = [place for place in self._names if place != root and place not in self._made]
            if len(self._inexact) == known:
                break
        schema = self._resolver.get(root)
        identity = schema.get("$id", schema.get("id")) if isinstance(schema, Mapping) else None
        head = {"id": identity} if isinstance(identity, str) else {}
        definitions = {self._names[place]: made for place, made in self._made.items()}
        return {**head, **made, **({"definitions": definitions} if definitions else {})}, self._left

    # --- schemas ----------------------------------------------------------------------------------------------------

    def _convert(self, place: Place) -> Made:
        schema = self._resolver.get(place)
        if schema is False:
            return dict(_NOTHING), True
        if not isinstance(schema, Mapping):
            return {}, True
        place = self._resolver.home(place)
        if "$ref" in schema and (self._old_refs or set(schema) <= {"$ref"} | _DROPPED):
            return self._reference(schema["$ref"], place)
        work, exact, draft = _Work(place, schema), True, self._resolver.draft
        for keyword, value in schema.items():
            if keyword in _DROPPED or keyword in _TAKEN:
                continue
            if draft < _SINCE.get(keyword, 0):
                continue
            rule = self._RULES.get(keyword)
            if rule is None:
                work.out[keyword] = value
            else:
                exact &= rule(self, keyword, work)
        if work.also:
            work.out["allOf"] = [*work.out.get("allOf", ()), *work.also]
        return work.out, exact

    def _reference(self, reference: Any, place: Place) -> Made:
        if not isinstance(reference, str):
            raise InvalidRequest(f"A reference must be a text, not {reference!r}.")
        target = self._resolver.find(reference, place.base)
        if target == self._resolver.root:
            return {"$ref": "#"}, target not in self._inexact
        name = self._names.get(target)
        if name is None:
            name = self._names[target] = self._free_name(target)
        pointer = name.replace("~", "~0").replace("/", "~1")
        return {"$ref": f"#/definitions/{pointer}"}, target not in self._inexact

    def _free_name(self, target: Place) -> str:
        last = target.pointer[-1] if target.pointer else target.base.rstrip("/").rpartition("/")[2] or "schema"
        name, number = last, 1
        while name in self._names.values():
            number += 1
            name = f"{last}{number}"
        return name

    def _leave(self, place: Place, keyword: str) -> bool:
        self._left.append((place.fragment, keyword))
        return False

    # --- keywords: each adds to ``out`` or ``also``, and says whether it did so exactly -----------------------------

    def _ref(self, keyword: str, work: _Work) -> bool:
        # In Draft 4 what stands beside a reference is ignored.
        made, exact = self._reference(work.schema["$ref"], work.place)
        work.also.append(made)
        return exact

    def _const(self, keyword: str, work: _Work) -> bool:
        work.also.append({"enum": [work.schema["const"]]}) if "enum" in work.schema else work.out.update(
            enum=[work.schema["const"]]
        )
        return True

    def _enum(self, keyword: str, work: _Work) -> bool:
        work.out["enum"] = work.schema["enum"]
        if not work.schema["enum"]:
            del work.out["enum"]
            work.also.append(dict(_NOTHING))
        return True

    def _required(self, keyword: str, work: _Work) -> bool:
        if isinstance(work.schema["required"], list) and work.schema["required"]:
            work.out["required"] = work.schema["required"]
        return True

    def _bound(self, keyword: str, work: _Work) -> bool:
        for limit, exclusive, stricter in (("minimum", "exclusiveMinimum", max), ("maximum", "exclusiveMaximum", min)):
            plain, bare = work.schema.get(limit), work.schema.get(exclusive)
            if bare is None or isinstance(bare, bool):  # Draft 4's own form
                work.out.update({name: work.schema[name] for name in (limit, exclusive) if name in work.schema})
            elif plain is None or stricter(plain, bare) == bare:
                work.out[limit], work.out[exclusive] = bare, True
            else:
                work.out[limit] = plain
        return True

    def _schema(self, keyword: str, work: _Work) -> bool:
        if keyword == "additionalProperties" and isinstance(work.schema[keyword], bool):
            work.out[keyword] = work.schema[keyword]
            return True
        work.out[keyword], exact = self._convert(work.place.inside(keyword))
        return exact

    def _schemas(self, keyword: str, work: _Work) -> bool:
        made = {name: self._convert(work.place.inside(keyword, name)) for name in work.schema[keyword]}
        work.out[keyword] = {name: found for name, (found, _) in made.items()}
        return all(exact for _, exact in made.values())

    def _branches(self, keyword: str, work: _Work) -> bool:
        made = [self._convert(work.place.inside(keyword, number)) for number in range(len(work.schema[keyword]))]
        exact = all(each for _, each in made)
        # Two branches of a oneOf that let more through could both let the same through, which would narrow it.
        target = "anyOf" if keyword == "oneOf" and not exact else keyword
        found = {target: [each for each, _ in made]}
        work.also.append(found) if target in work.schema and target != keyword else work.out.update(found)
        return exact if target == keyword else self._leave(work.place, "oneOf")

    def _not(self, keyword: str, work: _Work) -> bool:
        made, exact = self._convert(work.place.inside("not"))
        if not exact:  # the opposite of more is less
            return self._leave(work.place, "not")
        work.out["not"] = made
        return True

    def _if(self, keyword: str, work: _Work) -> bool:
        if "then" not in work.schema and "else" not in work.schema:
            return True
        when, exact = self._convert(work.place.inside("if"))
        then, then_exact = self._convert(work.place.inside("then")) if "then" in work.schema else ({}, True)
        other, other_exact = self._convert(work.place.inside("else")) if "else" in work.schema else ({}, True)
        if exact:
            work.also.append({"anyOf": [{"allOf": [when, then]}, {"allOf": [{"not": when}, other]}]})
            return then_exact and other_exact
        if "else" in work.schema:
            work.also.append({"anyOf": [{"allOf": [when, then]}, other]})
        return self._leave(work.place, "if")

    def _items(self, keyword: str, work: _Work) -> bool:
        first = "prefixItems" if "prefixItems" in work.schema and self._resolver.draft >= 2020 else "items"
        rest = "items" if first == "prefixItems" else "additionalItems"
        if first == "items" and not isinstance(work.schema.get("items"), list):
            work.out["items"], exact = self._convert(work.place.inside("items"))
            return exact
        made = [self._convert(work.place.inside(first, number)) for number in range(len(work.schema[first]))]
        exact = all(each for _, each in made)
        if rest in work.schema:
            value = work.schema[rest]
            found, more = (value, True) if isinstance(value, bool) else self._convert(work.place.inside(rest))
            exact &= more
            if made:
                work.out["additionalItems"] = found
            else:
                work.out["items"] = {} if found is True else dict(_NOTHING) if found is False else found
        if made:
            work.out["items"] = [each for each, _ in made]
        return exact

    def _contains(self, keyword: str, work: _Work) -> bool:
        least = work.schema.get("minContains", 1) if self._resolver.draft >= 2019 else 1
        exact = True
        if least >= 1:
            # Twice turned round, so what lets more through still does.
            made, exact = self._convert(work.place.inside("contains"))
            work.also.append({"anyOf": [{"not": {"type": "array"}}, {"not": {"items": {"not": made}}}]})
        if least > 1:
            exact = self._leave(work.place, "minContains")
        if "maxContains" in work.schema and self._resolver.draft >= 2019:
            exact = self._leave(work.place, "maxContains")
        return exact

    def _property_names(self, keyword: str, work: _Work) -> bool:
        names = work.schema["propertyNames"]
        if names is True:
            return True
        if names is False:
            work.also.append({"maxProperties": 0})
            return True
        asked = {key: value for key, value in names.items() if key not in ("title", "description", "type")}
        if names.get("type", "string") != "string" or len(asked) > 1 or not set(asked) <= {"pattern", "enum"}:
            return self._leave(work.place, "propertyNames")
        if "pattern" in asked:
            work.also.append({"patternProperties": {asked["pattern"]: {}}, "additionalProperties": False})
        if "enum" in asked:
            known = {name: dict[str, Any]() for name in asked["enum"] if isinstance(name, str)}
            work.also.append({"properties": known, "additionalProperties": False})
        return True

    def _dependent_required(self, keyword: str, work: _Work) -> bool:
        # An array of Draft 4's dependencies must not be empty.
        wanted = {name: names for name, names in work.schema["dependentRequired"].items() if names}
        work.also.append({"dependencies": wanted}) if wanted else None
        return True

    def _dependencies(self, keyword: str, work: _Work) -> bool:
        exact, found = True, dict[str, Any]()
        for name, value in work.schema[keyword].items():
            if isinstance(value, list):
                found |= {name: value} if value else {}
            else:
                found[name], each = self._convert(work.place.inside(keyword, name))
                exact &= each
        work.also.append({"dependencies": found})
        return exact

    def _unevaluated(self, keyword: str, work: _Work) -> bool:
        # Where nothing else looks at members or items, what is unevaluated is what is additional.
        plain = "additionalProperties" if keyword == "unevaluatedProperties" else "items"
        value, there = work.schema[keyword], work.schema.get(plain)
        if value is True or (there is not None and not isinstance(there, list)):
            return True
        if plain == "items" or any(name in work.schema for name in _APPLICATORS):
            return self._leave(work.place, keyword)
        work.out[plain], exact = (False, True) if value is False else self._convert(work.place.inside(keyword))
        return exact

    def _unsayable(self, keyword: str, work: _Work) -> bool:
        return self._leave(work.place, keyword)

    _RULES: ClassVar[Mapping[str, Callable[..., bool]]] = {
        "$ref": _ref,
        "const": _const,
        "enum": _enum,
        "required": _required,
        **dict.fromkeys(("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"), _bound),
        "additionalProperties": _schema,
        "properties": _schemas,
        "patternProperties": _schemas,
        "allOf": _branches,
        "anyOf": _branches,
        "oneOf": _branches,
        "not": _not,
        "if": _if,
        "items": _items,
        "prefixItems": _items,
        "contains": _contains,
        "propertyNames": _property_names,
        "dependentRequired": _dependent_required,
        "dependentSchemas": _dependencies,
        "dependencies": _dependencies,
        "unevaluatedProperties": _unevaluated,
        "unevaluatedItems": _unevaluated,
        "$dynamicRef": _unsayable,
        "$recursiveRef": _unsayable,
    }
