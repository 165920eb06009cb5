"""Sends admitted entries: in batches, bounded, in the order of their keys, again where that can help.

An entry waits among the ready ones until a request takes it. A request is sent at once when none is under way; while
some are, entries gather until ten are there, or their bytes, or the linger is over. Of one key only one entry is on its
way at a time; the next is ready when that one is settled.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Sequence

import msgspec

from eventyard.client.backoff import Backoff
from eventyard.client.door import Door, Failure, error_of
from eventyard.client.entry import MOST_BYTES, MOST_ENTRIES, Admitted
from eventyard.client.room import Room
from eventyard.client.tally import Tally
from eventyard.clock import Clock
from eventyard.errors import InvalidRequest, TryAgain


class Batching(msgspec.Struct, frozen=True):
    """``linger``: seconds that an entry waits for company while requests are under way. ``in_flight``: requests at
    once. ``waiting`` and ``waiting_bytes``: entries that are put and not settled; beyond, ``put`` waits."""

    linger: float = 0.005
    in_flight: int = 8
    waiting: int = 1000
    waiting_bytes: int = 16 << 20

    def __post_init__(self) -> None:
        if self.linger < 0 or self.in_flight < 1 or self.waiting < 1 or self.waiting_bytes < 1:
            raise InvalidRequest("A client needs room for one request and one entry at least, and no negative linger.")


class _Waiting:
    """An entry on its way. ``began``: by the monotonic clock, in seconds."""

    __slots__ = ("admitted", "began", "done", "settled", "tries")

    def __init__(self, admitted: Admitted, began: float, done: asyncio.Future[str]) -> None:
        self.admitted = admitted
        self.began = began
        self.done = done
        self.tries = 0
        self.settled = False


class Sender:
    """Of one event loop: :meth:`submit` and the rest are called from it alone."""

    def __init__(self, door: Door, batching: Batching, backoff: Backoff, tally: Tally, clock: Clock) -> None:
        self._door = door
        self._batching = batching
        self._backoff = backoff
        self._tally = tally
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._room = Room(batching.waiting, batching.waiting_bytes)
        self._ready: deque[_Waiting] = deque()
        self._ready_bytes = 0
        self._lanes: dict[str, deque[_Waiting]] = {}
        self._flights = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._wakes = False
        self._lingering: asyncio.Task[None] | None = None
        self._hurried = 0
        self._abandoned: str | None = None

    @property
    def idle(self) -> bool:
        """Whether nothing is on its way."""
        return self._room.empty and not self._tasks

    async def submit(self, admitted: Admitted) -> asyncio.Future[str]:
        """Take an entry as soon as there is room. The future has the event's id once the server has it durably, or
        TryAgain when tries or patience are used up, or InvalidRequest or Forbidden with the server's code. An entry
        whose future is cancelled is not sent, or not again."""
        began = time.monotonic()
        if not self._room.take_now(admitted.size):
            await self._room.take(admitted.size)
        if self._abandoned is not None:
            self._room.give(admitted.size)
            raise TryAgain(self._abandoned, "Closed")
        waiting = _Waiting(admitted, began, self._loop.create_future())
        lane = None if admitted.key is None else self._lanes.get(admitted.key)
        if lane is not None:
            lane.append(waiting)
        else:
            if admitted.key is not None:
                self._lanes[admitted.key] = deque()
            self._line_up(waiting)
        return waiting.done

    async def flush(self) -> None:
        """Return when everything that was submitted is settled. Nothing lingers meanwhile."""
        self._hurried += 1
        self._wake()
        try:
            await self._room.emptied()
        finally:
            self._hurried -= 1

    async def abandon(self, why: str) -> None:
        """Fail whatever is not settled, and take no more."""
        self._abandoned = why
        tasks = [task for task in (*self._tasks, self._lingering) if task is not None]
        for task in tasks:
            task.cancel(why)
        await asyncio.gather(*tasks, return_exceptions=True)
        while self._ready:  # what is failed may make the next of its key ready
            waiting = self._ready.popleft()
            self._fail(waiting, TryAgain(why, "Closed"))

    def _line_up(self, waiting: _Waiting, first: bool = False) -> None:
        (self._ready.appendleft if first else self._ready.append)(waiting)
        self._ready_bytes += waiting.admitted.size
        self._wake()

    def _wake(self) -> None:
        # Later in this turn of the loop, so that puts made together go together.
        if not self._wakes:
            self._wakes = True
            self._loop.call_soon(self._dispatch)

    def _dispatch(self, whatever: bool = False) -> None:
        """Start as many requests as there may be. ``whatever``: also one that is not full."""
        self._wakes = False
        while self._ready and self._flights < self._batching.in_flight and self._abandoned is None:
            full = len(self._ready) >= MOST_ENTRIES or self._ready_bytes >= MOST_BYTES
            if not full and not whatever and self._flights and not self._hurried:
                if self._lingering is None:
                    self._lingering = self._loop.create_task(self._linger())
                return
            whatever = False
            batch = self._take()
            if batch:
                self._flights += 1
                self._start(self._fly(batch))

    async def _linger(self) -> None:
        await self._clock.sleep(self._batching.linger)
        self._lingering = None
        self._dispatch(whatever=True)

    def _take(self) -> list[_Waiting]:
        """The next entries that fit into one request, without those that nobody waits for any longer."""
        batch: list[_Waiting] = []
        size = 0
        while self._ready and len(batch) < MOST_ENTRIES:
            waiting = self._ready[0]
            if size + waiting.admitted.size > MOST_BYTES:
                break
            self._ready.popleft()
            self._ready_bytes -= waiting.admitted.size
            if waiting.done.done():
                self._settle(waiting)
            elif time.monotonic() - waiting.began > self._backoff.patience:
                self._fail(waiting, TryAgain(f"It was not sent within {self._backoff.patience:g} s.", "TimedOut"))
            else:
                size += waiting.admitted.size
                batch.append(waiting)
        return batch

    async def _fly(self, batch: list[_Waiting]) -> None:
        """One request under way, and what comes of it."""
        try:
            await self._attempt(batch)
        except asyncio.CancelledError as error:
            for waiting in batch:
                self._fail(waiting, TryAgain(f"It may have been published: {error}", "Closed"))
            raise
        except Exception as error:  # noqa: BLE001 - those who wait for these entries must hear of it, whatever it is
            for waiting in batch:
                self._fail(waiting, error)
        finally:
            self._flights -= 1
            self._wake()

    async def _attempt(self, batch: Sequence[_Waiting]) -> None:
        self._tally.add("batch_entries", "", len(batch))
        for waiting in batch:
            waiting.tries += 1
        answer = await self._door.put([waiting.admitted.entry for waiting in batch])
        if isinstance(answer, list):
            failed: list[tuple[_Waiting, Failure]] = []
            for waiting, outcome in zip(batch, answer, strict=True):
                if isinstance(outcome, str):
                    self._publish(waiting, outcome)
                elif outcome.passing:
                    failed.append((waiting, outcome))
                else:
                    self._fail(waiting, error_of(outcome))
            if failed:
                self._start(self._again(failed))
        elif answer.passing:
            # The server is in trouble, so this request keeps its place among those in flight while it waits.
            await self._again([(waiting, answer) for waiting in batch])
        elif len(batch) > 1 and answer.of_one:
            # Its neighbours must not suffer.
            for waiting in batch:
                if waiting.done.done():
                    self._settle(waiting)
                else:
                    await self._attempt([waiting])
        else:
            for waiting in batch:
                self._fail(waiting, error_of(answer))

    async def _again(self, failed: Sequence[tuple[_Waiting, Failure]]) -> None:
        """Line up again, after a while, the entries that may be tried again, and before all others."""
        delay = max(failed[0][1].after, self._backoff.delay(max(waiting.tries for waiting, _ in failed)))
        staying = []
        for waiting, failure in failed:
            late = time.monotonic() + delay - waiting.began > self._backoff.patience
            if late or waiting.tries >= self._backoff.tries:
                times = "once" if waiting.tries == 1 else f"{waiting.tries} times"
                self._fail(waiting, TryAgain(f"{failure.message} (tried {times})", failure.code))
            else:
                self._tally.add("retries", waiting.admitted.label)
                staying.append(waiting)
        try:
            if staying:
                await self._clock.sleep(delay)
        except asyncio.CancelledError as error:
            for waiting in staying:
                self._fail(waiting, TryAgain(str(error), "Closed"))
            raise
        for waiting in reversed(staying):
            self._line_up(waiting, first=True)

    def _publish(self, waiting: _Waiting, event_id: str) -> None:
        if not waiting.done.done():
            waiting.done.set_result(event_id)
        label = waiting.admitted.label
        self._tally.add("published", label)
        self._tally.add("seconds", label, time.monotonic() - waiting.began)
        self._settle(waiting)

    def _fail(self, waiting: _Waiting, error: Exception) -> None:
        if not waiting.done.done():
            waiting.done.set_exception(error)
            self._tally.add("failed", waiting.admitted.label)
        self._settle(waiting)

    def _settle(self, waiting: _Waiting) -> None:
        """This entry is through: there is room again, and the next of its key is ready."""
        if waiting.settled:
            return
        waiting.settled = True
        self._room.give(waiting.admitted.size)
        key = waiting.admitted.key
        if key is not None and (lane := self._lanes.get(key)) is not None:
            if lane:
                self._line_up(lane.popleft())
            else:
                del self._lanes[key]

    def _start(self, work: asyncio._CoroutineLike[None]) -> None:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
