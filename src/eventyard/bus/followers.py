"""Everybody who follows a bus at this moment. Nothing waits for them, and nothing is remembered of them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

from eventyard.bus.follower import BusFollower, Space
from eventyard.bus.router import Router
from eventyard.event import Event
from eventyard.pattern import Pattern
from eventyard.store import EventLog

_CHUNK = 200
_SIGN_OF_LIFE = 15.0


class Followers:
    """Keeps :class:`~eventyard.following.Following`. ``router``: the one of a bus."""

    def __init__(self, router: Callable[[str], Router], eventlog: EventLog) -> None:
        self._router = router
        self._log = eventlog
        self._space = Space()
        self._open: set[BusFollower] = set()
        self.ended = False
        """Whether the server is about to stop: then followers return what they hold, and nothing new."""

    def follow(self, bus: str, pattern: Pattern | None, after: int | None) -> BusFollower:
        """A follower of ``bus`` that begins above position ``after``; with None, with what comes from now on. To be
        handed to :meth:`leave` when it is needed no more."""
        follower = BusFollower(self._router(bus), self._log, self._space, pattern, after, lambda: self.ended)
        self._open.add(follower)
        return follower

    def leave(self, follower: BusFollower) -> None:
        follower.close()
        self._open.discard(follower)

    async def tail(
        self, bus: str, pattern: Pattern | None = None, since: int | None = None
    ) -> AsyncIterator[tuple[int, Event] | None]:
        """The events of ``bus`` that match, from ``since`` (ms) or from now on, without gaps, until the end of all
        following. None is a sign of life while nothing happens."""
        follower = self.follow(bus, pattern, None if since is None else await self.locate(bus, since))
        try:
            while not self.ended:
                taken = await follower.take(_CHUNK, _SIGN_OF_LIFE)
                for item in taken:
                    yield item
                if not taken and not self.ended:
                    yield None
        finally:
            self.leave(follower)

    async def locate(self, bus: str, since: int) -> int:
        """The position below the first event published at or after ``since`` (ms)."""
        return await self._log.locate(bus, since) - 1

    def head(self, bus: str) -> int:
        """The position of the newest event."""
        return self._router(bus).position

    def end(self) -> None:
        """Let everybody go."""
        self.ended = True
        for follower in list(self._open):
            follower.wake()
