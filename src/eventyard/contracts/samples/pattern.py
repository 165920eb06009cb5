"""Texts that a regular expression matches, made by walking the expression: each text costs its own length.

The part of ECMA 262's expressions that is regular: literals, classes, groups, alternatives, repetitions, and anchors at
the ends. What else the validator's engine takes (flags, word boundaries, classes within classes) is refused by name."""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Sequence

import msgspec

from eventyard.errors import Unsupported

_GROUP = re.compile(r"\?(:|P?<[A-Za-z_][A-Za-z0-9_]*>)")
_HEXADECIMAL = re.compile(r"[0-9A-Fa-f]{1,8}")
_PRINTABLE = "".join(map(chr, range(32, 127)))
_LAST = 0x10FFFF
_DIGITS = "0123456789"
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_WORD = _LETTERS + _LETTERS.upper() + _DIGITS + "_"
_SPACES = " \t\n"
_CONTROLS = {"n": "\n", "t": "\t", "r": "\r", "f": "\f", "v": "\v", "0": "\0"}
#: Properties of characters (\p{...}) and some characters that have them.
_PROPERTIES = {"L": "aäßéžøλж", "Lu": "AÄÉŽØΛЖ", "Ll": "aäßéžøλж", "N": _DIGITS, "Nd": _DIGITS, "Letter": "aäßéžøλж"}


Ranges = tuple[tuple[int, int], ...]
"""Characters by their numbers, from and to, both included; in order and apart from each other."""


class Chars(msgspec.Struct, frozen=True):
    """One of ``among``, which are some of those that match; ``exact`` are all of them, None where that is not known."""

    among: str
    exact: Ranges | None


class Sequel(msgspec.Struct, frozen=True):
    """One after the other."""

    nodes: Sequence[Node]


class Either(msgspec.Struct, frozen=True):
    nodes: Sequence[Node]


class Repeated(msgspec.Struct, frozen=True):
    """``most`` None: as often as one likes."""

    node: Node
    least: int
    most: int | None


Node = Chars | Sequel | Either | Repeated


def _chars(text: str) -> Chars:
    return Chars(text, joined([(ord(char), ord(char)) for char in text]))


def joined(ranges: Iterable[tuple[int, int]]) -> Ranges:
    """The same characters in order, what touches made one."""
    found: list[tuple[int, int]] = []
    for low, high in sorted(ranges):
        if found and low <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(found[-1][1], high))
        else:
            found.append((low, high))
    return tuple(found)


def _others(ranges: Ranges) -> Ranges:
    """All characters but these."""
    edges = [-1, *(edge for pair in ranges for edge in pair), _LAST + 1]
    return tuple((low + 1, high - 1) for low, high in zip(edges[::2], edges[1::2], strict=True) if low + 1 < high)


def _but(chars: Chars) -> Chars:
    among = "".join(char for char in _PRINTABLE if char not in chars.among)
    return Chars(among, None if chars.exact is None else _others(chars.exact))


# As ECMA 262 has them, which the validator's engine keeps to.
_SPACE = Chars(
    _SPACES,
    joined([(9, 13), (32, 32), (0xA0, 0xA0), (0x1680, 0x1680), (0x2000, 0x200A), (0x2028, 0x2029), (0x202F, 0x202F),
            (0x205F, 0x205F), (0x3000, 0x3000), (0xFEFF, 0xFEFF)]),
)  # fmt: skip
_CLASSES = {"d": _chars(_DIGITS), "w": _chars(_WORD), "s": _SPACE}
_CLASSES |= {name.upper(): _but(chars) for name, chars in _CLASSES.items()}
_DOT = Chars(_PRINTABLE, _others(joined([(10, 10), (13, 13), (0x2028, 0x2029)])))
ANY = Chars(_PRINTABLE, ((0, _LAST),))


