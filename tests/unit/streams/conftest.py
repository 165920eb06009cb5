"""Streams on a memory store and a clock that moves only when told to."""

from __future__ import annotations

import pytest

from eventyard.clock import ManualClock
from eventyard.store import Store
from eventyard.stores.memory import open_memory
from eventyard.streams import Entry, Failed, Page, Place, Placed, Reading, Stream, Streams
from eventyard.vault import Vault

ACCOUNT, REGION = "123456789012", "eu-west-1"


class Logs:
    """Which logs are kept, and for how many ms."""

    def __init__(self) -> None:
        self.kept: dict[str, int] = {}

    def keep(self, name: str, age: int) -> None:
        self.kept[name] = age

    def drop(self, name: str) -> None:
        self.kept.pop(name, None)


class Yard:
    """A ``Streams`` with what it stands on, and short words for what tests do with it."""

    def __init__(self, store: Store, clock: ManualClock | None = None, vault: Vault | None = None) -> None:
        self.store = store
        self.clock = clock or ManualClock()
        self.logs = Logs()
        self.vault = vault or Vault.open(None)
        self.streams = Streams(store.log, store.catalog, self.clock, self.logs, self.vault)
        self.reading = Reading(self.streams, store.log, self.clock)

    async def again(self) -> Yard:
        """The same store after a restart."""
        yard = Yard(self.store, self.clock, self.vault)
        await yard.streams.load()
        return yard

    async def make(self, shards: int = 1, name: str = "s") -> Stream:
        return await self.streams.create(ACCOUNT, REGION, name, shards)

    async def put(self, stream: Stream, *texts: str, key: str = "k", hash: int | None = None) -> list[Placed]:
        outcomes = await self.streams.put(stream.arn, [Entry(text.encode(), key, hash) for text in texts])
        placed = [one for one in outcomes if not isinstance(one, Failed)]
        assert len(placed) == len(texts)
        return placed

    async def page(self, stream: Stream, shard: int = 0, place: Place | None = None, limit: int = 10_000) -> Page:
        start = await self.reading.iterator(stream.arn, f"shardId-{shard:012d}", place or Place("TRIM_HORIZON"))
        return await self.reading.read(start, limit)

    async def texts(self, stream: Stream, shard: int = 0, place: Place | None = None) -> list[str]:
        return [record.data.decode() for record in (await self.page(stream, shard, place)).records]


@pytest.fixture
async def yard() -> Yard:
    return Yard(await open_memory())
