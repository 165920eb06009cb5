"""A typed decoder that holds only the fields the rules look at, so that the JSON parser skips all others.

It refuses events in which such a field is an array or an object; the caller then decodes without types.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from eventyard.pattern.structure import Path

Leaf = str | int | float | bool | None | UnsetType


class Paths:
    """The fields of one decoder, as a tree; every field is either a value or an object, never both."""

    def __init__(self) -> None:
        self.root: dict[str, Any] = {}

    def add(self, paths: Iterable[Path]) -> bool:
        """Make room for all ``paths``; False, with nothing changed, if one cannot go with those already there."""
        paths = list(dict.fromkeys(paths))
        fits = not any(left == right[: len(left)] for left in paths for right in paths if left is not right)
        if not fits or not all(self._fits(path) for path in paths):
            return False
        for path in paths:
            node = self.root
            for key in path[:-1]:
                node = node.setdefault(key, {})
            node[path[-1]] = None
        return True

    def _fits(self, path: Path) -> bool:
        node: Any = self.root
        for depth, key in enumerate(path):
            # msgspec takes no names that JSON would escape.
            if not key.isprintable() or '"' in key or "\\" in key:
                return False
            if node is not None:
                if key not in node:
                    node = None
                    continue
                found = node[key]
                last = depth == len(path) - 1
                if last != (found is None):
                    return False
                node = found
        return True

    def decoder(self) -> tuple[msgspec.json.Decoder[Any], dict[Path, str]]:
        """The decoder, and for each path the attribute expression below the decoded event."""
        attributes: dict[Path, str] = {}
        root = _struct(self.root, (), "", attributes)
        return msgspec.json.Decoder(root), attributes


def _struct(fields: dict[str, Any], path: Path, attribute: str, attributes: dict[Path, str]) -> type[msgspec.Struct]:
    members: list[tuple[str, Any, Any]] = []
    rename: dict[str, str] = {}
    for number, (key, below) in enumerate(fields.items()):
        name = f"f{number}"
        rename[name] = key
        if below is None:
            attributes[*path, key] = f"{attribute}.{name}"
            members.append((name, Leaf, UNSET))
        else:
            inner = _struct(below, (*path, key), f"{attribute}.{name}", attributes)
            # An absent object stands for one without any field, so that generated code need not look.
            members.append((name, inner, inner()))
    return msgspec.defstruct("Fields", members, rename=rename, frozen=True, gc=False)
