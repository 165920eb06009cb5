"""The event log: one table for each bus, whose columns ``ingested`` and ``size_end`` rise with the position.

Since positions have no gaps (only the oldest are ever deleted), a search by time or by size is a bisection by the
primary key.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import apsw
import msgspec

from eventyard.event import Event
from eventyard.store import Bounds, Follower
from eventyard.stores.sqlite.reader import Reader
from eventyard.stores.sqlite.room import Room
from eventyard.stores.sqlite.statements import fetch, statement, write_rows
from eventyard.stores.sqlite.writer import Writer

# A step of a trim begins with so many events; then it has as many as take so many seconds, which few notice. The more
# there is to forget the longer are the steps, so that retention keeps up with whatever is published.
_TRIM_ROWS, _MOST_TRIM_ROWS = 250, 4_000
_TRIM_SECONDS = 0.001
_OVERHEAD = 200  # bytes that a waiting event takes beside its body, roughly


class Tail(msgspec.Struct, frozen=True):
    """The end of a log: its table, the next position, the last time, and the bytes ever appended."""

    n: int
    next: int
    ingested: int
    size_end: int


class _Tails:
    """The ends of the logs, as of the transaction that is being written. Used by the writer's thread only."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection
        self._committed: dict[str, Tail] = {}
        self._changed: dict[str, Tail] = {}
        self._notices: list[tuple[str, int, Sequence[Event]]] = []
        self.follower: Follower | None = None

    def find(self, bus: str) -> Tail | None:
        tail = self._changed.get(bus) or self._committed.get(bus)
        if tail is None:
            tail = _find(self._connection, bus)
            if tail is not None:
                self._committed[bus] = tail
        return tail

    def make(self, bus: str) -> Tail:
        n = fetch(self._connection, statement("log", "register"), (bus,))[0][0]
        self._connection.execute(statement("log", "create", n))
        return Tail(n, 1, 0, 0)

    def appended(self, bus: str, tail: Tail, first: int, events: Sequence[Event]) -> None:
        self._changed[bus] = tail
        self._notices.append((bus, first, events))

    def committed(self) -> Sequence[Callable[[], None]]:
        self._committed.update(self._changed)
        self._changed.clear()
        notices, self._notices = self._notices, []
        follower = self.follower
        return [partial(follower, *notice) for notice in notices] if follower else ()

    def rolled_back(self) -> None:
        self._changed.clear()
        self._notices.clear()

    def forget(self) -> None:
        """After the tables were dropped."""
        self._changed.clear()
        self._committed.clear()


