"""A queue as the source of a pipe: messages are received, sent through, and deleted once the target has them.

What fails stays hidden until its visibility timeout is over, comes again, and goes to the queue's own dead-letter queue
by its redrive policy. A function gets the batches of several lanes at once, and those of a FIFO queue whole: the queue
gives out nothing of a group that is under way. Sources: user guide, "Amazon Simple Queue Service as a source"; Lambda
developer guide, "Using Lambda with Amazon SQS".
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Protocol

import structlog

from eventyard.clock import Clock
from eventyard.errors import EventyardError
from eventyard.pipes.resources import Pipe, Record
from eventyard.pipes.stages import Stages
from eventyard.target import Delivered, Outcome

log = structlog.get_logger("pipes")

_WAIT = 20.0
_USUAL_BATCH = 10
#: In one piece; larger batches are gathered from several.
_MOST_AT_ONCE = 100


class Queue(Protocol):
    """One queue, as far as a pipe goes. ``receive`` answers (receipt, record). All raise NotFound when it is gone."""

    def check(self) -> None: ...

    async def receive(self, limit: int, wait: float) -> Sequence[tuple[str, Record]]: ...

    async def delete(self, receipts: Sequence[str]) -> None: ...


#: Lambda developer guide, "Configuring scaling behavior for SQS event source mappings": it begins with five batches.
_USUAL_LANES = 5


class QueueSource:
    """Runs one pipe from ``queue``."""

    def __init__(self, pipe: Pipe, queue: Queue, stages: Stages, clock: Clock) -> None:
        settings: Mapping[str, int] = pipe.source_settings("SqsQueueParameters")
        self._batch = settings.get("BatchSize") or _USUAL_BATCH
        self._window = settings.get("MaximumBatchingWindowInSeconds") or 0
        self._lanes = settings.get("MaximumConcurrency") or _USUAL_LANES if pipe.mapping else 1
        self._whole = pipe.mapping
        self._busy: set[asyncio.Task[None]] = set()
        self._name = pipe.name
        self._queue = queue
        self._stages = stages
        self._clock = clock

    async def begin(self) -> None:
        """A queue has one place to begin. Raises NotFound without it."""
        self._queue.check()

    async def turn(self) -> None:
        """Take one batch through, after waiting for it; with lanes return once there is one for the next. Raises
        NotFound without the queue."""
        received = await self._gather()
        if not received:
            return
        if self._lanes == 1:
            await self._through(received)
            return
        task = asyncio.get_running_loop().create_task(self._lane(received), name=f"lane {self._name}")
        self._busy.add(task)
        task.add_done_callback(self._busy.discard)
        while len(self._busy) >= self._lanes:
            await asyncio.wait(self._busy, return_when=asyncio.FIRST_COMPLETED)

    async def end(self) -> None:
        busy = list(self._busy)
        for task in busy:
            task.cancel()
        await asyncio.gather(*busy, return_exceptions=True)

    async def _lane(self, received: Sequence[tuple[str, Record]]) -> None:
        try:
            await self._through(received)
        except EventyardError as error:
            log.warning("a pipe could not deliver", pipe=self._name, code=error.code, reason=error.message)
        except Exception:  # a fault in one batch must not end the others: its messages come again
            log.exception("a pipe stumbled", pipe=self._name)

    async def _through(self, received: Sequence[tuple[str, Record]]) -> None:
        done = [receipt for receipt, record in received if not self._stages.wanted(record)]
        wanted = [(receipt, record) for receipt, record in received if self._stages.wanted(record)]
        if done:
            await self._queue.delete(done)
        if self._whole:
            await self._take(None, wanted)
            return
        groups: dict[str | None, list[tuple[str, Record]]] = {}
        for receipt, record in wanted:
            groups.setdefault(record.group, []).append((receipt, record))
        await asyncio.gather(*(self._take(group, some) for group, some in groups.items()))

    async def _gather(self) -> list[tuple[str, Record]]:
        """Wait for messages; then, for as long as the window is, for more of them."""
        found = list(await self._queue.receive(min(self._batch, _MOST_AT_ONCE), _WAIT))
        end = self._clock.now() + self._window * 1000
        while found and len(found) < self._batch and (self._window or len(found) % _MOST_AT_ONCE == 0):
            left = (end - self._clock.now()) / 1000
            more = await self._queue.receive(min(self._batch - len(found), _MOST_AT_ONCE), max(left, 0.0))
            found += more
            if not more and left <= 0:
                break
        return found

    async def _take(self, group: str | None, received: Sequence[tuple[str, Record]]) -> None:
        """A group of a FIFO queue goes one by one, so that nothing overtakes what fails."""
        size = len(received) or 1 if group is None else 1
        for start in range(0, len(received), size):
            part = received[start : start + size]
            outcomes = await self._stages.deliver([record for _, record in part])
            done = [receipt for (receipt, _), one in zip(part, outcomes, strict=True) if isinstance(one, Delivered)]
            if done:
                await self._queue.delete(done)
            if len(done) < len(part):
                self._report(outcomes)
                if group is not None:
                    return

    def _report(self, outcomes: Sequence[Outcome]) -> None:
        why = next(one for one in outcomes if not isinstance(one, Delivered))
        log.warning("a pipe could not deliver", pipe=self._name, code=why.code, reason=why.message)
