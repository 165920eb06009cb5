"""Where a test belongs: the tables in which a value finds, without trying them all, the tests it passes.

A table maps keys to whatever the index keeps below them. Most are hash tables over something cut from the value (a
prefix of one length, a network of one mask); ranges, substrings and leftovers have finders of their own. Every change
costs about the same however many keys there are.
"""

from __future__ import annotations

import socket
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable
from math import frexp, inf, ldexp, nextafter
from typing import Any, Generic, TypeVar

import msgspec
from msgspec import UNSET

from eventyard.pattern.operators import (
    BOUND,
    AnythingBut,
    Cidr,
    EqualsIgnoreCase,
    Exact,
    Exists,
    Number,
    Numeric,
    Prefix,
    Suffix,
    Test,
    Wildcard,
    pack_address,
)
from eventyard.pattern.structure import Condition, Path

T = TypeVar("T")

GRAMS = (8, 4, 2, 1)
FINEST = -40
"""Ranges narrower than two to this power share the cells of that width."""


class Place(msgspec.Struct, frozen=True, gc=False):
    """A key in the table of a kind (with a length, where a kind has many), and whether being there decides the test."""

    kind: str
    length: int
    key: Any
    decides: bool = True


class Facet(msgspec.Struct, frozen=True, gc=False):
    """A way to divide rules by one condition: its places are where it can be satisfied.

    Of several facets of one ``path`` those of one ``aspect`` are alternatives to each other in a table. ``decides``:
    the condition need not be tested below. ``hint``: it is implied by a condition that is tested anyway.
    """

    path: Path
    aspect: str
    places: tuple[Place, ...]
    decides: bool
    hint: bool
    weight: float
    condition: Condition


WEIGHTS = {"presence": 0.25, "range": 0.5}


def facets(condition: Condition) -> list[Facet]:
    """The ways to divide by ``condition``; a lone wildcard has its beginning, its end and a part in between."""
    if len(condition.tests) == 1 and isinstance(condition.tests[0], Wildcard) and len(condition.tests[0].parts) > 1:
        hints = _wildcard_places(condition.tests[0])
        if not hints[0].decides:
            return [Facet(condition.path, p.kind, (p,), False, True, 0.75, condition) for p in hints]
    found: dict[Place, None] = {}
    for test in condition.tests:
        place = _place(test)
        if place is None:
            leftover = Place("tests", 0, repr(condition.tests))
            return [Facet(condition.path, "tests", (leftover,), True, False, 0.25, condition)]
        found[place] = None
    decides = all(place.decides for place in found)
    weight = min(WEIGHTS.get(place.kind, 1.0) for place in found)
    return [Facet(condition.path, "", tuple(found), decides, False, weight, condition)]


def _place(test: Test) -> Place | None:
    """Numbers and the words true, false and null are kinds of their own: to a dict True and 1 are the same key."""
    match test:
        case Exact(value):
            if isinstance(value, str):
                return Place("text", 0, value)
            return Place("word" if value is None or isinstance(value, bool) else "number", 0, value)
        case Prefix(text):
            return Place("folded prefix" if test.ignore_case else "prefix", len(text), text)
        case Suffix(text):
            # The last 0 characters are not what a slice from -0 gives; as prefix the empty text is the same test.
            kind = "suffix" if text else "prefix"
            return Place(f"folded {kind}" if test.ignore_case else kind, len(text), text)
        case EqualsIgnoreCase(text):
            return Place("folded", 0, text)
        case Exists(present):
            return Place("presence", 0, present)
        case Cidr(first, last):
            bits = len(first) * 8
            free = (int.from_bytes(first) ^ int.from_bytes(last)).bit_length()
            return Place(f"cidr{4 if bits == 32 else 6}", free, int.from_bytes(first) >> free)
        case Numeric():
            # Within the documented bounds the next double is as good as an open end, for whole numbers too.
            low = float(test.low) if test.low_closed else nextafter(test.low, inf)
            high = float(test.high) if test.high_closed else nextafter(test.high, -inf)
            return Place("range", 0, (low, high))
        case Wildcard():
            return _wildcard_places(test)[0]
        case AnythingBut():
            return None
    raise AssertionError(test)


def _wildcard_places(test: Wildcard) -> list[Place]:
    parts = test.parts
    if len(parts) == 1:
        return [Place("text", 0, parts[0])]
    head, tail, middle = parts[0], parts[-1], max(parts[1:-1], key=len, default="")
    places = []
    if head:
        places.append(Place("prefix", len(head), head, len(parts) == 2 and not tail))
    if tail:
        places.append(Place("suffix", len(tail), tail, len(parts) == 2 and not head))
    if middle:
        length = next(each for each in GRAMS if each <= len(middle))
        # The end of a literal tells more rules apart than its beginning does.
        places.append(Place("gram", length, middle[-length:], len(parts) == 3 and not places and length == len(middle)))
    return places or [Place("prefix", 0, "")]


def address(text: str, family: int) -> int | None:
    """The IPv4 or IPv6 address as a number; None if ``text`` is none of that family."""
    if (":" in text) != (family == 6):
        return None
    packed = pack_address(text)
    return None if packed is None else int.from_bytes(packed)


def address4(text: str) -> int | None:
    try:
        return int.from_bytes(socket.inet_pton(socket.AF_INET, text))
    except (OSError, ValueError):
        return None


