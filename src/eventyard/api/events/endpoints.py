"""Global endpoints: create, update, describe, list and delete. An endpoint is active from the moment it is answered."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from eventyard.api.events.limits import Limits
from eventyard.api.events.pages import page
from eventyard.api.events.place import given
from eventyard.bus.directory import Directory, no_bus
from eventyard.clock import Clock
from eventyard.endpoints import Endpoint, Endpoints, endpoint_arn
from eventyard.errors import InvalidRequest
from eventyard.names import Arn, bus_name
from eventyard.wire import Caller, Handler

_STATE = "ACTIVE"


class EndpointOperations:
    """The operations on endpoints. ``new_id``: a fresh id like ``abcde12345.veo``."""

    def __init__(
        self, endpoints: Endpoints, directory: Directory, clock: Clock, limits: Limits, new_id: Callable[[], str]
    ) -> None:
        self._endpoints = endpoints
        self._directory = directory
        self._clock = clock
        self._limits = limits
        self._new_id = new_id

    def operations(self) -> dict[str, Handler]:
        return {
            "CreateEndpoint": self.create,
            "DeleteEndpoint": self.delete,
            "DescribeEndpoint": self.describe,
            "ListEndpoints": self.list,
            "UpdateEndpoint": self.update,
        }

    async def create(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        now, buses = self._clock.now(), [each["EventBusArn"] for each in params["EventBuses"]]
        primary, secondary = _ordered(caller, buses)
        endpoint = Endpoint(
            arn=endpoint_arn(caller.account, caller.region, params["Name"]),
            name=params["Name"],
            id=self._new_id(),
            created=now,
            modified=now,
            primary=primary,
            secondary=secondary,
            health_check=_health_check(params["RoutingConfig"]),
            replicated=_replicated(params.get("ReplicationConfig") or {}),
            role_arn=params.get("RoleArn"),
            description=params.get("Description") or None,
        )
        self._check(caller, endpoint, _route(params["RoutingConfig"]))
        await self._endpoints.create(endpoint, most=self._limits.endpoints)
        return _answer(endpoint)

    async def update(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        """What is left out stays as it is; an empty description takes it away."""

        def change(endpoint: Endpoint) -> Endpoint:
            changes: dict[str, Any] = {"modified": self._clock.now()}
            if params.get("EventBuses") is not None:
                buses = [each["EventBusArn"] for each in params["EventBuses"]]
                changes["primary"], changes["secondary"] = _ordered(caller, buses)
            routing = params.get("RoutingConfig")
            if routing is not None:
                changes["health_check"] = _health_check(routing)
            if (params.get("ReplicationConfig") or {}).get("State") is not None:
                changes["replicated"] = _replicated(params["ReplicationConfig"])
            if params.get("RoleArn") is not None:
                changes["role_arn"] = params["RoleArn"]
            if params.get("Description") is not None:
                changes["description"] = params["Description"] or None
            changed = msgspec.structs.replace(endpoint, **changes)
            self._check(caller, changed, _route(routing) if routing is not None else _region(changed.secondary))
            return changed

        endpoint = await self._endpoints.change(endpoint_arn(caller.account, caller.region, params["Name"]), change)
        return {**_answer(endpoint), "EndpointId": endpoint.id, "EndpointUrl": endpoint.url}

    async def describe(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        home = params.get("HomeRegion") or caller.region
        return _described(self._endpoints.find(endpoint_arn(caller.account, home, params["Name"])))

    async def list(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        home, prefix = params.get("HomeRegion") or caller.region, params.get("NamePrefix") or ""
        found = self._endpoints.list(endpoint_arn(caller.account, home, prefix))
        asked = {"NextToken": params.get("NextToken"), "Limit": params.get("MaxResults")}
        shown, token = page(found, lambda endpoint: endpoint.name, asked, f"endpoints {caller.account} {home} {prefix}")
        return given(Endpoints=[_described(endpoint) for endpoint in shown], NextToken=token)

    async def delete(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        await self._endpoints.delete(endpoint_arn(caller.account, caller.region, params["Name"]))
        return {}

    def _check(self, caller: Caller, endpoint: Endpoint, route: str) -> None:
        """Raises InvalidRequest for what can't work, NotFound for a bus that isn't there."""
        if bus_name(endpoint.primary) != bus_name(endpoint.secondary):
            raise _invalid("EventBuses", "The names of the event buses must be identical in each Region.")
        if route != _region(endpoint.secondary):
            raise _invalid("RoutingConfig", "The secondary Region must be the one of the other event bus.")
        for arn in (endpoint.primary, endpoint.secondary):
            parsed = Arn.parse(arn)
            if parsed is None or parsed.account != caller.account:
                raise _invalid("EventBuses", "The event buses must be of the account of the endpoint.")
            if not self._directory.has_bus(arn):
                raise no_bus(arn)
        if endpoint.replicated and endpoint.role_arn is None:
            raise _invalid("RoleArn", "A RoleArn must be given unless event replication is DISABLED.")


def _ordered(caller: Caller, buses: list[str]) -> tuple[str, str]:
    """The bus in the caller's region, and the one in another. Raises InvalidRequest."""
    first, second = buses
    if _region(first) == _region(second):
        raise _invalid("EventBuses", "The event buses must be in different Regions.")
    if caller.region not in (_region(first), _region(second)):
        raise _invalid("EventBuses", "One of the event buses must be in the Region of the endpoint.")
    return (first, second) if _region(first) == caller.region else (second, first)


def _answer(endpoint: Endpoint) -> dict[str, Any]:
    return given(
        Name=endpoint.name,
        Arn=endpoint.arn,
        RoutingConfig={
            "FailoverConfig": {
                "Primary": {"HealthCheck": endpoint.health_check},
                "Secondary": {"Route": _region(endpoint.secondary)},
            }
        },
        ReplicationConfig={"State": "ENABLED" if endpoint.replicated else "DISABLED"},
        EventBuses=[{"EventBusArn": endpoint.primary}, {"EventBusArn": endpoint.secondary}],
        RoleArn=endpoint.role_arn,
        State=_STATE,
    )


def _described(endpoint: Endpoint) -> dict[str, Any]:
    return {
        **_answer(endpoint),
        **given(
            Description=endpoint.description,
            EndpointId=endpoint.id,
            EndpointUrl=endpoint.url,
            CreationTime=endpoint.created / 1000,
            LastModifiedTime=endpoint.modified / 1000,
        ),
    }


def _health_check(routing: Mapping[str, Any]) -> str:
    text: str = routing["FailoverConfig"]["Primary"]["HealthCheck"]
    return text


def _route(routing: Mapping[str, Any]) -> str:
    text: str = routing["FailoverConfig"]["Secondary"]["Route"]
    return text


def _replicated(config: Mapping[str, Any]) -> bool:
    return config.get("State") != "DISABLED"


def _region(text: str) -> str:
    arn = Arn.parse(text)
    return "" if arn is None else arn.region


def _invalid(name: str, reason: str) -> InvalidRequest:
    return InvalidRequest(f"Parameter {name} is not valid. Reason: {reason}")
