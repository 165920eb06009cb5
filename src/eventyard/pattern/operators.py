"""The tests a pattern can put on one value: each operator has its one place here.

A test answers for a *present* scalar (string, number, true, false, null); absence is the business of ``structure``.
``code`` gives the same answer as a Python expression for the generated index; user text never enters the source,
only names of constants do. Source: "Comparison operators for use in event patterns", EventBridge user guide.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

import msgspec

Scalar = str | int | float | bool | None
Constant = Callable[[Any], str]
"""Stores a constant for generated code and answers the name it goes by."""

BOUND = 5_000_000_000


class Number(float):
    """A JSON number with a fraction or an exponent: ordered by its value, but equal only to the same text.

    EventBridge compares numbers by their string representation, see PATTERNS.md. Whole numbers have only one (minus
    zero apart) and are plain ``int``.
    """

    __slots__ = ("text",)
    text: str

    def __new__(cls, text: str) -> Number:
        self = super().__new__(cls, text)
        self.text = text
        return self

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Number) and other.text == self.text

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash(self.text)

    def __repr__(self) -> str:
        return self.text


class Test(msgspec.Struct, frozen=True, gc=False):
    """One operator with its operand."""

    __test__ = False

    def matches(self, value: Scalar) -> bool:
        raise NotImplementedError

    def code(self, name: str, constant: Constant) -> str:
        """Expression over the local variable ``name``, which may also hold the marker of an absent field."""
        raise NotImplementedError


class Exact(Test, frozen=True):
    """Equality, of numbers as they are written; and true is not 1."""

    value: Scalar

    def matches(self, value: Scalar) -> bool:
        if isinstance(self.value, bool) or isinstance(value, bool) or self.value is None:
            return self.value is value
        return self.value == value

    def code(self, name: str, constant: Constant) -> str:
        if self.value is None or isinstance(self.value, bool):
            return f"{name} is {self.value!r}"
        if isinstance(self.value, str):
            return f"{name} == {constant(self.value)}"
        return f"({name} == {constant(self.value)} and {name}.__class__ is not bool)"


class Prefix(Test, frozen=True):
    """``prefix``; ``text`` is lower-cased already when case is ignored."""

    text: str
    ignore_case: bool = False

    def matches(self, value: Scalar) -> bool:
        return isinstance(value, str) and (value.lower() if self.ignore_case else value).startswith(self.text)

    def code(self, name: str, constant: Constant) -> str:
        lower = ".lower()" if self.ignore_case else ""
        return f"({name}.__class__ is str and {name}{lower}.startswith({constant(self.text)}))"


class Suffix(Test, frozen=True):
    """``suffix``; ``text`` is lower-cased already when case is ignored."""

    text: str
    ignore_case: bool = False

    def matches(self, value: Scalar) -> bool:
        return isinstance(value, str) and (value.lower() if self.ignore_case else value).endswith(self.text)

    def code(self, name: str, constant: Constant) -> str:
        lower = ".lower()" if self.ignore_case else ""
        return f"({name}.__class__ is str and {name}{lower}.endswith({constant(self.text)}))"


class EqualsIgnoreCase(Test, frozen=True):
    """``equals-ignore-case``; ``text`` is lower-cased."""

    text: str

    def matches(self, value: Scalar) -> bool:
        return isinstance(value, str) and value.lower() == self.text

    def code(self, name: str, constant: Constant) -> str:
        return f"({name}.__class__ is str and {name}.lower() == {constant(self.text)})"


class Wildcard(Test, frozen=True):
    """``wildcard``: the literal parts between the stars; one part means no star at all."""

    parts: tuple[str, ...]

    def matches(self, value: Scalar) -> bool:
        """Leftmost search of each part in turn: linear, never backtracks."""
        if not isinstance(value, str):
            return False
        parts = self.parts
        if len(parts) == 1:
            return value == parts[0]
        head, tail = parts[0], parts[-1]
        end = len(value) - len(tail)
        at = len(head)
        if end < at or not value.startswith(head) or not value.endswith(tail):
            return False
        for part in parts[1:-1]:
            found = value.find(part, at, end)
            if found < 0:
                return False
            at = found + len(part)
        return True

    def code(self, name: str, constant: Constant) -> str:
        head, tail = self.parts[0], self.parts[-1]
        code = f"{name}.__class__ is str"
        code += f" and {name}.startswith({constant(head)})" if head else ""
        code += f" and {name}.endswith({constant(tail)})" if tail else ""
        return f"({code} and {constant(self.matches)}({name}))"


class Numeric(Test, frozen=True):
    """``numeric``: one range, open or closed at either end, always inside the documented bounds."""

    low: int | float = -BOUND
    low_closed: bool = True
    high: int | float = BOUND
    high_closed: bool = True

    def matches(self, value: Scalar) -> bool:
        if isinstance(value, bool) or not isinstance(value, int | float):
            return False
        above = self.low <= value if self.low_closed else self.low < value
        return above and (value <= self.high if self.high_closed else value < self.high)

    def code(self, name: str, constant: Constant) -> str:
        low, high = constant(self.low), constant(self.high)
        span = f"{low} {'<=' if self.low_closed else '<'} {name} {'<=' if self.high_closed else '<'} {high}"
        return f"(({name}.__class__ is int or {name}.__class__ is float or {name}.__class__ is N) and {span})"


class Cidr(Test, frozen=True):
    """``cidr``: the network's packed first and last address."""

    first: bytes
    last: bytes

    def matches(self, value: Scalar) -> bool:
        if not isinstance(value, str):
            return False
        packed = pack_address(value)
        return packed is not None and len(packed) == len(self.first) and self.first <= packed <= self.last

    def code(self, name: str, constant: Constant) -> str:
        # Whole octets of an IPv4 network are a prefix of the text, since no leading zeros are accepted.
        fixed = [str(low) for low, high in zip(self.first, self.last, strict=True) if low == high]
        head = ".".join(fixed) if len(self.first) == 4 else ""
        code = f" and {name}.startswith({constant(head)})" if head else ""
        return f"({name}.__class__ is str{code} and {constant(self.matches)}({name}))"


