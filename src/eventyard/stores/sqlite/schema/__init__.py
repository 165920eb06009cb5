"""The schema, as numbered migrations applied in order; ``PRAGMA user_version`` says how far a file has come.

A file that this program can't bring up to its schema is refused, and not touched.
"""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import apsw

from eventyard.errors import Broken

_REMEDY = "start with another --data directory, or, if nothing in this one is needed any more, delete it"


def migrations() -> list[str]:
    """The SQL of every migration, the first first."""
    here = files(__package__)
    names = sorted(entry.name for entry in here.iterdir() if entry.name.endswith(".sql"))
    return [here.joinpath(name).read_text("utf-8") for name in names]


def migrate(connection: apsw.Connection) -> None:
    """Bring the file up to this program's schema, each migration whole or not at all.

    Raises :class:`Broken`, with what to do about it, for a file that a newer program wrote, or that has tables other
    than those that its version says."""
    known = migrations()
    version = int(connection.pragma("user_version"))
    directory = Path(connection.filename).parent
    if version > len(known):
        raise Broken(
            f"the data directory {directory} has schema version {version}, and this program knows versions up to "
            f"{len(known)}: start the newer program that wrote it, or restore a backup from before the upgrade"
        )
    wrong = _wrong(connection, known[:version])
    if wrong is not None:
        raise Broken(
            f"the data directory {directory} can't be read: {wrong}, as revisions from before the first release (or "
            f"another program) wrote it. There is no migration from it: {_REMEDY}"
        )
    for number, text in enumerate(known[version:], version + 1):
        with connection:
            connection.execute(text)
            connection.execute(f"PRAGMA user_version = {number}")


def _wrong(connection: apsw.Connection, applied: list[str]) -> str | None:
    """What about the tables is not as the ``applied`` migrations leave them; None if all is."""
    right = apsw.Connection(":memory:")
    for text in applied:
        right.execute(text)
    there, wanted = _tables(connection), _tables(right)
    right.close()
    if not applied:
        return f"it has a table {min(there)} and no schema version" if there else None
    for name, text in wanted.items():
        if there.get(name) != text:
            return f"its table or index {name} is {'another' if name in there else 'missing'}"
    for owner, nouns in (("bus_log", ("log",)), ("queue", ("queue", "claim"))):
        for n, noun in [(row[0], noun) for row in connection.execute(f"SELECT n FROM {owner}") for noun in nouns]:
            if f"{noun}_{n}" not in there:
                return f"its table {noun}_{n} is missing"
    return None


def _tables(connection: apsw.Connection) -> dict[str, str]:
    """The SQL of every table and index by name."""
    rows = connection.execute("SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%'")
    return {str(name): str(text) for name, text in rows}
