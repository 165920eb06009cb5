"""The file's text as plain values, with the place of every one of them."""

from __future__ import annotations

import datetime
import io
from collections.abc import Mapping
from typing import Any

import msgspec
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import AliasEvent, CollectionEndEvent, CollectionStartEvent

from eventyard.contract.finding import Finding, Place
from eventyard.templates.own.forms import Path

_MOST = 1 << 20
_DEEPEST = 50
_LARGEST = 200_000


class Source(msgspec.Struct, frozen=True):
    """``value``: None if the text is no mapping. ``places``: line and column, from 1, of values by their paths; those
    of the keys are under the path with ``None`` behind it."""

    path: str
    value: dict[str, Any] | None
    places: Mapping[tuple[str | int | None, ...], tuple[int, int]]
    findings: tuple[Finding, ...] = ()

    def place(self, at: Path, key: bool = False) -> Place:
        """Of a value, or of its key; of what it is in, if it is not there."""
        while at:
            if key and (*at, None) in self.places:
                return (self.path, *self.places[(*at, None)])
            if at in self.places:
                return (self.path, *self.places[at])
            at = at[:-1]
        return self.path, 1, 1


def parse(path: str, text: str) -> Source:
    """What ``text`` says. What it can't be is a finding."""

    def broken(message: str, line: int = 1, column: int = 1) -> Source:
        return Source(path, None, {}, (Finding(path, line, column, "bad-yaml", message),))

    if len(text.encode()) > _MOST:
        return broken(f"The file has more than {_MOST} bytes.")
    try:
        if around := _circle(text):
            return broken(f"The alias *{around[0]} is inside of what it stands for.", *around[1:])
        found = YAML(typ="rt").load(io.StringIO(text))
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        said = f"{error.problem or error.context or 'The YAML is broken'}."
        return broken(said, mark.line + 1, mark.column + 1) if mark else broken(said)
    except RecursionError:
        return broken("The YAML is nested too deeply.")
    except (YAMLError, ValueError) as error:
        return broken(f"{str(error).partition(chr(10))[0]}.")
    if not isinstance(found, CommentedMap):
        return broken("The file says nothing; it wants sections such as `queues:`.")
    values = _Values()
    try:
        value = values.plain(found, ())
    except _TooDeep:
        return broken("The YAML is nested too deeply, or its aliases make it too large.")
    return Source(path, value, values.places)


def _circle(text: str) -> tuple[str, int, int] | None:
    """An alias inside of what it stands for, with its line and column."""
    within: list[str | None] = []
    for event in YAML(typ="rt").parse(io.StringIO(text)):
        if isinstance(event, CollectionStartEvent):
            within.append(event.anchor)
        elif isinstance(event, CollectionEndEvent):
            within.pop()
        elif isinstance(event, AliasEvent) and event.anchor in within:
            return str(event.anchor), event.start_mark.line + 1, event.start_mark.column + 1
    return None


class _TooDeep(Exception):
    """Or too large: aliases of aliases say a lot in few lines."""


class _Values:
    """``places``: see :class:`Source`."""

    def __init__(self) -> None:
        self.places: dict[tuple[str | int | None, ...], tuple[int, int]] = {}
        self._size = 0

    def plain(self, value: Any, at: Path) -> Any:
        """``value`` in Python's own types. Raises _TooDeep."""
        self._size += 1
        if len(at) > _DEEPEST or self._size > _LARGEST:
            raise _TooDeep
        if isinstance(value, CommentedMap):
            return {str(key): self._member(value, key, (*at, str(key))) for key in value}
        if isinstance(value, CommentedSeq):
            return [self._item(value, index, (*at, index)) for index in range(len(value))]
        if isinstance(value, bool) or value is None:
            return value
        if isinstance(value, int):
            return int(value)
        if isinstance(value, float):
            return float(value)
        if isinstance(value, datetime.date):
            return value.isoformat()  # YAML reads 2026-11-25 as a date
        return str(value)

    def _member(self, value: CommentedMap, key: Any, at: Path) -> Any:
        if key in (value.lc.data or ()):  # not if it was merged from elsewhere (<<)
            line, column = value.lc.key(key)
            self.places[(*at, None)] = line + 1, column + 1
            line, column = value.lc.value(key)
            self.places[at] = line + 1, column + 1
        return self.plain(value[key], at)

    def _item(self, value: CommentedSeq, index: int, at: Path) -> Any:
        if index in (value.lc.data or ()):
            line, column = value.lc.item(index)
            self.places[at] = line + 1, column + 1
        return self.plain(value[index], at)
