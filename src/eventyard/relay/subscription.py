"""One subscription of one connection: sends what matches as long as there is credit, and says when it falls behind."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from eventyard.following import Follower
from eventyard.relay.messages import MOST_CREDIT, Subscribe, events_text, text_of

_BATCH = 100
#: Seconds without an event after which the client is told up to where there was none.
_QUIET = 5.0


class TooSlow(Exception):
    """The client asked to be closed rather than to catch up."""


class Subscription:
    """``send``: to the client. ``follower``: at the place where it begins."""

    def __init__(self, asked: Subscribe, follower: Follower, send: Callable[[str], Awaitable[None]]) -> None:
        self.id = asked.id
        self._slow = asked.slow
        self._follower = follower
        self._send = send
        self._credit = asked.credit
        self._more = asyncio.Event()
        self._live = False
        self._told_behind = False

    def give(self, count: int) -> None:
        """The client takes ``count`` more."""
        self._credit = min(self._credit + count, MOST_CREDIT)
        self._more.set()

    async def run(self, ended: Callable[[], bool]) -> None:
        """Until cancelled, or everything ends. Raises TooSlow."""
        told = self._follower.position
        while not ended():
            if not self._credit:
                self._more.clear()
                await self._more.wait()
            taken = await self._follower.take(min(self._credit, _BATCH), _QUIET)
            await self._tell()
            position = self._follower.position
            if taken:
                self._credit -= len(taken)
                await self._send(events_text(self.id, taken, position))
            elif position > told:
                await self._send(text_of("progress", id=self.id, position=position))
            told = position

    async def _tell(self) -> None:
        """What the client should know beside the events."""
        lost = self._follower.lost
        if lost is not None:
            self._follower.lost = None
            await self._send(text_of("lost", id=self.id, first=lost.first, last=lost.last))
        behind = self._follower.behind
        if not behind:
            if self._told_behind:
                await self._send(text_of("live", id=self.id))
            self._live, self._told_behind = True, False
        elif self._live and self._slow == "close":
            raise TooSlow(f"Subscription {self.id} is {behind} events behind, and asked not to catch up.")
        elif not self._told_behind:
            self._told_behind = True
            await self._send(text_of("behind", id=self.id, events=behind))
