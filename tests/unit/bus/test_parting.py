"""What is removed leaves nothing behind, and what is put again by the same name begins anew."""

from __future__ import annotations

import asyncio
import json

import pytest

from eventyard.bus.resources import Bus, Rule, TargetSpec
from eventyard.clock import settle
from eventyard.errors import TryAgain
from eventyard.names import bus_arn, rule_arn
from eventyard.store import Checkpoint, Deferred, Record
from eventyard.stores.memory import MemoryStore, open_memory
from eventyard.target import Retry

from .yard import BUS, Yard

DOWN = Retry("SERVER_ERROR", "status 503")
NAME = f"{rule_arn(BUS, 'r')}#a"
CARS = {"source": ["cars"]}
SIDE = bus_arn("123456789012", "us-east-1", "side")


@pytest.fixture
async def store() -> MemoryStore:
    return await open_memory()


@pytest.fixture
async def slow(store: MemoryStore, monkeypatch: pytest.MonkeyPatch) -> MemoryStore:
    """A store whose answers take a while, as a disk's do."""
    forget, record = store.progress.forget, store.progress.record

    async def slow_forget(subscriber: str) -> None:
        await settle(40)
        await forget(subscriber)

    async def slow_record(step: Record) -> None:
        await settle(10)
        await record(step)

    monkeypatch.setattr(store.progress, "forget", slow_forget)
    monkeypatch.setattr(store.progress, "record", slow_record)
    return store


async def progress(store: MemoryStore) -> set[str]:
    """Who has left progress, routers aside."""
    return {name for name in (*await store.progress.load(), *await store.progress.backlog()) if "#" in name}


async def test_removed_target_leaves_nothing_once_its_removal_is_answered(store: MemoryStore) -> None:
    yard = await Yard(store).start()
    yard.box("a").always = DOWN
    await yard.rule("r", CARS, "a")
    await yard.publish(*range(5))
    await yard.disable("r")
    await yard.engine.ledger.flush()
    assert await progress(store) == {NAME}
    await yard.directory.remove_targets(BUS, "r", ["a"])
    assert await progress(store) == set()
    await yard.clock.advance(600)
    await yard.engine.close()
    assert await progress(store) == set()


async def test_target_put_again_at_once_gets_what_comes_from_then_on_once_and_nothing_before(
    slow: MemoryStore,
) -> None:
    yard = await Yard(slow).start()
    await yard.rule("r", CARS, "a")
    for turn in range(20):
        yard.box("a").always = DOWN
        await yard.publish(turn * 10)  # is deferred, and to be forgotten with the target
        await yard.directory.remove_targets(BUS, "r", ["a"])
        await yard.rule("r", CARS, "a")
        await yard.publisher.publish(BUS, [yard.event(turn * 10 + 1)])
        await settle()  # fails at first
        yard.box("a").always = yard.box("b").always
        for _ in range(60):
            await yard.clock.advance(1)
    assert yard.box("a").numbers == [turn * 10 + 1 for turn in range(20)]
    await yard.engine.close()
    assert await progress(slow) == set()


async def test_subscription_replaced_at_once_loses_and_repeats_nothing(slow: MemoryStore) -> None:
    yard = await Yard(slow).start()
    await yard.rule("r", CARS, "a")
    subscription = yard.engine._by_name[NAME].subscription
    yard.box("a").always = DOWN
    await yard.publish(0)
    for _ in range(3):
        yard.engine.unsubscribe(NAME)
        yard.engine.subscribe(subscription)
    await yard.publish(1)
    await settle(300)
    yard.box("a").always = yard.box("b").always
    for _ in range(60):
        await yard.clock.advance(1)
    await yard.publish(2)
    assert yard.box("a").numbers == [1, 2]
    await yard.engine.close()
    assert await progress(slow) == set()


