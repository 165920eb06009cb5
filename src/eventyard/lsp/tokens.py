"""The tokens of Python source that is being typed: what is unfinished ends with its line, and nothing fails."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator

import msgspec

_PREFIX = r"(?i:br|rb|fr|rf|tr|rt|[bfrut])?"
_TOKEN = re.compile(
    rf"""
    (?P<long>{_PREFIX}(?:'''|\"\"\"))
    | (?P<string>{_PREFIX}(?:'(?:[^'\\\n]|\\.)*(?:'|\\?$)|"(?:[^"\\\n]|\\.)*(?:"|\\?$)))
    | (?P<name>[^\W\d]\w*)
    | (?P<number>(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE][-+]?\d+)?\w*)
    | (?P<comment>\#[^\n]*)
    | (?P<space>\s+|\\\n)
    | (?P<mark>\*\*|.)
    """,
    re.VERBOSE | re.MULTILINE | re.DOTALL,
)


class Token(msgspec.Struct, frozen=True):
    """``kind``: string, name, number or mark. ``start`` and ``end``: offsets. ``closed``: whether a string has its
    closing quote. ``inner``: the offset behind a string's opening quote."""

    kind: str
    text: str
    start: int
    end: int
    closed: bool = True
    inner: int = 0

    @property
    def value(self) -> str | None:
        """What a string says; None for those that only the running program knows, and for bytes."""
        prefix = self.text[: self.inner - self.start].rstrip("'\"").lower()
        if set(prefix) & set("bft"):
            return None
        if not self.closed:
            return self.text[self.inner - self.start :]
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of escapes that are none
                found = ast.literal_eval(self.text)
        except (SyntaxError, ValueError):
            return None
        return found if isinstance(found, str) else None


def tokens(text: str) -> Iterator[Token]:
    """All tokens of ``text`` but comments and space."""
    at = 0
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            return
        kind = str(found.lastgroup)
        at = found.end()
        if kind == "long":
            yield (token := _long(text, found.start(), found.group()))
            at = token.end
        elif kind == "string":
            yield _short(found.group(), found.start())
        elif kind in ("name", "number", "mark"):
            yield Token(kind, found.group(), found.start(), found.end())


def _short(text: str, start: int) -> Token:
    opening = re.search("['\"]", text)
    behind = 1 if opening is None else opening.end()
    quote = text[behind - 1]
    body = text[behind:-1]
    escaped = (len(body) - len(body.rstrip("\\"))) % 2 == 1
    closed = len(text) > behind and text.endswith(quote) and not escaped
    return Token("string", text, start, start + len(text), closed, start + behind)


def _long(text: str, start: int, opening: str) -> Token:
    quote, inner = opening[-3:], start + len(opening)
    at = inner
    while True:
        end = text.find(quote, at)
        if end < 0:
            return Token("string", text[start:], start, len(text), False, inner)
        slashes = len(text[inner:end]) - len(text[inner:end].rstrip("\\"))
        if slashes % 2 == 0:
            return Token("string", text[start : end + 3], start, end + 3, True, inner)
        at = end + 1
