"""The schema, as numbered migrations applied in order; ``PRAGMA user_version`` says how far a file has come."""

from __future__ import annotations

from importlib.resources import files

import apsw

from eventyard.errors import Broken


def migrations() -> list[str]:
    """The SQL of every migration, the first first."""
    here = files(__package__)
    names = sorted(entry.name for entry in here.iterdir() if entry.name.endswith(".sql"))
    return [here.joinpath(name).read_text("utf-8") for name in names]


def migrate(connection: apsw.Connection) -> None:
    """Bring the file up to this program's schema. :class:`Broken` if it was written by a newer program."""
    known = migrations()
    version = int(connection.pragma("user_version"))
    if version > len(known):
        raise Broken(
            f"{connection.filename} has schema version {version}, and this program knows versions up to {len(known)}: "
            "start the newer program that wrote it, or restore a backup from before the upgrade"
        )
    for number, text in enumerate(known[version:], version + 1):
        with connection:
            connection.execute(text)
            connection.execute(f"PRAGMA user_version = {number}")
