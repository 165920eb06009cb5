"""Numbers within bounds, on a grid if there is one, and often at the very edge."""

from __future__ import annotations

import math
import random
from fractions import Fraction

from eventyard.contracts.samples.wanted import Wanted
from eventyard.contracts.scope import Impossible

_REACH = 1_000


def number(dice: random.Random, taste: str, wanted: Wanted, whole: bool) -> int | float:
    """Raises Impossible where no number is left."""
    low, below, high, above = wanted.bounds()
    step = wanted.step(whole)
    if step is None:
        step = Fraction(1, dice.choice([1, 1, 2, 10, 100]))
        if low is not None and high is not None and high - low < 4 * step:
            step = (high - low) / dice.choice([4, 7, 10]) or abs(low) or step
    first = None if low is None else math.ceil(low / step)
    if first is not None and below and first * step == low:
        first += 1
    last = None if high is None else math.floor(high / step)
    if last is not None and above and last * step == high:
        last -= 1
    if first is not None and last is not None and first > last:
        raise Impossible("no number lies between the limits")
    return _number(_place(dice, taste, first, last) * step)


def _place(dice: random.Random, taste: str, first: int | None, last: int | None) -> int:
    """Where on the grid; ``first`` and ``last`` are its ends."""
    low = first if first is not None else min(0, last if last is not None else 0) - (_REACH if taste == "any" else 0)
    high = last if last is not None else max(0, low) + _REACH
    if taste == "least":
        return low
    if taste == "most":
        return high
    edges = [low, min(low + 1, high), max(high - 1, low), high, min(max(0, low), high)]
    return dice.choice(edges) if taste == "any" and dice.random() < 0.4 else dice.randint(low, high)


def _number(value: Fraction) -> int | float:
    return value.numerator if value.denominator == 1 else float(value)
