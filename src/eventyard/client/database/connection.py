"""What is asked of a database connection, and which database it is."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any, Literal, Protocol

from eventyard.errors import Unsupported

Dialect = Literal["sqlite", "postgres"]
_DRIVERS: dict[str, Dialect] = {
    "sqlite3": "sqlite",
    "psycopg": "postgres",
    "psycopg2": "postgres",
    "pg8000": "postgres",
}


class Connection(Protocol):
    """A connection of the DB-API."""

    def cursor(self) -> Any: ...

    def commit(self) -> Any: ...

    def rollback(self) -> Any: ...

    def close(self) -> Any: ...


def dialect_of(connection: Connection) -> Dialect:
    """By the driver's name. Raises Unsupported for one that is not known."""
    for each in type(connection).__mro__:
        driver = each.__module__.partition(".")[0]
        if driver in _DRIVERS:
            return _DRIVERS[driver]
    raise Unsupported(
        f"{type(connection).__module__} is not known; {', '.join(_DRIVERS)} are, and others with dialect=... "
        "if they take ? (sqlite) or %s (postgres) for parameters."
    )


@contextlib.contextmanager
def transaction(connection: Connection) -> Iterator[Any]:
    """A cursor whose work is committed after the block, or rolled back if it raises."""
    cursor = connection.cursor()
    try:
        yield cursor
    except BaseException:
        connection.rollback()
        raise
    else:
        connection.commit()
    finally:
        cursor.close()
