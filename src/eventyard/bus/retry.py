"""Tries deferred deliveries again when they are due, each subscriber's on its own, so that nobody waits for another."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable

import structlog

from eventyard.bus.delivery import Desk, Tried
from eventyard.bus.subscription import Subscription
from eventyard.clock import wait_for
from eventyard.errors import Broken, EventyardError
from eventyard.event import Event
from eventyard.store import Deferred, EventLog, Fate, Progress

log = structlog.get_logger("bus.retry")

_BATCH = 100
_FOREVER = 1 << 62


class Retrier:
    """Holds one due time for each subscriber with deferred deliveries; the deliveries themselves stay in the store."""

    def __init__(self, progress: Progress, eventlog: EventLog, find: Callable[[str], Subscription | None]) -> None:
        self._progress = progress
        self._log = eventlog
        self._find = find
        self._desk: Desk | None = None
        self._due: dict[str, int] = {}
        self._heap: list[tuple[int, str]] = []
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._busy: dict[str, asyncio.Task[None]] = {}
        self._closing = False

    async def start(self, desk: Desk) -> None:
        """Go on with what the store has deferred."""
        self._desk = desk
        for subscriber, (_, due) in (await self._progress.backlog()).items():
            self._note(subscriber, due)
        self._task = asyncio.get_running_loop().create_task(self._run(desk), name="retrier")

    async def close(self) -> None:
        """Finish the deliveries in hand, and begin no others. What was broken off would be tried again after a start,
        though the target may have taken it."""
        self._closing = True
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await asyncio.gather(*self._busy.values(), return_exceptions=True)

    async def forget(self, subscriber: str) -> None:
        """Try nothing of ``subscriber`` any more; what is being tried is broken off."""
        task = self._busy.get(subscriber)
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        self._due.pop(subscriber, None)

    def deferred(self, row: Deferred) -> None:
        """A delivery was deferred just now."""
        self._note(row.subscriber, row.due)

    def _note(self, subscriber: str, due: int) -> None:
        known = self._due.get(subscriber)
        if known is None or due < known:
            self._due[subscriber] = due
            heapq.heappush(self._heap, (due, subscriber))
            self._wake.set()

    async def _run(self, desk: Desk) -> None:
        while True:
            self._wake.clear()
            now = desk.clock.now()
            while self._heap and self._heap[0][0] <= now:
                due, subscriber = heapq.heappop(self._heap)
                if self._due.get(subscriber) != due:
                    continue  # an earlier time has been noted since
                del self._due[subscriber]
                if subscriber not in self._busy:
                    task = asyncio.get_running_loop().create_task(self._retry(desk, subscriber))
                    self._busy[subscriber] = task
            if not self._heap:
                await self._wake.wait()
                continue
            await wait_for(self._wake, desk.clock, (self._heap[0][0] - now) / 1000)

    async def _retry(self, desk: Desk, name: str) -> None:
        due: int | None = None
        try:
            while not self._closing and (rows := await self._progress.due(name, desk.clock.now(), _BATCH)):
                subscription = self._find(name)
                if subscription is None:
                    await desk.ledger.forget(name)
                    return
                await self._deliver(desk, subscription, rows)
                # The rows must have left the store before it is asked again, or they would be delivered twice.
                await desk.ledger.flush()
            await desk.ledger.flush()
            rest = await self._progress.due(name, _FOREVER, 1)
            due = rest[0].due if rest else None
        except Broken:
            raise
        except EventyardError as error:
            log.warning("retrying is held up", subscriber=name, reason=error.message)
            due = desk.clock.now() + 1_000
        finally:
            self._busy.pop(name, None)
            noted = self._due.pop(name, None)
            times = [time for time in (due, noted) if time is not None]
            if times:
                self._note(name, min(times))

    async def _deliver(self, desk: Desk, subscription: Subscription, rows: list[Deferred]) -> None:
        batch: list[tuple[int, Event]] = []
        tried: dict[int, Tried] = {}
        for row in rows:
            found = await self._log.read(row.bus, row.position - 1, 1)
            if not found or found[0][0] != row.position:
                desk.ledger.done(row.subscriber, row.position)
                message = f"the event left the log before it could be delivered; last error: {row.error_message}"
                desk.ledger.fate(
                    Fate(
                        row.bus,
                        row.position,
                        row.event_id,
                        row.subscriber,
                        "expired",
                        desk.clock.now(),
                        row.attempts,
                        row.error_code,
                        message,
                    )
                )
                continue
            batch.append(found[0])
            tried[row.position] = Tried(row.attempts, row.first_attempt, row.error_code, row.error_message)
        size = subscription.target.batch_size
        for start in range(0, len(batch), size):
            if self._closing:
                return
            await desk.deliver([(subscription, batch[start : start + size])], tried)
