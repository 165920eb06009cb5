"""The operations on registries and their policies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from eventyard.api.events.place import given
from eventyard.api.schemas.access import Access, home
from eventyard.api.schemas.listing import paged
from eventyard.errors import InvalidRequest, NotFound
from eventyard.policy import parse_policy
from eventyard.schemas import AWS, PLATFORM, Registries, Registry
from eventyard.wire import Caller, Handler

#: The registries that are given by the server, by what the API calls their scope.
_GIVEN = frozenset({AWS, PLATFORM})
_LONGEST_POLICY = 20_480


class RegistryOperations:
    """Eight."""

    def __init__(self, registries: Registries, access: Access) -> None:
        self._registries = registries
        self._access = access

    def operations(self) -> dict[str, Handler]:
        return {
            "CreateRegistry": self.create,
            "DeleteRegistry": self.delete,
            "DescribeRegistry": self.describe,
            "ListRegistries": self.list,
            "UpdateRegistry": self.update,
            "DeleteResourcePolicy": self.delete_policy,
            "GetResourcePolicy": self.get_policy,
            "PutResourcePolicy": self.put_policy,
        }

    async def create(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        registry = Registry(
            place=home(caller),
            name=params["RegistryName"],
            description=params.get("Description"),
            tags=params.get("Tags") or {},
        )
        await self._registries.create(registry)
        return _described(registry)

    async def update(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        found = self._access.registry(caller, params, "UpdateRegistry")
        return _described(await self._registries.describe(found.place, found.name, params.get("Description")))

    async def delete(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        found = self._access.registry(caller, params, "DeleteRegistry")
        await self._registries.delete(found.place, found.name)
        return {}

    async def describe(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        return _described(self._access.registry(caller, params, "DescribeRegistry"))

    async def list(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        scope = params.get("Scope")
        if scope not in (None, "Local", "LOCAL", "AWS"):
            raise InvalidRequest(f"Scope must be Local or AWS, not {scope}.")
        found = [
            registry
            for registry in self._registries.list(home(caller), params.get("RegistryNamePrefix") or "")
            if scope is None or (registry.name in _GIVEN) == (scope == "AWS")
        ]
        shown, token = paged(caller, params, found, lambda registry: registry.name, "registries")
        summaries = [
            given(RegistryArn=each.arn, RegistryName=each.name, Tags=dict(each.tags) or None) for each in shown
        ]
        return given(Registries=summaries, NextToken=token)

    async def get_policy(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        registry = self._policed(caller, params, "GetResourcePolicy")
        if registry.policy is None:
            raise NotFound(f"Registry {registry.name} has no resource policy.", "NotFoundException")
        return {"Policy": registry.policy, "RevisionId": registry.revision}

    async def put_policy(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        registry = self._policed(caller, params, "PutResourcePolicy")
        policy = params["Policy"]
        if len(policy) > _LONGEST_POLICY:
            raise InvalidRequest(f"Policy must not be longer than {_LONGEST_POLICY} characters.")
        parse_policy(policy)
        _check_resources(policy, registry)
        changed = await self._registries.set_policy(registry.place, registry.name, policy, params.get("RevisionId"))
        return {"Policy": changed.policy, "RevisionId": changed.revision}

    async def delete_policy(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        registry = self._policed(caller, params, "DeleteResourcePolicy")
        await self._registries.set_policy(registry.place, registry.name, None, None)
        return {}

    def _policed(self, caller: Caller, params: Mapping[str, Any], action: str) -> Registry:
        # The model does not require it, but there is nothing else that could have a policy.
        if not params.get("RegistryName"):
            raise InvalidRequest("RegistryName must be given.")
        return self._access.registry(caller, params, action)


def _check_resources(policy: str, registry: Registry) -> None:
    """A policy is about its registry and what is in it."""
    allowed = (registry.arn, registry.place.arn(f"schema/{registry.name}"))
    statements = msgspec.json.decode(policy)["Statement"]
    for statement in statements if isinstance(statements, list) else [statements]:
        resources = statement.get("Resource", statement.get("NotResource", []))
        for resource in [resources] if isinstance(resources, str) else resources:
            if resource != "*" and not resource.startswith(allowed):
                raise InvalidRequest(f"Policy names {resource}, which is not the registry and not in it.")


def _described(registry: Registry) -> dict[str, Any]:
    return given(
        Description=registry.description,
        RegistryArn=registry.arn,
        RegistryName=registry.name,
        Tags=dict(registry.tags) or None,
    )
