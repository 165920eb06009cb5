"""The event log in memory: a list of events for each bus, and the position of its first."""

from __future__ import annotations

import asyncio
from bisect import bisect_left
from collections.abc import Sequence

from msgspec.structs import replace

from eventyard.event import Event
from eventyard.store import Bounds, Follower


class _Log:
    def __init__(self) -> None:
        self.first = 1
        self.events: list[Event] = []

    def bounds(self) -> Bounds:
        size = sum(len(event.body) for event in self.events)
        return Bounds(self.first, self.first + len(self.events) - 1, size)


class MemoryLog:
    """Keeps :class:`eventyard.store.EventLog`."""

    def __init__(self) -> None:
        self._logs: dict[str, _Log] = {}
        self._follower: Follower | None = None

    async def append(self, bus: str, events: Sequence[Event]) -> int:
        log = self._logs.setdefault(bus, _Log())
        first = log.first + len(log.events)
        for event in events:
            # As in a durable log, time never goes back: a search by time relies on it.
            last = log.events[-1].ingested if log.events else 0
            log.events.append(event if event.ingested >= last else replace(event, ingested=last))
        if self._follower and events:
            asyncio.get_running_loop().call_soon(self._follower, bus, first, list(events))
        return first

    def follow(self, follower: Follower) -> None:
        self._follower = follower

    async def read(self, bus: str, after: int, limit: int, size: int = 4 << 20) -> list[tuple[int, Event]]:
        found: list[tuple[int, Event]] = []
        log = self._logs.get(bus, _Log())
        start = max(after + 1, log.first)
        for position, event in enumerate(log.events[start - log.first :][: max(limit, 0)], start):
            size -= len(event.body)
            if size < 0 and found:
                break
            found.append((position, event))
        return found

    async def locate(self, bus: str, time: int) -> int:
        log = self._logs.get(bus, _Log())
        return log.first + bisect_left(log.events, time, key=lambda event: event.ingested)

    async def bounds(self) -> dict[str, Bounds]:
        return {bus: log.bounds() for bus, log in self._logs.items()}

    async def trim(self, bus: str, *, older_than: int | None = None, max_size: int | None = None) -> Bounds:
        log = self._logs.get(bus, _Log())
        cut = 0
        if older_than is not None:
            cut = bisect_left(log.events, older_than, key=lambda event: event.ingested)
        if max_size is not None:
            size = sum(len(event.body) for event in log.events[cut:])
            while size > max_size:
                size -= len(log.events[cut].body)
                cut += 1
        del log.events[:cut]
        log.first += cut
        return log.bounds()

    def clear(self) -> None:
        self._logs.clear()
