"""Replays on a memory store and a manual clock: who gets what, and that each is copied once over crashes."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest

from eventyard.archives import Archive, Archives, Replay, Replays, archive_arn, replay_arn
from eventyard.archives.copier import Copier
from eventyard.archives.order import Order
from eventyard.bus import BusRecordings, BusReplays
from eventyard.clock import ManualClock, settle
from eventyard.errors import Conflict, InvalidRequest, LimitExceeded, TryAgain
from eventyard.event import Event, envelope, iso_seconds
from eventyard.names import rule_arn
from eventyard.stores.memory import MemoryStore, open_memory
from eventyard.target import Permanent, Retry
from eventyard.targets.log import LogTarget

from ..bus.yard import BUS, Yard

ARCHIVE = archive_arn("123456789012", "us-east-1", "all")


@pytest.fixture
async def store() -> AsyncIterator[MemoryStore]:
    opened = await open_memory()
    yield opened
    await opened.close()


class House:
    """A yard with archives and replays, and an archive of everything on its bus."""

    def __init__(self, store: MemoryStore, **yard: Any) -> None:
        self.store = store
        self.yard = Yard(store, **yard)
        self.clock = self.yard.clock
        recordings = BusRecordings(self.yard.engine, lambda name: LogTarget(store.log, self.clock, name))
        self.archives = Archives(store.catalog, store.log, recordings)
        playing = BusReplays(self.yard.engine, self.yard.directory, store.progress)
        self.replays = Replays(store.catalog, store.log, self.clock, self.archives, recordings, playing)

    async def start(self) -> House:
        await self.yard.directory.load()
        await self.archives.load()
        await self.replays.load()
        await self.yard.engine.start()
        self.replays.start()
        if self.archives.get(ARCHIVE) is None:
            await self.archives.create(
                Archive(arn=ARCHIVE, name="all", bus=BUS, log=f"{ARCHIVE}#1", created=self.clock.now())
            )
        return self

    async def close(self) -> None:
        await self.replays.close()
        await self.yard.engine.close()

    async def replay(self, name: str = "again", **more: Any) -> Replay:
        arn = replay_arn("123456789012", "us-east-1", name)
        fields: dict[str, Any] = {
            "arn": arn,
            "name": name,
            "archive": ARCHIVE,
            "source": f"{ARCHIVE}#1",
            "bus": BUS,
            "log": f"{arn}#1",
            "start": 0,
            "end": 1 << 50,
            "behind": 0,
        }
        return await self.replays.create(Replay(**(fields | more)))

    async def done(self, name: str = "again") -> Replay:
        for _ in range(100):
            await self.clock.advance(0.1)
            replay = self.replays.find(replay_arn("123456789012", "us-east-1", name))
            if not replay.active:
                return replay
        raise AssertionError(f"the replay does not end: {replay}")


async def test_replay_delivers_the_window_once_more_and_says_so_in_the_event(store: MemoryStore) -> None:
    house = await House(store).start()
    await house.yard.rule("cars", {"source": ["cars"]}, "box")
    begun = house.clock.now()
    for n in range(4):
        await house.yard.publish(n)
        await house.clock.advance(10)
    replay = await house.replay(start=begun + 10_000, end=begun + 30_000)
    assert replay.state == "STARTING"
    replay = await house.done()
    assert (replay.state, replay.last) == ("COMPLETED", begun // 1000 * 1000 + 20_000)
    box = house.yard.box("box")
    assert box.numbers == [0, 1, 2, 3, 1, 2]
    before, after = json.loads(box.got[1].payload), json.loads(box.got[4].payload)
    assert list(after) == [*list(before)[:7], "replay-name", "resources", "detail"]
    assert after.pop("replay-name") == "again"
    assert after == before
    assert len(await store.log.read(f"{ARCHIVE}#1", 0, 100)) == 4, "what is replayed is not archived again"
    await house.close()


async def test_only_the_rules_that_are_named_get_what_is_replayed(store: MemoryStore) -> None:
    house = await House(store).start()
    await house.yard.rule("one", {"source": ["cars"]}, "one")
    await house.yard.rule("two", {"source": ["cars"]}, "two")
    await house.yard.rule("other", {"source": ["boats"]}, "other")
    await house.yard.rule("live", {"replay-name": [{"exists": False}]}, "live")
    await house.yard.publish(1)
    await house.replay(rules=(rule_arn(BUS, "two"), rule_arn(BUS, "other")))
    await house.done()
    assert [house.yard.box(name).numbers for name in ("one", "two", "other", "live")] == [[1], [1, 1], [], [1]]
    await house.replay("all")
    await house.done("all")
    assert [house.yard.box(name).numbers for name in ("one", "two", "other", "live")] == [[1, 1], [1, 1, 1], [], [1]]
    await house.close()


async def test_rule_made_after_the_events_gets_them_and_a_disabled_rule_does_not(store: MemoryStore) -> None:
    house = await House(store).start()
    await house.yard.rule("off", {"source": ["cars"]}, "off")
    await house.yard.publish(1, 2)
    await house.yard.rule("new", {"detail": {"n": [2]}}, "new")
    await house.yard.disable("off")
    await house.replay()
    await house.done()
    assert (house.yard.box("new").numbers, house.yard.box("off").numbers) == ([2], [1, 2])
    await house.close()


async def test_what_was_just_published_is_part_of_the_replay(store: MemoryStore) -> None:
    house = await House(store).start()
    await house.yard.rule("cars", {"source": ["cars"]}, "box")
    await house.yard.publisher.publish(BUS, [house.yard.event(1)])  # and nobody has taken it yet
    await house.replay()
    await house.done()
    assert house.yard.box("box").numbers == [1, 1]
    await house.close()


async def test_failed_deliveries_of_a_replay_are_tried_again_and_dead_lettered(store: MemoryStore) -> None:
    house = await House(store).start()
    dead = "arn:aws:sqs:us-east-1:123456789012:dead"
    await house.yard.rule("cars", {"source": ["cars"]}, "box", dead_letter_arn=dead)
    await house.yard.publish(1, 2)
    house.yard.box("box").answers = [Retry("BUSY", "later"), Permanent("NO", "never")]
    await house.replay()
    assert (await house.done()).state == "COMPLETED"
    await house.clock.advance(60)
    assert house.yard.box("box").numbers == [1, 2, 1]
    ((queue, body, attributes),) = house.yard.dead
    assert (queue, json.loads(body)["replay-name"], attributes["ERROR_CODE"]) == (dead, "again", "NO")
    assert house.replays.find(replay_arn("123456789012", "us-east-1", "again")).closed
    await house.yard.engine.trim()
    assert not await store.log.read(f"{replay_arn('123456789012', 'us-east-1', 'again')}#1", 0, 10)
    await house.close()


async def test_replay_goes_on_after_a_restart_where_it_was(store: MemoryStore) -> None:
    house = await House(store).start()
    await house.yard.rule("cars", {"source": ["cars"]}, "box")
    await house.yard.publish(*range(1000))
    await house.clock.advance(1)
    box = house.yard.box("box")
    box.got.clear()
    await house.replay()
    arn = replay_arn("123456789012", "us-east-1", "again")
    while not house.replays.find(arn).cursor:
        await settle(1)
    assert house.replays.find(arn).cursor < 1000
    await house.close()

    again = House(store, clock=house.clock)
    again.yard.boxes = house.yard.boxes
    await again.start()
    assert (await again.done()).state == "COMPLETED"
    await again.clock.advance(1)
    assert sorted(set(box.numbers)) == list(range(1000))
    log = await store.log.read(f"{arn}#1", 0, 10_000)
    assert len(log) in (0, 1000), "each event is copied once"
    await again.close()


async def test_minutes_are_replayed_one_after_the_other_also_over_a_restart(store: MemoryStore) -> None:
    house = await House(store).start()
    await house.yard.rule("cars", {"source": ["cars"]}, "box")
    minutes = [*range(20), *(n % 7 for n in range(600)), -1_000_000]
    for at, minute in enumerate(minutes):
        await store.log.append(f"{ARCHIVE}#1", [event(at, minute)])
    arn = (await house.replay(start=-(1 << 50))).arn
    box = house.yard.box("box")
    while len(box.got) < 250:
        await house.clock.advance(0.1)
    await house.close()

    again = House(store, clock=house.clock)
    again.yard.boxes = house.yard.boxes
    await again.start()
    assert (await again.done()).state == "COMPLETED"
    wanted = sorted(range(len(minutes)), key=lambda at: (minutes[at], at))
    copies = [json.loads(copy.body)["detail"]["n"] for _, copy in await store.log.read(f"{arn}#1", 0, 10_000)]
    assert copies in ([], wanted), "each is copied once, in order"
    assert list(dict.fromkeys(box.numbers)) == wanted
    await again.close()


def event(n: int, minute: int) -> Event:
    body = envelope(
        id=f"id-{n}", detail_type="T", source="cars", account="1", region="r", resources=(), detail=b'{"n":%d}' % n,
        time=iso_seconds(minute * 60_000),
    )  # fmt: skip
    return Event(body, 0)


async def test_replay_with_a_delivery_to_be_tried_again_survives_a_restart(store: MemoryStore) -> None:
    house = await House(store).start()
    await house.yard.rule("cars", {"source": ["cars"]}, "box")
    await house.yard.publish(1)
    house.yard.box("box").always = Retry("BUSY", "later")
    await house.replay()
    assert (await house.done()).state == "COMPLETED"
    await house.close()

    again = await House(store, clock=house.clock).start()
    await again.clock.advance(60)
    assert again.yard.box("box").numbers == [1]
    await again.close()


async def test_event_is_copied_once_though_the_copy_was_not_noted_or_failed_halfway(store: MemoryStore) -> None:
    house = await House(store).start()
    await house.yard.publish(*range(300))
    await settle(100)
    replay = Replay(
        arn="r", name="r", archive=ARCHIVE, source=f"{ARCHIVE}#1", bus=BUS, log="r#1", start=0, end=1 << 50, behind=0,
        until=300,
    )  # fmt: skip

    class Halfway:
        def __getattr__(self, name: str) -> Any:
            return getattr(store.log, name)

        async def append(self, bus: str, events: Sequence[Event]) -> int:
            await store.log.append(bus, events[:70])
            raise TryAgain("The disk is full.")

    order = Order(store.log, replay)
    while not order.known:
        await order.look()
    with pytest.raises(TryAgain):
        await Copier(Halfway(), house.clock, order).copy(replay)  # type: ignore[arg-type]  # a log, by its methods
    await Copier(store.log, house.clock, order).copy(replay)
    last = Copier(store.log, house.clock, order)
    for _ in range(3):
        if not replay.through:
            replay = (await last.copy(replay)).apply(replay)
    numbers = [json.loads(event.body)["detail"]["n"] for _, event in await store.log.read("r#1", 0, 1000)]
    assert numbers == list(range(300))
    assert replay.copied == 300
    await house.close()


async def test_cancelled_replay_copies_no_more(store: MemoryStore) -> None:
    house = await House(store).start()
    await house.yard.rule("cars", {"source": ["cars"]}, "box")
    await house.yard.publish(*range(1000))
    await house.clock.advance(1)
    await house.replay()
    arn = replay_arn("123456789012", "us-east-1", "again")
    assert (await house.replays.cancel(arn)).state == "CANCELLING"
    assert (await house.done()).state == "CANCELLED"
    assert len(house.yard.box("box").numbers) < 2000
    with pytest.raises(InvalidRequest) as caught:
        await house.replays.cancel(arn)
    assert caught.value.code == "IllegalStatusException"
    await house.close()


async def test_replay_fails_when_its_archive_is_deleted(store: MemoryStore) -> None:
    house = await House(store).start()
    await house.yard.publish(*range(1000))
    await house.clock.advance(1)
    await house.replay()
    await house.archives.delete(ARCHIVE)
    replay = await house.done()
    assert (replay.state, replay.reason) == ("FAILED", "Archive all was deleted.")
    await house.close()


async def test_ten_replays_at_a_time_each_with_its_name(store: MemoryStore) -> None:
    house = await House(store).start()
    for number in range(10):
        await house.replay(f"r{number}")
    with pytest.raises(LimitExceeded):
        await house.replay("one-more")
    await house.done("r9")
    await house.replay("one-more")
    with pytest.raises(Conflict):
        await house.replay("r1")
    await house.clock.advance(1)
    await house.close()
    later = await House(store, clock=ManualClock(house.clock.now() + 91 * 86_400_000)).start()
    await later.replay("r1")
    assert [replay.name for replay in later.replays.list("arn:")] == ["r1"]
    await later.close()
