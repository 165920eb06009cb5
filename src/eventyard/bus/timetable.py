"""The timetable: appends an event to a log at each moment that an entry is due. It knows no rules and no targets.

Whatever is due is first written down with the ids of its events, then appended, then marked as fired. A crash in
between leaves the ids, and the next start looks for them in the log: so each moment is appended exactly once. Moments
that passed while nobody was there are made up for, unless they are older than the entry's window. Each event says when
it was due: whether that is too long ago to deliver it is the subscriber's to judge.
"""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Awaitable, Callable, Iterable, Sequence

import msgspec
import structlog

from eventyard.clock import Clock, wait_for
from eventyard.errors import EventyardError
from eventyard.event import Event, beside, iso_seconds, new_ids
from eventyard.store import Catalog, Change, EventLog

log = structlog.get_logger("bus.timetable")

_KIND = "firing"
#: Entries of a round, and moments of an entry in it.
_ROUND = 1_000
_BATCH = 500
_READ = 500
#: Look at the clock at least so often (s): it may be set while we sleep.
_NAP = 60.0
_STUMBLE = 1.0

Publish = Callable[[str, Sequence[Event]], Awaitable[None]]


class Entry(msgspec.Struct, frozen=True):
    """What is to be appended to ``log``, and when. Times are milliseconds.

    ``next_after``: the first moment after the given one. ``body``: the event for an id and a moment. ``since``: nothing
    up to there is due. ``window``: what is overdue by more is left out. ``delay``: how long after a moment it is fired;
    the same for the same moment, also after a restart."""

    log: str
    next_after: Callable[[int], int | None]
    body: Callable[[str, int], bytes]
    since: int
    window: int
    delay: Callable[[int], int] = lambda moment: 0


class _Mark(msgspec.Struct, frozen=True, omit_defaults=True):
    """All up to ``until`` is fired, once ``pending`` (event ids and their moments) are found in the log or appended to
    it; they were written down at ``written``."""

    until: int
    pending: tuple[tuple[str, int], ...] = ()
    written: int = 0


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(_Mark).decode


