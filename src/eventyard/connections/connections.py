"""The connections and API destinations of all accounts and regions: durable first, then in memory."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

import msgspec
import structlog

from eventyard.clock import Clock
from eventyard.connections.resources import OAUTH, ApiDestination, Connection, home_of
from eventyard.connections.secrets import access_of, shown
from eventyard.destination import Access, Destination
from eventyard.errors import Broken, Conflict, EventyardError, LimitExceeded, NotFound
from eventyard.store import Catalog, Change
from eventyard.vault import Vault

log = structlog.get_logger("connections")

_CONNECTION, _DESTINATION = "connection", "api-destination"
_MOST = 3_000
_REASON = 500
_encode = msgspec.json.Encoder().encode

ChangeConnection = Callable[[Connection, dict[str, Any]], tuple[Connection, Mapping[str, Any] | None]]

AUTHORIZED, AUTHORIZING, DEAUTHORIZED = "AUTHORIZED", "AUTHORIZING", "DEAUTHORIZED"


class Connections:
    """Reads answer from memory. Changes are coroutines that return when the change is durable; they happen one after
    the other. ``authorize``: told of each connection whose credentials are to be tried (OAuth), once they are durable;
    it answers by ``authorized``."""

    def __init__(self, catalog: Catalog, vault: Vault, clock: Clock) -> None:
        self._catalog = catalog
        self._vault = vault
        self._clock = clock
        self._authorize: Callable[[Access], None] = lambda access: None
        self._connections: dict[str, Connection] = {}
        self._destinations: dict[str, ApiDestination] = {}
        self._turn = asyncio.Lock()

    async def load(self, authorize: Callable[[Access], None]) -> None:
        """Bring all back. Call once, before deliveries start. A restart goes on with unfinished authorisations."""
        self._authorize = authorize
        for value in (await self._catalog.load(_DESTINATION)).values():
            destination = msgspec.json.decode(value, type=ApiDestination)
            self._destinations[home_of(destination.arn)] = destination
        for value in (await self._catalog.load(_CONNECTION)).values():
            connection = msgspec.json.decode(value, type=Connection)
            self._connections[home_of(connection.arn)] = connection
            if connection.state == AUTHORIZING:
                self._try(connection)

    # --- connections ------------------------------------------------------------------------------------------------

    def find(self, home: str, name: str, action: str = "describe") -> Connection:
        """The connection by its ARN without suffix. Raises NotFound."""
        found = self._connections.get(f"{home}/{name}")
        if found is None:
            raise NotFound(f"Failed to {action} the connection(s). Connection '{name}' does not exist.")
        return found

    def connections(self, home: str) -> list[Connection]:
        """Those whose ARNs begin with ``home``, by name."""
        found = [one for key, one in self._connections.items() if key.startswith(home + "/")]
        return sorted(found, key=lambda one: one.name)

    def by_arn(self, arn: str) -> Connection | None:
        found = self._connections.get(home_of(arn))
        return found if found is not None and found.arn == arn else None

    def parameters(self, connection: Connection) -> dict[str, Any]:
        """All its AuthParameters, secrets included; empty after its authorisation was taken away. Raises Broken if
        they can't be opened."""
        if not connection.sealed:
            return {}
        found: dict[str, Any] = msgspec.json.decode(self._vault.unseal(connection.label, connection.sealed))
        return found

    async def create(self, connection: Connection, parameters: Mapping[str, Any]) -> Connection:
        """Raises Conflict if there is one of that name, LimitExceeded if there are too many."""
        async with self._turn:
            home = home_of(connection.arn)
            if home in self._connections:
                raise Conflict(f"Connection {connection.name} already exists.")
            _check_room(len(self.connections(home.rpartition("/")[0])))
            return await self._put_secret(connection, parameters)

    async def update(self, home: str, name: str, change: ChangeConnection) -> Connection:
        """Replace a connection by what ``change`` makes of it and of its AuthParameters: the new record and whole new
        AuthParameters, or None where those stay. OAuth credentials are tried anew.

        Raises NotFound, and what ``change`` raises."""
        async with self._turn:
            known = self.find(home, name, "update")
            try:
                old = self.parameters(known)
            except Broken:  # a lost key must not keep anybody from giving the credentials anew
                old = {}
            connection, parameters = change(known, old)
            if parameters is None and not old:
                return await self._put(connection)
            connection = msgspec.structs.replace(connection, version=known.version + 1)
            return await self._put_secret(connection, old if parameters is None else parameters)

    async def deauthorize(self, home: str, name: str) -> Connection:
        """Forget the secrets of a connection. Raises NotFound."""
        async with self._turn:
            known = self.find(home, name, "deauthorize")
            bare = msgspec.structs.replace(
                known,
                state=DEAUTHORIZED,
                sealed=b"",
                version=known.version + 1,
                reason=None,
                modified=self._clock.now(),
            )
            return await self._put(bare)

    async def delete(self, home: str, name: str) -> Connection:
        """Destinations that use it stay, inactive, as on AWS. Raises NotFound."""
        async with self._turn:
            known = self.find(home, name, "delete")
            await self._catalog.apply([Change(_CONNECTION, known.arn, None)])
            del self._connections[home_of(known.arn)]
            return known

    async def authorized(self, access: Access, failure: str | None) -> None:
        """See :class:`~eventyard.destination.Destinations`. Bookkeeping must not fail a delivery: it never
        raises."""
        known = self.by_arn(access.connection)
        if known is None or _settled(known, access, failure):
            return
        try:
            async with self._turn:
                known = self.by_arn(access.connection)
                if known is None or _settled(known, access, failure):
                    return
                now = self._clock.now()
                if failure is None:
                    news = msgspec.structs.replace(known, state=AUTHORIZED, authorized=now, reason=None)
                else:
                    news = msgspec.structs.replace(known, state=DEAUTHORIZED, reason=failure[:_REASON])
                await self._put(news)
        except EventyardError as error:
            log.warning("a connection's state could not be kept", connection=access.connection, reason=error.message)

    # --- API destinations -------------------------------------------------------------------------------------------

    def find_destination(self, home: str, name: str, action: str = "describe") -> ApiDestination:
        """The API destination by its ARN without suffix. Raises NotFound."""
        found = self._destinations.get(f"{home}/{name}")
        if found is None:
            raise NotFound(f"Failed to {action} the API destination(s). API destination '{name}' does not exist.")
        return found

    def destinations(self, home: str) -> list[ApiDestination]:
        """Those whose ARNs begin with ``home``, by name."""
        found = [one for key, one in self._destinations.items() if key.startswith(home + "/")]
        return sorted(found, key=lambda one: one.name)

    def active(self, destination: ApiDestination) -> bool:
        """Whether its connection is there and authorised."""
        connection = self.by_arn(destination.connection)
        return connection is not None and connection.state == AUTHORIZED

    async def create_destination(self, destination: ApiDestination) -> None:
        """Raises Conflict if there is one of that name, NotFound without its connection, LimitExceeded."""
        async with self._turn:
            home = home_of(destination.arn)
            if home in self._destinations:
                raise Conflict(f"An api-destination {destination.name} already exists.")
            self._check_connection(destination)
            _check_room(len(self.destinations(home.rpartition("/")[0])))
            await self._put_destination(destination)

    async def update_destination(
        self, home: str, name: str, change: Callable[[ApiDestination], ApiDestination]
    ) -> ApiDestination:
        """Replace a destination by what ``change`` makes of it. Raises NotFound, also for the connection."""
        async with self._turn:
            destination = change(self.find_destination(home, name, "update"))
            self._check_connection(destination)
            await self._put_destination(destination)
            return destination

    async def delete_destination(self, home: str, name: str) -> None:
        """Rules that have it as a target stay. Raises NotFound."""
        async with self._turn:
            known = self.find_destination(home, name, "delete")
            await self._catalog.apply([Change(_DESTINATION, known.arn, None)])
            del self._destinations[home_of(known.arn)]

    def destination(self, arn: str) -> Destination | None:
        """See :class:`~eventyard.destination.Destinations`. Secrets are opened for each call, and kept by nobody."""
        known = self._destinations.get(home_of(arn))
        if known is None or known.arn != arn:
            return None
        connection = self.by_arn(known.connection)
        if connection is None:
            access, reason = None, f"Connection {known.connection} does not exist."
        else:
            access, reason = self._access(connection)
        return Destination(known.arn, known.url, known.method, known.rate, access, reason)

    def refuse_connection(self, arn: str) -> NoReturn:
        """Raises NotFound, as for a connection that is not there."""
        raise NotFound(f"Connection '{home_of(arn).rpartition('/')[2]}' does not exist.")

    # --- inside -----------------------------------------------------------------------------------------------------

    def _access(self, connection: Connection) -> tuple[Access | None, str]:
        if not connection.sealed:
            return None, f"Connection {connection.name} is not authorized."
        try:
            parameters = self.parameters(connection)
        except Broken as error:
            return None, error.message
        return access_of(connection.arn, connection.version, connection.kind, parameters), ""

    def _check_connection(self, destination: ApiDestination) -> None:
        if self.by_arn(destination.connection) is None:
            self.refuse_connection(destination.connection)

    async def _put_secret(self, connection: Connection, parameters: Mapping[str, Any]) -> Connection:
        """Seal the parameters into the record, keep it, and have OAuth credentials tried."""
        oauth = connection.kind == OAUTH
        connection = msgspec.structs.replace(
            connection,
            shown=shown(parameters),
            sealed=self._vault.seal(connection.label, _encode(parameters)),
            state=AUTHORIZING if oauth else AUTHORIZED,
            authorized=connection.authorized if oauth else connection.modified,
            reason=None,
        )
        await self._put(connection)
        if oauth:
            self._try(connection)
        return connection

    def _try(self, connection: Connection) -> None:
        access, reason = self._access(connection)
        if access is not None:
            self._authorize(access)
        else:
            log.error("a connection can't be authorized", connection=connection.arn, reason=reason)

    async def _put(self, connection: Connection) -> Connection:
        await self._catalog.apply([Change(_CONNECTION, connection.arn, _encode(connection))])
        self._connections[home_of(connection.arn)] = connection
        return connection

    async def _put_destination(self, destination: ApiDestination) -> None:
        await self._catalog.apply([Change(_DESTINATION, destination.arn, _encode(destination))])
        self._destinations[home_of(destination.arn)] = destination


def _settled(known: Connection, access: Access, failure: str | None) -> bool:
    """Whether there is nothing new in the outcome of an authorisation."""
    return known.version != access.version or known.state == (AUTHORIZED if failure is None else DEAUTHORIZED)


def _check_room(count: int) -> None:
    if count >= _MOST:
        raise LimitExceeded("The requested resource exceeds the maximum number allowed.")