class Exists(Test, frozen=True):
    """``exists``: the field has a value, null included; or it has none."""

    present: bool

    def matches(self, value: Scalar) -> bool:
        return self.present

    def code(self, name: str, constant: Constant) -> str:
        return f"{name} is not U" if self.present else f"{name} is U"


class AnythingBut(Test, frozen=True):
    """``anything-but``: a present value that passes none of ``tests``."""

    tests: tuple[Test, ...]

    def matches(self, value: Scalar) -> bool:
        return not any(test.matches(value) for test in self.tests)

    def code(self, name: str, constant: Constant) -> str:
        return f"({name} is not U and not ({any_of(self.tests, name, constant)}))"


def any_of(tests: tuple[Test, ...], name: str, constant: Constant) -> str:
    """Expression that is true when one of ``tests`` passes; strings go into one set. May name U (absent) and N."""
    texts = [test.value for test in tests if isinstance(test, Exact) and isinstance(test.value, str)]
    codes = [t.code(name, constant) for t in tests if not (isinstance(t, Exact) and isinstance(t.value, str))]
    if len(texts) == 1:
        codes.insert(0, f"{name} == {constant(texts[0])}")
    elif texts:
        codes.insert(0, f"{name} in {constant(frozenset(texts))}")
    return " or ".join(codes)


def pack_address(text: str) -> bytes | None:
    """IPv4 (dotted, four parts) or IPv6 address as 4 or 16 bytes, or None."""
    try:
        return socket.inet_pton(socket.AF_INET6 if ":" in text else socket.AF_INET, text)
    except (OSError, ValueError):
        return None


def unpack_network(first: bytes, last: bytes) -> str:
    """The network from its first to its last address, in CIDR notation."""
    family = socket.AF_INET6 if len(first) == 16 else socket.AF_INET
    free = (int.from_bytes(first) ^ int.from_bytes(last)).bit_length()
    return f"{socket.inet_ntop(family, first)}/{len(first) * 8 - free}"
