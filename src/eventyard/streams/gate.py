"""A gate: many may be inside together, or one alone. Puts pass together; a change of the shards is alone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Gate:
    """Whoever wants to be alone keeps newcomers out and waits until those inside have left."""

    def __init__(self) -> None:
        self._inside = 0
        self._open = asyncio.Event()
        self._open.set()
        self._empty = asyncio.Event()
        self._one = asyncio.Lock()

    async def enter(self) -> None:
        """Come in, together with others. Every return from here needs a ``leave``."""
        while not self._open.is_set():
            await self._open.wait()
        self._inside += 1

    def leave(self) -> None:
        self._inside -= 1
        if not self._inside:
            self._empty.set()

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        """Nobody else is inside meanwhile."""
        async with self._one:
            self._open.clear()
            try:
                while self._inside:
                    self._empty.clear()
                    await self._empty.wait()
                yield
            finally:
                self._open.set()
