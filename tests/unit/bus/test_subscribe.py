"""Subscriptions that are not a rule's: on any log, from any position, replaced in place."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from eventyard.bus import Retention
from eventyard.bus.subscription import RetryPolicy, Subscription
from eventyard.clock import settle
from eventyard.pattern import parse
from eventyard.stores.memory import MemoryStore, open_memory
from eventyard.target import Retry

from .yard import Box, Yard

LOG = "arn:aws:sns:us-east-1:123456789012:prices"


@pytest.fixture
async def store() -> AsyncIterator[MemoryStore]:
    opened = await open_memory()
    yield opened
    await opened.close()


def subscription(box: Box, pattern: str = '{"source":["cars"]}') -> Subscription:
    return Subscription(f"{LOG}:one", LOG, LOG, "one", "box", parse(pattern), box, None, RetryPolicy(), None)


async def publish(yard: Yard, *numbers: int) -> None:
    await yard.publisher.publish(LOG, [yard.event(n) for n in numbers])
    await settle()


async def test_subscription_receives_from_a_log_that_is_no_bus(store: MemoryStore) -> None:
    yard, box = await Yard(store).start(), Box()
    await publish(yard, 1)
    yard.engine.subscribe(subscription(box))
    await publish(yard, 2, 3)
    assert box.numbers == [2, 3]
    yard.engine.unsubscribe(f"{LOG}:one")
    await publish(yard, 4)
    assert box.numbers == [2, 3]
    await yard.engine.close()


async def test_subscription_that_starts_in_the_past_reads_it_first(store: MemoryStore) -> None:
    yard, box = await Yard(store).start(), Box()
    await publish(yard, 1, 2, 3)
    yard.engine.subscribe(subscription(box), start=1)
    await settle()
    await publish(yard, 4)
    assert box.numbers == [2, 3, 4]
    await yard.engine.close()


async def test_replaced_subscription_keeps_its_place_and_follows_the_new_pattern(store: MemoryStore) -> None:
    yard, box = await Yard(store).start(), Box()
    yard.engine.subscribe(subscription(box))
    await publish(yard, 1)
    yard.engine.subscribe(subscription(box, '{"detail":{"n":[3]}}'))
    await publish(yard, 2, 3)
    assert box.numbers == [1, 3]
    await yard.engine.close()


async def test_subscription_goes_on_after_a_restart_with_what_it_had_not_delivered(store: MemoryStore) -> None:
    yard, box = await Yard(store).start(), Box()
    box.always = Retry("BUSY", "later")
    yard.engine.subscribe(subscription(box))
    await publish(yard, 1)
    await yard.engine.close()

    again, other = Yard(store, clock=yard.clock), Box()
    again.engine.subscribe(subscription(other))
    await again.start()
    await publish(again, 2)
    await again.clock.advance(5)
    assert sorted(other.numbers) == [1, 2]
    await again.engine.close()


async def test_retention_empties_the_log_of_nobody_and_keeps_what_has_its_own(store: MemoryStore) -> None:
    yard = await Yard(store).start()
    await publish(yard, 1, 2)
    yard.engine.keep_log(LOG, Retention(age=None, size=None))
    await yard.clock.advance(30 * 86_400)
    await yard.engine.trim()
    assert len(await store.log.read(LOG, 0, 10)) == 2
    yard.engine.drop_log(LOG)
    await yard.engine.trim()
    assert await store.log.read(LOG, 0, 10) == []
    await yard.engine.close()
