"""The operations on discoverers."""

from __future__ import annotations

from typing import Any

import msgspec

from eventyard.api.events.place import given
from eventyard.api.schemas.access import home
from eventyard.api.schemas.listing import paged
from eventyard.errors import InvalidRequest
from eventyard.schemas import Discoverer, Discoverers, discoverer_id, place_of
from eventyard.wire import Caller, Handler


class DiscovererOperations:
    """Seven."""

    def __init__(self, discoverers: Discoverers) -> None:
        self._discoverers = discoverers

    def operations(self) -> dict[str, Handler]:
        return {
            "CreateDiscoverer": self.create,
            "DeleteDiscoverer": self.delete,
            "DescribeDiscoverer": self.describe,
            "ListDiscoverers": self.list,
            "StartDiscoverer": self.start,
            "StopDiscoverer": self.stop,
            "UpdateDiscoverer": self.update,
        }

    async def create(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        source = params["SourceArn"]
        if place_of(source) is None:
            raise InvalidRequest(f"SourceArn {source} is not the ARN of an event bus.")
        cross_account = params.get("CrossAccount")
        discoverer = Discoverer(
            place=home(caller),
            id=discoverer_id(source),
            source=source,
            description=params.get("Description"),
            cross_account=True if cross_account is None else cross_account,
            tags=params.get("Tags") or {},
        )
        await self._discoverers.create(discoverer)
        return _described(discoverer)

    async def update(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        fields = {"description": params.get("Description"), "cross_account": params.get("CrossAccount")}
        changes = given(**fields)
        return _described(
            await self._discoverers.change(
                home(caller), params["DiscovererId"], lambda one: msgspec.structs.replace(one, **changes)
            )
        )

    async def delete(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        await self._discoverers.delete(home(caller), params["DiscovererId"])
        return {}

    async def describe(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        return _described(self._discoverers.get(home(caller), params["DiscovererId"]))

    async def list(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        found = self._discoverers.list(
            home(caller), params.get("DiscovererIdPrefix") or "", params.get("SourceArnPrefix") or ""
        )
        shown, token = paged(caller, params, found, lambda one: one.id, "discoverers")
        listed = [_described(one) for one in shown]
        for each in listed:
            each.pop("Description", None)
        return given(Discoverers=listed, NextToken=token)

    async def start(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        return _state(await self._discoverers.start(home(caller), params["DiscovererId"]))

    async def stop(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        return _state(await self._discoverers.stop(home(caller), params["DiscovererId"]))


def _described(discoverer: Discoverer) -> dict[str, Any]:
    return given(
        Description=discoverer.description,
        DiscovererArn=discoverer.arn,
        DiscovererId=discoverer.id,
        SourceArn=discoverer.source,
        State=discoverer.state,
        CrossAccount=discoverer.cross_account,
        Tags=dict(discoverer.tags) or None,
    )


def _state(discoverer: Discoverer) -> dict[str, Any]:
    return {"DiscovererId": discoverer.id, "State": discoverer.state}
