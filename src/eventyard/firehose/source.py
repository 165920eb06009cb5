"""Where the records of a delivery wait: a contract, and the log of what was put to a stream directly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec

from eventyard.firehose.records import Envelope
from eventyard.store import EventLog

_CHUNK = 1000

Reached = Mapping[str, int]
"""How far a delivery has come: in each part of its source the last position that is in a file."""


class Arrival(msgspec.Struct, frozen=True):
    """A record that waits at ``position`` of a ``part`` of the source. ``arrived``: ms. ``sequence``: its number in the
    stream it comes from, if it comes from one. ``keys``: partition keys that a function found."""

    part: str
    position: int
    id: str
    arrived: int
    data: bytes
    sequence: str = ""
    keys: dict[str, str] = {}


class Source(Protocol):
    """Records that wait to be delivered, in parts that are in order. ``patience``: seconds after which to ask again
    what waits; None where every change is told."""

    patience: float | None

    async def next(self, reached: Reached, limit: int = _CHUNK) -> Sequence[Arrival]:
        """Some of the records behind ``reached``; none when no more wait."""
        ...

    async def waiting(self, reached: Reached) -> tuple[int | None, int]:
        """When the oldest record that waits arrived (ms; None without any), and how many bytes do."""
        ...

    async def written(self, size: int, newest: int) -> None:
        """``size`` bytes more, which arrived by ``newest``, are in files, durably."""
        ...


class Direct:
    """What was put to the stream with ``arn``, kept in a log of its own. Its one part is named as the stream."""

    def __init__(self, arn: str, eventlog: EventLog, envelope: Envelope) -> None:
        self.patience: float | None = None
        self._arn = arn
        self._log = eventlog
        self._envelope = envelope
        self._size = 0

    async def count(self, position: int) -> None:
        """Count what waits behind ``position``. Call once, before anything else."""
        while rows := await self._log.read(self._arn, position, _CHUNK):
            self._size += sum(len(self._envelope.take(self._arn, event)[1]) for _, event in rows)
            position = rows[-1][0]

    def added(self, size: int) -> tuple[int, int]:
        """``size`` bytes more are in the log; how many there were before, and are now."""
        self._size += size
        return self._size - size, self._size

    async def next(self, reached: Reached, limit: int = _CHUNK) -> Sequence[Arrival]:
        found = []
        for position, event in await self._log.read(self._arn, reached.get(self._arn, 0), limit):
            id, data = self._envelope.take(self._arn, event)
            found.append(Arrival(self._arn, position, id, event.ingested, data))
        return found

    async def waiting(self, reached: Reached) -> tuple[int | None, int]:
        rows = await self._log.read(self._arn, reached.get(self._arn, 0), 1)
        return (rows[0][1].ingested if rows else None), self._size

    async def written(self, size: int, newest: int) -> None:
        self._size -= size
        # Records of the same millisecond may still wait; they and a few others stay a while longer.
        await self._log.trim(self._arn, older_than=newest)
