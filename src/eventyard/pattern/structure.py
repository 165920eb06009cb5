"""What a parsed pattern is, and what it means for one event: the plain evaluation the index is measured by.

A pattern is an "or" of branches (``$or`` multiplied out), a branch an "and" of conditions, a condition an "or" of
tests on one path. It matches when one element can be picked from every array of the event so that a whole branch
holds ("Arrays in event patterns", EventBridge user guide). Parsing and indexing live elsewhere.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import msgspec

from eventyard.detail import deeply
from eventyard.pattern.operators import Exists, Number, Scalar, Test

Path = tuple[str, ...]


class Condition(msgspec.Struct, frozen=True, gc=False):
    """A field, and the tests of which one must pass."""

    path: Path
    tests: tuple[Test, ...]

    @property
    def allows_absence(self) -> bool:
        return any(isinstance(test, Exists) and not test.present for test in self.tests)


Branch = tuple[Condition, ...]


class Pattern(msgspec.Struct, frozen=True, gc=False):
    """A valid event pattern: its text as given, and its meaning."""

    text: str
    branches: tuple[Branch, ...]


_decode = msgspec.json.Decoder(float_hook=Number).decode


def decode(body: bytes) -> Any:
    """The event as plain Python values; duplicate keys: the last one counts."""
    return deeply(_decode_any, body)


def _decode_any(body: bytes) -> Any:
    try:
        return _decode(body)
    except msgspec.DecodeError:
        return json.loads(body, parse_float=Number)


def matches(pattern: Pattern, body: bytes) -> bool:
    """Whether one event, a whole envelope as a JSON object, matches ``pattern``."""
    event = decode(body)
    return any(branch_holds(branch, event) for branch in pattern.branches)


def branch_holds(branch: Branch, event: Any) -> bool:
    """Whether some choice of array elements satisfies every condition."""
    rest = [c for c in branch if not (c.allows_absence and not leaves(event, c.path))]
    return _holds(rest, 0, event)


def _holds(conditions: list[Condition], depth: int, node: Any) -> bool:
    if not conditions:
        return True
    if isinstance(node, list):
        return any(_holds(conditions, depth, element) for element in elements(node))
    if isinstance(node, dict):
        groups: dict[str, list[Condition]] = {}
        for condition in conditions:
            if len(condition.path) == depth:
                return False
            groups.setdefault(condition.path[depth], []).append(condition)
        return all(key in node and _holds(group, depth + 1, node[key]) for key, group in groups.items())
    return all(len(c.path) == depth and passes(c, node) for c in conditions)


def passes(condition: Condition, value: Scalar) -> bool:
    """Whether a present value passes one of the condition's tests."""
    return any(test.matches(value) for test in condition.tests)


def elements(array: list[Any]) -> Iterator[Any]:
    """What stands in an array and in the arrays in it, however deep: walks without recursion."""
    stack = [iter(array)]
    while stack:
        for element in stack[-1]:
            if isinstance(element, list):
                stack.append(iter(element))
                break
            yield element
        else:
            stack.pop()


def leaves(node: Any, path: Path, depth: int = 0) -> list[Scalar]:
    """Every scalar the event has at ``path``, through all arrays; objects and empty arrays are none."""
    if isinstance(node, list):
        return [leaf for element in elements(node) for leaf in leaves(element, path, depth)]
    if isinstance(node, dict):
        return leaves(node[path[depth]], path, depth + 1) if depth < len(path) and path[depth] in node else []
    return [node] if depth == len(path) else []
