"""Parting with subscribers: stop them, and forget their progress, before another may go by the same name.

A subscriber's progress is kept under its name. If it were forgotten only after a target of the same name was put again,
the new one's retries would be forgotten with it; if it were never forgotten, the new one would go on in the past.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog

from eventyard.bus.ledger import Ledger
from eventyard.bus.retry import Retrier
from eventyard.bus.subscriber import Subscriber
from eventyard.clock import Clock
from eventyard.errors import Broken, EventyardError

log = structlog.get_logger("bus.parting")

GAP = "!gap"
"""What a subscriber's name has at its end where the gap of a disabled rule is kept."""
_STUMBLE = 1.0
_PATIENCE = 5.0


class Partings:
    """Those that are gone but not forgotten yet. ``find``: the subscriber that has a name now, or None."""

    def __init__(
        self, ledger: Ledger, retrier: Retrier, clock: Clock, find: Callable[[str], Subscriber | None]
    ) -> None:
        self._ledger, self._retrier, self._clock, self._find = ledger, retrier, clock, find
        self._under_way: dict[str, asyncio.Task[None]] = {}
        self._closing = False

    def part(self, subscriber: Subscriber) -> None:
        """Have ``subscriber`` deliver nothing more, and forget its progress. Whoever takes its name meanwhile must be
        held back (``Subscriber.hold_at``) while ``holds`` says so; it is released in the end."""
        before = self._under_way.get(subscriber.name)
        work = self._part(subscriber, before)
        self._under_way[subscriber.name] = asyncio.get_running_loop().create_task(work, name=f"part {subscriber.name}")

    def holds(self, name: str) -> bool:
        """Whether the last to go by ``name`` is not forgotten yet."""
        return name in self._under_way

    async def done(self, prefix: str) -> None:
        """Wait until all are forgotten whose names begin with ``prefix``; not for ever, because a delivery that they
        share with others, and that hangs, is not broken off."""
        tasks = [task for name, task in self._under_way.items() if name.startswith(prefix)]
        if tasks:
            await asyncio.wait(tasks, timeout=_PATIENCE)

    async def close(self) -> None:
        """Finish, except for what a full disk holds up: the next start forgets it."""
        self._closing = True
        if self._under_way:
            _, held_up = await asyncio.wait(self._under_way.values(), timeout=_STUMBLE)
            for task in held_up:
                task.cancel()
            await asyncio.gather(*held_up, return_exceptions=True)

    async def _part(self, subscriber: Subscriber, before: asyncio.Task[None] | None) -> None:
        name = subscriber.name
        if before is not None:
            await asyncio.wait([before])
        await subscriber.close()
        await self._retrier.forget(name)
        while not await self._forgotten(name) and not self._closing:
            await self._clock.sleep(_STUMBLE)
        if self._under_way.get(name) is asyncio.current_task():
            del self._under_way[name]
            again = self._find(name)
            if again is not None:
                again.release()

    async def _forgotten(self, name: str) -> bool:
        try:
            await self._ledger.forget(name + GAP)
            await self._ledger.forget(name)
        except Broken:
            self._closing = True  # the process is about to end
        except EventyardError as error:
            log.warning("a removed target's progress can't be deleted yet", subscriber=name, reason=error.message)
            return False
        return True
