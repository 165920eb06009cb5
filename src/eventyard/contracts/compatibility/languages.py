"""Whether all texts that one regular expression matches are matched by another, exactly; else texts that show it.

Both expressions become automata by Glushkov's construction ("The abstract theory of automata", 1961), which are walked
together; a state of the walk is what both may read next."""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Iterator

import msgspec

from eventyard.contracts.samples.pattern import ANY, Chars, Either, Node, Pattern, Ranges, Repeated, Sequel
from eventyard.errors import Unsupported

_MOST_POSITIONS = 2_000
_MOST_STEPS = 1_000_000
_SURROGATES = (0xD800, 0xE000)
_LIKED = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

_Set = frozenset[int]


def escapes(published: str, accepted: str, least: int = 0, most: int | None = None) -> Iterator[str]:
    """Texts that ``published`` matches and ``accepted`` does not, of ``least`` to ``most`` characters, shortest
    first. None: there are none. Raises Unsupported where that can't be told, with the reason."""
    first, second = _Automaton(Pattern(published), published), _Automaton(Pattern(accepted), accepted)
    letters = _letters(first.sets | second.sets)
    steps = 0
    start = (first.start, second.start)
    seen = {(start, 0)}
    queue = deque([(start, "")])
    while queue:
        (one, other), text = queue.popleft()
        if one.ends and not other.ends and len(text) >= least:
            yield text
        if most is not None and len(text) >= most:
            continue
        for letter in letters:
            steps += 1 + len(one.next) + len(other.next)
            if steps > _MOST_STEPS:
                raise Unsupported(f"The patterns {published!r} and {accepted!r} are too large to be compared.")
            ahead = first.step(one, letter)
            if not ahead.next and not ahead.ends:
                continue
            pair = (ahead, second.step(other, letter))
            # Where a length is asked for, the same pair is another one with more characters behind it.
            mark = len(text) + 1 if most is not None else min(len(text) + 1, least)
            if (pair, mark) not in seen:
                seen.add((pair, mark))
                queue.append((pair, text + chr(letter)))


class _State(msgspec.Struct, frozen=True):
    """``next``: positions that may be read next; ``ends``: whether the text so far matches."""

    next: _Set
    ends: bool


class _Part(msgspec.Struct, frozen=True):
    """A part of an expression: the positions that it can begin and end with, and whether it can be empty."""

    empty: bool
    first: _Set
    last: _Set


_EMPTY = _Part(True, frozenset(), frozenset())


class _Automaton:
    def __init__(self, pattern: Pattern, text: str) -> None:
        self._text = text
        self._chars: list[Ranges] = []
        self._follow: list[set[int]] = []
        anything = Repeated(ANY, 0, None)
        whole = self._build(Sequel([*[anything] * pattern.open_start, pattern.node, *[anything] * pattern.open_end]))
        self._last = whole.last
        self.start = _State(whole.first, whole.empty)
        self.sets = frozenset(self._chars)

    def step(self, state: _State, letter: int) -> _State:
        read = [position for position in state.next if _holds(self._chars[position], letter)]
        ahead: set[int] = set().union(*(self._follow[position] for position in read))
        return _State(frozenset(ahead), any(position in self._last for position in read))

    def _build(self, node: Node) -> _Part:
        if isinstance(node, Chars):
            return self._position(node)
        if isinstance(node, Sequel):
            part = _EMPTY
            for each in node.nodes:
                part = self._then(part, self._build(each))
            return part
        if isinstance(node, Either):
            parts = [self._build(each) for each in node.nodes]
            return _Part(
                any(each.empty for each in parts),
                frozenset().union(*(each.first for each in parts)),
                frozenset().union(*(each.last for each in parts)),
            )
        return self._repeated(node)

    def _position(self, chars: Chars) -> _Part:
        if chars.exact is None:
            raise Unsupported(f"The pattern {self._text!r} has a property of characters, of which not all are known.")
        if len(self._chars) >= _MOST_POSITIONS:
            raise Unsupported(f"The pattern {self._text!r} is too large to be compared.")
        self._chars.append(chars.exact)
        self._follow.append(set())
        only = frozenset((len(self._chars) - 1,))
        return _Part(False, only, only)

    def _then(self, before: _Part, after: _Part) -> _Part:
        for position in before.last:
            self._follow[position] |= after.first
        return _Part(
            before.empty and after.empty,
            before.first | after.first if before.empty else before.first,
            before.last | after.last if after.empty else after.last,
        )

    def _repeated(self, node: Repeated) -> _Part:
        part = _EMPTY
        if node.most is None:
            inner = self._build(node.node)
            self._then(inner, inner)
            part = _Part(True, inner.first, inner.last)
        else:
            # x{0,3} as (x(x(x)?)?)?, from the inside, so that each position leads to the next one only.
            for _ in range(node.most - node.least):
                more = self._then(self._build(node.node), part)
                part = _Part(True, more.first, more.last)
        for _ in range(node.least):
            part = self._then(self._build(node.node), part)
        return part


def _letters(sets: frozenset[Ranges]) -> list[int]:
    """A character of each kind that the sets tell apart, one that reads well if there is any."""
    edges = sorted({0, *_SURROGATES, *(edge for ranges in sets for low, high in ranges for edge in (low, high + 1))})
    liked: dict[int, int] = {}
    for char in (*_LIKED, *map(chr, range(32, 127))):
        liked.setdefault(bisect_right(edges, ord(char)) - 1, ord(char))
    found: dict[tuple[bool, ...], int] = {}
    for at, edge in enumerate(edges):
        if edge > 0x10FFFF or _SURROGATES[0] <= edge < _SURROGATES[1]:
            continue
        kind = tuple(_holds(ranges, edge) for ranges in sets)
        if kind not in found or (at in liked and chr(found[kind]) not in _LIKED):
            found[kind] = liked.get(at, edge)
    return sorted(found.values(), key=lambda letter: (_LIKED.find(chr(letter)) % 0x110000, letter))


def _holds(ranges: Ranges, letter: int) -> bool:
    return any(low <= letter <= high for low, high in ranges)
