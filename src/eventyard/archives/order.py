"""The order of a replay: minute by minute of the events' own times, and within a minute as they were archived.

Source: API reference, StartReplay: "replays them using 1 minute intervals". It reads, and copies nothing.
"""

from __future__ import annotations

from bisect import bisect_right
from datetime import datetime

import msgspec

from eventyard.archives.resources import Replay
from eventyard.detail import deeply
from eventyard.event import Event
from eventyard.store import EventLog

_MINUTE = 60_000
_BATCH = 1_000
#: Events whose times are in more disorder than this are replayed as they were archived, instead of filling the memory.
_MOST = 500_000


class Run(msgspec.Struct, frozen=True, array_like=True, order=True):
    """Positions ``first`` to ``last`` of an archive, whose events in the window are all of one minute."""

    minute: int
    first: int
    last: int


class Order:
    """Call ``look`` until ``known``."""

    def __init__(self, eventlog: EventLog, replay: Replay) -> None:
        self._log = eventlog
        self._replay = replay
        self._until = replay.until or 0
        self._seen = 0
        self._runs: list[Run] = []
        self.known = self._until == 0

    async def look(self) -> None:
        """Look at the next few events of the archive."""
        rows = await self._log.read(self._replay.source, self._seen, _BATCH)
        for position, event in rows:
            if position <= self._until:
                self._note(position, event)
        if not rows or rows[-1][0] >= self._until or len(self._runs) > _MOST:
            self.known = True
            if len(self._runs) > _MOST:
                self._runs = [Run(0, 1, self._until)]
            self._runs.sort()
        else:
            self._seen = rows[-1][0]

    def after(self, minute: int, position: int) -> list[Run]:
        """The runs that are left once all up to ``position`` in ``minute`` is replayed."""
        at = bisect_right(self._runs, Run(minute, position, self._until))
        rest = self._runs[at : at + _BATCH]
        before = self._runs[at - 1] if at else None
        if before is not None and before.minute == minute and before.last > position:
            rest.insert(0, Run(minute, position + 1, before.last))
        return rest

    def _note(self, position: int, event: Event) -> None:
        time = event_time(event)
        if not self._replay.start <= time < self._replay.end:
            return
        minute = time // _MINUTE
        if self._runs and self._runs[-1].minute == minute:
            self._runs[-1] = Run(minute, self._runs[-1].first, position)
        else:
            self._runs.append(Run(minute, position, position))


class _Envelope(msgspec.Struct):
    time: datetime


_decode = msgspec.json.Decoder(_Envelope).decode


def event_time(event: Event) -> int:
    """The time in the envelope in milliseconds; when it was ingested, if that can't be read (years before 1)."""
    try:
        return int(deeply(_decode, event.body).time.timestamp() * 1000)
    except (msgspec.DecodeError, ValueError, OverflowError):
        return event.ingested
