"""One subscription of one connection: sends what matches as long as there is credit, and says when it falls behind."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

from eventyard.following import Follower
from eventyard.relay.messages import MOST_CREDIT, Subscribe, events_text, text_of

_BATCH = 100
#: Seconds without an event after which the client is told up to where there was none.
_QUIET = 5.0
#: Seconds after which a client without credit is looked at again.
_HUNGRY = 1.0


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
                await self._starve()
                continue
            taken = await self._follower.take(min(self._credit, _BATCH), _QUIET)
            await self._tell()
            position = self._follower.position
            if taken:
                self._credit -= len(taken)
                await self._send(events_text(self.id, taken, position))
            elif position > told:
                await self._send(text_of("progress", id=self.id, position=position))
            told = position

    async def _starve(self) -> None:
        """Wait for credit; who asked to be closed rather than to catch up is, also without giving any."""
        self._more.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_HUNGRY if self._slow == "close" else None):
                await self._more.wait()
        if not self._credit and self._slow == "close" and self._follower.behind:
            raise self._too_slow()

    def _too_slow(self) -> TooSlow:
        return TooSlow(f"Subscription {self.id} is {self._follower.behind} events behind, and asked not to catch up.")

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
            raise self._too_slow()
        elif not self._told_behind:
            self._told_behind = True
            await self._send(text_of("behind", id=self.id, events=behind))
