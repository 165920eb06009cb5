"""What keeps an API destination from being called too much: a rate, and a circuit breaker. They call nobody."""

from __future__ import annotations

import asyncio

from eventyard.clock import Clock


class Rate:
    """Calls evenly spread, ``per_second`` of them, in the order in which they ask. No burst: a destination that was
    promised so many a second gets no more in any second."""

    def __init__(self, clock: Clock, per_second: int) -> None:
        self._clock = clock
        self.per_second = per_second
        self._free = 0.0  # when the next call may go (ms)

    async def turn(self, longest: float) -> float | None:
        """Return None when the caller may call; or at once, if that would take more than ``longest`` seconds, how many
        it would take."""
        now = float(self._clock.now())
        start = max(self._free, now)
        wait = (start - now) / 1000
        if wait > longest:
            return wait
        self._free = start + 1000 / self.per_second
        if wait > 0:
            await self._clock.sleep(wait)
        return None


class Breaker:
    """Opens after ``failures`` in a row; while it is open nobody calls. After ``pause`` seconds one call is let through
    as a probe: its success closes the breaker, its failure opens it for twice as long, up to ``longest``.

    The numbers' order is that of other senders of webhooks; a short pause is enough, because each event backs off by
    itself as well."""

    def __init__(self, clock: Clock, failures: int = 10, pause: float = 10.0, longest: float = 300.0) -> None:
        self._clock = clock
        self._failures = failures
        self._first = pause
        self._longest = longest
        self._pause = pause
        self._row = 0
        self._until: int | None = None
        self._probing = False

    @property
    def is_open(self) -> bool:
        return self._until is not None

    @property
    def left(self) -> float:
        """Seconds until the next probe; 0 if it may go now, or if nothing is open."""
        return 0.0 if self._until is None else max((self._until - self._clock.now()) / 1000, 0.0)

    def wait(self) -> float | None:
        """None if a call may be made now (as the probe, if it is open), else after how many seconds to ask again."""
        if self._until is None:
            return None
        if self.left > 0:
            return self.left
        if self._probing:
            return 1.0
        self._probing = True
        return None

    def succeeded(self) -> None:
        """The destination answered."""
        self._row = 0
        self._until = None
        self._probing = False
        self._pause = self._first

    def failed(self) -> None:
        """It did not, or it answered that it is broken."""
        self._row += 1
        if self._until is not None:
            if not self._probing:
                return  # a call from before it opened
            self._probing = False
            self._pause = min(self._pause * 2, self._longest)
        elif self._row < self._failures:
            return
        self._until = self._clock.now() + int(self._pause * 1000)

    def abandoned(self) -> None:
        """The call was given up on our side, so it says nothing; somebody else may probe."""
        self._probing = False


class Lane:
    """One destination's limits: its rate, its breaker, and how many calls may be out at a time."""

    def __init__(self, clock: Clock, per_second: int, slots: int) -> None:
        self.rate = Rate(clock, per_second)
        self.breaker = Breaker(clock)
        self.slots = asyncio.Semaphore(slots)
