"""Every attempt of a delivery that needs more than one is on record, and forgotten with its fate."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from eventyard.store import Attempt
from eventyard.stores.memory import open_memory
from eventyard.target import Permanent, Retry

from .yard import Yard

DOWN = Retry("SERVER_ERROR", "status 503")
DAY = 86_400


@pytest.fixture
async def yard() -> AsyncIterator[Yard]:
    started = await Yard(await open_memory()).start()
    yield started
    await started.engine.close()


async def tries(yard: Yard, event_id: str) -> list[Attempt]:
    await yard.engine.ledger.flush()
    return await yard.store.progress.attempts(event_id)


async def test_attempts_are_kept_with_time_and_error_and_the_last_with_none(yard: Yard) -> None:
    yard.box("a").answers = [DOWN, Retry("THROTTLING", "status 429")]
    await yard.rule("r", {"source": ["cars"]}, "a")
    (event,) = await yard.publish(1)
    began = yard.clock.now()
    await yard.clock.advance(60)
    assert yard.box("a").numbers == [1]
    made = await tries(yard, event.id)
    assert [(each.number, each.error_code, each.error_message) for each in made] == [
        (1, "SERVER_ERROR", "status 503"),
        (2, "THROTTLING", "status 429"),
        (3, "", ""),
    ]
    assert made[0].at == began
    assert began + 500 <= made[1].at < made[2].at <= began + 10_000
    (fate,) = await yard.store.progress.fates(event_id=event.id)
    assert (fate.outcome, fate.attempts) == ("delivered", 3), "what was retrying must not be left so"


async def test_delivery_at_the_first_try_leaves_nothing(yard: Yard) -> None:
    await yard.rule("r", {"source": ["cars"]}, "a")
    (event,) = await yard.publish(1)
    assert yard.box("a").numbers == [1]
    assert await tries(yard, event.id) == []
    assert await yard.store.progress.fates(event_id=event.id) == []


async def test_what_was_not_even_tried_is_no_attempt(yard: Yard) -> None:
    yard.box("a").answers = [DOWN, Retry("CIRCUIT_OPEN", "not called", called=False)]
    await yard.rule("r", {"source": ["cars"]}, "a")
    (event,) = await yard.publish(1)
    await yard.clock.advance(60)
    assert [(each.number, each.error_code) for each in await tries(yard, event.id)] == [(1, "SERVER_ERROR"), (2, "")]


async def test_permanent_failure_after_retries_is_the_last_attempt(yard: Yard) -> None:
    yard.box("a").answers = [DOWN, Permanent("NO_RESOURCE", "gone")]
    await yard.rule("r", {"source": ["cars"]}, "a")
    (event,) = await yard.publish(1)
    await yard.clock.advance(60)
    assert [each.error_code for each in await tries(yard, event.id)] == ["SERVER_ERROR", "NO_RESOURCE"]


async def test_a_day_of_attempts_is_kept_whole_and_no_more(yard: Yard) -> None:
    yard.box("a").always = DOWN
    await yard.rule("r", {"source": ["cars"]}, "a")
    (event,) = await yard.publish(1)
    await yard.clock.advance(DAY + 3_600)
    made = await tries(yard, event.id)
    assert [each.number for each in made] == list(range(1, yard.box("a").tries + 1))
    assert 100 < len(made) <= 186


async def test_fates_go_with_their_events(yard: Yard) -> None:
    yard.box("a").always = Permanent("NO_RESOURCE", "gone")
    await yard.rule("r", {"source": ["cars"]}, "a")
    (old,) = await yard.publish(1)
    await yard.clock.advance(6 * DAY)
    (new,) = await yard.publish(2)
    await yard.clock.advance(DAY + 60)
    assert await yard.store.progress.fates(event_id=old.id) == []
    assert len(await yard.store.progress.fates(event_id=new.id)) == 1