class Pattern:
    """Raises Unsupported, with what it is in ``pattern``, for what texts can't be made of."""

    def __init__(self, pattern: str) -> None:
        #: Whether anything may stand before what is matched, and behind it.
        self.open_start, self.open_end = True, True
        body = pattern
        if body.startswith("^"):
            self.open_start, body = False, body[1:]
        if body.endswith("$") and (len(body) - len(body[:-1].rstrip("\\"))) % 2:
            self.open_end, body = False, body[:-1]
        parser = _Parser(body, pattern)
        alternatives = parser.alternatives()
        if parser.at < len(body):
            raise parser.refused("a bracket that is closed and was not opened")
        if len(alternatives) > 1 and not (self.open_start and self.open_end):
            # An anchor beside alternatives without a group belongs to the first or the last of them only.
            raise parser.refused("an anchor beside alternatives that have no group around them")
        #: What stands between the ends.
        self.node: Node = _either(alternatives)

    def text(self, dice: random.Random, length: int) -> str:
        """A text that matches, about ``length`` characters long if the expression allows it, else as it allows."""
        made: list[str] = []
        _write(self.node, dice, max(0, length - _shortest(self.node)), made)
        text = "".join(made)
        missing = "x" * (length - len(text))
        return text + missing if self.open_end else missing + text if self.open_start else text


def _either(nodes: list[Node]) -> Node:
    return nodes[0] if len(nodes) == 1 else Either(nodes)


def _shortest(node: Node) -> int:
    """The length of the shortest text that matches."""
    if isinstance(node, Chars):
        return 1
    if isinstance(node, Sequel):
        return sum(map(_shortest, node.nodes))
    if isinstance(node, Either):
        return min(map(_shortest, node.nodes))
    return node.least * _shortest(node.node)


