"""Time as a thing that is handed in, so that a day of retries is tested in milliseconds. Knows nothing but time."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import time
from typing import Protocol


class Clock(Protocol):
    """Wall time and sleeping."""

    def now(self) -> int:
        """Milliseconds since the Unix epoch."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Return after ``seconds`` (of this clock) have passed."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> int:
        return time.time_ns() // 1_000_000

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(max(seconds, 0))


class ManualClock:
    """A clock that moves only when told to: :meth:`advance` wakes each sleeper at its own moment, in order."""

    def __init__(self, start: int = 1_700_000_000_000) -> None:
        self._now = start
        self._order = itertools.count()
        self._sleepers: list[tuple[int, int, asyncio.Future[None]]] = []

    def now(self) -> int:
        return self._now

    async def sleep(self, seconds: float) -> None:
        wake: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._now + int(max(seconds, 0) * 1000), next(self._order), wake))
        await wake

    async def advance(self, seconds: float) -> None:
        """Let ``seconds`` pass, giving the woken tasks their turns in between."""
        end = self._now + int(seconds * 1000)
        while True:
            await settle()
            if not self._sleepers or self._sleepers[0][0] > end:
                break
            due, _, wake = heapq.heappop(self._sleepers)
            self._now = max(self._now, due)
            if not wake.done():
                wake.set_result(None)
        self._now = end


async def wait_for(event: asyncio.Event, clock: Clock, seconds: float) -> None:
    """Return when ``event`` is set, and at the latest after ``seconds`` of ``clock``."""
    waits = [asyncio.ensure_future(event.wait()), asyncio.ensure_future(clock.sleep(seconds))]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
        await asyncio.gather(*waits, return_exceptions=True)


async def settle(turns: int = 30) -> None:
    """Give other tasks a number of turns of the event loop."""
    for _ in range(turns):
        await asyncio.sleep(0)
