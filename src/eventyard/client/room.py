"""Room for so many entries and bytes; who finds none waits in line."""

from __future__ import annotations

import asyncio
from collections import deque


class Room:
    """Of one event loop. An entry that alone has more than ``most_bytes`` is let in when nobody else is inside."""

    def __init__(self, most: int, most_bytes: int) -> None:
        self._most = most
        self._most_bytes = most_bytes
        self._count = 0
        self._bytes = 0
        self._line: deque[tuple[int, asyncio.Future[None]]] = deque()
        #: Those who were let in and have not noticed yet: whoever comes now must not pass them.
        self._called = 0
        self._leaving: list[asyncio.Future[None]] = []

    @property
    def empty(self) -> bool:
        return self._count == 0 and not self._line

    def take_now(self, size: int) -> bool:
        """Whether there was room, and nobody in line for it."""
        if self._line or self._called or not self._fits(size):
            return False
        self._enter(size)
        return True

    async def take(self, size: int) -> None:
        """Return when it is this one's turn and there is room."""
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._line.append((size, turn))
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._called -= 1
                self.give(size)
            else:
                turn.cancel()
                self._admit()
            raise
        self._called -= 1
        self._admit()

    def give(self, size: int) -> None:
        """One has left."""
        self._count -= 1
        self._bytes -= size
        self._admit()

    async def emptied(self) -> None:
        """Return when nobody is inside or in line."""
        while not self.empty:
            leaving: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._leaving.append(leaving)
            await leaving

    def _fits(self, size: int) -> bool:
        return self._count == 0 or (self._count < self._most and self._bytes + size <= self._most_bytes)

    def _enter(self, size: int) -> None:
        self._count += 1
        self._bytes += size

    def _admit(self) -> None:
        while self._line and (self._line[0][1].done() or self._fits(self._line[0][0])):
            size, turn = self._line.popleft()
            if not turn.done():
                self._enter(size)
                self._called += 1
                turn.set_result(None)
        if self.empty:
            for leaving in self._leaving:
                if not leaving.done():
                    leaving.set_result(None)
            self._leaving.clear()
