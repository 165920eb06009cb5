"""Where things stand in a text of JSON: a reader that keeps the line and column of every value, for findings.

It reads what orjson has accepted already, or else says where the text stops being JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from json.decoder import scanstring  # type: ignore[attr-defined]  # public, but not in the type stubs
from typing import Any

import msgspec

_SPACE = re.compile(r"[ \t\n\r]*")
_SCALAR = re.compile(r"true|false|null|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?")

_HALF = re.compile("[\ud800-\udfff]")

_LONGEST_NUMBER = 1_000

Pointer = tuple[str | int, ...]
"""The keys and indexes that lead to a value from the outermost one (RFC 6901, not encoded)."""


class Broken(Exception):
    """The text is not JSON at offset ``at``."""

    def __init__(self, reason: str, at: int) -> None:
        super().__init__(reason)
        self.reason = reason
        self.at = at


class Places(msgspec.Struct, frozen=True):
    """The offsets of the values of one text, and of the keys that are there twice."""

    text: str
    offsets: dict[Pointer, int]
    doubled: tuple[Pointer, ...] = ()

    def at(self, pointer: Sequence[str | int]) -> tuple[int, int]:
        """Line and column (from 1) of the value at ``pointer``, or of the nearest value around it that is there."""
        key = tuple(pointer)
        while key not in self.offsets:
            key = key[:-1]
        return line_and_column(self.text, self.offsets[key])


def line_and_column(text: str, offset: int) -> tuple[int, int]:
    return text.count("\n", 0, offset) + 1, offset - (text.rfind("\n", 0, offset) + 1) + 1


def read(text: str, deepest: int) -> tuple[Any, Places]:
    """The value in ``text`` and where its parts stand. Raises :class:`Broken`, also beyond ``deepest`` levels."""
    reader = _Reader(text, deepest)
    try:
        value = reader.value(reader.skip(0), ())
    except json.JSONDecodeError as error:
        raise Broken(error.msg, error.pos) from error
    if reader.end != len(text):
        raise Broken("There is something after the end of the JSON", reader.end)
    return value, Places(text, reader.offsets, tuple(reader.doubled))


class _Reader:
    """``end``: the offset behind the value that was read last, and the space after it."""

    def __init__(self, text: str, deepest: int) -> None:
        self.text = text
        self.end = 0
        self.offsets: dict[Pointer, int] = {}
        self.doubled: list[Pointer] = []
        self._deepest = deepest

    def skip(self, at: int) -> int:
        found = _SPACE.match(self.text, at)
        return found.end() if found else at

    def value(self, at: int, pointer: Pointer) -> Any:
        if len(pointer) > self._deepest:
            raise Broken(f"More than {self._deepest} levels deep", at)
        self.offsets[pointer] = at
        start = self.text[at : at + 1]
        if start == "{":
            return self._object(at, pointer)
        if start == "[":
            return self._array(at, pointer)
        if start == '"':
            value, end = self._string(at)
        elif found := _SCALAR.match(self.text, at):
            if found.end() - at > _LONGEST_NUMBER:
                raise Broken(f"A number of more than {_LONGEST_NUMBER} characters", at)
            value, end = json.loads(found.group()), found.end()
        else:
            raise Broken(f"Unexpected character {start!r}" if start else "The JSON ends too early", at)
        self.end = self.skip(end)
        return value

    def _string(self, at: int) -> tuple[str, int]:
        value, end = scanstring(self.text, at + 1, True)
        if _HALF.search(value):
            raise Broken("Half of a surrogate pair (\\ud800 to \\udfff), which is no character", at)
        return value, end

    def _object(self, at: int, pointer: Pointer) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for item in self._items(at, "}"):
            if self.text[item : item + 1] != '"':
                raise Broken("A name in double quotes is missing", item)
            name, end = self._string(item)
            colon = self.skip(end)
            if self.text[colon : colon + 1] != ":":
                raise Broken("A colon is missing", colon)
            if name in found:
                self.doubled.append((*pointer, name))
            found[name] = self.value(self.skip(colon + 1), (*pointer, name))
        return found

    def _array(self, at: int, pointer: Pointer) -> list[Any]:
        found: list[Any] = []
        for item in self._items(at, "]"):
            found.append(self.value(item, (*pointer, len(found))))
        return found

    def _items(self, at: int, closing: str) -> Iterator[int]:
        """The offset of each item between the brackets; whoever asks reads it before asking for the next."""
        self.end = self.skip(at + 1)
        if self.text[self.end : self.end + 1] != closing:
            yield self.end
            while self.text[self.end : self.end + 1] == ",":
                yield self.skip(self.end + 1)
            if self.text[self.end : self.end + 1] != closing:
                raise Broken(f"A comma or {closing} is missing", self.end)
        self.end = self.skip(self.end + 1)
