"""``Outbox``: events written in the caller's transaction. Who sends them is the relay."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any, Protocol, Unpack

import msgspec

from eventyard.client.admission import Draft, More
from eventyard.client.blocking import SyncEventClient
from eventyard.client.database import Connection, Dialect, Statements, dialect_of, transaction
from eventyard.client.entry import Admitted, Entry
from eventyard.client.outbox.relay import Relay


class Admits(Protocol):
    """An :class:`EventClient` or a :class:`SyncEventClient`."""

    def admit(self, draft: Draft) -> Admitted: ...


class Refused(msgspec.Struct, frozen=True):
    """An event of the outbox that the server does not want. ``error``: its code and words."""

    id: str
    entry: Entry
    error: str


class Outbox:
    """Events of one table. ``events``: the client whose contracts they keep. ``dialect``: by the connection's driver if
    None."""

    def __init__(self, events: Admits, table: str = "eventyard_outbox", dialect: Dialect | None = None) -> None:
        self._events = events
        self._table = table
        self._dialect = dialect
        self._statements: dict[Dialect, Statements] = {}

    def create(self, connection: Connection) -> None:
        """Make the table if it isn't there, and commit. For whoever keeps migrations of their own: :meth:`schema`."""
        with transaction(connection) as cursor:
            for statement in self._of(connection).several("create"):
                cursor.execute(statement)

    def schema(self, dialect: Dialect) -> str:
        """The statements that make the table."""
        return Statements(__package__, "outbox", dialect, self._table)["create"]

    def put(self, connection: Connection, event: str, detail: Any, **more: Unpack[More]) -> str:
        """Check an event and write it in the transaction that ``connection`` is in, which is for the caller to commit.
        Answers the event's ``once`` (a new UUID unless given), by which consumers recognise it if it is sent twice.

        Raises as :meth:`EventClient.put` does for events that can't be sent, and what the driver raises."""
        once = more["once"] = more.get("once") or str(uuid.uuid4())
        draft = Draft(event, detail, **more)
        admitted = self._events.admit(draft)
        entry = msgspec.json.encode(admitted.entry).decode()
        statement = self._of(connection)["insert"]
        cursor = connection.cursor()
        try:
            cursor.execute(statement, (once, draft.key, admitted.label, entry))
        finally:
            cursor.close()
        return once

    def relay(self, connect: Callable[[], Connection], events: SyncEventClient, **options: Any) -> Relay:
        """A relay of this outbox: see :class:`Relay`."""
        return Relay(self._of, connect, events, **options)

    def waiting(self, connection: Connection) -> int:
        """How many events are not published yet."""
        with transaction(connection) as cursor:
            cursor.execute(self._of(connection)["count"])
            return int(cursor.fetchone()[0])

    def refused(self, connection: Connection, most: int = 100) -> list[Refused]:
        """The oldest events that the server does not want."""
        with transaction(connection) as cursor:
            cursor.execute(self._of(connection)["list_refused"], (most,))
            return [
                Refused(id, msgspec.json.decode(entry, type=Entry), error) for id, entry, error in cursor.fetchall()
            ]

    def again(self, connection: Connection, id: str) -> bool:
        """Let a refused event be sent again, once the reason is out of the way. False if there is none of that id."""
        with transaction(connection) as cursor:
            cursor.execute(self._of(connection)["again"], (id,))
            return int(cursor.rowcount) == 1

    def _of(self, connection: Connection) -> Statements:
        dialect = self._dialect or dialect_of(connection)
        if dialect not in self._statements:
            self._statements[dialect] = Statements(__package__, "outbox", dialect, self._table)
        return self._statements[dialect]
