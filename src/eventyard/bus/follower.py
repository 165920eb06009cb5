"""A follower: a subscriber that keeps nothing. It gets what matches from a position on, without gaps, at its own pace.

Live events come from the router into a bounded inbox. One that has fallen behind reads the log itself until it meets
the router again. It has no checkpoint and no fates: whoever follows remembers where it was.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable

from eventyard.bus.router import Router
from eventyard.event import Event
from eventyard.following import Lost
from eventyard.pattern import Pattern, matches
from eventyard.store import EventLog

_CHUNK = 500


class Space:
    """What the inboxes of all followers together hold: ``most`` bytes. One that finds no room reads the log."""

    def __init__(self, most: int = 32 << 20) -> None:
        self.most = most
        self.held = 0

    @property
    def full(self) -> bool:
        return self.held >= self.most


class BusFollower:
    """``after``: begin with the event above this position; None begins with what comes from now on. ``inbox``: events
    that wait in memory at most. To be closed by whoever asked for it."""

    def __init__(
        self,
        router: Router,
        eventlog: EventLog,
        space: Space,
        pattern: Pattern | None,
        after: int | None,
        ended: Callable[[], bool],
        inbox: int = 1_000,
    ) -> None:
        self._router = router
        self._log = eventlog
        self._space = space
        self._pattern = pattern
        self._ended = ended
        self._most = inbox
        self._waiting: asyncio.Future[None] | None = None
        self._inbox: deque[tuple[int, Event]] = deque()
        self._bytes = 0
        self._read = router.position if after is None else after
        self._lagging = self._read != router.position
        self.position = self._read
        """Everything up to here was handed over or does not match."""
        self.lost: Lost | None = None
        """The last stretch that retention took; whoever has told of it sets it to None."""
        router.follow(self, pattern)

    @property
    def behind(self) -> int:
        """How many positions of the bus it has still to look at, if it reads the log; else 0."""
        return max(0, self._router.position - self._read) if self._lagging else 0

    def offer(self, position: int, event: Event) -> None:
        """What its router calls for each event that matches."""
        if self._lagging or position <= self._read:
            return
        if len(self._inbox) >= self._most or self._space.full:
            self._read, self._lagging = position - 1, True
        else:
            self._hold(position, event)
        self.wake()

    def wake(self) -> None:
        """Have whoever waits in ``take`` look again."""
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

    async def take(self, limit: int, patience: float) -> list[tuple[int, Event]]:
        """Up to ``limit`` events, in order; none if there were none for ``patience`` seconds, or the bus is closing."""
        if not self._inbox and self._lagging:
            await self._catch_up(patience)
        elif not self._inbox and not self._ended():
            await self._wait(patience)
        taken = [self._inbox.popleft() for _ in range(min(limit, len(self._inbox)))]
        size = sum([len(event.body) for _, event in taken])
        self._bytes -= size
        self._space.held -= size
        if taken and (self._inbox or self._lagging):
            self.position = taken[-1][0]
        else:
            self.position = self._read if self._lagging else self._router.position
        return taken

    def close(self) -> None:
        """Get nothing more; a ``take`` that waits returns."""
        self._router.unfollow(self)
        self.wake()
        self._space.held -= self._bytes
        self._bytes = 0
        self._inbox.clear()

    async def _wait(self, patience: float) -> None:
        self._waiting = asyncio.get_running_loop().create_future()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(patience):
                await self._waiting
        self._waiting = None

    def _hold(self, position: int, event: Event) -> None:
        self._inbox.append((position, event))
        self._bytes += len(event.body)
        self._space.held += len(event.body)

    async def _catch_up(self, patience: float) -> None:
        """Read on until something matches or nothing is left; then be live again."""
        until = asyncio.get_running_loop().time() + patience
        while not self._inbox and self._lagging and not self._ended():
            if self._read >= self._router.position:
                # No other task can come between this look and the next event that is offered.
                self._lagging = False
                return
            rows = await self._log.read(self._router.bus, self._read, _CHUNK)
            if not rows or rows[0][0] > self._read + 1:
                last = rows[0][0] - 1 if rows else self._router.position
                self.lost = Lost(self._read + 1, last)
                self._read = last
            for position, event in rows:
                self._read = position
                if self._pattern is None or matches(self._pattern, event.body):
                    self._hold(position, event)
            await asyncio.sleep(0)
            if asyncio.get_running_loop().time() > until:
                return