def _write(node: Node, dice: random.Random, spare: int, made: list[str]) -> None:
    """``spare``: about how many characters more than the fewest there may be."""
    if isinstance(node, Chars):
        made.append(dice.choice(node.among))
    elif isinstance(node, Sequel):
        for each in node.nodes:
            _write(each, dice, spare, made)
    elif isinstance(node, Either):
        _write(dice.choice(node.nodes), dice, spare, made)
    else:
        more = spare // max(1, _shortest(node.node))
        most = node.least + more if node.most is None else min(node.most, node.least + more)
        times = most if dice.random() < 0.5 else dice.randint(node.least, most)
        # Inner repetitions share what may be spent, so that nested ones don't multiply.
        for _ in range(times):
            _write(node.node, dice, spare // max(1, times), made)


class _Parser:
    """Reads the expression ``text``; ``whole`` is what messages show."""

    def __init__(self, text: str, whole: str) -> None:
        self.at = 0
        self._text = text
        self._whole = whole

    def refused(self, what: str) -> Unsupported:
        return Unsupported(f"No text can be made for the pattern {self._whole!r}: it has {what}.")

    def alternatives(self) -> list[Node]:
        """Up to the end, or to a closing bracket."""
        found = [self._sequel()]
        while self._next() == "|":
            self.at += 1
            found.append(self._sequel())
        return found

    def _next(self) -> str:
        return self._text[self.at : self.at + 1]

    def _sequel(self) -> Node:
        found: list[Node] = []
        while self._next() not in ("", "|", ")"):
            found.append(self._repeated(self._one()))
        return found[0] if len(found) == 1 else Sequel(found)

    def _one(self) -> Node:
        char = self._next()
        self.at += 1
        if char == "(":
            return self._group()
        if char == "[":
            return self._class()
        if char == ".":
            return _DOT
        if char == "\\":
            return self._escape(inside=False)
        if char in "^$":
            raise self.refused("an anchor that is not at its end")
        if char in "*+?{":
            raise self.refused(f"a {char} with nothing to repeat")
        return _chars(char)

    def _group(self) -> Node:
        if self._next() == "?":
            opening = _GROUP.match(self._text, self.at)
            if opening is None:
                what = self._text[self.at : self.at + 2]
                raise self.refused(f"({what}, a group that does more than group")
            self.at = opening.end()
        node = _either(self.alternatives())
        if self._next() != ")":
            raise self.refused("a group that is not closed")
        self.at += 1
        return node

    def _repeated(self, node: Node) -> Node:
        char = self._next()
        if char in ("*", "+", "?"):
            self.at += 1
            node = Repeated(node, 1 if char == "+" else 0, 1 if char == "?" else None)
        elif char == "{":
            end = self._text.find("}", self.at)
            least, comma, most = self._text[self.at + 1 : end].partition(",")
            if end < 0 or not least.isdecimal() or (most and not most.isdecimal()):
                raise self.refused("a { that counts nothing")
            self.at = end + 1
            node = Repeated(node, int(least), int(most) if most else None if comma else int(least))
        else:
            return node
        if self._next() == "?":  # lazy: it matches the same texts
            self.at += 1
        if self._next() in ("*", "+", "{"):
            raise self.refused("a repetition of a repetition")
        return node

    def _escape(self, inside: bool) -> Chars:
        char = self._next()
        self.at += 1
        if char in _CLASSES:
            return _CLASSES[char]
        if char in _CONTROLS:
            return _chars(_CONTROLS[char])
        if char in ("x", "u"):
            return _chars(self._code(char))
        if char in ("p", "P") and self._next() == "{":
            end = self._text.find("}", self.at)
            name, self.at = self._text[self.at + 1 : end], end + 1
            if char == "p" and name in _PROPERTIES:
                return Chars(_PROPERTIES[name], None)
            raise self.refused(f"\\{char}{{{name}}}")
        if char == "b" and inside:
            return _chars("\b")
        if char.isalnum() or not char:
            raise self.refused(f"\\{char}")
        return _chars(char)

    def _code(self, kind: str) -> str:
        if self._next() == "{":
            end = self._text.find("}", self.at)
            digits, self.at = self._text[self.at + 1 : end], end + 1
        else:
            size = 2 if kind == "x" else 4
            digits, self.at = self._text[self.at : self.at + size], self.at + size
        if not _HEXADECIMAL.fullmatch(digits) or 0xD800 <= int(digits, 16) <= 0xDFFF or int(digits, 16) > 0x10FFFF:
            raise self.refused(f"\\{kind}{digits}")
        return chr(int(digits, 16))

    def _class(self) -> Chars:
        negated = self._next() == "^"
        self.at += negated
        found: list[str] = []
        exact: list[tuple[int, int]] | None = []
        if self._next() == "]":
            raise self.refused("a class of nothing")
        while self._next() != "]":
            if self._next() in ("", "[") or self._text.startswith(("&&", "--", "~~"), self.at):
                raise self.refused("a class inside of a class" if self._next() else "a class that is not closed")
            part = self._range(self._member())
            found += part.among
            exact = None if exact is None or part.exact is None else [*exact, *part.exact]
        self.at += 1
        made = Chars("".join(dict.fromkeys(found)), None if exact is None else joined(exact))
        if negated:
            made = _but(made)
        if not made.among:
            raise self.refused("a class of nothing that can be printed")
        return made

    def _range(self, low: Chars) -> Chars:
        """The range that begins with ``low``; itself, if none does."""
        if self._next() != "-" or self._text[self.at + 1 : self.at + 2] == "]" or len(low.among) != 1:
            return low
        self.at += 1
        high = self._member()
        if len(high.among) != 1 or high.among < low.among:
            raise self.refused(f"the range {low.among}-{high.among}")
        first, last = ord(low.among), ord(high.among)
        # Of a range of many thousand characters the first ones do.
        return Chars("".join(map(chr, range(first, min(last, first + 255) + 1))), ((first, last),))

    def _member(self) -> Chars:
        char = self._next()
        self.at += 1
        return self._escape(inside=True) if char == "\\" else _chars(char)
