"""What a producer's JSON must be to be taken: the text of an object that everybody behind can read as well, and how."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, TypeVar

import orjson

Found = TypeVar("Found")

#: API reference, "PutEvents": "will only process nested JSON up to 1000 levels deep". orjson takes 1,024.
DEEPEST = 1_000


def parse_object(text: bytes, deepest: int = DEEPEST) -> dict[str, Any] | None:
    """The JSON object (RFC 8259, strictly) in ``text``; None if it is not one, or has more than ``deepest`` levels."""
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    if type(value) is not dict:
        return None
    # Only a text with that many brackets can be that deep; counting them is much cheaper than walking.
    if len(text) <= 2 * deepest or text.count(b"{") + text.count(b"[") <= deepest or _depth(value) <= deepest:
        return value
    return None


def deeply(decode: Callable[[bytes], Found], text: bytes) -> Found:
    """``decode(text)``, also if ``text`` is an event as deep as may be. ``decode`` must be a decoder of msgspec: that
    is C with small frames, but counts them against a limit that is meant for Python's."""
    try:
        return decode(text)
    except RecursionError:
        limit = sys.getrecursionlimit()
        sys.setrecursionlimit(limit + DEEPEST + 100)  # the envelope has levels of its own
        try:
            return decode(text)
        finally:
            sys.setrecursionlimit(limit)


def _depth(value: dict[str, Any]) -> int:
    depth, level = 0, [value]
    while level:
        depth += 1
        inner: list[Any] = []
        for item in level:
            members = item.values() if isinstance(item, dict) else item
            inner.extend(member for member in members if isinstance(member, dict | list))
        level = inner
    return depth
