"""Checkpoints: folding the write-ahead log into the file without a commit waiting for it.

The bulk is copied by a second connection in a thread of its own, while commits go on; SQLite allows that. What was
written meanwhile is little, and the writer copies it itself: then the log is empty and begins again at its start.
(docs/decisions/0005-checkpoints-beside-the-writer.md)
"""

from __future__ import annotations

import threading

import apsw

_PASSING = (apsw.FullError, apsw.BusyError, apsw.LockedError)


class Checkpoints:
    """All but the bulk's copying happens in the writer's thread.

    ``bulk``: pages (8 KiB) after which to copy, 64 MiB. ``insist``: pages at which to wait for the reader, because the
    log has grown to 256 MiB all the same."""

    def __init__(self, connection: apsw.Connection, bulk: int = 8_000, insist: int = 32_000) -> None:
        self._connection = connection
        self._enough, self._insist = bulk, insist
        # SQLite's own would be made in a commit; its hook on commits would take the interpreter's lock in them.
        connection.wal_autocheckpoint(0)
        self._beside = apsw.Connection(connection.filename)
        self._beside.set_busy_timeout(5000)
        self._beside.wal_autocheckpoint(0)
        self._beside.execute(f"PRAGMA synchronous = {connection.pragma('synchronous')}")
        self._written = 0
        self._size = 0  #: pages in the log
        self._ahead = 0  #: pages that are not in the file yet, at most
        self._bulk: threading.Thread | None = None
        self._fault: apsw.Error | None = None

    @property
    def wanted(self) -> bool:
        """Whether there is anything to copy."""
        return self._ahead > 0

    def committed(self) -> None:
        """Count what the last commit wrote."""
        written, _ = self._connection.status(apsw.SQLITE_DBSTATUS_CACHE_WRITE)
        self._size += written - self._written
        self._ahead += written - self._written
        self._written = written

    def make(self, idle: bool) -> None:
        """Do what is due. Raises apsw.Error when the file can't be trusted any more."""
        if self._bulk is not None:
            if self._bulk.is_alive():
                return
            self._bulk = None
            if self._fault is not None:
                raise self._fault
            self._finish()
        elif self._size >= self._insist or (idle and self._ahead):
            self._finish()
        elif self._ahead >= self._enough:
            self._bulk = threading.Thread(target=self._copy, name="eventyard-checkpoint", daemon=True)
            self._bulk.start()

    def close(self) -> None:
        """Wait for the copying in hand; the caller closes its own connection."""
        if self._bulk is not None:
            self._bulk.join()
        self._beside.close()

    def _copy(self) -> None:
        try:
            self._beside.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
        except _PASSING:
            return  # the log still holds everything
        except apsw.Error as error:
            self._fault = error

    def _finish(self) -> None:
        """Copy the rest. To begin at the log's start again no reader may be in the middle of it, which only the
        insisting one waits for."""
        mode = apsw.SQLITE_CHECKPOINT_RESTART if self._size >= self._insist else apsw.SQLITE_CHECKPOINT_PASSIVE
        try:
            size, copied = self._connection.wal_checkpoint(mode=mode)
        except _PASSING:
            self._ahead = 0  # try again when there is something new to do
            return
        self._ahead = 0
        self._size = 0 if copied >= size else size
