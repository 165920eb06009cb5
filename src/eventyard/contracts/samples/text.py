"""Texts: words, and what each format asks for. A text may still be wrong; whoever asked checks it and asks again."""

from __future__ import annotations

import base64
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from eventyard.contracts.samples.pattern import Pattern
from eventyard.errors import Unsupported

_WORDS = ("amber", "bridge", "candle", "dawn", "ember", "forest", "garden", "harbour", "island", "kettle", "lantern")
_STRANGE = ("Grüße", "naïve café", "Ωmega", "東京", "😀", "O'Neill & Sons", '"quoted"', "a\tb", "<b>bold</b>", "١٢٣")
_LONGEST = 1_000

Make = Callable[[random.Random], str]


def _moment(dice: random.Random) -> datetime:
    return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=dice.randrange(3 * 365 * 86_400))


def _host(dice: random.Random) -> str:
    return f"{dice.choice(_WORDS)}.example.com"


def _duration(dice: random.Random) -> str:
    return dice.choice([f"P{dice.randint(1, 30)}D", f"PT{dice.randint(1, 59)}M", f"P{dice.randint(1, 9)}Y2M", "P3W"])


def _uuid(dice: random.Random) -> str:
    hexadecimal = f"{dice.getrandbits(128):032x}"
    return "-".join(
        (hexadecimal[:8], hexadecimal[8:12], f"4{hexadecimal[13:16]}", f"a{hexadecimal[17:20]}", hexadecimal[20:])
    )


_FORMATS: dict[str, Make] = {
    "date": lambda dice: _moment(dice).date().isoformat(),
    "date-time": lambda dice: _moment(dice).isoformat().replace("+00:00", dice.choice(["Z", "+01:00", ".250Z"])),
    "time": lambda dice: _moment(dice).time().isoformat() + "Z",
    "duration": _duration,
    "email": lambda dice: f"{dice.choice(_WORDS)}.{dice.choice(_WORDS)}@example.com",
    "idn-email": lambda dice: f"{dice.choice(_WORDS)}@bücher.example",
    "hostname": _host,
    "idn-hostname": lambda dice: "bücher.example" if dice.random() < 0.5 else _host(dice),
    "ipv4": lambda dice: f"192.0.2.{dice.randrange(256)}",
    "ipv6": lambda dice: f"2001:db8::{dice.randrange(65_536):x}",
    "uri": lambda dice: f"https://{_host(dice)}/{dice.choice(_WORDS)}?page={dice.randrange(100)}",
    "uri-reference": lambda dice: dice.choice([f"/{dice.choice(_WORDS)}#top", f"https://{_host(dice)}/"]),
    "iri": lambda dice: f"https://{_host(dice)}/straße/{dice.choice(_WORDS)}",
    "iri-reference": lambda dice: f"/straße/{dice.choice(_WORDS)}",
    "uri-template": lambda dice: f"https://{_host(dice)}/{{{dice.choice(_WORDS)}}}",
    "uuid": _uuid,
    "json-pointer": lambda dice: f"/{dice.choice(_WORDS)}/{dice.randrange(10)}",
    "relative-json-pointer": lambda dice: f"{dice.randrange(3)}/{dice.choice(_WORDS)}",
    "regex": lambda dice: f"^{dice.choice(_WORDS)}[0-9]+$",
    "byte": lambda dice: base64.b64encode(dice.choice(_WORDS).encode()).decode(),
}


class Texts:
    """Makes texts with ``dice``. Patterns are read once."""

    def __init__(self, dice: random.Random) -> None:
        self._dice = dice
        self._patterns: dict[str, Pattern] = {}

    def text(self, taste: str, formats: list[str], patterns: list[str], least: int, most: int | None) -> str:
        """A text that may fit. Raises Unsupported where a pattern is nothing that texts can be made of."""
        length = self._length(taste, least, most)
        read = [self._pattern(each) for each in patterns]
        makers = [_FORMATS[each] for each in formats if each in _FORMATS]
        if read and (not makers or self._dice.random() < 0.5):
            return self._matching(read, length)
        return self._dice.choice(makers)(self._dice) if makers else self._words(taste, least, length)

    def _matching(self, patterns: list[Pattern], length: int) -> str:
        """Of several patterns one or all in a row; the check decides which text fits them all."""
        if len(patterns) == 1 or self._dice.random() < 0.5:
            return self._dice.choice(patterns).text(self._dice, self._dice.choice([0, length, length]))
        return "".join(
            each.text(self._dice, 0) for each in sorted(patterns, key=lambda it: it.open_start - it.open_end)
        )

    def _pattern(self, pattern: str) -> Pattern:
        if pattern not in self._patterns:
            self._patterns[pattern] = Pattern(pattern)
        return self._patterns[pattern]

    def _length(self, taste: str, least: int, most: int | None) -> int:
        if least > 1_000_000:
            raise Unsupported(f"A text of {least:,} characters is longer than any that is made.")
        longest = max(least, min(_LONGEST, most if most is not None else least + 24))
        if taste == "least" or (taste == "any" and self._dice.random() < 0.1):
            return least
        if taste == "most" or (taste == "any" and self._dice.random() < 0.1):
            return longest
        return self._dice.randint(min(longest, max(least, 4)), min(longest, max(least, 4) + 16))

    def _words(self, taste: str, least: int, length: int) -> str:
        strange = taste == "any" and self._dice.random() < 0.2
        text = self._dice.choice(_STRANGE if strange else _WORDS)
        while len(text) < length:
            text += " " + self._dice.choice(_WORDS)
        whole = text[: length + 1].rpartition(" ")[0]
        if taste == "full" and len(whole) >= least:
            return whole or text[:length]
        # A space at the end would be nobody's intention.
        return text[:length].strip().ljust(length, "x")
