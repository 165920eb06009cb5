"""PostgreSQL tables as targets: a row for each event, which is there once however often it is delivered.

Source: PostgreSQL documentation, "INSERT" (ON CONFLICT), "PostgreSQL Error Codes", "Parameter Key Words".
"""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Literal
from urllib.parse import unquote, urlsplit

import msgspec

from eventyard.clock import Clock
from eventyard.errors import InvalidRequest
from eventyard.plugin import Surroundings, TargetKind
from eventyard.target import DELIVERED, Delivery, Outcome, Permanent
from eventyard.targets.session import Away, Refused, Session, address_of, missing
from eventyard.transform.path import parse_path, select

_PORT = 5432
_STOPPING = 0.1  #: seconds that a server has to stop what is broken off
_SCHEMES = ("postgresql", "postgres")
#: What a column can hold that is no value of the event's own.
_OWN = ("id", "payload", "rule", "trace", "received")
#: Of the codes of errors, those that may pass, by their class: connection, rolled back, resources, operator, system.
_PASSING = ("08", "25", "40", "53", "55", "57", "58")

Source = Callable[[Delivery], str | None]


class PostgresqlSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``url``: postgresql://host:port/database. ``table``: may have a schema in front. ``columns``: by name what they
    hold: id, payload, rule, trace, received (a time), or a JSON path into the event; null where it leads nowhere.
    ``key``: the columns by which a row is known to be there; they must have a unique index. The one that holds the id
    if left out. ``sslmode``: as libpq has it; ``ca``: PEM, for verify-full."""

    url: str
    table: str
    columns: dict[str, str] = msgspec.field(default_factory=lambda: {"event_id": "id", "event": "payload"})
    key: tuple[str, ...] = ()
    user: str
    password: str | None = None
    sslmode: Literal["disable", "prefer", "require", "verify-full"] = "prefer"
    ca: str | None = None

    def __post_init__(self) -> None:
        address_of(self.url, _SCHEMES, _PORT)
        if not urlsplit(self.url).path.strip("/") or not 1 <= len(self.table.split(".")) <= 2 or not self.table:
            raise ValueError("the url ends with the name of a database, and the table has a name")
        for column in self.known_by:
            if column not in self.columns:
                raise ValueError(f"key names a column that is not among the columns: {column}")
        if not self.known_by:
            raise ValueError("a column must hold the id, or key must say by what a row is known")
        for source in self.columns.values():
            if source not in _OWN and not source.startswith("$"):
                raise ValueError(f"a column holds {', '.join(_OWN)} or a JSON path, not {source!r}")

    @property
    def known_by(self) -> tuple[str, ...]:
        return self.key or tuple(name for name, source in self.columns.items() if source == "id")


class PostgresqlTarget:
    """One connection, for one transaction at a time."""

    batch_size = 100
    place = None

    def __init__(self, settings: PostgresqlSettings, around: Surroundings) -> None:
        try:
            import psycopg
            import psycopg.sql
        except ImportError as error:
            raise missing("postgresql") from error
        self._psycopg: Any = psycopg
        self._settings = settings
        self._around = around
        self._sources = [_source(source, around.clock) for source in settings.columns.values()]
        self._statement = self._insert()
        self._turn = asyncio.Lock()
        self._session: Session[Any] = Session(
            around, self._connect, lambda one: one.close(), lambda one: not (one.closed or one.broken)
        )

    async def deliver(self, batch: Sequence[Delivery]) -> Sequence[Outcome]:
        return await self._session.deliver(batch, self._insert_all)

    async def close(self) -> None:
        await self._session.close()

    def _insert(self) -> Any:
        sql, settings = self._psycopg.sql, self._settings
        return sql.SQL("INSERT INTO {} ({}) VALUES ({}) ON CONFLICT ({}) DO NOTHING").format(
            sql.Identifier(*settings.table.split(".")),
            sql.SQL(", ").join(map(sql.Identifier, settings.columns)),
            sql.SQL(", ").join(sql.Placeholder() * len(settings.columns)),
            sql.SQL(", ").join(map(sql.Identifier, settings.known_by)),
        )

    async def _connect(self) -> Any:
        settings = self._settings
        _, host, port = address_of(settings.url, _SCHEMES, _PORT)
        failed: Exception | None = None
        with tempfile.NamedTemporaryFile("w", suffix=".pem") as certificates:
            if settings.ca is not None:
                certificates.write(settings.ca)
                certificates.flush()
            for address in await self._around.network.addresses(host, port):
                try:
                    return await self._psycopg.AsyncConnection.connect(
                        host=host,
                        hostaddr=address,
                        port=port,
                        dbname=unquote(urlsplit(settings.url).path.strip("/")),
                        user=settings.user,
                        # What this machine's user has for himself (PGPASSWORD, .pgpass, a certificate) is not for
                        # whoever makes a target.
                        password=settings.password or "",
                        passfile=os.devnull,
                        sslcertmode="disable",
                        gssencmode="disable",
                        sslmode=settings.sslmode,
                        sslrootcert=certificates.name if settings.ca is not None else _roots(settings.sslmode),
                        connect_timeout=max(2, int(self._around.seconds / 2)),
                        application_name="eventyard",
                        options="",
                        autocommit=True,
                    )
                except self._psycopg.OperationalError as error:
                    failed = error
                    if error.sqlstate == "3D000":
                        raise Refused("There is no such database.", "NO_RESOURCE") from error
        text = str(failed).strip().splitlines()  # the first line says what, the others what to do about it
        if any(word in str(failed) for word in ("authentication", "pg_hba.conf", "no password supplied")):
            raise Away("the server refuses the credentials", "NO_AUTHORIZATION") from failed
        raise Away(f"no connection to {host}:{port}: {text[0][:200] if text else type(failed).__name__}") from failed

    async def _insert_all(self, connection: Any, batch: Sequence[Delivery], seconds: float) -> Sequence[Outcome]:
        """As :meth:`_insert_some`, and broken off after ``seconds``."""
        work = asyncio.ensure_future(self._insert_some(connection, batch))
        try:
            await asyncio.wait([work], timeout=seconds)
        finally:
            if not work.done():
                # Broken off once, the library asks the server to stop, which may hang as well; the second time it
                # closes the connection.
                work.cancel()
                await asyncio.wait([work], timeout=_STOPPING)
                work.cancel()
            await asyncio.gather(work, return_exceptions=True)
        if work.cancelled():
            raise TimeoutError
        return work.result()

    async def _insert_some(self, connection: Any, batch: Sequence[Delivery]) -> Sequence[Outcome]:
        """All of ``batch`` in one transaction. If that is refused, one by one, so that one bad event fails alone."""
        async with self._turn:
            try:
                await self._write(connection, batch)
            except Refused as error:
                if len(batch) == 1:
                    return [Permanent(error.code, str(error))]
            else:
                return [DELIVERED] * len(batch)
            outcomes: list[Outcome] = []
            for item in batch:
                try:
                    await self._write(connection, [item])
                    outcomes.append(DELIVERED)
                except Refused as error:
                    outcomes.append(Permanent(error.code, str(error)))
            return outcomes

    async def _write(self, connection: Any, batch: Sequence[Delivery]) -> None:
        rows = [[source(item) for source in self._sources] for item in batch]
        try:
            async with connection.transaction(), connection.cursor() as cursor:
                await cursor.executemany(self._statement, rows)
        except self._psycopg.Error as error:
            raise self._meaning(error) from error

    def _meaning(self, error: Any) -> Away | Refused:
        state, table = error.sqlstate, self._settings.table
        if state is None:
            if isinstance(error, self._psycopg.DataError):
                return Refused(f"The row can't be written: {error}.")
            return Away(f"the connection failed: {type(error).__name__}")
        text = error.diag.message_primary or type(error).__name__
        if state == "42P10":
            columns = ", ".join(self._settings.known_by)
            return Refused(f"Table {table} needs a unique index on ({columns}), or a row could be there twice.")
        if state in ("42P01", "3F000"):
            return Refused(f"There is no table {table}.", "NO_RESOURCE")
        if state == "42501":
            return Refused(f"The server does not allow it: {text}.", "NO_PERMISSIONS")
        if state.startswith(_PASSING):
            return Away(f"the server answers: {text}", "SERVER_ERROR", lost=not state.startswith("40"))
        return Refused(f"The row can't be written: {text}.")


def _roots(sslmode: str) -> str:
    # Without a file the certificates of this machine's user would be looked for.
    return "system" if sslmode == "verify-full" else os.devnull


def _source(text: str, clock: Clock) -> Source:
    own: Mapping[str, Source] = {
        "id": lambda item: item.event_id,
        "payload": lambda item: item.payload.decode(),
        "rule": lambda item: item.rule,
        "trace": lambda item: item.trace,
        "received": lambda item: _time(clock.now()),
    }
    if text in own:
        return own[text]
    try:
        path = parse_path(text)
    except InvalidRequest as error:
        raise InvalidRequest(f"A column can't hold {text}: {error.message}") from error

    def selected(item: Delivery) -> str | None:
        found = select(item.event, path)
        if found is None or found == b"null":
            return None
        return msgspec.json.decode(found, type=str) if found.startswith(b'"') else found.decode()

    return selected


def _time(millis: int) -> str:
    return datetime.fromtimestamp(millis / 1000, UTC).isoformat()


_UNGUARDED = frozenset({"table", "columns", "key"})
KIND = TargetKind(
    "PostgreSQL table", PostgresqlSettings, PostgresqlTarget, frozenset({"password"}), dedups=True, unguarded=_UNGUARDED
)
