"""Which members a schema describes, whichever of its alternatives are taken."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from eventyard.contract.place import Pointer
from eventyard.contracts.scope import Option, Part, Scope
from eventyard.errors import Unsupported

#: Levels below each other, and at all: alternatives that refer to each other can combine without end.
_DEEPEST, _MOST = 40, 2_000


class Level(msgspec.Struct, frozen=True):
    """What applies to the values at one place of the detail. ``path``: the names that lead there; items of lists add
    none. ``parts``: all of the schema's parts that may apply there."""

    path: tuple[str, ...]
    parts: tuple[Part, ...]

    def members(self) -> dict[str, list[Part]]:
        """The members that are described by name."""
        found: dict[str, list[Part]] = {}
        for part in self.parts:
            for name, node in part.node.get("properties", {}).items():
                if node is not False:
                    found.setdefault(name, []).append(part.inner(node))
        return found

    def others(self) -> list[Part]:
        """What applies to members that have no name in the schema."""
        return [
            part.inner(node)
            for part in self.parts
            for node in (*part.node.get("patternProperties", {}).values(), part.node.get("additionalProperties"))
            if isinstance(node, dict)
        ]

    def items(self) -> list[Part]:
        """What applies to items of a list, at whatever index."""
        found = []
        for part in self.parts:
            for keyword in ("items", "prefixItems", "additionalItems", "contains"):
                node = part.node.get(keyword)
                found += [part.inner(each) for each in (node if isinstance(node, list) else [node])]
        return [part for part in found if isinstance(part.node, dict)]

    def required(self) -> Iterator[tuple[Part, str]]:
        for part in self.parts:
            for name in part.node.get("required", ()) if isinstance(part.node.get("required"), list) else ():
                yield part, name


class Described:
    """Of ``schema``, which may refer to ``atoms``."""

    def __init__(self, schema: Mapping[str, Any] | bool, atoms: Mapping[str, Any]) -> None:
        self.scope = Scope(schema, atoms)
        self.top = self.level([self.scope.top], ())

    def level(self, parts: list[Part], path: tuple[str, ...]) -> Level:
        real = [part for part in parts if part.node is not False]
        try:
            return Level(path, tuple(self.scope.spread(real, _all)))
        except Unsupported:
            return Level(path, ())

    def member(self, level: Level, name: str) -> Level:
        """Of the member ``name``; its level has no parts if nothing describes it."""
        return self.level(level.members().get(name, level.others()), (*level.path, name))

    def items(self, level: Level) -> Level:
        return self.level(level.items(), level.path)

    def levels(self) -> Iterator[Level]:
        """The levels, the outermost first, up to some thousands; what comes back to itself is gone through once."""
        seen: set[frozenset[int]] = set()
        waiting = [self.top]
        while waiting and len(seen) < _MOST:
            level = waiting.pop()
            key = frozenset(id(part.node) for part in level.parts if self.place(part) is not None)
            if not level.parts or key in seen or len(level.path) > _DEEPEST:
                continue
            seen.add(key)
            yield level
            members = reversed(level.members().items())
            waiting += [self.level(parts, (*level.path, name)) for name, parts in members]
            waiting += [self.items(level), self.level(level.others(), level.path)]

    def has(self, path: str) -> bool:
        """Whether the dotted ``path`` leads to something that is described; through lists without an index."""
        level = self.top
        for name in path.split("."):
            inside = level
            while name not in inside.members() and (deeper := self.items(inside)).parts:
                inside = deeper
            if name not in inside.members() and not inside.others():
                return False
            level = self.member(inside, name)
        return True

    def place(self, part: Part) -> tuple[str, Pointer] | None:
        """(the URL of the schema that has ``part``, where in it); None for what no file says."""
        return self.scope.place(part)


def _all(options: list[Option]) -> Option:
    return [part for option in options for part in option if part.node is not False]
