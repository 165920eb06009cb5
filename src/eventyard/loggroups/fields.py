"""Filter patterns for messages that are JSON objects: ``{ $.user.id = 1 && ($.level = "warn" || $.error IS TRUE) }``.

Source: CloudWatch Logs user guide, "Using filter patterns to match terms in JSON log events". What a selector finds
must be a text or a number, or the comparison does not hold, whichever it is.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from eventyard.errors import InvalidRequest, Unsupported
from eventyard.loggroups.resources import invalid

_TOKENS = re.compile(
    r"""\s*(?:
        (?P<sign>\(|\)|&&|\|\|)
      | (?P<selector>\$(?:\.[\w-]+|\[\d+\])+)
      | (?P<operator>!=|<=|>=|=|<|>)
      | (?P<quoted>"(?:[^"\\]|\\.)*")
      | (?P<word>[^\s()&|"=<>!]+)
    )""",
    re.VERBOSE,
)
_STEP = re.compile(r"\.([\w-]+)|\[(\d+)\]")
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
_ORDERS: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
#: Conditions one inside another, more than anybody writes.
_DEEPEST = 50
_CODE = "InvalidParameterException"

Test = Callable[[Any], bool]


class _Absent:
    """What a selector finds where there is nothing."""


_ABSENT = _Absent()


def parse_fields(text: str) -> Callable[[str], bool]:
    """Whether a message is a JSON object that ``text`` describes. Raises InvalidRequest, and Unsupported."""
    if not text.endswith("}"):
        raise invalid(f"Invalid filter pattern: {text}")
    test = _Parser(text).parse()
    decode = msgspec.json.Decoder(dict[str, Any]).decode

    def passes(message: str) -> bool:
        try:
            found = decode(message)
        except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
            return False
        return test(found)

    return passes


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = self._split(text[1:-1])
        self._at = 0
        self._depth = 0

    def parse(self) -> Test:
        test = self._either()
        if self._at < len(self._tokens):
            raise self._wrong()
        return test

    def _split(self, text: str) -> list[tuple[str, str]]:
        tokens, at = [], 0
        while text[at:].strip():
            found = _TOKENS.match(text, at)
            if found is None or found.lastgroup is None:
                raise self._wrong()
            tokens.append((found.lastgroup, found[found.lastgroup]))
            at = found.end()
        return tokens

    def _either(self) -> Test:
        tests = [self._both()]
        while self._take("sign", "||"):
            tests.append(self._both())
        return tests[0] if len(tests) == 1 else lambda found: any(test(found) for test in tests)

    def _both(self) -> Test:
        tests = [self._one()]
        while self._take("sign", "&&"):
            tests.append(self._one())
        return tests[0] if len(tests) == 1 else lambda found: all(test(found) for test in tests)

    def _one(self) -> Test:
        if self._take("sign", "("):
            self._depth += 1
            if self._depth > _DEEPEST:
                raise invalid(f"Invalid filter pattern: more than {_DEEPEST} brackets one inside another.")
            test = self._either()
            self._depth -= 1
            if not self._take("sign", ")"):
                raise self._wrong()
            return test
        path = _path(self._next("selector"))
        if self._take("word", "IS"):
            return _is(path, self._next("word").upper(), self._wrong())
        if self._take("word", "NOT"):
            if not self._take("word", "EXISTS"):
                raise self._wrong()
            return lambda found: _select(found, path) is _ABSENT
        return self._comparison(path)

    def _comparison(self, path: Sequence[str | int]) -> Test:
        sign = self._next("operator")
        kind, text = self._tokens[self._at] if self._at < len(self._tokens) else ("", "")
        if kind not in ("quoted", "word"):
            raise self._wrong()
        self._at += 1
        if text.startswith("%"):
            raise Unsupported("Regular expressions (%...%) in filter patterns are not supported by this server.", _CODE)
        number = float(text) if kind == "word" and _NUMBER.fullmatch(text) else None
        if sign in _ORDERS:
            if number is None:
                raise invalid(f"Invalid filter pattern: {sign} compares numbers, and {text} is none.")
            return _ordered(path, _ORDERS[sign], number)
        wanted = re.sub(r"\\(.)", r"\1", text[1:-1]) if kind == "quoted" else text
        return _equal(path, wanted, number, sign == "=")

    def _take(self, kind: str, text: str) -> bool:
        if self._at < len(self._tokens) and self._tokens[self._at] == (kind, text):
            self._at += 1
            return True
        return False

    def _next(self, kind: str) -> str:
        if self._at >= len(self._tokens) or self._tokens[self._at][0] != kind:
            raise self._wrong()
        self._at += 1
        return self._tokens[self._at - 1][1]

    def _wrong(self) -> InvalidRequest:
        return invalid(f"Invalid filter pattern: {self._text}")


def _path(selector: str) -> list[str | int]:
    return [name or int(number) for name, number in _STEP.findall(selector)]


def _select(found: Any, path: Sequence[str | int]) -> Any:
    for step in path:
        if isinstance(step, int):
            found = found[step] if isinstance(found, list) and step < len(found) else _ABSENT
        else:
            found = found.get(step, _ABSENT) if isinstance(found, dict) else _ABSENT
    return found


def _is(path: Sequence[str | int], word: str, wrong: InvalidRequest) -> Test:
    if word not in ("NULL", "TRUE", "FALSE"):
        raise wrong
    wanted = {"NULL": None, "TRUE": True, "FALSE": False}[word]
    return lambda found: _select(found, path) is wanted


def _ordered(path: Sequence[str | int], compare: Callable[[float, float], bool], number: float) -> Test:
    def test(found: Any) -> bool:
        value = _select(found, path)
        return _is_number(value) and compare(value, number)

    return test


def _equal(path: Sequence[str | int], wanted: str, number: float | None, same: bool) -> Test:
    """``*`` at either end of the text stands for anything."""
    head, tail = wanted.startswith("*"), wanted.endswith("*") and len(wanted) > 1
    core = wanted[1 if head else 0 : -1 if tail else None]

    def holds(value: Any) -> bool:
        if number is not None and _is_number(value):
            return bool(value == number)
        text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
        if head:
            return core in text if tail else text.endswith(core)
        return text.startswith(core) if tail else text == core

    def test(found: Any) -> bool:
        value = _select(found, path)
        return (isinstance(value, str) or _is_number(value)) and holds(value) == same

    return test


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
