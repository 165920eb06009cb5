"""An event loop on which time is a number: when nobody has anything to do, it is at once when the next one has.

So a day of everything that sleeps (by the loop or by a clock) takes milliseconds, and the same seed gives the same day.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any

#: ms since the epoch when a loop's time is 0.
START = 1_700_000_000_000


class _Impatient(selectors.DefaultSelector):
    """Never waits: tells ``loop`` how long it would have."""

    loop: VirtualLoop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if not ready:
            if timeout is None:
                raise RuntimeError("everybody waits for everybody")
            self.loop.passed += max(timeout, 0.0)
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """``passed``: seconds since it was made."""

    def __init__(self) -> None:
        self.passed = 0.0
        selector = _Impatient()
        selector.loop = self
        super().__init__(selector)

    def time(self) -> float:
        return self.passed


class LoopClock:
    """The time of the running loop, as a :class:`eventyard.clock.Clock`."""

    def now(self) -> int:
        return START + round(asyncio.get_running_loop().time() * 1000)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(max(seconds, 0))


def run_virtually(work: Coroutine[Any, Any, Any]) -> Any:
    """What ``work`` answers, on a loop of its own."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(work)
