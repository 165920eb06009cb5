"""Archives on a memory store and a manual clock: what they take, what they keep, and that nothing is kept twice."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

import msgspec
import pytest

from eventyard.archives import Archive, Archives, archive_arn
from eventyard.bus import BusRecordings
from eventyard.clock import settle
from eventyard.errors import Conflict, NotFound, TryAgain
from eventyard.event import Event, with_replay_name
from eventyard.stores.memory import MemoryStore, open_memory
from eventyard.target import Delivery, Retry
from eventyard.targets.log import LogTarget

from ..bus.yard import BUS, Yard

ARN = archive_arn("123456789012", "us-east-1", "all")


@pytest.fixture
async def store() -> AsyncIterator[MemoryStore]:
    opened = await open_memory()
    yield opened
    await opened.close()


def archive(yard: Yard, number: int = 1, **more: object) -> Archive:
    fields = {"arn": ARN, "name": "all", "bus": BUS, "log": f"{ARN}#{number}", "created": yard.clock.now()}
    return Archive(**(fields | more))  # type: ignore[arg-type]  # the fields as a test gives them


async def house(store: MemoryStore, yard: Yard) -> Archives:
    recordings = BusRecordings(yard.engine, lambda name: LogTarget(store.log, yard.clock, name))
    archives = Archives(store.catalog, store.log, recordings)
    await archives.load()
    await yard.start()
    return archives


async def kept(store: MemoryStore, log: str = f"{ARN}#1") -> list[bytes]:
    return [event.body for _, event in await store.log.read(log, 0, 1000)]


async def test_archive_keeps_what_is_published_from_then_on_as_it_is(store: MemoryStore) -> None:
    yard = Yard(store)
    archives = await house(store, yard)
    await yard.publish(1)
    await archives.create(archive(yard))
    events = await yard.publish(2, 3)
    assert await kept(store) == [event.body for event in events]
    holding = (await archives.holdings())(archives.find(ARN))
    assert (holding.events, holding.size) == (2, sum(len(event.body) for event in events))
    await yard.engine.close()


async def test_archive_takes_only_what_its_pattern_matches_also_after_it_is_changed(store: MemoryStore) -> None:
    yard = Yard(store)
    archives = await house(store, yard)
    await archives.create(archive(yard, pattern='{"detail":{"n":[1]}}'))
    (first, _) = await yard.publish(1, 2)
    await archives.change(ARN, lambda old: msgspec.structs.replace(old, pattern='{"detail":{"n":[2]}}'))
    (_, second) = await yard.publish(1, 2)
    assert await kept(store) == [first.body, second.body]
    await yard.engine.close()


@pytest.mark.parametrize("pattern", [None, '{"source":["cars"]}', '{"replay-name":[{"exists":true}]}'])
async def test_what_was_replayed_is_not_archived_again(store: MemoryStore, pattern: str | None) -> None:
    yard = Yard(store)
    archives = await house(store, yard)
    await archives.create(archive(yard, pattern=pattern))
    event = yard.event(1)
    await yard.publisher.publish(BUS, [Event(with_replay_name(event.body, "again"), event.ingested)])
    await settle()
    assert await kept(store) == []
    await yard.engine.close()


async def test_retention_forgets_by_age_and_zero_days_never(store: MemoryStore) -> None:
    yard = Yard(store)
    archives = await house(store, yard)
    await archives.create(archive(yard, days=2))
    ever = archive(yard, arn=f"{ARN}-ever", name="all-ever", log=f"{ARN}-ever#1")
    await archives.create(ever)
    await yard.publish(1)
    await yard.clock.advance(86_400)
    (young,) = await yard.publish(2)
    await yard.clock.advance(86_400 + 60)
    await yard.engine.trim()
    assert await kept(store) == [young.body]
    await yard.clock.advance(4 * 86_400)
    await yard.engine.trim()
    assert len(await kept(store, ever.log)) == 2
    assert await kept(store) == []
    await yard.engine.close()


async def test_archive_goes_on_after_a_restart_and_its_log_is_matched_by_nobody(store: MemoryStore) -> None:
    yard = Yard(store, keep="all")
    archives = await house(store, yard)
    await archives.create(archive(yard))
    (first,) = await yard.publish(1)
    await yard.engine.close()
    again = Yard(store, keep="all", clock=yard.clock)
    between = again.event(2)
    await again.publisher.publish(BUS, [between])  # durable, and the server died before anybody was told
    archives = await house(store, again)
    await settle()
    assert await kept(store) == [first.body, between.body]
    assert not await store.progress.fates(bus=f"{ARN}#1")
    await again.engine.close()


async def test_deleted_archive_is_empty_when_it_is_made_anew(store: MemoryStore) -> None:
    yard = Yard(store)
    archives = await house(store, yard)
    await archives.create(archive(yard))
    await yard.publish(1)
    with pytest.raises(Conflict):
        await archives.create(archive(yard, 2))
    await archives.delete(ARN)
    with pytest.raises(NotFound):
        await archives.delete(ARN)
    await archives.create(archive(yard, 2))
    assert (await archives.holdings())(archives.find(ARN)).events == 0
    await settle()
    await yard.engine.trim()
    assert await kept(store) == [], "the events of a deleted archive are gone"
    (event,) = await yard.publish(2)
    assert await kept(store, f"{ARN}#2") == [event.body]
    await yard.engine.close()


async def test_what_is_delivered_again_after_a_crash_is_not_kept_twice(store: MemoryStore) -> None:
    yard = Yard(store)
    events = [yard.event(n) for n in range(3)]
    batch = [Delivery(event.id, event.body, None, event.body) for event in events]
    await LogTarget(store.log, yard.clock, ARN).deliver(batch[:2])
    after = LogTarget(store.log, yard.clock, ARN)
    await after.deliver(batch)
    await after.deliver(batch)
    assert await kept(store, ARN) == [event.body for event in events]


async def test_archive_tries_again_when_the_store_has_no_room(store: MemoryStore) -> None:
    class Halfway:
        """Appends, and says that it could not."""

        def __getattr__(self, name: str) -> object:
            return getattr(store.log, name)

        async def append(self, bus: str, events: Sequence[Event]) -> int:
            await store.log.append(bus, events)
            raise TryAgain("The disk is full.")

    yard = Yard(store)
    event = yard.event(1)
    item = Delivery(event.id, event.body, None, event.body)
    target = LogTarget(Halfway(), yard.clock, ARN)  # type: ignore[arg-type]  # a log, by its methods
    (outcome,) = await target.deliver([item])
    assert isinstance(outcome, Retry)
    await target.deliver([item])
    assert await kept(store, ARN) == [event.body]
