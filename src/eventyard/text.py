"""What names and texts from elsewhere look like before people: they can't drive a terminal, begin a line of their own,
or turn what stands beside them round; and which name somebody may have meant."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

# Controls of C0 and C1, separators of lines and paragraphs, halves of surrogates, and what changes the direction of
# writing.
_UNPRINTABLE = "\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff"
_SOME = re.compile(f"[{_UNPRINTABLE}]")
_BUT_LINES = re.compile(f"(?!\n)[{_UNPRINTABLE}]")
_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def printable(text: str) -> str:
    """``text`` on one line, with everything in it that is no character to be seen written as JSON escapes it."""
    return _SOME.sub(_escaped, text)


def printable_lines(text: str) -> str:
    """The same for a text that has lines of its own, which it keeps."""
    return _BUT_LINES.sub(_escaped, text)


def blotted(text: str) -> str:
    """``text`` with a blot in place of each such character, for those who count columns."""
    return _SOME.sub("\ufffd", text)


def did_you_mean(name: str, among: Iterable[str]) -> str:
    """`` Did you mean NAME?`` to be put behind a sentence; empty where no name is near."""
    near = difflib.get_close_matches(name, sorted(among), 1)
    return f" Did you mean {printable(near[0])}?" if near else ""


def _escaped(found: re.Match[str]) -> str:
    char = found.group()
    return _SHORT.get(char) or f"\\u{ord(char):04x}"


def limited(words: str, value: object) -> str:
    """``words`` with ``value`` in its place, and their last in the singular where there may be one of it."""
    said = words.format(value)
    return said.removesuffix("s") if value == 1 and words.endswith("s") else said
