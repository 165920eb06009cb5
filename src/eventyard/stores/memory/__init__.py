"""A store in memory, for tests and trials: keeps the whole contract but durability."""

from __future__ import annotations

from eventyard.store import Catalog, EventLog, Progress, QueueStore
from eventyard.stores.memory.catalog import MemoryCatalog
from eventyard.stores.memory.log import MemoryLog
from eventyard.stores.memory.progress import MemoryProgress
from eventyard.stores.memory.queues import MemoryQueues

__all__ = ["MemoryStore", "open_memory"]


class MemoryStore:
    """Keeps :class:`eventyard.store.Store`. Made by :func:`open_memory`."""

    def __init__(self) -> None:
        self._log, self._progress = MemoryLog(), MemoryProgress()
        self._catalog, self._queues = MemoryCatalog(), MemoryQueues()
        self.log: EventLog = self._log
        self.progress: Progress = self._progress
        self.catalog: Catalog = self._catalog
        self.queues: QueueStore = self._queues

    async def close(self) -> None:
        """Nothing waits, and there are no files."""

    async def wipe(self) -> None:
        # The parts stay the same objects: others hold on to them.
        self._log.clear()
        self._progress.clear()
        self._catalog.clear()
        self._queues.clear()


async def open_memory() -> MemoryStore:
    """An empty store."""
    return MemoryStore()