def address6(text: str) -> int | None:
    return address(text, 6)


def number_key(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


class Table(Generic[T]):
    """Keyed by something cut from the value; ``nodes`` is looked into by generated code, too."""

    def __init__(self, kind: str, length: int) -> None:
        self.kind = kind
        self.length = length
        self.nodes: dict[Any, T] = {}

    def put(self, key: Any, node: T, condition: Condition) -> None:
        self.nodes[key] = node

    def drop(self, key: Any) -> None:
        del self.nodes[key]

    def find(self, value: Any) -> Iterable[T]:
        """What is kept for a value, UNSET for an absent field."""
        cut = self._cut(value)
        if cut is UNSET or cut not in self.nodes:
            return ()
        return (self.nodes[cut],)

    def _cut(self, value: Any) -> Any:
        kind = self.kind
        if kind == "presence":
            return value is not UNSET
        if kind == "word":
            return value if value is None or isinstance(value, bool) else UNSET
        if kind == "number":
            return value if number_key(value) else UNSET
        if not isinstance(value, str):
            return UNSET
        if kind.startswith("cidr"):
            number = address(value, int(kind[-1]))
            return UNSET if number is None else number >> self.length
        if kind.startswith("folded"):
            value = value.lower()
        if kind.endswith("prefix"):
            return value[: self.length]
        return value[-self.length :] if kind.endswith("suffix") else value


class Ranges(Table[T]):
    """Closed ranges of numbers, by (low, high). One-sided ones stand sorted; the others in cells about as wide as they.

    A range touches at most two cells of the power of two that is its width or more, so a value looks into one cell of
    each width in use, and a good part of what stands there holds it.
    """

    def __init__(self, kind: str, length: int) -> None:
        super().__init__(kind, length)
        self._equal: dict[float, T] = {}
        self._lows: list[float] = []
        self._above: list[T] = []
        self._highs: list[float] = []
        self._below: list[T] = []
        self._cells: dict[float, dict[float, list[tuple[float, float, T]]]] = {}

    def put(self, key: Any, node: T, condition: Condition) -> None:
        self.nodes[key] = node
        low, high = key
        if low == high:
            self._equal[low] = node
        elif high == BOUND:
            at = bisect_left(self._lows, low)
            self._lows.insert(at, low)
            self._above.insert(at, node)
        elif low == -BOUND:
            at = bisect_left(self._highs, high)
            self._highs.insert(at, high)
            self._below.insert(at, node)
        elif low < high:
            scale, cells = _cells(low, high)
            row = self._cells.setdefault(scale, {})
            for cell in cells:
                row.setdefault(cell, []).append((low, high, node))

    def drop(self, key: Any) -> None:
        node = self.nodes.pop(key)
        low, high = key
        if low == high:
            del self._equal[low]
        elif high == BOUND:
            at = bisect_left(self._lows, low)
            del self._lows[at], self._above[at]
        elif low == -BOUND:
            at = bisect_left(self._highs, high)
            del self._highs[at], self._below[at]
        elif low < high:
            scale, cells = _cells(low, high)
            row = self._cells[scale]
            for cell in cells:
                row[cell].remove((low, high, node))
                if not row[cell]:
                    del row[cell]
            if not row:
                del self._cells[scale]

    def find(self, value: Any) -> Iterable[T]:
        if not number_key(value) or not -BOUND <= value <= BOUND:
            return ()
        number = float(value)
        found = self._above[: bisect_right(self._lows, number)] + self._below[bisect_left(self._highs, number) :]
        if number in self._equal:
            found.append(self._equal[number])
        for scale, row in self._cells.items():
            for low, high, node in row.get(number * scale // 1, ()):
                if low <= number <= high:
                    found.append(node)
        return found


def _cells(low: float, high: float) -> tuple[float, set[float]]:
    scale = ldexp(1.0, -max(frexp(high - low)[1], FINEST))
    return scale, {low * scale // 1, high * scale // 1}


class Grams(Table[T]):
    """Texts of one length that stand somewhere in the value."""

    def find(self, value: Any) -> Iterable[T]:
        if not isinstance(value, str):
            return ()
        length, nodes = self.length, self.nodes
        windows = len(value) - length + 1
        if windows > 4 * len(nodes):
            return [node for gram, node in nodes.items() if gram in value]
        grams = {value[at : at + length] for at in range(windows)}
        return [nodes[gram] for gram in grams if gram in nodes]


class Leftovers(Table[T]):
    """Conditions no table holds, ``anything-but`` above all: each different one is tested once for all its rules."""

    def __init__(self, kind: str, length: int, check: Callable[[Condition], Callable[[Any], bool]]) -> None:
        super().__init__(kind, length)
        self._check = check
        self._checks: dict[Any, tuple[Callable[[Any], bool], T]] = {}

    def put(self, key: Any, node: T, condition: Condition) -> None:
        self.nodes[key] = node
        self._checks[key] = self._check(condition), node

    def drop(self, key: Any) -> None:
        del self.nodes[key], self._checks[key]

    def find(self, value: Any) -> Iterable[T]:
        return [node for check, node in self._checks.values() if check(value)]


__all__ = ["Facet", "Grams", "Leftovers", "Number", "Place", "Ranges", "Table", "address4", "address6", "facets"]
