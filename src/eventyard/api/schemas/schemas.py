"""The operations on schemas and their versions, search, export, and GetDiscoveredSchema."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import msgspec

from eventyard.api.events.place import given
from eventyard.api.schemas.access import Access
from eventyard.api.schemas.listing import paged
from eventyard.clock import Clock
from eventyard.errors import Forbidden, InvalidRequest
from eventyard.schemas import (
    DRAFT4,
    OPENAPI,
    RESERVED,
    Bindings,
    Discovery,
    Schema,
    Schemas,
    Search,
    Version,
    drafted,
    infer,
)
from eventyard.wire import Caller, Handler


class SchemaOperations:
    """Ten."""

    def __init__(
        self, schemas: Schemas, bindings: Bindings, discovery: Discovery, access: Access, clock: Clock
    ) -> None:
        self._schemas = schemas
        self._bindings = bindings
        self._discovery = discovery
        self._access = access
        self._clock = clock
        self._search = Search()

    def operations(self) -> dict[str, Handler]:
        return {
            "CreateSchema": self.create,
            "DeleteSchema": self.delete,
            "DeleteSchemaVersion": self.delete_version,
            "DescribeSchema": self.describe,
            "ExportSchema": self.export,
            "GetDiscoveredSchema": self.infer,
            "ListSchemaVersions": self.list_versions,
            "ListSchemas": self.list,
            "SearchSchemas": self.search,
            "UpdateSchema": self.update,
        }

    async def create(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        registry = self._access.registry(caller, params, "CreateSchema")
        schema = Schema(
            place=registry.place,
            registry=registry.name,
            name=params["SchemaName"],
            modified=self._clock.now(),
            description=params.get("Description"),
            tags=params.get("Tags") or {},
        )
        made = await self._schemas.create(schema, params["Type"], params["Content"])
        return _described(made, self._schemas.version(made))

    async def update(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        registry = self._access.registry(caller, params, "UpdateSchema")
        changed = await self._schemas.update(
            registry.place,
            registry.name,
            params["SchemaName"],
            type=params.get("Type"),
            content=params.get("Content"),
            description=params.get("Description"),
            token=params.get("ClientTokenId"),
        )
        return _described(changed, self._schemas.version(changed))

    async def describe(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        schema, version = self._version(caller, params, "DescribeSchema")
        return {**_described(schema, version), "Content": version.content}

    async def export(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        schema, version = self._version(caller, params, "ExportSchema")
        if schema.registry not in RESERVED:  # AWS's sentence, and its rule
            raise Forbidden("You cannot export non discovered or non aws managed schemas.", "ForbiddenException")
        wanted = params["Type"]
        if wanted not in (OPENAPI, DRAFT4):
            raise InvalidRequest(f"Type must be {OPENAPI} or {DRAFT4}, not {wanted}.")
        if version.type != OPENAPI and wanted != version.type:
            raise InvalidRequest(f"A schema of type {version.type} can't be exported as {wanted}.")
        return {
            "Content": version.content if wanted == version.type else msgspec.json.encode(drafted(version)).decode(),
            "SchemaArn": schema.arn,
            "SchemaName": schema.name,
            "SchemaVersion": str(version.number),
            "Type": wanted,
        }

    async def delete(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        registry = self._access.registry(caller, params, "DeleteSchema")
        gone = await self._schemas.delete(registry.place, registry.name, params["SchemaName"])
        await self._forget(gone, gone.versions)
        return {}

    async def delete_version(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        registry = self._access.registry(caller, params, "DeleteSchemaVersion")
        number = params["SchemaVersion"]
        before = await self._schemas.delete_version(registry.place, registry.name, params["SchemaName"], number)
        await self._forget(before, (int(number),))
        return {}

    async def _forget(self, schema: Schema, numbers: tuple[int, ...]) -> None:
        """These versions are gone; if they were all, so is the schema."""
        await self._bindings.forget(schema, numbers)
        if numbers == schema.versions:
            await self._discovery.forget(schema)

    async def list(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        registry = self._access.registry(caller, params, "ListSchemas")
        found = self._schemas.list(registry.place, registry.name, params.get("SchemaNamePrefix") or "")
        shown, token = paged(caller, params, found, lambda schema: schema.name, f"schemas {registry.arn}")
        return given(Schemas=[_listed(schema) for schema in shown], NextToken=token)

    async def list_versions(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        registry = self._access.registry(caller, params, "ListSchemaVersions")
        schema = self._schemas.get(registry.place, registry.name, params["SchemaName"])
        # The newest first, and still in the order of their keys.
        found = self._schemas.versions(schema)
        shown, token = paged(caller, params, found, _newest_first, f"versions {schema.arn}")
        versions = [
            {"SchemaArn": schema.arn, "SchemaName": schema.name, "SchemaVersion": str(one.number), "Type": one.type}
            for one in shown
        ]
        return given(SchemaVersions=versions, NextToken=token)

    async def search(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        registry = self._access.registry(caller, params, "SearchSchemas")
        schemas = self._schemas.list(registry.place, registry.name)
        candidates = [(schema, self._schemas.versions(schema)) for schema in schemas]
        found = await asyncio.to_thread(self._search.find, candidates, params["Keywords"])
        shown, token = paged(
            caller, params, found, lambda pair: pair[0].name, f"search {registry.arn} {params['Keywords']}"
        )
        return given(Schemas=[_found(schema, versions) for schema, versions in shown], NextToken=token)

    async def infer(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        return {"Content": await asyncio.to_thread(infer, params["Type"], params["Events"])}

    def _version(self, caller: Caller, params: dict[str, Any], action: str) -> tuple[Schema, Version]:
        registry = self._access.registry(caller, params, action)
        schema = self._schemas.get(registry.place, registry.name, params["SchemaName"])
        return schema, self._schemas.version(schema, params.get("SchemaVersion"))


def _newest_first(version: Version) -> str:
    return f"{(1 << 40) - version.number:020}"


def _described(schema: Schema, version: Version) -> dict[str, Any]:
    return given(
        Description=schema.description,
        LastModified=schema.modified / 1000,
        SchemaArn=schema.arn,
        SchemaName=schema.name,
        SchemaVersion=str(version.number),
        Tags=dict(schema.tags) or None,
        Type=version.type,
        VersionCreatedDate=version.created / 1000,
    )


def _listed(schema: Schema) -> dict[str, Any]:
    return given(
        LastModified=schema.modified / 1000,
        SchemaArn=schema.arn,
        SchemaName=schema.name,
        Tags=dict(schema.tags) or None,
        VersionCount=len(schema.versions),
    )


def _found(schema: Schema, versions: Sequence[Version]) -> dict[str, Any]:
    return {
        "RegistryName": schema.registry,
        "SchemaArn": schema.arn,
        "SchemaName": schema.name,
        "SchemaVersions": [
            {"CreatedDate": one.created / 1000, "SchemaVersion": str(one.number), "Type": one.type} for one in versions
        ],
    }
