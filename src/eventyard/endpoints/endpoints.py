"""The endpoints of all accounts and regions: durable first, then in memory."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import msgspec

from eventyard.endpoints.resources import Endpoint
from eventyard.errors import Conflict, LimitExceeded, NotFound
from eventyard.names import Arn
from eventyard.store import Catalog, Change

_KIND = "endpoint"
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Endpoint).decode


class Endpoints:
    """Reads answer from memory. Changes are coroutines that return when the change is durable; they happen one after
    the other."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._endpoints: dict[str, Endpoint] = {}
        self._by_id: dict[str, str] = {}
        self._turn = asyncio.Lock()

    async def load(self) -> None:
        """Bring all back. Call once."""
        for value in (await self._catalog.load(_KIND)).values():
            self._keep(_decode(value))

    def find(self, arn: str) -> Endpoint:
        """The endpoint. Raises NotFound."""
        found = self._endpoints.get(arn)
        if found is None:
            raise NotFound(f"Endpoint {arn.rpartition('/')[2]} does not exist.")
        return found

    def list(self, head: str) -> list[Endpoint]:
        """The endpoints by name whose ARN starts with ``head``."""
        found = [endpoint for arn, endpoint in self._endpoints.items() if arn.startswith(head)]
        return sorted(found, key=lambda endpoint: endpoint.name)

    def route(self, account: str, endpoint_id: str) -> Endpoint:
        """The endpoint of ``account`` with an id. Events go to its primary bus, and to the secondary one if they are
        replicated: one process serves all regions, so that it never has to fail over. Raises NotFound."""
        arn = self._by_id.get(endpoint_id, "")
        parsed = Arn.parse(arn)
        if parsed is None or parsed.account != account:
            raise NotFound(f"Endpoint {endpoint_id} does not exist.")
        return self._endpoints[arn]

    async def create(self, endpoint: Endpoint, *, most: int) -> None:
        """Raises Conflict if there is one of that name, LimitExceeded with ``most`` in the account and region."""
        async with self._turn:
            if endpoint.arn in self._endpoints:
                raise Conflict(f"Endpoint {endpoint.name} already exists.")
            if len(self.list(endpoint.arn.rpartition("/")[0] + "/")) >= most:
                raise LimitExceeded("The requested resource exceeds the maximum number allowed.")
            await self._put(endpoint)

    async def change(self, arn: str, change: Callable[[Endpoint], Endpoint]) -> Endpoint:
        """Replace an endpoint by what ``change`` makes of it, and answer with that. Raises NotFound."""
        async with self._turn:
            endpoint = change(self.find(arn))
            await self._put(endpoint)
            return endpoint

    async def delete(self, arn: str) -> None:
        """Raises NotFound."""
        async with self._turn:
            endpoint = self.find(arn)
            await self._catalog.apply([Change(_KIND, arn, None)])
            del self._endpoints[arn]
            del self._by_id[endpoint.id]

    async def _put(self, endpoint: Endpoint) -> None:
        await self._catalog.apply([Change(_KIND, endpoint.arn, _encode(endpoint))])
        self._keep(endpoint)

    def _keep(self, endpoint: Endpoint) -> None:
        self._endpoints[endpoint.arn] = endpoint
        self._by_id[endpoint.id] = endpoint.arn
