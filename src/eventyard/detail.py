"""What a producer's JSON must be to be taken: the text of an object that everybody behind can read as well."""

from __future__ import annotations

from typing import Any

import orjson

# AWS documents 1,100 levels; Python's own recursion limit (1,000 frames, with the caller's among them) is nearer. An
# event that is admitted must never be one that the matcher can't decode, so there is a good margin.
DEEPEST = 800


def parse_object(text: bytes) -> dict[str, Any] | None:
    """The JSON object (RFC 8259, strictly) in ``text``; None if it is not one, or nested deeper than ``DEEPEST``."""
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    if type(value) is not dict:
        return None
    # Only a text with that many brackets can be that deep; counting them is much cheaper than walking.
    if len(text) <= 2 * DEEPEST or text.count(b"{") + text.count(b"[") <= DEEPEST or _depth(value) <= DEEPEST:
        return value
    return None


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
