"""Delivery streams on a memory store, a real directory and a clock that moves only when told to."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from eventyard.clock import ManualClock
from eventyard.errors import NotFound, TryAgain
from eventyard.firehose import Arrival, Destination, Hose, Hoses, Reached
from eventyard.store import Store
from eventyard.stores.memory import open_memory
from eventyard.vault import Vault

ACCOUNT, REGION = "123456789012", "eu-west-1"
PLAIN = Destination("arn:aws:iam::123456789012:role/r", "bucket", "in/", size=1, interval=60)


class Logs:
    """Which logs are kept."""

    def __init__(self) -> None:
        self.kept: set[str] = set()

    def keep(self, name: str, age: int | None) -> None:
        assert age is None
        self.kept.add(name)

    def drop(self, name: str) -> None:
        self.kept.discard(name)


class Feed:
    """The records of one stream, in one shard."""

    def __init__(self, records: list[Arrival], ring: Callable[[], None]) -> None:
        self.patience: float | None = 1.0
        self.ring = ring
        self._records = records

    async def next(self, reached: Reached, limit: int = 1000) -> Sequence[Arrival]:
        return [one for one in self._records if one.position > reached.get("shard", 0)][:limit]

    async def waiting(self, reached: Reached) -> tuple[int | None, int]:
        found = await self.next(reached)
        return (found[0].arrived if found else None), sum(len(one.data) for one in found)

    async def written(self, size: int, newest: int) -> None:
        pass


class Feeds:
    """Streams for those who don't need whole ones."""

    def __init__(self) -> None:
        self.records: list[Arrival] = []
        self.given: list[Feed] = []

    def check(self, arn: str) -> None:
        if not arn.endswith("/s"):
            raise NotFound(f"no stream {arn}")

    def feed(self, arn: str, since: int, ring: Callable[[], None]) -> Feed:
        self.given.append(Feed(self.records, ring))
        return self.given[-1]

    def put(self, data: bytes, now: int) -> None:
        position = len(self.records) + 1
        self.records.append(Arrival("shard", position, f"id-{position}", now, data, f"49{position}"))
        for feed in self.given:
            feed.ring()


async def _nobody(event: Any) -> bytes:
    raise TryAgain("There is no function.")


class Yard:
    """A ``Hoses`` with what it stands on, and short words for what tests do with it."""

    def __init__(
        self, store: Store, root: Path, clock: ManualClock, vault: Vault | None = None, feeds: Feeds | None = None
    ) -> None:
        self.store, self.root, self.clock = store, root, clock
        self.logs = Logs()
        self.handler: Callable[[Any], Awaitable[bytes]] = _nobody
        self.vault, self.feeds = vault or Vault.open(None), feeds or Feeds()
        self.hoses = Hoses(
            store.log, store.catalog, store.progress, clock, self.logs, self.vault, self.feeds, self.ask, root
        )

    async def ask(self, function: str, payload: bytes) -> bytes:
        """The function that the test put into ``handler``."""
        return await self.handler(json.loads(payload))

    async def again(self) -> Yard:
        """The same store and directory after a restart."""
        await self.hoses.close()
        yard = Yard(self.store, self.root, self.clock, self.vault, self.feeds)
        await yard.hoses.load()
        return yard

    async def make(self, name: str = "h", **changes: Any) -> Hose:
        return await self.hoses.create(ACCOUNT, REGION, name, replace(PLAIN, **changes), {})

    def files(self) -> list[Path]:
        """All files of the buckets, by name."""
        return sorted(path for path in self.root.rglob("*") if path.is_file() and ".partial" not in path.parts)

    async def wait(self, count: int) -> list[bytes]:
        """The contents of the files once there are ``count``: threads write them, which no clock moves."""
        for _ in range(500):
            if len(self.files()) >= count:
                break
            await asyncio.sleep(0.01)
        assert len(self.files()) == count
        return [path.read_bytes() for path in self.files()]


@pytest.fixture
async def yard(tmp_path: Path) -> AsyncIterator[Yard]:
    yard = Yard(await open_memory(), tmp_path / "firehose", ManualClock(1_700_000_000_000))
    yield yard
    await yard.hoses.close()
