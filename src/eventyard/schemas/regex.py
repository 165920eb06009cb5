"""Whether a regular expression can take exponential time in engines that try one way after the other.

This server runs patterns in linear time, but schemas are there for others, whose engines mostly don't. Found are
repetitions of what is itself repeated with nothing certain beside it, such as ``(a+)+``, and repeated choices that
overlap, such as ``(a|a)*``; that is not all there is, but what people write by mistake.
"""

from __future__ import annotations

import re

import msgspec

_SET = re.compile(
    r"\[\^?\]?(?:\\.|[^\]\\])*\]|\\u\{[^}]*\}|\\[pP]\{[^}]*\}|\\u[0-9A-Fa-f]{4}|\\x[0-9A-Fa-f]{2}|\\.|.", re.S
)
_TIMES = re.compile(r"\*|\+|\?|\{(\d+)(?:(,)(\d*))?\}")
_OPENING = re.compile(r"\((?:\?(?:[:=!]|<[=!]|P?<\w+>))?")
_ZERO_WIDTH = frozenset({"^", "$", "\\b", "\\B"})
#: That many times is as bad as without end.
_MANY = 20
_ASCII = [chr(code) for code in range(128)]


class _Item(msgspec.Struct):
    """A set of characters (its ``text``), or a group: its ``choices``. ``optional``: it may match nothing. ``base``:
    its text without how often."""

    text: str
    choices: list[list[_Item]] = []
    optional: bool = False
    repeated: bool = False
    base: str = ""


def is_explosive(pattern: str) -> bool:
    """Whether ``pattern`` has one of the forms that this module knows. It must be short: it is looked at as a whole."""
    choices, _ = _choices(pattern, 0, 0)
    return any(_explodes(item) for choice in choices for item in choice)


def _explodes(item: _Item) -> bool:
    if item.repeated and any(_repeats_itself(choice) for choice in item.choices):
        return True
    if item.repeated and len(item.choices) > 1 and _overlap(item.choices):
        return True
    return any(_explodes(inner) for choice in item.choices for inner in choice)


def _repeats_itself(choice: list[_Item]) -> bool:
    """Whether a repetition fills the choice by itself, everything beside it being optional or the same."""
    for item in choice:
        alone = all(other is item or other.base == item.base or _nullable(other) for other in choice)
        if alone and (item.repeated or any(_repeats_itself(inner) for inner in item.choices)):
            return True
    return False


def _overlap(choices: list[list[_Item]]) -> bool:
    seen: set[str] = set()
    for choice in choices:
        text = "".join(item.text for item in choice)
        found = {text}
        if len(choice) == 1 and not choice[0].choices and not choice[0].repeated:
            try:
                found = {character for character in _ASCII if re.fullmatch(text, character)}
            except re.error:
                found = {text}
        if found & seen:
            return True
        seen |= found
    return False


def _nullable(item: _Item) -> bool:
    return item.optional or (
        bool(item.choices) and any(all(_nullable(inner) for inner in choice) for choice in item.choices)
    )


def _choices(pattern: str, at: int, depth: int) -> tuple[list[list[_Item]], int]:
    """The choices from ``at`` to the end of the group, and where that is."""
    choices: list[list[_Item]] = [[]]
    while at < len(pattern) and pattern[at] != ")":
        if pattern[at] == "|":
            choices.append([])
            at += 1
            continue
        start = at
        opening = _OPENING.match(pattern, at)
        if opening is not None and depth < _MANY * 5:
            inner, at = _choices(pattern, opening.end(), depth + 1)
            at += 1
            item = _Item(pattern[start:at], inner, optional=opening[0][2:3] in ("=", "!"))
        else:
            found = _SET.match(pattern, at)
            at = found.end() if found is not None else at + 1
            item = _Item(pattern[start:at], optional=pattern[start:at] in _ZERO_WIDTH)
        item.base = item.text
        times = _TIMES.match(pattern, at)
        if times is not None:
            at = times.end() + (pattern[times.end() : times.end() + 1] in ("?", "+"))
            _repeat(item, times)
            item.text = pattern[start:at]
        choices[-1].append(item)
    return choices, at


def _repeat(item: _Item, times: re.Match[str]) -> None:
    sign, least, comma, most = times[0], times[1], times[2], times[3]
    item.optional = item.optional or sign in ("*", "?") or least == "0"
    endless = sign in ("*", "+") or (comma is not None and not most)
    item.repeated = endless or (int(most or least or 0) >= _MANY and (comma is not None or bool(item.choices)))
