"""One connection that only reads, in one thread of its own, so that a long read keeps no commit waiting."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import apsw

from eventyard.errors import Broken
from eventyard.stores.sqlite.statements import plan_once

T = TypeVar("T")


class Reader:
    """Runs functions of a connection, one after the other; each sees what was durable when it began."""

    def __init__(self, path: Path) -> None:
        self._thread = ThreadPoolExecutor(1, "eventyard-reader")
        self._connection = apsw.Connection(str(path), statementcachesize=300)
        plan_once(self._connection)
        self._connection.set_busy_timeout(5000)
        # When to checkpoint is decided in one place, checkpoints.py.
        self._connection.wal_autocheckpoint(0)
        self._connection.execute("PRAGMA query_only = ON")
        self._closed = False

    async def run(self, work: Callable[[apsw.Connection], T]) -> T:
        """The result of ``work(connection)``, in one snapshot."""
        if self._closed:
            raise Broken("the store is closed")
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._in_snapshot, work)

    def _in_snapshot(self, work: Callable[[apsw.Connection], T]) -> T:
        try:
            self._connection.execute("BEGIN")
            try:
                return work(self._connection)
            finally:
                self._connection.execute("COMMIT")
        except apsw.Error as error:
            raise Broken(f"the store cannot be read: {error}") from error

    async def close(self) -> None:
        """Finish what was asked for and close."""
        if not self._closed:
            self._closed = True
            await asyncio.get_running_loop().run_in_executor(self._thread, self._connection.close)
            self._thread.shutdown()
