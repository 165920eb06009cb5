"""The schema registry of a house: the parts of that room, joined with the bus that they learn from and publish to."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from eventyard.api.schemas import schemas_door
from eventyard.clock import Clock
from eventyard.errors import NotFound
from eventyard.feed import Feeds
from eventyard.names import Arn
from eventyard.schemas import (
    AWS,
    AWS_EVENTS,
    PLATFORM,
    Announcing,
    Bindings,
    Discoverers,
    Discovery,
    Generate,
    Place,
    PlatformEvent,
    Registries,
    Schema,
    Schemas,
    Version,
    described,
)
from eventyard.schemas.announcing import Publish
from eventyard.store import Catalog
from eventyard.wire import Door

_VIOLATION = {"path": "detail.price", "keyword": "minimum", "expected": "0", "actual": "-1", "message": "too small"}
_JUDGED = {"contract": "purchaseApproved", "version": 1, "publisher": "uk.co.cazoo", "violations": [_VIOLATION]}
#: The events that Eventyard itself publishes.
_OWN_EVENTS = (
    PlatformEvent(
        "eventyard.contracts",
        "ContractViolated",
        {**_JUDGED, "action": "warn", "event_id": "6a7e8feb-b491-7cf7-a9f1-bf3703467718", "untold": 0},
    ),
    PlatformEvent("eventyard.contracts", "EventQuarantined", {**_JUDGED, "event": {}}),
)


class SchemaRegistry:
    """``feeds``: how discoverers subscribe to buses. ``generators``: who writes code bindings, by language."""

    def __init__(
        self,
        catalog: Catalog,
        clock: Clock,
        publish: Publish,
        feeds: Feeds,
        has_bus: Callable[[str], bool],
        generators: Mapping[str, Generate],
    ) -> None:
        self._clock = clock
        self._contents: dict[str, tuple[Schema, tuple[str, ...]]] = {}
        fixed = {AWS: described(AWS, AWS_EVENTS), PLATFORM: described(PLATFORM, _OWN_EVENTS)}
        self.registries = Registries(catalog)
        self.schemas = Schemas(catalog, clock, self.registries, Announcing(publish, clock).tell, fixed)
        known = frozenset(event.source for event in (*AWS_EVENTS, *_OWN_EVENTS))
        self.discovery = Discovery(catalog, self.schemas, known)
        self.discoverers = Discoverers(catalog, feeds, self.discovery, has_bus)
        self.bindings = Bindings(catalog, clock, generators)

    async def load(self) -> None:
        """Bring all back, after the buses and before the engine starts."""
        await self.registries.load()
        await self.schemas.load()
        await self.discovery.load()
        await self.discoverers.load()
        await self.bindings.load(self._find)

    async def close(self) -> None:
        await self.bindings.close()

    def door(self) -> Door:
        return schemas_door(self.registries, self.schemas, self.discoverers, self.discovery, self.bindings, self._clock)

    def names(self, registry: str) -> list[str] | None:
        """The names of the schemas in the registry with that ARN; None if there is none."""
        parsed = Arn.parse(registry)
        if parsed is None:
            return None
        place, name = Place(parsed.account, parsed.region), parsed.resource.removeprefix("registry/")
        try:
            self.registries.get(place, name)
        except NotFound:
            return None
        return [schema.name for schema in self.schemas.list(place, name)]

    def by_registry(self, account: str, region: str) -> dict[str, list[str]]:
        """The names of an account's own schemas in a region, by the name of their registry."""
        place = Place(account, region)
        return {
            registry.name: [schema.name for schema in self.schemas.list(place, registry.name)]
            for registry in self.registries.list(place)
            if registry.name not in (AWS, PLATFORM)
        }

    def contents(self, registry: str, name: str) -> Sequence[str]:
        """The contents of all versions of a schema in the registry with that ARN, the newest first; the very same
        object until one of them changes. Empty if there is none."""
        parsed = Arn.parse(registry)
        if parsed is None:
            return ()
        try:
            schema = self.schemas.get(
                Place(parsed.account, parsed.region), parsed.resource.removeprefix("registry/"), name
            )
        except NotFound:
            return ()
        known = self._contents.get(schema.arn)
        if known is None or (known[0] is not schema and known[0] != schema):
            known = schema, tuple(version.content for version in self.schemas.versions(schema))
            self._contents[schema.arn] = known
        return known[1]

    def _find(self, arn: str, number: int) -> tuple[Schema, Version] | None:
        """The schema with ``arn`` and one of its versions."""
        parsed = Arn.parse(arn)
        if parsed is None:
            return None
        _, registry, name = parsed.resource.split("/", 2)
        try:
            schema = self.schemas.get(Place(parsed.account, parsed.region), registry, name)
            return schema, self.schemas.version(schema, number)
        except NotFound:
            return None
