"""Discovery beside a real store: bounds, faults of the store, what counts as known, and learning again."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from typing import Any

import msgspec
import pytest

from eventyard.clock import ManualClock
from eventyard.errors import TryAgain
from eventyard.event import envelope, new_ids
from eventyard.names import bus_arn
from eventyard.schemas import Discoverer, Discovery, Place, Registries, Schemas, Version
from eventyard.schemas import discovery as room
from eventyard.schemas.discovery import Learner
from eventyard.schemas.resources import DISCOVERED, Schema
from eventyard.store import Change
from eventyard.stores.memory import open_memory
from eventyard.target import DELIVERED, Delivery, Retry

HOME = Place("000000000001", "us-east-1")
BUS = Discoverer(place=HOME, id="events-event-bus-default", source=bus_arn("000000000001", "us-east-1", "default"))


class Disk:
    """The catalog of a store, which can be full."""

    def __init__(self, catalog: Any) -> None:
        self._catalog = catalog
        self.full = False
        self.writes = 0

    async def load(self, kind: str) -> dict[str, bytes]:
        found: dict[str, bytes] = await self._catalog.load(kind)
        return found

    async def apply(self, changes: Sequence[Change]) -> None:
        if self.full:
            raise TryAgain("no room")
        self.writes += 1
        await self._catalog.apply(changes)


class Yard:
    """Discovery and the schemas it makes, over a catalog."""

    def __init__(self, disk: Disk) -> None:
        self.disk = disk
        self.told: list[tuple[str, int]] = []
        self.clock = ManualClock()
        registries = Registries(disk)
        self.schemas = Schemas(disk, self.clock, registries, self._tell, {})
        self.discovery = Discovery(disk, self.schemas, frozenset({"aws.schemas"}))

    async def _tell(self, schema: Schema, version: Version) -> None:
        self.told.append((schema.name, version.number))

    async def load(self) -> Yard:
        await self.schemas.load()
        await self.discovery.load()
        return self

    async def learn(
        self, *details: Any, kind: str = "Order Placed", source: str = "shop", by: Discoverer = BUS
    ) -> None:
        await self.discovery.learn(by, [self.event(detail, kind, source) for detail in details])

    def event(
        self, detail: Any, kind: str = "Order Placed", source: str = "shop", account: str = "000000000001"
    ) -> bytes:
        return envelope(
            id=new_ids(1, self.clock.now())[0],
            detail_type=kind,
            source=source,
            account=account,
            time="2026-11-01T00:00:00Z",
            region="us-east-1",
            resources=[],
            detail=detail if isinstance(detail, bytes) else json.dumps(detail).encode(),
        )

    def versions(self, name: str = "shop@OrderPlaced") -> int:
        found = self.schemas.list(HOME, DISCOVERED, name)
        return found[0].last if found else 0

    def detail(self, name: str = "shop@OrderPlaced") -> dict[str, Any]:
        content = self.schemas.version(self.schemas.get(HOME, DISCOVERED, name)).content
        found: dict[str, Any] = msgspec.json.decode(content)["components"]["schemas"]["OrderPlaced"]
        return found


@pytest.fixture
async def yard() -> AsyncIterator[Yard]:
    store = await open_memory()
    yield await Yard(Disk(store.catalog)).load()
    await store.close()


async def test_a_batch_of_a_type_makes_one_version(yard: Yard) -> None:
    await yard.learn({"a": 1}, {"a": 1, "b": 2}, {"a": "x"})
    assert yard.versions() == 1
    assert yard.told == [("shop@OrderPlaced", 1)]


async def test_once_a_type_is_known_its_events_cost_no_writes(yard: Yard) -> None:
    for _ in range(300):
        await yard.learn({"a": 1})
    assert yard.disk.writes < 12
    before = yard.disk.writes
    for number in range(300):
        await yard.learn({"a": number})
    assert (yard.disk.writes, yard.versions()) == (before, 1)


async def test_what_does_not_fit_a_known_type_is_learned_at_once(yard: Yard) -> None:
    for _ in range(300):
        await yard.learn({"a": 1, "at": "2026-11-01T00:00:00Z"})
    await yard.learn({"a": None, "at": "yesterday", "b": [1]})
    assert yard.versions() == 2
    assert yard.detail()["required"] == ["a", "at"]
    assert yard.detail()["properties"] == {
        "a": {"type": "integer", "format": "int64", "nullable": True},
        "at": {"type": "string"},
        "b": {"type": "array", "items": {"type": "integer", "format": "int64"}},
    }


async def test_what_could_not_be_kept_is_tried_again(yard: Yard) -> None:
    learner = Learner(yard.discovery, BUS)
    batch = [Delivery(event_id="1", payload=b"", event=yard.event({"a": 1}))]
    yard.disk.full = True
    (outcome,) = await learner.deliver(batch)
    assert isinstance(outcome, Retry)
    assert yard.versions() == 0
    yard.disk.full = False
    assert await learner.deliver(batch) == [DELIVERED]
    assert yard.versions() == 1


async def test_a_restart_knows_what_was_known(yard: Yard) -> None:
    for number in range(120):
        await yard.learn({"status": ("OPEN", "CLOSED")[number % 2]})
    assert "enum" in yard.detail()["properties"]["status"]
    before = yard.versions()
    again = await Yard(yard.disk).load()
    await again.learn({"status": "OPEN"})
    assert again.versions() == before
    assert again.told == []
    await again.learn({"status": "OPEN", "more": 1})
    assert again.versions() == before + 1
    assert again.detail()["required"] == ["status"]


async def test_a_shape_whose_schema_is_gone_is_forgotten(yard: Yard) -> None:
    await yard.learn({"a": 1})
    await yard.schemas.delete(HOME, DISCOVERED, "shop@OrderPlaced")
    again = await Yard(yard.disk).load()
    await again.learn({"b": 1})
    assert again.detail()["required"] == ["b"]


async def test_what_the_server_publishes_itself_is_passed_over(yard: Yard) -> None:
    await yard.learn({"a": 1}, source="aws.schemas")
    assert yard.schemas.list(HOME, DISCOVERED) == []


async def test_other_accounts_are_passed_over_if_told_so(yard: Yard) -> None:
    event = yard.event({"a": 1}, account="000000000002")
    await yard.discovery.learn(msgspec.structs.replace(BUS, cross_account=False), [event])
    assert yard.versions() == 0
    await yard.discovery.learn(BUS, [event])
    assert yard.versions() == 1


async def test_types_are_bounded(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "MOST_SCHEMAS", 3)
    for number in range(6):
        await yard.learn({"a": 1}, kind=f"Type {number}")
    assert len(yard.schemas.list(HOME, DISCOVERED)) == 3
    await yard.discovery.forget(await yard.schemas.delete(HOME, DISCOVERED, "shop@Type0"))
    await yard.learn({"a": 1}, kind="Type 9")
    assert len(yard.schemas.list(HOME, DISCOVERED)) == 3


async def test_versions_of_a_discovered_schema_are_bounded(yard: Yard) -> None:
    for number in range(130):
        await yard.learn({f"field-{chr(97 + number % 26)}{chr(97 + number // 26)}": 1})
    schema = yard.schemas.get(HOME, DISCOVERED, "shop@OrderPlaced")
    assert (len(schema.versions), schema.last) == (100, 130)


async def test_events_that_are_nested_too_deeply_are_passed_over(yard: Yard) -> None:
    await yard.learn(b'{"a":' * 254 + b"{}" + b"}" * 254)
    assert yard.versions() == 0
    await yard.learn(b'{"a":' * 253 + b"{}" + b"}" * 253)
    assert yard.versions() == 1
    for _ in range(250):
        await yard.learn(b'{"a":' * 253 + b"{}" + b"}" * 253)
    assert yard.versions() == 1


async def test_detail_types_of_one_name_share_a_schema_that_fits_both(yard: Yard) -> None:
    await yard.learn({"a": 1}, kind="Order Placed")
    await yard.learn({"b": 1}, kind="order placed")
    assert yard.versions() == 2
    assert sorted(yard.detail()["properties"]) == ["a", "b"]
