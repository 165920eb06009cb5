"""The ledger: gathers what routers and subscribers settled and makes it durable in one step every few milliseconds.

A position may only be written together with everything that justifies it: the deferred deliveries and fates of the
events below. So subscribers never write by themselves; they enter here, and the next flush takes all of it at once.
What is delivered but not yet flushed is delivered again after a crash: a flush comes after 25 ms, or as soon as a
hundred deliveries wait for one, and that bounds the duplicates.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Literal

import structlog

from eventyard.clock import Clock
from eventyard.errors import Broken, EventyardError
from eventyard.store import Attempt, Checkpoint, Deferred, Fate, Progress, Record

log = structlog.get_logger("bus.ledger")

Keep = Literal["all", "failures"]

#: Fates that are entered however little is kept: nothing ends in silence.
_FAILURES = frozenset({"retrying", "dead-lettered", "dropped", "expired"})

#: So many settled deliveries don't wait for the interval: a batch of a queue, which one durable send brings.
_ENOUGH = 100

#: Called at each flush: the checkpoint as it is now, or None for "nothing outstanding, forget me".
Position = Callable[[], Checkpoint | None]


class Ledger:
    """One for all buses. ``interval``: seconds between flushes while there is something to write, but not much."""

    def __init__(self, progress: Progress, clock: Clock, keep: Keep = "failures", interval: float = 0.025) -> None:
        self._progress = progress
        self._clock = clock
        self._keep_all = keep == "all"
        self._interval = interval
        self._moved: dict[str, Position] = {}
        self._deferred: dict[tuple[str, int], Deferred] = {}
        self._done: set[tuple[str, int]] = set()
        self._fates: list[Fate] = []
        self._attempts: list[Attempt] = []
        self._wake = asyncio.Event()
        self._full = asyncio.Event()
        self._waiting = 0
        self._task: asyncio.Task[None] | None = None
        self._writing = asyncio.Lock()
        self.counts: dict[str, int] = dict.fromkeys(
            ("delivered", "retrying", "dead-lettered", "dropped", "expired", "matched", "unmatched"), 0
        )

    @property
    def keeps_all(self) -> bool:
        """Whether fates of successful deliveries are kept too."""
        return self._keep_all

    def start(self) -> None:
        self._task = asyncio.get_running_loop().create_task(self._run(), name="ledger")

    async def close(self) -> None:
        """Write what waits, then stop."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self.flush()

    def delivered(self, count: int) -> None:
        """So many deliveries succeeded at the first try: nothing is written of them but that their subscriber moved."""
        self.counts["delivered"] += count
        self._count(count)

    def moved(self, name: str, position: Position) -> None:
        """``name`` has come further: ask ``position`` for its checkpoint at the next flush."""
        self._moved[name] = position
        self._wake.set()

    def defer(self, deferred: Deferred) -> None:
        """A delivery is to be tried again."""
        key = (deferred.subscriber, deferred.position)
        self._done.discard(key)
        self._deferred[key] = deferred
        self._wake.set()

    def done(self, subscriber: str, position: int) -> None:
        """A deferred delivery has come to its end."""
        self._deferred.pop((subscriber, position), None)
        self._done.add((subscriber, position))
        self._wake.set()

    def fate(self, fate: Fate, attempt: Attempt | None = None) -> None:
        """What became of an event; successes are only counted unless everything is kept. ``attempt``: the one that led
        to it, if there was more than one or there will be. Then its fate is kept, too, however it ended."""
        self.counts[fate.outcome] += 1
        if fate.subscriber:
            self._count(1)
        if self._keep_all or attempt is not None or fate.outcome in _FAILURES:
            self._fates.append(fate)
            self._wake.set()
        if attempt is not None:
            self._attempts.append(attempt)

    def _count(self, settled: int) -> None:
        self._waiting += settled
        if self._waiting >= _ENOUGH:
            self._full.set()

    async def forget(self, subscriber: str) -> None:
        """Drop all progress of ``subscriber``, also what waits to be written."""
        async with self._writing:
            self._moved.pop(subscriber, None)
            for key in [key for key in self._deferred if key[0] == subscriber]:
                del self._deferred[key]
            self._done = {key for key in self._done if key[0] != subscriber}
            await self._progress.forget(subscriber)

    async def flush(self) -> None:
        """Make everything entered so far durable. On TryAgain the entries are kept for the next flush."""
        # Whoever waits may be cancelled; the entries that are being written must not get lost with it.
        writing = asyncio.get_running_loop().create_task(self._flush(), name="ledger flush")
        writing.add_done_callback(_seen)
        await asyncio.shield(writing)

    async def _flush(self) -> None:
        async with self._writing:
            if not (self._moved or self._deferred or self._done or self._fates):
                return
            self._waiting = 0
            self._full.clear()
            moved, deferred, done = self._moved, self._deferred, self._done
            self._moved, self._deferred, self._done = {}, {}, set()
            fates, attempts = self._fates, self._attempts
            self._fates, self._attempts = [], []
            try:
                await self._progress.record(
                    Record(
                        checkpoints={name: position() for name, position in moved.items()},
                        deferred=tuple(deferred.values()),
                        done=tuple(done),
                        fates=tuple(fates),
                        attempts=tuple(attempts),
                    )
                )
            except EventyardError:
                self._moved = moved | self._moved
                self._deferred = {key: row for key, row in deferred.items() if key not in self._done} | self._deferred
                self._done |= {key for key in done if key not in self._deferred}
                self._fates = fates + self._fates
                self._attempts = attempts + self._attempts
                raise

    async def _run(self) -> None:
        while True:
            await self._wake.wait()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._interval):
                    await self._full.wait()
            self._wake.clear()
            try:
                await self.flush()
            except Broken:
                raise
            except EventyardError as error:
                log.warning("progress could not be written, trying again", reason=error.message)
                self._wake.set()
                await asyncio.sleep(1.0)


def _seen(writing: asyncio.Task[None]) -> None:
    """Take note of a fault that nobody waits for any more: what was to be written is in the ledger still."""
    if not writing.cancelled():
        writing.exception()
