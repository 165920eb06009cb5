"""Registries: containers of schemas, with tags and resource policies. Durable first, then in memory.

Three are there without being made: ``discovered-schemas``, ``aws.events`` and ``eventyard.events``.

Sources: API reference, "Registries", "Registry", "Policy"; for names also Terraform's documentation of
``aws_schemas_registry``.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping
from uuid import uuid4

import msgspec

from eventyard.errors import Conflict, EventyardError, Forbidden, InvalidRequest, LimitExceeded, NotFound
from eventyard.schemas.resources import AWS, DISCOVERED, PLATFORM, RESERVED, Place, Registry
from eventyard.store import Catalog, Change

_KIND = "schema-registry"
_NAME = re.compile(r"[0-9A-Za-z_.-]{1,64}")
_MOST, _MOST_TAGS = 1_000, 50
_DESCRIPTIONS = {
    DISCOVERED: "Schemas of the events on buses that have a discoverer.",
    AWS: "Schemas of those of AWS's events that this server publishes.",
    PLATFORM: "Schemas of the events that Eventyard itself publishes.",
}
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Registry).decode


class Registries:
    """Reads answer from memory. Changes are coroutines that return when the change is durable; they happen one after
    the other. ``is_empty``: whether a registry holds no schemas; it is set by who keeps them."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._kept: dict[tuple[Place, str], Registry] = {}
        self._turn = asyncio.Lock()
        self.is_empty: Callable[[Place, str], bool] = lambda place, name: True

    async def load(self) -> None:
        """Bring all back. Call once."""
        for value in (await self._catalog.load(_KIND)).values():
            registry = _decode(value)
            self._kept[registry.place, registry.name] = registry

    def get(self, place: Place, name: str) -> Registry:
        """Raises NotFound."""
        registry = self._kept.get((place, name))
        if registry is not None:
            return registry
        if name in RESERVED:
            return Registry(place=place, name=name, description=_DESCRIPTIONS[name])
        raise NotFound(f"Registry with name {name} does not exist.", "NotFoundException")

    def list(self, place: Place, prefix: str = "") -> list[Registry]:
        """Those in ``place`` whose names begin with ``prefix``, by name."""
        names = {name for home, name in self._kept if home == place} | RESERVED
        return [self.get(place, name) for name in sorted(names) if name.startswith(prefix)]

    async def create(self, registry: Registry) -> None:
        """Raises InvalidRequest, Conflict, LimitExceeded."""
        if not _NAME.fullmatch(registry.name):
            raise bad(f"RegistryName {registry.name!r} must have 1 to 64 letters, digits, '.', '-' and '_'.")
        check_tags(registry.tags)
        async with self._turn:
            if registry.name in RESERVED or (registry.place, registry.name) in self._kept:
                raise Conflict(f"Registry with name {registry.name} already exists.", "ConflictException")
            if registry.name.startswith(("aws.", "eventyard.")):
                raise bad("The name of a registry must not begin with 'aws.' or 'eventyard.'.")
            if sum(home == registry.place for home, _ in self._kept) >= _MOST:
                raise LimitExceeded(f"There can't be more than {_MOST} registries.", "ForbiddenException")
            await self._put(registry)

    async def describe(self, place: Place, name: str, description: str | None) -> Registry:
        """Give it another description. Raises NotFound, Forbidden."""
        check_open(name)
        async with self._turn:
            changed = msgspec.structs.replace(self.get(place, name), description=description)
            await self._put(changed)
            return changed

    async def delete(self, place: Place, name: str) -> None:
        """Raises NotFound, Forbidden, and InvalidRequest while there are schemas in it."""
        check_open(name)
        async with self._turn:
            self.get(place, name)
            if not self.is_empty(place, name):
                raise bad(f"Registry {name} holds schemas: delete them first.")
            await self._catalog.apply([Change(_KIND, _key(place, name), None)])
            del self._kept[place, name]

    async def tag(self, place: Place, name: str, edit: Callable[[Mapping[str, str]], Mapping[str, str]]) -> None:
        """Raises NotFound, InvalidRequest."""
        async with self._turn:
            registry = self.get(place, name)
            tags = edit(registry.tags)
            check_tags(tags)
            await self._put(msgspec.structs.replace(registry, tags=tags))

    async def set_policy(self, place: Place, name: str, policy: str | None, revision: str | None) -> Registry:
        """Put or, with None, remove the policy. Raises NotFound, also where there is none to be removed, and Conflict
        if ``revision`` is given and is not the policy's."""
        async with self._turn:
            registry = self.get(place, name)
            if policy is None and registry.policy is None:
                raise NotFound(f"Registry {name} has no resource policy.", "NotFoundException")
            if revision is not None and revision != registry.revision:
                raise Conflict(f"RevisionId {revision} is not the policy's.", "PreconditionFailedException")
            fresh = None if policy is None else str(uuid4())
            changed = msgspec.structs.replace(registry, policy=policy, revision=fresh)
            await self._put(changed)
            return changed

    async def _put(self, registry: Registry) -> None:
        await self._catalog.apply([Change(_KIND, _key(registry.place, registry.name), _encode(registry))])
        self._kept[registry.place, registry.name] = registry


def check_open(registry: str) -> None:
    """Raises Forbidden for a registry that is not its account's to change."""
    if registry in RESERVED:
        raise Forbidden(f"Registry {registry} can't be changed.", "ForbiddenException")


def check_tags(tags: Mapping[str, str]) -> None:
    """Raises InvalidRequest. Source: AWS General Reference, "Tag naming limits and requirements"."""
    if len(tags) > _MOST_TAGS:
        raise bad(f"A resource can't have more than {_MOST_TAGS} tags.")
    for key, value in tags.items():
        if not 1 <= len(key) <= 128 or len(value) > 256:
            raise bad(f"Tag {key!r}: a key must have 1 to 128 characters, and a value at most 256.")
        if key.lower().startswith("aws:"):
            raise bad("Tag keys beginning with 'aws:' are reserved for system use.")


def bad(message: str) -> EventyardError:
    return InvalidRequest(message, "BadRequestException")


def _key(place: Place, name: str) -> str:
    return place.arn(f"registry/{name}")