class Timetable:
    """Entries by name; each name's progress is kept in the catalog."""

    def __init__(self, catalog: Catalog, eventlog: EventLog, publish: Publish, clock: Clock) -> None:
        self._catalog = catalog
        self._log = eventlog
        self._publish = publish
        self._clock = clock
        self._entries: dict[str, Entry] = {}
        self._marks: dict[str, _Mark] = {}
        self._due: list[tuple[int, str]] = []
        self._dirty: set[str] = set()
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def load(self) -> None:
        """Read what was fired. Call first; then ``put`` every entry, then ``start``."""
        self._marks = {name: _decode(value) for name, value in (await self._catalog.load(_KIND)).items()}

    def start(self) -> None:
        """Fire what is due from now on. What was loaded and not put again is forgotten."""
        self._dirty |= self._marks.keys() - self._entries.keys()
        for name in self._dirty:
            self._marks.pop(name, None)
        self._tell_left_out()
        self._task = asyncio.get_running_loop().create_task(self._run(), name="timetable")

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            try:
                await self._write(self._dirty.copy())
            except EventyardError as error:
                log.warning("what was fired last could not be noted", reason=error.message)

    def put(self, name: str, entry: Entry) -> None:
        """Fire ``entry`` from now on; one of the same name is replaced. Before ``start`` it goes on where the last run
        stopped."""
        self._entries[name] = entry
        mark = self._marks.get(name)
        if self._task is not None:
            mark = _Mark(max(entry.since, mark.until if mark else 0), *((mark.pending, mark.written) if mark else ()))
            self._dirty.add(name)
        self._marks[name] = mark or _Mark(entry.since)
        self._plan(name)
        self._changed.set()

    def remove(self, name: str) -> None:
        """Fire this no more, and forget how far it was."""
        self._entries.pop(name, None)
        if self._marks.pop(name, None) is not None:
            self._dirty.add(name)
            self._changed.set()

    def finished(self, name: str) -> bool:
        """Whether ``name`` has nothing left to fire, now or ever."""
        entry, mark = self._entries.get(name), self._marks.get(name)
        if entry is None or mark is None:
            return False
        return not mark.pending and entry.next_after(self._floor(entry, mark)) is None

    # --- inside -----------------------------------------------------------------------------------------------------

    def _plan(self, name: str) -> None:
        """Wake up for the next moment of ``name``. Outlived wake-ups stay in the heap and find nothing to do."""
        entry, mark = self._entries[name], self._marks[name]
        if mark.pending:
            heapq.heappush(self._due, (0, name))
        elif (moment := entry.next_after(self._floor(entry, mark))) is not None:
            heapq.heappush(self._due, (moment + entry.delay(moment), name))

    def _tell_left_out(self) -> None:
        """Nobody will get these, so it is said at least."""
        oldest: dict[str, int] = {}
        for name, entry in self._entries.items():
            mark = self._marks[name]
            first = entry.next_after(max(mark.until, entry.since))
            if first is not None and first <= min(self._floor(entry, mark), self._clock.now()):
                oldest[name] = first
        if oldest:
            name = min(oldest, key=oldest.__getitem__)
            log.warning(
                "moments passed too long ago to be made up for",
                schedules=len(oldest),
                first=iso_seconds(oldest[name]),
                schedule=name,
            )

    def _floor(self, entry: Entry, mark: _Mark) -> int:
        return max(mark.until, entry.since, self._clock.now() - entry.window - 1)

    async def _run(self) -> None:
        while True:
            self._changed.clear()
            try:
                while self._dirty or (self._due and self._due[0][0] <= self._clock.now()):
                    await self._round()
            except EventyardError as error:
                log.warning("firing is held up", reason=error.message)
                await self._clock.sleep(_STUMBLE)
            except Exception:  # one entry's fault must not end everybody's firing: say it, and try again
                log.exception("firing is held up")
                await self._clock.sleep(_STUMBLE)
            else:
                await self._sleep()

    async def _sleep(self) -> None:
        """Until the next moment, a change, or for a while."""
        wait = (self._due[0][0] - self._clock.now()) / 1000 if self._due else _NAP
        await wait_for(self._changed, self._clock, min(max(wait, 0.0), _NAP))

    async def _round(self) -> None:
        """Fire what is due now: intents, append, marks. Whatever raises leaves the intents, for the next round."""
        now = self._clock.now()
        names: dict[str, None] = {}
        while self._due and self._due[0][0] <= now and len(names) < _ROUND:
            names[heapq.heappop(self._due)[1]] = None
        try:
            unsure = [name for name in names if name in self._entries and self._marks[name].pending]
            await self._write(self._dirty.copy())
            await self._append(unsure, look=True)
            fresh = [name for name in names if name in self._entries and self._intend(name, now)]
            await self._write(fresh)
            await self._append(fresh, look=False)
        finally:
            for name in names:
                if name in self._entries:
                    self._plan(name)

    def _intend(self, name: str, now: int) -> bool:
        """Note the moments of ``name`` that are due; False if there is none."""
        entry, mark = self._entries[name], self._marks[name]
        moments: list[int] = []
        moment = entry.next_after(self._floor(entry, mark))
        while moment is not None and moment + entry.delay(moment) <= now and len(moments) < _BATCH:
            moments.append(moment)
            moment = entry.next_after(moment)
        if moments:
            ids = new_ids(len(moments), now)
            self._marks[name] = _Mark(moments[-1], tuple(zip(ids, moments, strict=True)), now)
            self._dirty.add(name)
        return bool(moments)

    async def _append(self, names: Sequence[str], look: bool) -> None:
        """Append what is pending for ``names``. ``look``: leave out what is in the log already."""
        pending = {name: self._marks[name] for name in names if name in self._marks}
        events: dict[str, list[Event]] = {}
        for name, mark in pending.items():
            entry = self._entries.get(name)
            if entry is None:
                continue
            known = await self._appended(entry.log, mark) if look else frozenset()
            events.setdefault(entry.log, []).extend(
                Event(entry.body(id, moment), mark.written, beside(None, due=moment + entry.delay(moment)))
                for id, moment in mark.pending
                if id not in known
            )
        for where, batch in events.items():
            if batch:
                await self._publish(where, batch)
        for name, mark in pending.items():
            # The name may have been put anew, or removed, meanwhile.
            now = self._marks.get(name)
            if now is not None and now.pending == mark.pending:
                self._marks[name] = _Mark(now.until)
                self._dirty.add(name)
        await self._write(pending.keys())

    async def _appended(self, where: str, mark: _Mark) -> frozenset[str]:
        """Which of the pending events are in the log."""
        wanted = {id for id, _ in mark.pending}
        position = await self._log.locate(where, mark.written) - 1
        found: set[str] = set()
        while rows := await self._log.read(where, position, _READ):
            found.update(event.id for _, event in rows if event.id in wanted)
            position = rows[-1][0]
        return frozenset(found)

    async def _write(self, names: Iterable[str]) -> None:
        """Make the marks of ``names`` durable."""
        changes = []
        for name in names:
            mark = self._marks.get(name)
            changes.append(Change(_KIND, name, None if mark is None else _encode(mark)))
        if changes:
            marks = {change.key: self._marks.get(change.key) for change in changes}
            await self._catalog.apply(changes)
            self._dirty -= {name for name, mark in marks.items() if self._marks.get(name) is mark}