async def test_crash_between_a_removal_and_forgetting_leaves_nothing_to_the_next_of_the_name(
    store: MemoryStore,
) -> None:
    yard = await Yard(store).start()
    events = await yard.publish(1, 2, 3)
    await yard.engine.close()
    left = Deferred(NAME, BUS, 2, events[1].id, 3, 1, yard.clock.now() + 1_000, "SERVER_ERROR", "status 503")
    marks = {NAME: Checkpoint(0), f"{NAME}!gap": Checkpoint(1, (2,))}
    await store.progress.record(Record(marks, [left]))
    again = await Yard(store, clock=yard.clock).start()
    assert await progress(store) == set()
    await again.rule("r", CARS, "a")
    await again.publish(4)
    await again.clock.advance(60)
    assert again.box("a").numbers == [4]
    await again.engine.close()


async def test_full_store_holds_forgetting_up_and_nothing_comes_of_it(
    store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    yard = await Yard(store).start()
    await yard.rule("r", CARS, "a")
    yard.box("a").always = DOWN
    await yard.publish(1)
    forget = store.progress.forget

    async def full(subscriber: str) -> None:
        raise TryAgain("the disk is full", "InternalFailure")

    monkeypatch.setattr(store.progress, "forget", full)
    removing = asyncio.create_task(yard.directory.remove_targets(BUS, "r", ["a"]))
    await yard.clock.advance(5)
    assert not removing.done()
    monkeypatch.setattr(store.progress, "forget", forget)
    yard.box("a").always = yard.box("b").always
    await yard.clock.advance(5)
    assert removing.done()
    await yard.rule("r", CARS, "a")
    await yard.publish(2)
    await yard.clock.advance(60)
    assert yard.box("a").numbers == [2]
    await yard.engine.close()


async def side_bus(yard: Yard) -> None:
    now = yard.clock.now()
    await yard.directory.put_bus(Bus(arn=SIDE, name="side", created=now, modified=now))
    rule = Rule(
        bus=SIDE,
        name="r",
        arn=rule_arn(SIDE, "r"),
        created=now,
        created_by="123456789012",
        pattern=json.dumps(CARS),
        state="ENABLED",
    )
    await yard.directory.put_rule(rule)
    await yard.directory.put_targets(SIDE, "r", [TargetSpec(id="a", arn="arn:aws:sqs:us-east-1:123456789012:a")])


@pytest.mark.parametrize("restart", [False, True])
async def test_deleted_bus_leaves_no_router_and_goes_on_at_its_end_when_created_again(
    store: MemoryStore, restart: bool
) -> None:
    yard = await Yard(store).start()
    await side_bus(yard)
    await yard.publisher.publish(SIDE, [yard.event(1), yard.event(2)])
    await yard.clock.advance(1)
    await yard.directory.remove_targets(SIDE, "r", ["a"])
    await yard.directory.delete_rule(SIDE, "r")
    await yard.directory.delete_bus(SIDE)
    await yard.clock.advance(120)
    await yard.engine.ledger.flush()
    assert SIDE not in yard.engine._routers
    assert SIDE not in await store.progress.load()
    if restart:
        await yard.engine.close()
        boxes, yard = yard.boxes, Yard(store, clock=yard.clock)
        yard.boxes = boxes
        await yard.start()
        assert SIDE not in yard.engine._routers
    await side_bus(yard)
    await yard.publisher.publish(SIDE, [yard.event(3)])
    await yard.clock.advance(1)
    assert yard.box("a").numbers == [1, 2, 3]
    await yard.engine.close()
    assert await store.progress.fates() == [], "nothing has expired"
    assert (await store.progress.load())[SIDE] == Checkpoint(3)


async def test_whoever_waits_for_the_ledger_may_be_cancelled_without_a_loss(
    slow: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    record, full = slow.progress.record, True

    async def full_at_times(step: Record) -> None:
        nonlocal full
        full = not full
        if full:
            await settle(5)
            raise TryAgain("the disk is full", "InternalFailure")
        await record(step)

    monkeypatch.setattr(slow.progress, "record", full_at_times)
    yard = await Yard(slow).start()
    ledger = yard.engine.ledger
    for number in range(20):
        ledger.moved(f"one-{number}", lambda: Checkpoint(7))
        flush = asyncio.create_task(ledger.flush())
        await settle(number)
        flush.cancel()
        await asyncio.gather(flush, return_exceptions=True)
    monkeypatch.setattr(slow.progress, "record", record)
    await yard.engine.close()
    assert {f"one-{number}" for number in range(20)} <= set(await slow.progress.load())
