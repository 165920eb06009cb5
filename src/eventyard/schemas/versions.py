"""Schemas and their versions: durable first, then in memory.

A version is never changed, and its number never used again. A schema without versions is no schema: it goes with the
last one.

Sources: API reference, "Schema", "Schema Versions"; Terraform's documentation of ``aws_schemas_schema`` (names).
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence

import msgspec

from eventyard.clock import Clock
from eventyard.errors import Conflict, LimitExceeded, NotFound
from eventyard.schemas.content import check
from eventyard.schemas.registries import Registries, bad, check_open, check_tags
from eventyard.schemas.resources import DISCOVERED, Place, Schema, Type, Version, schema_arn
from eventyard.store import Catalog, Change

_SCHEMA, _VERSION = "schema", "schema-version"
_NAME = re.compile(r"[0-9A-Za-z_.@-]{1,385}")
#: Bounds of this server, beyond AWS's default quotas.
_MOST, _MOST_VERSIONS = 10_000, 1_000
#: Of a discovered schema so many versions are kept, the newest.
_MOST_DISCOVERED = 100
_encode = msgspec.json.Encoder().encode
_decode_schema = msgspec.json.Decoder(Schema).decode
_decode_version = msgspec.json.Decoder(Version).decode

Tell = Callable[[Schema, Version], Awaitable[None]]
"""Is told of each version that has been made, once it is durable. The schema is as it is with it."""


class Schemas:
    """Reads answer from memory. Changes are coroutines that return when the change is durable; they happen one after
    the other. ``fixed``: for registries that nobody changes the schemas in them, each with its one version, of all
    accounts and regions (their places are not looked at)."""

    def __init__(
        self,
        catalog: Catalog,
        clock: Clock,
        registries: Registries,
        tell: Tell,
        fixed: Mapping[str, Sequence[tuple[Schema, Version]]],
    ) -> None:
        self._catalog = catalog
        self._clock = clock
        self._registries = registries
        self._tell = tell
        self._fixed = {
            name: {schema.name: (schema, version) for schema, version in some} for name, some in fixed.items()
        }
        #: By place and registry, then by name.
        self._kept: dict[tuple[Place, str], dict[str, Schema]] = {}
        self._versions: dict[tuple[str, int], Version] = {}
        self._turn = asyncio.Lock()
        registries.is_empty = lambda place, name: not self._kept.get((place, name))

    async def load(self) -> None:
        """Bring all back. Call once."""
        for value in (await self._catalog.load(_SCHEMA)).values():
            schema = _decode_schema(value)
            self._kept.setdefault((schema.place, schema.registry), {})[schema.name] = schema
        for key, value in (await self._catalog.load(_VERSION)).items():
            version = _decode_version(value)
            self._versions[key.rpartition("#")[0], version.number] = version

    # --- reading ----------------------------------------------------------------------------------------------------

    def get(self, place: Place, registry: str, name: str) -> Schema:
        """Raises NotFound."""
        fixed = self._fixed.get(registry, {}).get(name)
        if fixed is not None:
            return msgspec.structs.replace(fixed[0], place=place)
        self._registries.get(place, registry)
        schema = self._kept.get((place, registry), {}).get(name)
        if schema is None:
            raise NotFound(f"Schema with name {name} does not exist.", "NotFoundException")
        return schema

    def list(self, place: Place, registry: str, prefix: str = "") -> list[Schema]:
        """The schemas of a registry whose names begin with ``prefix``, by name. Raises NotFound."""
        self._registries.get(place, registry)
        names = self._fixed.get(registry) or self._kept.get((place, registry), {})
        return [self.get(place, registry, name) for name in sorted(names) if name.startswith(prefix)]

    def version(self, schema: Schema, number: str | int | None = None) -> Version:
        """One of the versions of ``schema``; the latest for None. Raises NotFound."""
        wanted = schema.versions[-1] if number is None else int(number) if str(number).isdecimal() else 0
        fixed = self._fixed.get(schema.registry, {}).get(schema.name)
        found = fixed[1] if fixed is not None and wanted == 1 else self._versions.get((schema.arn, wanted))
        if found is None:
            raise NotFound(f"Schema {schema.name} has no version {number}.", "NotFoundException")
        return found

    def versions(self, schema: Schema) -> Sequence[Version]:
        """All that there are, the newest first."""
        return [self.version(schema, number) for number in reversed(schema.versions)]

    # --- writing ----------------------------------------------------------------------------------------------------

    async def create(self, schema: Schema, type: Type, content: str) -> Schema:
        """Make a schema with its first version. Raises NotFound, Conflict, InvalidRequest, Forbidden, LimitExceeded."""
        check_open(schema.registry)
        if not _NAME.fullmatch(schema.name):
            raise bad(f"SchemaName {schema.name!r} must have 1 to 385 letters, digits, '.', '-', '_' and '@'.")
        check_tags(schema.tags)
        await asyncio.to_thread(check, type, content)
        async with self._turn:
            self._registries.get(schema.place, schema.registry)
            others = self._kept.get((schema.place, schema.registry), {})
            if schema.name in others:
                raise Conflict(f"Schema with name {schema.name} already exists.", "ConflictException")
            if len(others) >= _MOST:
                raise LimitExceeded(f"A registry can't hold more than {_MOST} schemas.", "ForbiddenException")
            made, version = await self._add(schema, type, content)
        await self._tell(made, version)
        return made

    async def update(
        self,
        place: Place,
        registry: str,
        name: str,
        *,
        type: Type | None = None,
        content: str | None = None,
        description: str | None = None,
        token: str | None = None,
    ) -> Schema:
        """Change what is given; other content is another version. The same ``token`` twice in succession changes
        nothing the second time. Raises NotFound, InvalidRequest, Forbidden, LimitExceeded."""
        check_open(registry)
        made = None
        async with self._turn:
            schema = self.get(place, registry, name)
            if token is not None and token == schema.token:
                return schema
            latest = self.version(schema)
            if content is None and type not in (None, latest.type):
                raise bad("Type can't be changed without Content.")
            changed = msgspec.structs.replace(
                schema, token=token, description=schema.description if description is None else description
            )
            if content is not None and (content, type or latest.type) != (latest.content, latest.type):
                await asyncio.to_thread(check, type or latest.type, content)
                if len(schema.versions) >= _MOST_VERSIONS:
                    raise LimitExceeded(
                        f"A schema can't have more than {_MOST_VERSIONS} versions.", "ForbiddenException"
                    )
                changed, made = await self._add(changed, type or latest.type, content)
            else:
                modified = self._clock.now() if changed.description != schema.description else schema.modified
                changed = msgspec.structs.replace(changed, modified=modified)
                await self._put(changed)
        if made is not None:
            await self._tell(changed, made)
        return changed

    async def discover(self, place: Place, name: str, type: Type, content: str, also: Sequence[Change] = ()) -> None:
        """Put a schema into the registry of discovered ones, or another version of it unless the content is the same.
        ``also``: what is to be durable with it."""
        async with self._turn:
            schema = self._kept.get((place, DISCOVERED), {}).get(name)
            if schema is not None and self.version(schema).content == content:
                await self._catalog.apply(also)
                return
            fresh = schema or Schema(place=place, registry=DISCOVERED, name=name, modified=0)
            old = fresh.versions[: max(0, len(fresh.versions) - _MOST_DISCOVERED + 1)]
            made, version = await self._add(fresh, type, content, also, old)
        await self._tell(made, version)

    async def delete(self, place: Place, registry: str, name: str) -> Schema:
        """Delete a schema with all its versions; also a discovered one. Raises NotFound, Forbidden."""
        if registry != DISCOVERED:
            check_open(registry)
        async with self._turn:
            schema = self.get(place, registry, name)
            await self._forget(schema)
            return schema

    async def delete_version(self, place: Place, registry: str, name: str, number: str) -> Schema:
        """Delete one version, and with the last one the schema. Raises NotFound, Forbidden."""
        if registry != DISCOVERED:
            check_open(registry)
        async with self._turn:
            schema = self.get(place, registry, name)
            version = self.version(schema, number)
            if schema.versions == (version.number,):
                await self._forget(schema)
                return schema
            left = tuple(each for each in schema.versions if each != version.number)
            changed = msgspec.structs.replace(schema, versions=left, modified=self._clock.now())
            await self._put(changed, [Change(_VERSION, _key(schema, version.number), None)])
            del self._versions[schema.arn, version.number]
            return schema

    async def tag(
        self, place: Place, registry: str, name: str, edit: Callable[[Mapping[str, str]], Mapping[str, str]]
    ) -> None:
        """Raises NotFound, InvalidRequest, Forbidden."""
        if registry != DISCOVERED:
            check_open(registry)
        async with self._turn:
            schema = self.get(place, registry, name)
            tags = edit(schema.tags)
            check_tags(tags)
            await self._put(msgspec.structs.replace(schema, tags=tags))

    # --- inside -----------------------------------------------------------------------------------------------------

    async def _add(
        self, schema: Schema, type: Type, content: str, also: Sequence[Change] = (), old: Sequence[int] = ()
    ) -> tuple[Schema, Version]:
        now = self._clock.now()
        version = Version(number=schema.last + 1, type=type, content=content, created=now)
        kept = tuple(number for number in schema.versions if number not in old)
        made = msgspec.structs.replace(schema, versions=(*kept, version.number), last=version.number, modified=now)
        gone = [Change(_VERSION, _key(schema, number), None) for number in old]
        await self._put(made, [*gone, Change(_VERSION, _key(made, version.number), _encode(version)), *also])
        self._versions[made.arn, version.number] = version
        for number in old:
            self._versions.pop((schema.arn, number), None)
        return made, version

    async def _put(self, schema: Schema, more: Sequence[Change] = ()) -> None:
        await self._catalog.apply([*more, Change(_SCHEMA, schema.arn, _encode(schema))])
        self._kept.setdefault((schema.place, schema.registry), {})[schema.name] = schema

    async def _forget(self, schema: Schema) -> None:
        gone = [Change(_VERSION, _key(schema, number), None) for number in schema.versions]
        await self._catalog.apply([*gone, Change(_SCHEMA, schema.arn, None)])
        for number in schema.versions:
            self._versions.pop((schema.arn, number), None)
        del self._kept[schema.place, schema.registry][schema.name]


def _key(schema: Schema, number: int) -> str:
    return f"{schema_arn(schema.place, schema.registry, schema.name)}#{number}"
