"""An idempotency store in a table of SQLite or PostgreSQL, for any number of processes."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Callable, Iterator
from typing import Any

from eventyard.client.database import Connection, Dialect, Statements, dialect_of, transaction
from eventyard.client.idempotency.store import Busy, Done, Mine


class DatabaseStore:
    """``connect``: opens a connection, or takes one from a pool; it is closed after each step. Times are the database's
    own, so that machines with clocks of their own agree. ``dialect``: by the connection's driver if None."""

    def __init__(
        self,
        connect: Callable[[], Connection],
        table: str = "eventyard_idempotency",
        dialect: Dialect | None = None,
    ) -> None:
        self._connect = connect
        self._table = table
        self._dialect = dialect

    def create(self) -> None:
        """Make the table if it isn't there."""
        with self._open() as (cursor, statements):
            for statement in statements.several("create"):
                cursor.execute(statement)

    def begin(self, key: str, lease: float) -> Mine | Done | Busy:
        token = secrets.token_hex(16)
        with self._open() as (cursor, statements):
            cursor.execute(statements["begin"], (key, int(lease * 1000), token))
            cursor.execute(statements["find"], (key,))
            row = cursor.fetchone()
        if row is None:  # it was given up in between; whoever asks next gets it
            return Busy()
        if row[0] == token:
            return Mine(token)
        return Busy() if row[1] is None else Done(row[1].encode())

    def finish(self, key: str, token: str, result: bytes, keep: float) -> bool:
        with self._open() as (cursor, statements):
            cursor.execute(statements["finish"], (int(keep * 1000), result.decode(), key, token))
            return int(cursor.rowcount) == 1

    def give_up(self, key: str, token: str) -> None:
        with self._open() as (cursor, statements):
            cursor.execute(statements["give_up"], (key, token))

    def forget(self) -> int:
        with self._open() as (cursor, statements):
            cursor.execute(statements["forget"])
            return int(cursor.rowcount)

    @contextlib.contextmanager
    def _open(self) -> Iterator[tuple[Any, Statements]]:
        with contextlib.closing(self._connect()) as connection:
            dialect = self._dialect or dialect_of(connection)
            statements = Statements(__package__, "idempotency", dialect, self._table)
            with transaction(connection) as cursor:
                yield cursor, statements
