"""A log as a target: it takes the events themselves, as they were published. What the log is for, others know."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Sequence

from eventyard.clock import Clock
from eventyard.errors import TryAgain
from eventyard.event import Event, beside, published_at
from eventyard.store import EventLog
from eventyard.target import DELIVERED, Delivery, Outcome, Retry

#: So many of the last events are known, to tell what is delivered again after a crash: more than can be under way.
_MEMORY = 5_000


class LogTarget:
    """The log ``name``. What comes again, after a crash or because an append failed halfway, is not appended again."""

    batch_size = 500
    place = None

    def __init__(self, eventlog: EventLog, clock: Clock, name: str) -> None:
        self._log = eventlog
        self._clock = clock
        self._name = name
        self._seen: OrderedDict[str, None] | None = None
        self._turn = asyncio.Lock()

    async def deliver(self, batch: Sequence[Delivery]) -> Sequence[Outcome]:
        async with self._turn:
            # While something is being appended nobody can say what is there; if it fails, the log is asked again.
            seen, self._seen = self._seen if self._seen is not None else await self._last_ids(), None
            fresh = {item.event_id: item for item in batch if item.event_id not in seen}
            try:
                if fresh:
                    await self._log.append(self._name, [self._event(item) for item in fresh.values()])
            except TryAgain as error:
                return [Retry(error.code, error.message)] * len(batch)
            seen.update(dict.fromkeys(fresh))
            while len(seen) > _MEMORY:
                seen.popitem(last=False)
            self._seen = seen
        return [DELIVERED] * len(batch)

    def _event(self, item: Delivery) -> Event:
        now = self._clock.now()
        return Event(item.event, min(published_at(item.event_id) or now, now), beside(item.trace, item.path))

    async def _last_ids(self) -> OrderedDict[str, None]:
        bounds = (await self._log.bounds()).get(self._name)
        seen: OrderedDict[str, None] = OrderedDict()
        if bounds is None:
            return seen
        position = max(bounds.first - 1, bounds.last - _MEMORY)
        while rows := await self._log.read(self._name, position, 500):
            seen.update(dict.fromkeys(event.id for _, event in rows))
            position = rows[-1][0]
        return seen
