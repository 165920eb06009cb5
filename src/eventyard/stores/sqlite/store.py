"""A store in one SQLite file: opens it, puts its four parts together, and closes it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import apsw

from eventyard.errors import Broken
from eventyard.store import Catalog, EventLog, Progress, QueueStore
from eventyard.stores.sqlite.catalog import SqliteCatalog
from eventyard.stores.sqlite.directory import DataDirectory
from eventyard.stores.sqlite.log import SqliteLog
from eventyard.stores.sqlite.progress import SqliteProgress
from eventyard.stores.sqlite.queues import SqliteQueues
from eventyard.stores.sqlite.reader import Reader
from eventyard.stores.sqlite.room import Free, Room, free_of
from eventyard.stores.sqlite.schema import migrate
from eventyard.stores.sqlite.statements import fetch, plan_once
from eventyard.stores.sqlite.writer import Writer

Synchronous = Literal["FULL", "NORMAL"]


class SqliteStore:
    """Keeps :class:`eventyard.store.Store`. Made by :func:`open_sqlite`."""

    def __init__(self, directory: DataDirectory, writer: Writer, reader: Reader, room: Room) -> None:
        self._directory, self._writer, self._reader = directory, writer, reader
        self._closed = False
        self._log, self._queues = SqliteLog(writer, reader, room), SqliteQueues(writer, reader)
        self.log: EventLog = self._log
        self.progress: Progress = SqliteProgress(writer, reader)
        self.catalog: Catalog = SqliteCatalog(writer, reader)
        self.queues: QueueStore = self._queues

    async def close(self) -> None:
        if not self._closed:
            self._closed = True
            await self._reader.close()
            await self._writer.close()
            self._directory.release()

    async def wipe(self) -> None:
        await self._writer.run(self._wipe)

    def _wipe(self) -> None:
        connection = self._writer.connection
        for noun, owner in (("log", "bus_log"), ("queue", "queue"), ("claim", "queue")):
            for (n,) in fetch(connection, f"SELECT n FROM {owner}"):
                connection.execute(f"DROP TABLE {noun}_{n}")
        for table in ("bus_log", "queue", "dedup", "checkpoint", "deferred", "fate", "attempt", "catalog"):
            connection.execute(f"DELETE FROM {table}")
        self._log.tails.forget()
        self._queues.tallies.forget()
        self._queues.crowds.forget()


async def open_sqlite(
    directory: Path,
    *,
    synchronous: Synchronous = "FULL",
    pending_limit: int = 64 << 20,
    max_pages: int | None = None,
    on_broken: Callable[[Broken], None] | None = None,
    free: Free | None = None,
) -> SqliteStore:
    """Open the store in ``directory``, making it if it is not there. Raises :class:`Broken` if another process has
    it, or if a newer program wrote it.

    ``synchronous``: NORMAL is faster and loses the last acknowledged writes at a power cut. ``pending_limit``: bytes
    that may wait to be written before writes are refused with TryAgain. ``max_pages``: how many pages of 8 KiB the file
    may have. ``on_broken``: called on the event loop, once, when the disk failed and the process had better end.
    ``free``: tells how much room there is, if not the file system.
    """
    held = await asyncio.to_thread(DataDirectory, directory)
    try:
        connection = await asyncio.to_thread(_connect, held, synchronous, max_pages)
        reader = Reader(held.database)
    except BaseException:
        held.release()
        raise
    room = Room(free or free_of(held.path))
    return SqliteStore(held, Writer(connection, pending_limit, on_broken, room.log_pages), reader, room)


def _connect(directory: DataDirectory, synchronous: Synchronous, max_pages: int | None) -> apsw.Connection:
    try:
        connection = apsw.Connection(str(directory.database), statementcachesize=400)
        try:
            plan_once(connection)
            connection.set_busy_timeout(5000)
            connection.execute("PRAGMA page_size = 8192")
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute(f"PRAGMA synchronous = {synchronous}")
            connection.execute(f"PRAGMA journal_size_limit = {64 << 20}")
            connection.execute(f"PRAGMA cache_size = -{32 << 10}")
            migrate(connection)
            if max_pages is not None:
                connection.execute(f"PRAGMA max_page_count = {max_pages}")
            directory.sync()
        except BaseException:
            connection.close()
            raise
    except apsw.Error as error:
        raise Broken(f"{directory.database} cannot be opened: {error}") from error
    return connection
