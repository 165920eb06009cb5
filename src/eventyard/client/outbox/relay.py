"""``Relay``: publishes what is in an outbox, at least once, in the order of keys.

It claims rows for a while in one short transaction, sends them, and deletes them in another, so that no transaction is
open while a server is waited for. Any number of relays may run: a row that is claimed is left alone by the others until
the claim is over. A relay that dies between sending and deleting leaves rows that are sent again, with the same
``once``.
"""

from __future__ import annotations

import logging
import secrets
import threading
from collections.abc import Callable, Sequence

import msgspec

from eventyard.client.blocking import SyncEventClient
from eventyard.client.database import Connection, Statements, transaction
from eventyard.client.entry import Admitted, Entry
from eventyard.errors import Conflict, EventyardError, InvalidRequest, TryAgain

_log = logging.getLogger(__name__)
#: Milliseconds until an event is tried again that can't be sent before somebody does something.
_LATER = 5_000


class Round(msgspec.Struct, frozen=True):
    """What one round did. ``failed``: rows that are tried again later. ``refused``: rows that the server does not want,
    which stay in the table with the reason."""

    sent: int
    failed: int
    refused: int

    @property
    def empty(self) -> bool:
        return self.sent + self.failed + self.refused == 0


class Relay:
    """``connect``: opens a connection, for this relay alone. ``batch``: rows claimed at once; of one key only the first
    is, so a key's events go one a round. ``lease``: seconds of a claim, more than the client's patience and one request
    take."""

    def __init__(
        self,
        statements: Callable[[Connection], Statements],
        connect: Callable[[], Connection],
        events: SyncEventClient,
        batch: int = 100,
        lease: float = 120.0,
    ) -> None:
        if lease < 2 * events.backoff.patience:
            raise InvalidRequest(
                f"A lease of {lease:g} s is less than twice the client's patience: rows would go twice."
            )
        self._statements = statements
        self._connect = connect
        self._events = events
        self._batch = batch
        self._lease = int(lease * 1000)

    def run(self, stop: threading.Event, pause: float = 0.2) -> None:
        """Publish until ``stop`` is set, looking again after ``pause`` seconds when there was nothing to do, or nothing
        could be done. Failures of the database are logged and tried again, with a new connection.
        Raises Conflict when the client is closed."""
        while not stop.is_set():
            try:
                connection = self._connect()
                try:
                    while not stop.is_set():
                        done = self.round(connection)
                        if done.sent == 0:
                            stop.wait(pause)
                finally:
                    connection.close()
            except Conflict:  # the client is closed
                raise
            except Exception:  # noqa: BLE001 - drivers have no error in common, and a relay must outlive its database
                _log.exception("the outbox can't be read")
                stop.wait(max(pause, 1.0))

    def drain(self) -> Round:
        """Publish until nothing is left that could be, and answer what was done."""
        connection = self._connect()
        try:
            sent = refused = 0
            while True:
                done = self.round(connection)
                sent, refused = sent + done.sent, refused + done.refused
                if done.sent + done.refused == 0:
                    return Round(sent, done.failed, refused)
        finally:
            connection.close()

    def round(self, connection: Connection) -> Round:
        """Claim rows, send them, and enter what came of it. Raises what the driver raises."""
        statements, claim = self._statements(connection), secrets.token_hex(16)
        # Looked at first, because a claim takes SQLite's only write lock even if there is nothing to claim.
        with transaction(connection) as cursor:
            cursor.execute(statements["look"])
            if cursor.fetchone() is None:
                return Round(0, 0, 0)
        with transaction(connection) as cursor:
            cursor.execute(statements["claim"], (claim, self._lease, self._batch))
            rows = sorted(cursor.fetchall())
        if not rows:
            return Round(0, 0, 0)
        outcomes = self._events.send([_admitted(*row) for row in rows])
        return self._enter(connection, statements, claim, [row[0] for row in rows], outcomes)

    def _enter(
        self,
        connection: Connection,
        statements: Statements,
        claim: str,
        positions: Sequence[int],
        outcomes: Sequence[str | EventyardError],
    ) -> Round:
        sent = failed = refused = 0
        with transaction(connection) as cursor:
            for position, outcome in zip(positions, outcomes, strict=True):
                if isinstance(outcome, str):
                    sent += 1
                    cursor.execute(statements["sent"], (position, claim))
                elif _is_refusal(outcome):
                    refused += 1
                    _log.error("the outbox's row %s is refused: %s: %s", position, outcome.code, outcome.message)
                    error = f"{outcome.code}: {outcome.message}"
                    cursor.execute(statements["refused"], (error, position, claim))
                else:
                    failed += 1
                    _log.warning("the outbox's row %s is not sent: %s: %s", position, outcome.code, outcome.message)
                    # Those behind it get their turn, where the reason is not one that passes by itself.
                    later = 0 if isinstance(outcome, TryAgain) else _LATER
                    cursor.execute(statements["released"], (later, position, claim))
        return Round(sent, failed, refused)


def _is_refusal(error: EventyardError) -> bool:
    """Whether the server does not want this very event. Wrong credentials, permissions and settings are no reason to
    give events up."""
    return isinstance(error, InvalidRequest) or error.code.startswith("NotAuthorizedFor")


def _admitted(position: int, id: str, key: str | None, label: str, entry: str) -> Admitted:
    read = msgspec.json.decode(entry, type=Entry)
    return Admitted(read, key, label, read.size)
