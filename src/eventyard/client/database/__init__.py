"""SQL of the client over the DB-API (PEP 249), for SQLite and PostgreSQL: the outbox's and the idempotency store's."""

from eventyard.client.database.connection import Connection, Dialect, dialect_of, transaction
from eventyard.client.database.statements import Statements

__all__ = ["Connection", "Dialect", "Statements", "dialect_of", "transaction"]
