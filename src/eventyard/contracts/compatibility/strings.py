"""Texts that a schema may ask for: of a format, or like a regular expression. Guesses: who asks checks them."""

from __future__ import annotations

import re
from random import Random

import msgspec

FORMATS: dict[str, tuple[str, ...]] = {
    "date": ("2026-02-28", "1999-12-31"),
    "date-time": ("2026-02-28T12:30:00Z", "1999-12-31T23:59:59.999+01:00"),
    "duration": ("P1D", "PT2H30M"),
    "email": ("ada@example.com", "a.b+c@example.org"),
    "hostname": ("example.com", "a.example.org"),
    "idn-email": ("ada@example.com",),
    "idn-hostname": ("example.com",),
    "ipv4": ("192.0.2.1", "10.0.0.255"),
    "ipv6": ("2001:db8::1", "::1"),
    "iri": ("https://example.com/a",),
    "iri-reference": ("/a/b",),
    "json-pointer": ("/a/0", ""),
    "regex": ("^a+$", "."),
    "relative-json-pointer": ("1/a", "0#"),
    "time": ("12:30:00Z", "23:59:59.5+01:00"),
    "uri": ("https://example.com/a?b=c", "urn:isbn:0451450523"),
    "uri-reference": ("/a/b", "https://example.com/"),
    "uri-template": ("https://example.com/{id}",),
    "uuid": ("123e4567-e89b-12d3-a456-426614174000", "00000000-0000-0000-0000-000000000000"),
}
"""Texts of each format that JSON Schema names (draft 2020-12, Validation, 7.3)."""

_TOKEN = re.compile(
    r"\\u\{(?P<braced>[0-9A-Fa-f]+)\}|\\u(?P<four>[0-9A-Fa-f]{4})|\\x(?P<two>[0-9A-Fa-f]{2})"
    r"|\\(?P<property>[pP])\{(?P<name>[^}]*)\}|\\(?P<escaped>.)|(?P<plain>.)",
    re.S,
)
_TIMES = re.compile(r"(?:\*|\+|\?|\{(\d+)(?:(,)(\d*))?\})\??")
_GROUP = re.compile(r"\((?:\?(?::|P?<\w+>))?")
_CONTROL = {"n": "\n", "t": "\t", "r": "\r", "f": "\f", "v": "\v", "0": "\0"}
_DIGITS = "0123456789"
_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
_WORD = _LETTERS + _DIGITS + "_"
_OTHERS = " -.,;:/@!#'\"()+"
_CLASSES = {
    "d": _DIGITS,
    "w": _WORD,
    "s": " \t",
    "D": _LETTERS + _OTHERS,
    "W": _OTHERS,
    "S": _WORD + "-.",
}
_ANY = _WORD + _OTHERS
_PROPERTIES = {"Lu": "ABCÉ", "Ll": "abcé", "L": "abcABCé", "N": _DIGITS, "Nd": _DIGITS, "P": ".,-", "Z": " "}


class NoSuchText(Exception):
    """The expression has something that is not understood here."""


class _Part(msgspec.Struct):
    """Characters to choose one from, or choices of sequences; so many times."""

    characters: str = ""
    choices: list[list[_Part]] = []
    least: int = 1
    most: int = 1


def like(pattern: str, random: Random, longer: int = 0) -> str:
    """A text in which ``pattern`` is likely to be found; repetitions without an end up to ``longer`` times more than
    they must. Raises NoSuchText."""
    return _write(_parsed(pattern), random, longer)


def _parsed(pattern: str) -> list[list[_Part]]:
    choices, end = _choices(pattern, 0)
    if end != len(pattern):
        raise NoSuchText(pattern)
    return choices


def _write(choices: list[list[_Part]], random: Random, longer: int) -> str:
    written = []
    for part in random.choice(choices):
        most = part.least + longer if part.most < 0 else min(part.most, part.least + max(longer, 1))
        for _ in range(random.randint(part.least, max(part.least, most))):
            written.append(random.choice(part.characters) if part.characters else _write(part.choices, random, longer))
    return "".join(written)


def _choices(pattern: str, at: int) -> tuple[list[list[_Part]], int]:
    choices: list[list[_Part]] = [[]]
    while at < len(pattern) and pattern[at] != ")":
        if pattern[at] == "|":
            choices.append([])
            at += 1
            continue
        part, at = _part(pattern, at)
        if part is None:
            continue
        if times := _TIMES.match(pattern, at):
            part.least, part.most = _bounds(times)
            at = times.end()
        choices[-1].append(part)
    return choices, at


def _bounds(times: re.Match[str]) -> tuple[int, int]:
    least, comma, most = times.groups()
    if least is None:
        return {"*": (0, -1), "+": (1, -1), "?": (0, 1)}[times.group()[0]]
    if comma is None:
        return int(least), int(least)
    return int(least), int(most) if most else -1


def _part(pattern: str, at: int) -> tuple[_Part | None, int]:
    """The part at ``at``, and where it ends; None for what takes no characters."""
    character = pattern[at]
    if character in "^$":
        return None, at + 1
    if character == "(":
        opening = _GROUP.match(pattern, at)
        if opening is None or (pattern.startswith("(?", at) and len(opening.group()) == 1):
            raise NoSuchText(pattern)
        choices, end = _choices(pattern, opening.end())
        if pattern[end : end + 1] != ")":
            raise NoSuchText(pattern)
        return _Part(choices=choices), end + 1
    if character == "[":
        return _set(pattern, at + 1)
    if character == ".":
        return _Part(_ANY), at + 1
    characters, end = _one(pattern, at)
    return (_Part(characters) if characters else None), end


def _one(pattern: str, at: int) -> tuple[str, int]:
    """The characters that one token stands for (none for a boundary), and where it ends."""
    token = _TOKEN.match(pattern, at)
    if token is None:
        raise NoSuchText(pattern)
    if code := token["braced"] or token["four"] or token["two"]:
        return chr(int(code, 16)), token.end()
    if name := token["name"]:
        if token["property"] == "P" or name not in _PROPERTIES:
            raise NoSuchText(pattern)
        return _PROPERTIES[name], token.end()
    if (escaped := token["escaped"]) is None:
        return token["plain"], token.end()
    if escaped in "bB":
        return "", token.end()
    return _CLASSES.get(escaped) or _CONTROL.get(escaped, escaped), token.end()


def _set(pattern: str, at: int) -> tuple[_Part, int]:
    inverted = pattern.startswith("^", at)
    at += inverted
    found, first = "", True
    while at < len(pattern) and (first or pattern[at] != "]"):
        first = False
        characters, at = _one(pattern, at)
        if len(characters) == 1 and pattern.startswith("-", at) and not pattern.startswith("-]", at):
            until, at = _one(pattern, at + 1)
            if len(until) == 1:
                characters = _between(characters, until)
        found += characters
    if at >= len(pattern):
        raise NoSuchText(pattern)
    if inverted:
        found = "".join(each for each in _ANY if each not in found)
    if not found:
        raise NoSuchText(pattern)
    return _Part(found), at + 1


def _between(first: str, last: str) -> str:
    """Some of the characters from ``first`` to ``last``, both among them."""
    span = range(ord(first), ord(last) + 1)
    step = max(1, len(span) // 200)
    return "".join(chr(code) for code in (*span[::step], ord(last)) if not 0xD800 <= code <= 0xDFFF)
