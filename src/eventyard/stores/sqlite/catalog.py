"""The catalog: opaque values by kind and key, in one small table."""

from __future__ import annotations

from collections.abc import Sequence

from eventyard.store import Change
from eventyard.stores.sqlite.reader import Reader
from eventyard.stores.sqlite.statements import fetch, statement
from eventyard.stores.sqlite.writer import Writer


class SqliteCatalog:
    """Keeps :class:`eventyard.store.Catalog`."""

    def __init__(self, writer: Writer, reader: Reader) -> None:
        self._writer, self._reader = writer, reader

    async def load(self, kind: str) -> dict[str, bytes]:
        return dict(await self._reader.run(lambda c: fetch(c, statement("catalog", "load"), (kind,))))

    async def apply(self, changes: Sequence[Change]) -> None:
        def work() -> None:
            for change in changes:
                if change.value is None:
                    self._writer.connection.execute(statement("catalog", "delete"), (change.kind, change.key))
                else:
                    row = (change.kind, change.key, change.value)
                    self._writer.connection.execute(statement("catalog", "set"), row)

        await self._writer.run(work)
