"""Copying a replay's events from the archive's log to its own, each once also over a crash. It delivers nothing."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from eventyard.archives.order import Order, event_time
from eventyard.archives.resources import Replay
from eventyard.clock import Clock
from eventyard.event import Event, with_replay_name
from eventyard.store import EventLog

_BATCH = 200


class Copied(msgspec.Struct, frozen=True):
    """How far a step has come: see ``Replay``."""

    minute: int
    cursor: int
    copied: int
    last: int | None
    through: bool

    def apply(self, replay: Replay) -> Replay:
        return msgspec.structs.replace(
            replay,
            minute=self.minute,
            cursor=self.cursor,
            copied=self.copied,
            last=replay.last if self.last is None else self.last,
            through=self.through,
        )


class Copier:
    """Goes on with a replay, whose ``order`` is known, where the last run stopped."""

    def __init__(self, eventlog: EventLog, clock: Clock, order: Order) -> None:
        self._log = eventlog
        self._clock = clock
        self._order = order
        self._at: tuple[int, int] | None = None

    async def copy(self, replay: Replay) -> Copied:
        """Copy the next few events. What is answered must be kept before the next call."""
        there, copied = frozenset[str](), replay.copied
        if (replay.minute, replay.cursor) != self._at:
            there, copied = await self._left_over(replay)
        self._at = None
        rows, minute, cursor, through = await self._next(replay)
        now, events, last = self._clock.now(), [], None
        for event in rows:
            time = event_time(event)
            if replay.start <= time < replay.end:
                last = time
                if event.id not in there:
                    events.append(Event(with_replay_name(event.body, replay.name), now, event.trace))
        if events:
            copied = await self._log.append(replay.log, events) + len(events) - 1
        self._at = (minute, cursor)
        return Copied(minute, cursor, copied, last, through)

    async def _next(self, replay: Replay) -> tuple[Sequence[Event], int, int, bool]:
        """The next events in order, where they end, and whether there are no more."""
        found: list[Event] = []
        minute, cursor = replay.minute, replay.cursor
        runs = self._order.after(minute, cursor)
        for run in runs:
            after = run.first - 1
            while after < run.last:
                if len(found) >= _BATCH:
                    return found, minute, cursor, False
                rows = await self._log.read(replay.source, after, min(_BATCH, run.last - after))
                rows = [row for row in rows if row[0] <= run.last]
                found += [event for _, event in rows]
                after = rows[-1][0] if rows else run.last  # retention has taken the rest
                minute, cursor = run.minute, after
        return found, minute, cursor, not self._order.after(minute, cursor)

    async def _left_over(self, replay: Replay) -> tuple[frozenset[str], int]:
        """What a run that died, or an append that failed, left in the replay's log, and where that ends now.

        It can only be of the step that was never kept, which is the next step."""
        position, found = replay.copied, set[str]()
        while rows := await self._log.read(replay.log, position, _BATCH):
            found.update(event.id for _, event in rows)
            position = rows[-1][0]
        return frozenset(found), position
