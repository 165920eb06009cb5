"""Statements by name, out of the ``.sql`` files beside their noun: ``<noun>.<dialect>.sql``."""

from __future__ import annotations

import re
from importlib.resources import files

from eventyard.client.database.connection import Dialect
from eventyard.errors import InvalidRequest

_MARK = "-- name: "
_TABLE = re.compile(r"([A-Za-z_][A-Za-z0-9_]{0,40}\.)?[A-Za-z_][A-Za-z0-9_]{0,40}", re.ASCII)


class Statements:
    """The statements of ``noun`` in ``package`` for one dialect and one ``table``, which may have a schema before it on
    PostgreSQL. Raises InvalidRequest for a table's name that is none."""

    def __init__(self, package: str, noun: str, dialect: Dialect, table: str) -> None:
        # It becomes part of SQL, so it must be a plain name.
        if _TABLE.fullmatch(table) is None:
            raise InvalidRequest(f"{table!r} is not the name of a table.")
        text = files(package).joinpath(f"{noun}.{dialect}.sql").read_text("utf-8")
        text = text.replace("{table}", table).replace("{index}", table.rpartition(".")[2])
        self._by_name: dict[str, str] = {}
        for part in text.split(_MARK)[1:]:
            name, _, statement = part.partition("\n")
            self._by_name[name.strip()] = statement.strip()

    def __getitem__(self, name: str) -> str:
        return self._by_name[name]

    def several(self, name: str) -> list[str]:
        """A text of several statements, as a list."""
        return [each.strip() for each in self._by_name[name].split(";") if each.strip()]
