"""A token bucket: how many requests may come at once, and in a second."""

from __future__ import annotations

import math


class Bucket:
    """``rate``: tokens that come in a second; ``burst``: the most there can be. It is full at first."""

    def __init__(self, rate: float, burst: int, now: int) -> None:
        self._rate = rate
        self._burst = burst
        self._tokens = float(burst)
        self._at = now

    def take(self, now: int) -> int:
        """0 if a token was there, and is taken; else in how many seconds one will be."""
        # A clock that is set back gives nothing, and takes nothing away.
        self._tokens = min(self._burst, self._tokens + max(now - self._at, 0) / 1000 * self._rate)
        self._at = now
        if self._tokens >= 1:
            self._tokens -= 1
            return 0
        return max(1, math.ceil((1 - self._tokens) / self._rate))
