"""A schema with everything that it refers to: follows references, and checks a value against any part of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

import msgspec

from eventyard.contract.place import Pointer
from eventyard.contract.references import base, schemas, target
from eventyard.contract.validator import DIALECT, Validator
from eventyard.contract.violation import Violation
from eventyard.errors import Unsupported

_ROOT = "urn:eventyard:schema"
_MOST_PARTS = 2_000
_SAY_NOTHING = {"title", "description", "examples", "default", "$comment"}
#: Up to Draft 7 nothing beside a reference counts (draft-handrews-json-schema-01, 8.3).
_REF_ALONE = ("draft-04", "draft-06", "draft-07")


class Impossible(Exception):
    """Nothing can keep this combination of parts: another choice may do better."""


class Part(msgspec.Struct, frozen=True, eq=False):
    """A schema inside of the schema ``root``, whose URL is ``home``."""

    node: Any
    home: str
    root: Any

    def inner(self, node: Any) -> Part:
        return Part(node, self.home, self.root)


Option = list[Part]
"""Parts that apply together if this option is taken."""
Choose = Callable[[list[Option]], Option]


class Scope:
    """``schema`` may refer to ``atoms`` (schemas by URL). Both stay as they are while this is in use."""

    def __init__(self, schema: Mapping[str, Any] | bool, atoms: Mapping[str, Any]) -> None:
        url = base(schema) or _ROOT
        self._dialect = schema.get("$schema", DIALECT) if isinstance(schema, Mapping) else DIALECT
        self._roots = {**atoms, url: schema}
        if isinstance(schema, Mapping):
            self._roots[url] = {"$schema": DIALECT, **schema}
        #: Where each part stands, by identity: the validator compiles a part by its place, so that it finds its home.
        self._places = {
            id(node): (home, pointer) for home, root in self._roots.items() for pointer, node in schemas(root, ())
        }
        self._checks: dict[int, Validator] = {}
        #: Parts that are made up have to live as long as the checks that are known by their identity.
        self._kept: list[Any] = []
        self.top = Part(self._roots[url], url, self._roots[url])

    def keeps(self, part: Part, value: Any) -> bool:
        """Whether ``value`` is valid against ``part``."""
        if isinstance(part.node, bool):
            return part.node
        if part.node.keys() <= _SAY_NOTHING:
            return True
        check = self._checks.get(id(part.node))
        if check is None:
            check = self._checks[id(part.node)] = self._compiled(part.node)
        return check.is_valid(value)

    def violations(self, part: Part, value: Any) -> list[Violation]:
        """The ways in which ``value`` breaks ``part``."""
        if isinstance(part.node, bool):
            return Validator(part.node).violations(value)
        return self._compiled(part.node).violations(value)

    def place(self, part: Part) -> tuple[str, Pointer] | None:
        """(the URL of the schema that ``part`` is in, where in it); None for parts that are made up."""
        return self._places.get(id(part.node))

    def spread(self, parts: list[Part], choose: Choose) -> list[Part]:
        """All parts that apply to the same value as ``parts``, where ``choose`` decides between alternatives. Raises
        Impossible where one of them forbids every value."""
        flat: list[Part] = []
        waiting = list(reversed(parts))
        seen: set[int] = set()
        while waiting:
            part = waiting.pop()
            if id(part.node) in seen and not isinstance(part.node, bool):
                continue
            seen.add(id(part.node))
            if part.node is True:
                continue
            if part.node is False:
                raise Impossible("false allows nothing")
            if len(seen) > _MOST_PARTS:
                raise Unsupported("More parts of the schema apply to one value than can be followed.")
            if "$ref" in part.node:
                waiting.append(self._follow(part, part.node["$ref"]))
                if any(draft in part.root.get("$schema", self._dialect) for draft in _REF_ALONE):
                    continue
            flat.append(part)
            waiting += [part.inner(each) for each in reversed(part.node.get("allOf", ()))]
            for options in _alternatives(part):
                waiting += choose(options)
        return flat

    def _follow(self, part: Part, reference: str) -> Part:
        found = target(reference, part.home, part.root, self._roots)
        if found is None:
            raise Unsupported(f"{reference} is not in this repository.")
        return Part(*found)

    def _compiled(self, node: Any) -> Validator:
        place = self._places.get(id(node))
        if place is None:
            self._kept.append(node)
            return Validator({"$schema": self._dialect, **node})
        home, pointer = place
        return Validator({"$schema": self._dialect, "$ref": f"{home}#{_fragment(pointer)}"}, self._roots)


def _alternatives(part: Part) -> list[list[Option]]:
    """The choices that ``part`` leaves, each a list of options of which one is taken."""
    node = part.node
    found = [[[part.inner(each)] for each in node[keyword]] for keyword in ("anyOf", "oneOf") if keyword in node]
    if "if" in node:
        held = [part.inner(node["if"]), part.inner(node.get("then", True))]
        found.append([held, [part.inner(node.get("else", True))]])
    needs = {**node.get("dependencies", {}), **node.get("dependentSchemas", {}), **node.get("dependentRequired", {})}
    for name, need in needs.items():
        then = part.inner({"required": [name, *need]} if isinstance(need, list) else {"required": [name]})
        there = [then] if isinstance(need, list) else [then, part.inner(need)]
        found.append([there, [part.inner({"properties": {name: False}})]])
    return found


def _fragment(pointer: Pointer) -> str:
    """RFC 6901, section 6."""
    return "".join("/" + quote(str(step).replace("~", "~0").replace("/", "~1"), safe="~") for step in pointer)
