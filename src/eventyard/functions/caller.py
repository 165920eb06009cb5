"""The one subscriber on a function's log: it invokes the function for each delivery, and waits for none that hangs.

A log's subscriber is given one batch after the other. An invocation may take a quarter of an hour, so one that is still
under way when others could be run is left alone: its delivery is deferred without counting as tried, and when it comes
again it meets the invocation that is under way, or its outcome. After a crash it is run again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from eventyard.clock import Clock
from eventyard.event import published_at
from eventyard.target import Delivery, Outcome, Retry

#: Seconds in which nothing ended, after which the next batch is asked for, if there is room for its invocations.
_PATIENCE = 0.5
#: What is older than its age limit less this (ms) is waited for: deferred, it would be given up while it runs.
_MARGIN = 30_000
_UNDER_WAY = Retry("UNDER_WAY", "The invocation is under way.", called=False)
_CUT_OFF = Retry("CUT_OFF", "The invocation was cut off; it is run again.", called=False)

Attempt = Callable[[Delivery], Awaitable[Outcome]]


class Caller:
    """``most``: how many invocations of the function may run at once. ``max_age``: seconds. ``running``: what is under
    way, by the event's id; it outlives this caller, whose function may change meanwhile."""

    batch_size = 100
    place = None

    def __init__(
        self, attempt: Attempt, clock: Clock, most: int, max_age: int, running: dict[str, asyncio.Task[Outcome]]
    ) -> None:
        self._attempt = attempt
        self._clock = clock
        self._most = most
        self._max_age = max_age * 1000
        self._running = running

    async def deliver(self, batch: Sequence[Delivery]) -> Sequence[Outcome]:
        tasks = [self._task(item) for item in batch]
        aged = {task for task, item in zip(tasks, batch, strict=True) if self._is_aged(item)}
        waiting = set(tasks)
        while waiting:
            under_way = sum(not task.done() for task in self._running.values())
            may_part = under_way < self._most and not waiting & aged
            done, waiting = await asyncio.wait(
                waiting, timeout=_PATIENCE if may_part else None, return_when=asyncio.FIRST_COMPLETED
            )
            if may_part and not done:
                break
        return [self._outcome(item.event_id, task) for item, task in zip(batch, tasks, strict=True)]

    def _task(self, item: Delivery) -> asyncio.Task[Outcome]:
        task = self._running.get(item.event_id)
        if task is None:
            task = asyncio.ensure_future(self._attempt(item))
            self._running[item.event_id] = task
        return task

    def _is_aged(self, item: Delivery) -> bool:
        return self._clock.now() - published_at(item.event_id) > self._max_age - _MARGIN

    def _outcome(self, id: str, task: asyncio.Task[Outcome]) -> Outcome:
        if not task.done():
            return _UNDER_WAY
        self._running.pop(id, None)
        return _CUT_OFF if task.cancelled() else task.result()
