"""A typed decoder that holds only the fields the rules look at, so that the JSON parser skips all others.

It refuses events in which such a field is an array or an object; the caller then decodes without types.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from eventyard.pattern.operators import AnythingBut, Exact, Number, Test
from eventyard.pattern.structure import Branch, Path

Leaf = str | int | float | bool | None | UnsetType

WIDE = 400
"""As many fields make a decoder in a few milliseconds, and an event holds an unused one for a few nanoseconds."""


class _Field:
    """A value: how many conditions look at it, and how many of these need a number as it is written."""

    __slots__ = ("looks", "name", "written")

    def __init__(self, name: str) -> None:
        self.name = name
        self.looks = 0
        self.written = 0


class _Object:
    """An object: its name in the one around it, and its fields, each either a value or an object, never both."""

    __slots__ = ("below", "count", "name")

    def __init__(self, name: str) -> None:
        self.name = name
        self.below: dict[str, _Field | _Object] = {}
        self.count = 0

    def fresh(self) -> str:
        """Names are never used twice, so that generated code may go on with those it knows."""
        self.count += 1
        return f"f{self.count}"


class Paths:
    """The fields of one decoder. ``attributes``: for each path the attribute expression below the decoded event."""

    def __init__(self) -> None:
        self.root = _Object("")
        self.attributes: dict[Path, str] = {}
        self.stale = True
        """Whether a decoder made before lacks something."""

    def add(self, branch: Branch) -> bool:
        """Make room for the conditions' paths; False, with nothing changed, if they can't go with those there."""
        paths = dict.fromkeys(condition.path for condition in branch)
        fits = not any(left == right[: len(left)] for left in paths for right in paths if left is not right)
        if not fits or not all(self._fits(path) for path in paths):
            return False
        if len(self.attributes) + sum(path not in self.attributes for path in paths) > max(WIDE, len(paths)):
            return False
        for condition in branch:
            field = self._field(condition.path)
            field.looks += 1
            if _needs_text(condition.tests):
                self.stale = self.stale or not field.written
                field.written += 1
        return True

    def _field(self, path: Path) -> _Field:
        node, attribute = self.root, ""
        for key in path[:-1]:
            inner = node.below.get(key)
            if not isinstance(inner, _Object):
                inner = node.below[key] = _Object(node.fresh())
            node = inner
            attribute += f".{node.name}"
        field = node.below.get(path[-1])
        if not isinstance(field, _Field):
            field = node.below[path[-1]] = _Field(node.fresh())
            self.attributes[path] = f"{attribute}.{field.name}"
            self.stale = True
        return field

    def remove(self, branch: Branch) -> None:
        """Forget what only ``branch`` looked at; a decoder made before is still good."""
        for condition in branch:
            field = self._field(condition.path)
            field.looks -= 1
            field.written -= _needs_text(condition.tests)
            if not field.looks:
                del self.attributes[condition.path]
                _prune(self.root, condition.path)

    def _fits(self, path: Path) -> bool:
        node: Any = self.root
        for depth, key in enumerate(path):
            # msgspec takes no names that JSON would escape.
            if not plain(key):
                return False
            if node is not None:
                node = node.below.get(key)
                last = depth == len(path) - 1
                if node is not None and last != isinstance(node, _Field):
                    return False
        return True

    def decoder(self) -> tuple[Callable[[bytes], Any], Callable[[Any], bool] | None]:
        """The decoder, and what tells that a decoded event has an array or object where a value belongs.

        Without the latter the decoder itself refuses such events.
        """
        written: list[str] = []
        root = _struct(self.root, "", written)
        self.stale = False
        misfit = None
        if written:
            tests = " or ".join(f"e{each}.__class__ in C" for each in written)
            misfit = eval(f"lambda e: {tests}", {"C": frozenset((dict, list))})
        return msgspec.json.Decoder(root, float_hook=Number).decode, misfit


def plain(key: str) -> bool:
    return key.isprintable() and '"' not in key and "\\" not in key


def _needs_text(tests: tuple[Test, ...]) -> bool:
    return any(
        _needs_text(test.tests)
        if isinstance(test, AnythingBut)
        else isinstance(test, Exact) and isinstance(test.value, int | float) and not isinstance(test.value, bool)
        for test in tests
    )


def _prune(node: _Object, path: Path) -> None:
    inner = node.below[path[0]]
    if isinstance(inner, _Object):
        _prune(inner, path[1:])
        if inner.below:
            return
    del node.below[path[0]]


def _struct(node: _Object, attribute: str, written: list[str]) -> type[msgspec.Struct]:
    members: list[tuple[str, Any, Any]] = []
    rename: dict[str, str] = {}
    for key, below in node.below.items():
        rename[below.name] = key
        if isinstance(below, _Object):
            inner = _struct(below, f"{attribute}.{below.name}", written)
            # An absent object stands for one without any field, so that generated code need not look.
            members.append((below.name, inner, inner()))
        elif below.written:
            # Only an untyped float is given as it is written, and then the decoder takes anything else, too.
            written.append(f"{attribute}.{below.name}")
            members.append((below.name, Any, UNSET))
        else:
            members.append((below.name, Leaf, UNSET))
    return msgspec.defstruct("Fields", members, rename=rename, frozen=True, gc=False)
