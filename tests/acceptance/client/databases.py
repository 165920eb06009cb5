"""The databases that the client keeps tables in, each as a way to connect."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Any

Connect = Callable[[], Any]


def sqlite(path: str) -> Connect:
    return lambda: sqlite3.connect(path, timeout=20)


def rows(connect: Connect, statement: str) -> list[tuple[Any, ...]]:
    """What a query answers."""
    connection = connect()
    try:
        cursor = connection.cursor()
        cursor.execute(statement)
        found = cursor.fetchall()
        connection.commit()
        return list(found)
    finally:
        connection.close()


def execute(connect: Connect, statement: str) -> None:
    connection = connect()
    try:
        connection.cursor().execute(statement)
        connection.commit()
    finally:
        connection.close()
