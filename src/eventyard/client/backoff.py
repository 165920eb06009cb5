"""How long to wait before an entry is sent again, and how often that is done."""

from __future__ import annotations

import random
from collections.abc import Callable

import msgspec

from eventyard.errors import InvalidRequest


class Backoff(msgspec.Struct, frozen=True):
    """Exponential with full jitter (AWS Architecture Blog, "Exponential Backoff And Jitter"): before try n+1 anything
    between 0 and ``first * 2**(n-1)`` seconds, ``longest`` at most. ``tries``: in all, the first included.
    ``patience``: seconds after ``put`` when an entry is given up whatever its tries."""

    first: float = 0.05
    longest: float = 5.0
    tries: int = 10
    patience: float = 30.0
    jitter: Callable[[], float] = random.random

    def __post_init__(self) -> None:
        if self.first < 0 or self.longest < 0 or self.tries < 1 or self.patience <= 0:
            raise InvalidRequest("Back-off and patience are not negative, and there is one try at least.")

    def delay(self, tries: int) -> float:
        """Seconds to wait after so many tries."""
        return min(self.longest, self.first * 2.0 ** min(tries - 1, 30)) * self.jitter()
