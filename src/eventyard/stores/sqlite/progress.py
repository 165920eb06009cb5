"""Progress: checkpoints, deferred deliveries and fates, in three tables; small beside the log."""

from __future__ import annotations

from typing import Any

import apsw
import msgspec

from eventyard.store import Checkpoint, Deferred, Fate, Outcome, Record
from eventyard.stores.sqlite.reader import Reader
from eventyard.stores.sqlite.statements import fetch, statement, write_rows
from eventyard.stores.sqlite.writer import Writer

_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder(tuple[int, ...]).decode


class SqliteProgress:
    """Keeps :class:`eventyard.store.Progress`."""

    def __init__(self, writer: Writer, reader: Reader) -> None:
        self._writer, self._reader = writer, reader
        self._connection = writer.connection

    async def load(self) -> dict[str, Checkpoint]:
        rows = await self._reader.run(lambda c: fetch(c, statement("progress", "load")))
        return {subscriber: Checkpoint(position, _unpack(settled)) for subscriber, position, settled in rows}

    async def record(self, record: Record) -> None:
        await self._writer.run(lambda: self._record(record))

    def _record(self, record: Record) -> None:
        kept: list[Any] = []
        for subscriber, checkpoint in record.checkpoints.items():
            if checkpoint is None:
                self._connection.execute(statement("progress", "forget_checkpoint"), (subscriber,))
            else:
                kept += (subscriber, checkpoint.position, _pack(checkpoint.settled))
        self._rows("checkpoint", 3, kept)
        self._rows("done", 2, [value for key in record.done for value in key])
        self._rows("defer", 9, [value for each in record.deferred for value in msgspec.structs.astuple(each)])
        self._rows("fate", 9, [value for each in record.fates for value in msgspec.structs.astuple(each)])

    def _rows(self, name: str, width: int, values: list[Any]) -> None:
        if values:
            write_rows(self._connection, statement("progress", name), width, values)

    async def due(self, subscriber: str, until: int, limit: int) -> list[Deferred]:
        def work(connection: apsw.Connection) -> list[Deferred]:
            rows = fetch(connection, statement("progress", "due"), (subscriber, until, limit))
            return [Deferred(*row) for row in rows]

        return await self._reader.run(work)

    async def backlog(self) -> dict[str, tuple[int, int]]:
        rows = await self._reader.run(lambda c: fetch(c, statement("progress", "backlog")))
        return {subscriber: (count, due) for subscriber, count, due in rows}

    async def forget(self, subscriber: str) -> None:
        def work() -> None:
            self._connection.execute(statement("progress", "forget_checkpoint"), (subscriber,))
            self._connection.execute(statement("progress", "forget_deferred"), (subscriber,))

        await self._writer.run(work)

    async def fates(
        self,
        *,
        bus: str | None = None,
        event_id: str | None = None,
        subscriber: str | None = None,
        outcome: Outcome | None = None,
        limit: int = 100,
    ) -> list[Fate]:
        given = {"bus": bus, "event_id": event_id, "subscriber": subscriber, "outcome": outcome}
        asked = {column: value for column, value in given.items() if value is not None}
        text = statement("progress", "fates")
        if asked:
            text += " WHERE " + " AND ".join(f"{column} = ?" for column in asked)
        text += " ORDER BY number DESC LIMIT ?"

        def work(connection: apsw.Connection) -> list[Fate]:
            return [Fate(*row) for row in fetch(connection, text, (*asked.values(), limit))]

        return await self._reader.run(work)
