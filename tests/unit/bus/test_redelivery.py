"""Events delivered again: only to whom they are meant for, with retries, over restarts."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from eventyard.bus import Redelivery
from eventyard.clock import settle
from eventyard.errors import NotFound
from eventyard.stores.memory import MemoryStore, open_memory
from eventyard.target import Retry

from .yard import BUS, Yard


@pytest.fixture
async def store() -> AsyncIterator[MemoryStore]:
    opened = await open_memory()
    yield opened
    await opened.close()


async def start(yard: Yard) -> Redelivery:
    await yard.directory.load()
    redelivery = Redelivery(yard.engine, yard.directory, yard.publisher, yard.store.log)
    await redelivery.load()
    await yard.engine.start()
    return redelivery


async def test_only_the_chosen_target_gets_it_whatever_its_rule_says(store: MemoryStore) -> None:
    yard = Yard(store)
    redelivery = await start(yard)
    await yard.rule("boats", {"source": ["boats"]}, "one", "two")
    await yard.rule("other", {"source": ["cars"]}, "other")
    await yard.disable("boats")
    assert await redelivery.deliver(BUS, "boats", [yard.event(1)], "two") == 1
    assert await redelivery.deliver(BUS, "boats", [yard.event(2)]) == 2
    await settle()
    assert [yard.box(name).numbers for name in ("one", "two", "other")] == [[2], [1, 2], []]
    for rule, target in (("absent", None), ("boats", "absent")):
        with pytest.raises(NotFound):
            await redelivery.deliver(BUS, rule, [yard.event(3)], target)
    await yard.engine.close()


async def test_what_could_not_be_delivered_is_tried_again_after_a_restart(store: MemoryStore) -> None:
    yard = Yard(store)
    redelivery = await start(yard)
    await yard.rule("cars", {"source": ["cars"]}, "box")
    yard.box("box").always = Retry("BUSY", "later")
    await redelivery.deliver(BUS, "cars", [yard.event(1)])
    await settle()
    await yard.engine.close()

    again = Yard(store, clock=yard.clock)
    await start(again)
    await again.clock.advance(60)
    await again.engine.trim()
    assert again.box("box").numbers == [1]
    await again.engine.close()


async def test_nothing_more_goes_to_a_target_that_was_removed(store: MemoryStore) -> None:
    yard = Yard(store)
    redelivery = await start(yard)
    await yard.rule("cars", {"source": ["cars"]}, "box")
    yard.box("box").answers = [Retry("BUSY", "later")]
    await redelivery.deliver(BUS, "cars", [yard.event(1)])
    await settle()
    await yard.directory.remove_targets(BUS, "cars", ["box"])
    await yard.clock.advance(120)
    assert yard.box("box").numbers == []
    await yard.engine.close()
