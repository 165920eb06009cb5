"""API destinations: HTTP endpoints that rules can have as targets."""

from __future__ import annotations

import uuid
from typing import Any

import msgspec

from eventyard.api.events.pages import page
from eventyard.api.events.place import given
from eventyard.clock import Clock
from eventyard.connections import ApiDestination, Connections, api_destination_arn
from eventyard.connections.resources import DEFAULT_RATE
from eventyard.targets.http.url import check_url
from eventyard.wire import Caller, Handler


class ApiDestinationOperations:
    """The operations on API destinations. ``plain``: their URLs may be http."""

    def __init__(self, connections: Connections, clock: Clock, plain: bool) -> None:
        self._connections = connections
        self._plain = plain
        self._clock = clock

    def operations(self) -> dict[str, Handler]:
        return {
            "CreateApiDestination": self.create,
            "DeleteApiDestination": self.delete,
            "DescribeApiDestination": self.describe,
            "ListApiDestinations": self.list,
            "UpdateApiDestination": self.update,
        }

    async def create(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        check_url("InvocationEndpoint", params["InvocationEndpoint"], True, self._plain)
        now = self._clock.now()
        destination = ApiDestination(
            arn=api_destination_arn(caller.account, caller.region, params["Name"], str(uuid.uuid4())),
            name=params["Name"],
            created=now,
            modified=now,
            connection=params["ConnectionArn"],
            url=params["InvocationEndpoint"],
            method=params["HttpMethod"],
            rate=params.get("InvocationRateLimitPerSecond") or DEFAULT_RATE,
            description=params.get("Description"),
        )
        self._check_own(caller, destination)
        await self._connections.create_destination(destination)
        return self._changed(destination)

    async def update(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        """What is left out stays."""
        if params.get("InvocationEndpoint") is not None:
            check_url("InvocationEndpoint", params["InvocationEndpoint"], True, self._plain)

        def change(known: ApiDestination) -> ApiDestination:
            news = {
                "connection": params.get("ConnectionArn"),
                "url": params.get("InvocationEndpoint"),
                "method": params.get("HttpMethod"),
                "rate": params.get("InvocationRateLimitPerSecond"),
                "description": params.get("Description"),
            }
            changed = msgspec.structs.replace(known, modified=self._clock.now(), **given(**news))
            self._check_own(caller, changed)
            return changed

        return self._changed(await self._connections.update_destination(_home(caller), params["Name"], change))

    async def describe(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        found = self._connections.find_destination(_home(caller), params["Name"])
        return given(**self._listed(found), Description=found.description)

    async def list(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        prefix, connection = params.get("NamePrefix") or "", params.get("ConnectionArn")
        found = [
            one
            for one in self._connections.destinations(_home(caller))
            if one.name.startswith(prefix) and connection in (None, one.connection)
        ]
        shown, token = page(found, lambda one: one.name, params, f"api-destinations {prefix} {connection}")
        return given(ApiDestinations=[self._listed(one) for one in shown], NextToken=token)

    async def delete(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        await self._connections.delete_destination(_home(caller), params["Name"])
        return {}

    def _check_own(self, caller: Caller, destination: ApiDestination) -> None:
        """Another account's credentials are not the caller's to use, nor to know of. Raises NotFound."""
        home = f":{caller.region}:{caller.account}:connection/"
        if home not in destination.connection:
            self._connections.refuse_connection(destination.connection)

    def _changed(self, destination: ApiDestination) -> dict[str, Any]:
        return {
            "ApiDestinationArn": destination.arn,
            "ApiDestinationState": "ACTIVE" if self._connections.active(destination) else "INACTIVE",
            "CreationTime": destination.created / 1000,
            "LastModifiedTime": destination.modified / 1000,
        }

    def _listed(self, destination: ApiDestination) -> dict[str, Any]:
        return self._changed(destination) | {
            "Name": destination.name,
            "ConnectionArn": destination.connection,
            "InvocationEndpoint": destination.url,
            "HttpMethod": destination.method,
            "InvocationRateLimitPerSecond": destination.rate,
        }


def _home(caller: Caller) -> str:
    """What the ARNs of the caller's API destinations begin with."""
    return api_destination_arn(caller.account, caller.region, "", "").removesuffix("//")
