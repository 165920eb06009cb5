"""Instances near to one that is there: a member less, another type, a value at the edge."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

_OTHERS: tuple[Any, ...] = (None, True, 0, -1, 1.5, 10**12, "", "x", "x" * 300, [], {})
_UNKNOWN = "unknown_member"


def near(value: Any) -> Iterator[Any]:
    """Values that differ from ``value`` in one place."""
    yield from (other for other in _OTHERS if type(other) is not type(value) or other != value)
    if isinstance(value, dict):
        yield {**value, _UNKNOWN: "x"}
        for name, inner in value.items():
            yield {key: kept for key, kept in value.items() if key != name}
            yield from ({**value, name: changed} for changed in near(inner))
    elif isinstance(value, list):
        yield [*value, *value[-1:]]
        for at, inner in enumerate(value):
            yield value[:at] + value[at + 1 :]
            yield from ([*value[:at], changed, *value[at + 1 :]] for changed in near(inner))


def smaller(value: Any) -> Iterator[Any]:
    """Values with a member or an item less, the ones that lack most first."""
    if isinstance(value, dict):
        for name in value:
            yield {key: kept for key, kept in value.items() if key != name}
        for name, inner in value.items():
            yield from ({**value, name: changed} for changed in smaller(inner))
    elif isinstance(value, list):
        for at in range(len(value)):
            yield value[:at] + value[at + 1 :]
        for at, inner in enumerate(value):
            yield from ([*value[:at], changed, *value[at + 1 :]] for changed in smaller(inner))
