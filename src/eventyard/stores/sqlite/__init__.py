"""The store of a single server: one SQLite file, one thread that writes, every answer an fsync."""

from eventyard.stores.sqlite.store import SqliteStore, Synchronous, open_sqlite

__all__ = ["SqliteStore", "Synchronous", "open_sqlite"]