class SqliteLog:
    """Keeps :class:`eventyard.store.EventLog`."""

    def __init__(self, writer: Writer, reader: Reader, room: Room) -> None:
        self._writer, self._reader, self._room = writer, reader, room
        self._connection = writer.connection
        self.tails = _Tails(writer.connection)
        writer.parts.append(self.tails)

    async def append(self, bus: str, events: Sequence[Event]) -> int:
        cost = sum([len(event.body) for event in events]) + _OVERHEAD * len(events)
        self._room.check(cost)
        return await self._writer.submit(self._append, bus, (bus, events), cost)

    def _append(self, batches: Sequence[tuple[str, Sequence[Event]]]) -> list[int]:
        """Several callers' batches for one bus."""
        bus = batches[0][0]
        events = [event for _, batch in batches for event in batch]
        tail = self.tails.find(bus) or self.tails.make(bus)
        position, ingested, size_end = tail.next, tail.ingested, tail.size_end
        values: list[Any] = []
        for position, event in enumerate(events, tail.next):
            size_end += len(event.body)
            # Clocks are set back now and then; the column must not be, or a search by time would miss events.
            ingested = max(ingested, event.ingested)
            values += (position, ingested, size_end, event.body, event.trace)
        if events:
            write_rows(self._connection, statement("log", "append", tail.n), 5, values)
            self.tails.appended(bus, Tail(tail.n, position + 1, ingested, size_end), tail.next, events)
        firsts, first = [], tail.next
        for _, batch in batches:
            firsts.append(first)
            first += len(batch)
        return firsts

    def follow(self, follower: Follower) -> None:
        self.tails.follower = follower

    async def read(self, bus: str, after: int, limit: int, size: int = 4 << 20) -> list[tuple[int, Event]]:
        def work(connection: apsw.Connection) -> list[tuple[int, Event]]:
            tail = _find(connection, bus)
            found: list[tuple[int, Event]] = []
            left = size
            if tail is None or limit < 1:
                return found
            rows: Any = connection.execute(statement("log", "read", tail.n), (after, limit))
            for position, body, ingested, trace in rows:
                left -= len(body)
                if left < 0 and found:
                    rows.close()
                    break
                found.append((position, Event(body, ingested, trace)))
            return found

        return await self._reader.run(work)

    async def locate(self, bus: str, time: int) -> int:
        def work(connection: apsw.Connection) -> int:
            tail = _find(connection, bus)
            return 1 if tail is None else _bisect(connection, tail, "ingested_at", time)

        return await self._reader.run(work)

    async def bounds(self) -> dict[str, Bounds]:
        def work(connection: apsw.Connection) -> dict[str, Bounds]:
            buses = [row[1] for row in fetch(connection, statement("log", "all"))]
            return {bus: _bounds(connection, bus) for bus in buses}

        return await self._reader.run(work)

    async def trim(self, bus: str, *, older_than: int | None = None, max_size: int | None = None) -> Bounds:
        first, cut = await self._reader.run(lambda connection: _cut(connection, bus, older_than, max_size))
        rows = _TRIM_ROWS
        while first < cut:
            first = min(first + rows, cut)
            took = await self._writer.aside(partial(self._trim, bus, first))
            seconds = _TRIM_SECONDS * (1 + (cut - first) / 1_000_000)
            rows = max(_TRIM_ROWS, min(int(rows * seconds / max(took, 1e-6)), 2 * rows, _MOST_TRIM_ROWS))
        return await self._reader.run(lambda connection: _bounds(connection, bus))

    def _trim(self, bus: str, cut: int) -> None:
        tail = self.tails.find(bus)
        if tail is not None:
            self._connection.execute(statement("log", "remember"), (tail.next, tail.ingested, tail.size_end, tail.n))
            self._connection.execute(statement("log", "trim", tail.n), (cut,))


def _find(connection: apsw.Connection, bus: str) -> Tail | None:
    for n, position, ingested, size_end in fetch(connection, statement("log", "find"), (bus,)):
        last = fetch(connection, statement("log", "last", n))
        return Tail(n, *(last[0] if last else (position, ingested, size_end)))
    return None


def _first(connection: apsw.Connection, tail: Tail) -> tuple[int, int]:
    """The first position, and the bytes appended before it."""
    row = fetch(connection, statement("log", "first", tail.n))
    return row[0] if row else (tail.next, tail.size_end)


def _bounds(connection: apsw.Connection, bus: str) -> Bounds:
    tail = _find(connection, bus)
    if tail is None:
        return Bounds(1, 0, 0)
    first, before = _first(connection, tail)
    return Bounds(first, tail.next - 1, tail.size_end - before)


def _bisect(connection: apsw.Connection, tail: Tail, column: str, least: int) -> int:
    """The first position whose ``column`` is at least ``least``; the next position if there is none."""
    low, high = _first(connection, tail)[0], tail.next
    text = statement("log", column, tail.n)
    while low < high:
        middle = (low + high) // 2
        if fetch(connection, text, (middle,))[0][0] < least:
            low = middle + 1
        else:
            high = middle
    return low


def _cut(connection: apsw.Connection, bus: str, older_than: int | None, max_size: int | None) -> tuple[int, int]:
    """The first position of the log, and the first that is to stay."""
    tail = _find(connection, bus)
    if tail is None:
        return 1, 1
    first, before = _first(connection, tail)
    cut = first
    if older_than is not None:
        cut = max(cut, _bisect(connection, tail, "ingested_at", older_than))
    if max_size is not None and tail.size_end - before > max_size:
        # Behind the last event that has to go, at most max_size bytes follow.
        cut = max(cut, _bisect(connection, tail, "size_at", tail.size_end - max_size) + 1)
    return first, cut
