"""Copying a replay's events from the archive's log to its own, each once also over a crash. It delivers nothing."""

from __future__ import annotations

from datetime import datetime

import msgspec

from eventyard.archives.resources import Replay
from eventyard.clock import Clock
from eventyard.detail import deeply
from eventyard.event import Event, with_replay_name
from eventyard.store import EventLog

_BATCH = 200


class _Envelope(msgspec.Struct):
    time: datetime


_decode = msgspec.json.Decoder(_Envelope).decode


class Copied(msgspec.Struct, frozen=True):
    """How far a step has come: see ``Replay``."""

    cursor: int
    copied: int
    last: int | None

    def apply(self, replay: Replay) -> Replay:
        return msgspec.structs.replace(
            replay, cursor=self.cursor, copied=self.copied, last=replay.last if self.last is None else self.last
        )


class Copier:
    """Goes on with a replay where the last run stopped."""

    def __init__(self, eventlog: EventLog, clock: Clock) -> None:
        self._log = eventlog
        self._clock = clock
        self._cursor: int | None = None

    async def copy(self, replay: Replay) -> Copied:
        """Copy the next few events of the window. What is answered must be kept before the next call."""
        until, there, copied = replay.until or 0, frozenset[str](), replay.copied
        if replay.cursor != self._cursor:
            there, copied = await self._left_over(replay)
        self._cursor = None
        rows = [row for row in await self._log.read(replay.source, replay.cursor, _BATCH) if row[0] <= until]
        if not rows:  # retention has taken the rest
            return Copied(until, copied, None)
        now, events, last = self._clock.now(), [], None
        for _, event in rows:
            time = event_time(event)
            if replay.start <= time < replay.end:
                last = time
                if event.id not in there:
                    events.append(Event(with_replay_name(event.body, replay.name), now, event.trace))
        if events:
            copied = await self._log.append(replay.log, events) + len(events) - 1
        self._cursor = rows[-1][0]
        return Copied(self._cursor, copied, last)

    async def _left_over(self, replay: Replay) -> tuple[frozenset[str], int]:
        """What a run that died, or an append that failed, left in the replay's log, and where that ends now.

        It can only be of the step that was never kept, which is the next step."""
        position, found = replay.copied, set[str]()
        while rows := await self._log.read(replay.log, position, _BATCH):
            found.update(event.id for _, event in rows)
            position = rows[-1][0]
        return frozenset(found), position


def event_time(event: Event) -> int:
    """The time in the envelope in milliseconds; when it was ingested, if that can't be read (years before 1)."""
    try:
        return int(deeply(_decode, event.body).time.timestamp() * 1000)
    except (msgspec.DecodeError, ValueError, OverflowError):
        return event.ingested
