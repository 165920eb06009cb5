"""The SQL of this engine, read by name from the .sql files beside this module, and many rows in one statement.

A file is a list of statements, each under a line ``-- name: word``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

import apsw

_MARK = "-- name: "
# Long enough to be rid of the cost per statement; short enough for apsw's statement cache (16 KiB of text).
_MOST_ROWS = 256
# So many rows in one statement: powers of two, and the ten that a request of AWS's holds.
_SIZES = (256, 128, 64, 32, 16, 10, 8, 4, 2, 1)


def plan_once(connection: apsw.Connection) -> None:
    """Keep the plans of prepared statements. Else SQLite as apsw builds it (with STAT4) plans a statement anew whenever
    another value is bound to it, in case that statistics, of which there are none, say something about that value:
    seven of the eight microseconds of a claim that finds nothing."""
    connection.config(apsw.SQLITE_DBCONFIG_ENABLE_QPSG, 1)


@cache
def statements(noun: str) -> dict[str, str]:
    """The statements of ``<noun>.sql`` by name."""
    found: dict[str, str] = {}
    for part in files(__package__).joinpath(f"{noun}.sql").read_text("utf-8").split(_MARK)[1:]:
        name, _, text = part.partition("\n")
        found[name.strip()] = text.strip()
    return found


@lru_cache(maxsize=4096)
def statement(noun: str, name: str, n: int = 0) -> str:
    """One statement, with the number of the log or queue it is for."""
    return statements(noun)[name].replace("{n}", str(n))


@lru_cache(maxsize=4096)
def with_rows(text: str, rows: int, width: int = 1) -> str:
    """``text`` with ``rows`` groups of ``width`` placeholders: where it says ``{rows}``, or at its end."""
    group = ",".join("?" * width)
    groups = ",".join([group if width == 1 else f"({group})"] * rows)
    if "{rows}" in text:
        return text.replace("{rows}", groups)
    return f"{text} {groups}" + ")" * (text.count("(") - text.count(")"))


def in_lists(text: str, values: Sequence[Any]) -> Iterator[tuple[str, Sequence[Any]]]:
    """``text`` with placeholders for all of ``values`` where it says ``{rows}``, in as many parts as it takes.

    A list is filled up to one of a few lengths with its last value, which changes nothing, so that there are few
    different statements to prepare."""
    for at in range(0, len(values), _MOST_ROWS):
        some = values[at : at + _MOST_ROWS]
        size = min(size for size in _SIZES if size >= len(some))
        yield with_rows(text, size), [*some, *[some[-1]] * (size - len(some))]


def fetch(connection: apsw.Connection, text: str, values: Sequence[Any] = ()) -> list[Any]:
    """Every row of the answer; the statement says which types its columns have."""
    return connection.execute(text, values).fetchall()


def write_rows(connection: apsw.Connection, text: str, width: int, values: Sequence[Any]) -> None:
    """Run ``text`` for rows of ``width`` values each, given one after the other.

    Why not ``executemany``: it lets go of the interpreter's lock for every row, and beside a busy event loop has to
    wait to get it back. A few sizes keep the number of different statements, and so of preparations, small.
    """
    at, rows = 0, len(values) // width
    while rows:
        count = next(size for size in _SIZES if size <= rows)
        connection.execute(with_rows(text, count, width), values[at : at + count * width])
        at += count * width
        rows -= count
