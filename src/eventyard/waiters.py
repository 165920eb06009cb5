"""Who waits for the messages of one queue, and when hidden messages come back. Knows no messages and no store."""

from __future__ import annotations

import asyncio
import heapq
from collections import deque

from eventyard.clock import Clock

_SLOT = 50  # milliseconds; what comes back within one is one alarm


def slot_of(time: int) -> int:
    """The slot in which what comes back at ``time`` (milliseconds) is rung for."""
    return -(-time // _SLOT)


class Waiters:
    """A line of waiters, woken one for each message that can be had, first come first served."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._line: deque[asyncio.Future[None]] = deque()
        self._coming: dict[int, int] = {}
        self.coming = 0
        """How many messages are expected to come back, at most."""
        self._slots: list[int] = []
        self._alarm: asyncio.Task[None] | None = None
        self.rings = 0
        """Rises with every ring: who sees it risen since they last looked must look again before they wait."""

    def ring(self, count: int) -> None:
        """``count`` messages can be had now."""
        self.rings += 1
        while count > 0 and self._line:
            waiter = self._line.popleft()
            if not waiter.done():
                waiter.set_result(None)
                count -= 1

    def ring_all(self) -> None:
        self.ring(len(self._line))

    def expect(self, time: int, count: int) -> None:
        """``count`` messages can be had at ``time`` (milliseconds), unless they are deleted before."""
        self.catch_up()
        self.coming += count
        slot = slot_of(time)
        if slot in self._coming:
            self._coming[slot] += count
            return
        self._coming[slot] = count
        heapq.heappush(self._slots, slot)
        if self._line and self._slots[0] == slot:
            self._set_alarm()

    def forget(self, slot: int) -> None:
        """One message that was expected in ``slot`` won't come back."""
        count = self._coming.get(slot, 0)
        self.coming -= 1 if count else 0
        if count > 1:
            self._coming[slot] = count - 1
        elif count:
            del self._coming[slot]

    def catch_up(self) -> None:
        """Ring for what has come back by now."""
        now = self._clock.now()
        while self._slots and self._slots[0] * _SLOT <= now:
            count = self._coming.pop(heapq.heappop(self._slots), 0)
            self.coming -= count
            if count:
                self.ring(count)

    async def wait(self, seconds: float) -> None:
        """Return when it is worth looking for a message, and at the latest after ``seconds``."""
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        sleep = asyncio.get_running_loop().create_task(self._clock.sleep(seconds))
        self._line.append(waiter)
        if self._alarm is None:
            self._set_alarm()
        try:
            await asyncio.wait({waiter, sleep}, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            if waiter.done():
                self.ring(1)  # what was meant for this one is for the next
            raise
        finally:
            sleep.cancel()
            if not waiter.done():
                self._line.remove(waiter)
                waiter.cancel()
            if not self._line and self._alarm is not None:
                self._alarm.cancel()
                self._alarm = None

    def _set_alarm(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        if self._slots:
            self._alarm = asyncio.get_running_loop().create_task(self._watch())

    async def _watch(self) -> None:
        """Ring at each slot's time, as long as anybody waits."""
        while self._slots and self._line:
            await self._clock.sleep((self._slots[0] * _SLOT - self._clock.now()) / 1000)
            self.catch_up()
        if self._alarm is asyncio.current_task():
            self._alarm = None
