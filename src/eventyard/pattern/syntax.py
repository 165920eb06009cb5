"""Strict JSON with positions, so that a refusal can say where, and with numbers as they are written."""

from __future__ import annotations

import json
import re
from json.decoder import scanstring  # type: ignore[attr-defined]  # public, but not in the type stubs
from typing import Any, NoReturn

import msgspec

from eventyard.errors import InvalidPattern
from eventyard.pattern.operators import Number

SPACE = re.compile(r"[ \t\n\r]*")
NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?")
WORDS = {"true": True, "false": False, "null": None}
DEPTH_LIMIT = 100


class Node(msgspec.Struct, frozen=True):
    """A JSON value: ``value`` holds scalars as they are, objects as dict and arrays as list of nodes."""

    value: Any
    end: int


def refuse(reason: str, text: str | None = None, at: int = 0) -> NoReturn:
    """Raise AWS's refusal; with ``text`` Jackson's location of offset ``at`` follows."""
    message = f"Event pattern is not valid. Reason: {reason}"
    if text is not None:
        line = text.count("\n", 0, at) + 1
        column = at - (text.rfind("\n", 0, at) + 1) + 1
        message += f'\n at [Source: (String)"{text}"; line: {line}, column: {column}]'
    raise InvalidPattern(message)


def read(text: str) -> Node:
    """The whole of ``text`` as one value; of duplicate keys the last one stays."""
    node = _value(text, _skip(text, 0), 0)
    end = _skip(text, node.end)
    if end != len(text):
        refuse(f"Unexpected character ('{text[end]}') after the end of the pattern", text, end + 1)
    return node


def _skip(text: str, at: int) -> int:
    found = SPACE.match(text, at)
    return found.end() if found else at


def _value(text: str, at: int, depth: int) -> Node:
    if depth > DEPTH_LIMIT:
        refuse("Pattern is nested too deeply", text, at)
    start = text[at : at + 1]
    if start == "{":
        return _object(text, at, depth)
    if start == "[":
        return _array(text, at, depth)
    if start == '"':
        return _string(text, at)
    if number := NUMBER.match(text, at):
        token = number.group()
        exact = number.group(1) is None and number.group(2) is None
        if len(token) > 300 or (not exact and abs(float(token)) == float("inf")):
            refuse(f"Numeric value ({token[:40]}) out of range", text, number.end())
        return Node(int(token) if exact else Number(token), number.end())
    for word, value in WORDS.items():
        if text.startswith(word, at):
            return Node(value, at + len(word))
    if not start:
        refuse("Unexpected end-of-input", text, at)
    return refuse(f"Unexpected character ('{start}')", text, at + 1)


def _string(text: str, at: int) -> Node:
    try:
        value, end = scanstring(text, at + 1, True)
    except json.JSONDecodeError as error:
        refuse(error.msg, text, error.pos)
    if any("\ud800" <= character <= "\udfff" for character in value):
        refuse("Invalid surrogate in a string", text, end)
    return Node(value, end)


def _object(text: str, at: int, depth: int) -> Node:
    members: dict[str, Node] = {}
    at = _skip(text, at + 1)
    if text[at : at + 1] == "}":
        return Node(members, at + 1)
    while True:
        if text[at : at + 1] != '"':
            refuse("Unexpected character: was expecting double-quote to start field name", text, at + 1)
        key = _string(text, at)
        at = _skip(text, key.end)
        if text[at : at + 1] != ":":
            refuse("Unexpected character: was expecting a colon to separate field name and value", text, at + 1)
        member = _value(text, _skip(text, at + 1), depth + 1)
        members[key.value] = member
        at = _skip(text, member.end)
        if text[at : at + 1] == "}":
            return Node(members, at + 1)
        if text[at : at + 1] != ",":
            refuse("Unexpected character: was expecting comma to separate Object entries", text, at + 1)
        at = _skip(text, at + 1)


def _array(text: str, at: int, depth: int) -> Node:
    items: list[Node] = []
    at = _skip(text, at + 1)
    if text[at : at + 1] == "]":
        return Node(items, at + 1)
    while True:
        item = _value(text, at, depth + 1)
        items.append(item)
        at = _skip(text, item.end)
        if text[at : at + 1] == "]":
            return Node(items, at + 1)
        if text[at : at + 1] != ",":
            refuse("Unexpected character: was expecting comma to separate Array entries", text, at + 1)
        at = _skip(text, at + 1)
