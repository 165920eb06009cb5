"""A chore that stumbles goes on."""

from __future__ import annotations

import asyncio

from eventyard.chore import every
from eventyard.clock import ManualClock
from eventyard.errors import TryAgain


async def test_a_chore_goes_on_after_whatever_goes_wrong() -> None:
    clock, rounds = ManualClock(), 0
    faults = {2: TryAgain("full", "InternalFailure"), 3: ValueError("a fault of ours")}

    async def work() -> None:
        nonlocal rounds
        rounds += 1
        if rounds in faults:
            raise faults[rounds]

    task = asyncio.create_task(every(60, clock, work, "work is held up"))
    await clock.advance(59)
    assert rounds == 0
    await clock.advance(301)
    assert rounds == 6
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
