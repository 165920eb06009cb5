"""Progress: checkpoints, deferred deliveries, fates and attempts, in four tables; small beside the log."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import apsw
import msgspec

from eventyard.store import Attempt, Checkpoint, Deferred, Fate, Outcome, Record
from eventyard.stores.sqlite.reader import Reader
from eventyard.stores.sqlite.statements import fetch, statement, write_rows
from eventyard.stores.sqlite.writer import Writer

_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder(tuple[int, ...]).decode
_PRUNE_ROWS = 200


class SqliteProgress:
    """Keeps :class:`eventyard.store.Progress`."""

    def __init__(self, writer: Writer, reader: Reader) -> None:
        self._writer, self._reader = writer, reader
        self._connection = writer.connection
        #: How often fates have changed; numbers that a rollback leaves out do no harm.
        self._changes: int | None = None

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
        fates: list[Any] = []
        for fate in record.fates:
            fates += (*msgspec.structs.astuple(fate), self._change())
        self._rows("fate", 10, fates)
        self._rows("attempt", 7, [value for each in record.attempts for value in msgspec.structs.astuple(each)])

    def _change(self) -> int:
        if self._changes is None:
            self._changes = int(fetch(self._connection, statement("progress", "changes"))[0][0])
        self._changes += 1
        return self._changes

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
        text += " ORDER BY changed DESC LIMIT ?"

        def work(connection: apsw.Connection) -> list[Fate]:
            return [Fate(*row) for row in fetch(connection, text, (*asked.values(), limit))]

        return await self._reader.run(work)

    async def attempts(self, event_id: str) -> list[Attempt]:
        rows = await self._reader.run(lambda c: fetch(c, statement("progress", "attempts"), (event_id,)))
        return [Attempt(*row) for row in rows]

    async def prune(self, *, older_than: int, most: int) -> None:
        while (cut := await self._reader.run(lambda c: _cut(c, older_than, most))) is not None:
            await self._writer.aside(partial(self._prune, ("prune_attempts", "prune_fates"), cut))
        first, last = (await self._reader.run(lambda c: fetch(c, statement("progress", "attempt_ends"))))[0]
        while first <= last - most:
            first = min(first + _PRUNE_ROWS, last - most + 1)
            await self._writer.aside(partial(self._prune, ("prune_oldest_attempts",), first - 1))

    def _prune(self, names: Sequence[str], cut: int) -> None:
        for name in names:
            self._connection.execute(statement("progress", name), (cut,))


def _cut(connection: apsw.Connection, older_than: int, most: int) -> int | None:
    """The change up to which the oldest fates have to go, some at a time; None if none has to."""
    first = fetch(connection, statement("progress", "changes"))[0][0] - most
    cut = None
    for changed, at in fetch(connection, statement("progress", "oldest"), (_PRUNE_ROWS,)):
        if at >= older_than and changed > first:
            break
        cut = changed
    return cut
