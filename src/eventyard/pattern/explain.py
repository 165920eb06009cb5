"""Why a pattern did or did not match one event, for people. Not for the hot path."""

from __future__ import annotations

import json
from typing import Any

import msgspec

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
    Scalar,
    Suffix,
    Test,
    Wildcard,
    unpack_network,
)
from eventyard.pattern.structure import Branch, Condition, Pattern, branch_holds, decode, leaves, passes
from eventyard.text import printable


class Explanation(msgspec.Struct, frozen=True):
    """``matched``, or else the first condition that fails: of an ``$or``, in the branch that got furthest.

    ``expected`` and ``actual`` are JSON; ``actual`` is empty when the field is absent. ``held`` of the ``conditions``
    of that branch hold, each taken alone.
    """

    matched: bool
    path: str = ""
    operator: str = ""
    expected: str = ""
    actual: str = ""
    reason: str = ""
    held: int = 0
    conditions: int = 0

    @property
    def would(self) -> str:
        """What would have made it match, where one condition alone stands in the way; else empty."""
        if self.matched or self.held != self.conditions - 1:
            return ""
        told = f"would match if {self.path} were {self.operator} {self.expected}"
        return printable(told.replace("were equals ", "were "))

    def __str__(self) -> str:
        if self.matched:
            return "The event matches the pattern."
        return printable(f"{self.path}: expected {self.operator} {self.expected}, {self.reason}")


def explain(pattern: Pattern, body: bytes) -> Explanation:
    """Say whether the event matches, and which condition fails first when it does not."""
    event = decode(body)
    best: tuple[int, Explanation] | None = None
    for branch in pattern.branches:
        if branch_holds(branch, event):
            return Explanation(matched=True)
        held, found = _first_failure(branch, event)
        if best is None or held > best[0]:
            alone = sum(branch_holds((condition,), event) for condition in branch)
            best = held, msgspec.structs.replace(found, held=alone, conditions=len(branch))
    if best is None:  # a parsed pattern has at least one branch
        return Explanation(matched=False, reason="the pattern is empty")
    return best[1]


def _first_failure(branch: Branch, event: Any) -> tuple[int, Explanation]:
    for held, condition in enumerate(branch):
        if branch_holds((condition,), event):
            continue
        values = leaves(event, condition.path)
        if not values:
            return held, _failure(condition, "", "but the field is absent")
        actual = _json(values[0]) if len(values) == 1 else _list(values)
        return held, _failure(condition, actual, f"but the event has {actual}")
    # Each condition holds alone, so the elements that satisfy them differ.
    for end in range(1, len(branch) + 1):
        if not branch_holds(branch[:end], event):
            condition = branch[end - 1]
            passing = [value for value in leaves(event, condition.path) if passes(condition, value)]
            actual = _list(passing)
            reason = "but only in a different array element than the conditions before"
            return end - 1, _failure(condition, actual, reason)
    raise AssertionError("a branch that holds was asked for its failure")


def _failure(condition: Condition, actual: str, reason: str) -> Explanation:
    described = [_describe(test) for test in condition.tests]
    operators = list(dict.fromkeys(operator for operator, _ in described))
    if len(operators) == 1:
        operator, expected = operators[0], " or ".join(text for _, text in described)
    else:
        operator, expected = "one of", " or ".join(f"{operator} {text}" for operator, text in described)
    return Explanation(False, ".".join(condition.path), operator, expected, actual, reason)


def _json(value: Scalar) -> str:
    """Numbers as they are written, since that is how they are compared."""
    return value.text if isinstance(value, Number) else json.dumps(value, ensure_ascii=False)


def _list(values: list[Scalar]) -> str:
    return f"[{', '.join(map(_json, values))}]"


def _describe(test: Test) -> tuple[str, str]:
    match test:
        case Exact(value):
            return "equals", _json(value)
        case Prefix(text) | Suffix(text):
            name = "prefix" if isinstance(test, Prefix) else "suffix"
            return name + (" (ignoring case)" if test.ignore_case else ""), json.dumps(text, ensure_ascii=False)
        case EqualsIgnoreCase(text):
            return "equals-ignore-case", json.dumps(text, ensure_ascii=False)
        case Wildcard(parts):
            text = "*".join(part.replace("\\", "\\\\").replace("*", "\\*") for part in parts)
            return "wildcard", json.dumps(text, ensure_ascii=False)
        case Numeric():
            return "numeric", _describe_range(test)
        case Cidr(first, last):
            return "cidr", json.dumps(unpack_network(first, last))
        case Exists(present):
            return "exists", json.dumps(present)
        case AnythingBut(tests):
            inner = [_describe(each) for each in tests]
            return "anything-but", " or ".join(t if o == "equals" else f"{o} {t}" for o, t in inner)
    raise AssertionError(test)


def _describe_range(test: Numeric) -> str:
    if test.low == test.high:
        return f"= {test.low}"
    bounds = []
    if not (test.low == -BOUND and test.low_closed):
        bounds.append(f"{'>=' if test.low_closed else '>'} {test.low}")
    if not (test.high == BOUND and test.high_closed):
        bounds.append(f"{'<=' if test.high_closed else '<'} {test.high}")
    return " and ".join(bounds) or "any in range"
