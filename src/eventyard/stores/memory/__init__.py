"""A store in memory, for tests and trials: keeps the whole contract but durability."""

from __future__ import annotations

from eventyard.stores.memory.catalog import MemoryCatalog
from eventyard.stores.memory.log import MemoryLog
from eventyard.stores.memory.progress import MemoryProgress
from eventyard.stores.memory.queues import MemoryQueues

__all__ = ["MemoryStore", "open_memory"]


class MemoryStore:
    """Keeps :class:`eventyard.store.Store`. Made by :func:`open_memory`."""

    def __init__(self) -> None:
        self.log = MemoryLog()
        self.progress = MemoryProgress()
        self.catalog = MemoryCatalog()
        self.queues = MemoryQueues()

    async def close(self) -> None:
        """Nothing waits, and there are no files."""

    async def wipe(self) -> None:
        # The parts stay the same objects: others hold on to them.
        self.log.clear()
        self.progress.clear()
        self.catalog.clear()
        self.queues.clear()


async def open_memory() -> MemoryStore:
    """An empty store."""
    return MemoryStore()
