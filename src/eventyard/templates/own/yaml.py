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

from eventyard.contract.finding import Finding, Place
from eventyard.templates.own.forms import Path

_MOST = 1 << 20
_DEEPEST = 50


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
    places: dict[tuple[str | int | None, ...], tuple[int, int]] = {}
    try:
        value = _plain(found, (), places)
    except _TooDeep:
        return broken("The YAML is nested too deeply, or refers to itself.")
    return Source(path, value, places)


class _TooDeep(Exception):
    """An alias may lead back to what it is in."""


def _plain(value: Any, at: Path, places: dict[tuple[str | int | None, ...], tuple[int, int]]) -> Any:
    if len(at) > _DEEPEST or len(places) > _MOST // 4:
        raise _TooDeep
    if isinstance(value, CommentedMap):
        found = {}
        for key in value:
            inner = (*at, str(key))
            if key in (value.lc.data or ()):
                line, column = value.lc.key(key)
                places[(*inner, None)] = line + 1, column + 1
                line, column = value.lc.value(key)
                places[inner] = line + 1, column + 1
            found[str(key)] = _plain(value[key], inner, places)
        return found
    if isinstance(value, CommentedSeq):
        items = []
        for index in range(len(value)):
            if index in (value.lc.data or ()):
                line, column = value.lc.item(index)
                places[(*at, index)] = line + 1, column + 1
            items.append(_plain(value[index], (*at, index), places))
        return items
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value)
    if isinstance(value, datetime.date):
        return value.isoformat()  # YAML reads 2026-11-25 as a date
    return str(value)
