"""The operations on code bindings."""

from __future__ import annotations

from typing import Any

from eventyard.api.schemas.access import Access
from eventyard.errors import NotFound
from eventyard.schemas import COMPLETE, Binding, Bindings, Schema, Schemas, Version
from eventyard.wire import Caller, Handler


class BindingOperations:
    """Three."""

    def __init__(self, schemas: Schemas, bindings: Bindings, access: Access) -> None:
        self._schemas = schemas
        self._bindings = bindings
        self._access = access

    def operations(self) -> dict[str, Handler]:
        return {
            "DescribeCodeBinding": self.describe,
            "GetCodeBindingSource": self.source,
            "PutCodeBinding": self.put,
        }

    async def put(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        schema, version = self._version(caller, params, "PutCodeBinding")
        return _described(await self._bindings.put(schema, version, params["Language"]))

    async def describe(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        schema, version = self._version(caller, params, "DescribeCodeBinding")
        return _described(self._bindings.get(schema, version, params["Language"]))

    async def source(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        schema, version = self._version(caller, params, "GetCodeBindingSource")
        binding = self._bindings.get(schema, version, params["Language"])
        if binding.status != COMPLETE:
            why = f": {binding.reason}" if binding.reason else ""
            raise NotFound(f"The code binding's status is {binding.status}{why}", "NotFoundException")
        return {"Body": binding.archive}

    def _version(self, caller: Caller, params: dict[str, Any], action: str) -> tuple[Schema, Version]:
        registry = self._access.registry(caller, params, action)
        schema = self._schemas.get(registry.place, registry.name, params["SchemaName"])
        return schema, self._schemas.version(schema, params.get("SchemaVersion"))


def _described(binding: Binding) -> dict[str, Any]:
    return {
        "CreationDate": binding.created / 1000,
        "LastModified": binding.modified / 1000,
        "SchemaVersion": str(binding.version),
        "Status": binding.status,
    }
