"""Asking for a receive again, and how many messages can be in flight."""

from __future__ import annotations

import pytest

from eventyard.errors import InvalidRequest, LimitExceeded
from eventyard.queues import Queues, Received
from tests.unit.queues.conftest import Yard


async def filled(yard: Yard) -> str:
    q = await yard.make("q.fifo", {"VisibilityTimeout": "30"})
    for body in "abc":
        await yard.send(q, body, group=body, dedup=body)
    return q


async def ask(yard: Yard, q: str, attempt: str, limit: int = 2) -> list[Received]:
    return list(await yard.queues.receive(q, limit, attempt=attempt))


async def test_same_attempt_gets_the_same_messages_with_the_same_receipts(yard: Yard) -> None:
    q = await filled(yard)
    first = await ask(yard, q, "try")
    assert [one.message.body for one in first] == ["a", "b"]
    assert await ask(yard, q, "try", limit=10) == first
    assert [one.message.body for one in await ask(yard, q, "other")] == ["c"]


async def test_asking_again_begins_the_visibility_timeout_anew(yard: Yard) -> None:
    q = await filled(yard)
    first = await ask(yard, q, "try", limit=10)
    await yard.clock.advance(29)
    assert await ask(yard, q, "try") == first
    await yard.clock.advance(29)
    assert await yard.receive(q) == []
    await yard.clock.advance(1)
    assert len(await yard.receive(q)) == 3


async def test_attempt_is_over_with_the_visibility_timeout(yard: Yard) -> None:
    q = await filled(yard)
    first = await ask(yard, q, "try")
    await yard.clock.advance(30)
    second = await ask(yard, q, "try")
    assert [one.message.body for one in second] == ["a", "b"]
    assert [one.message.receipt for one in second] != [one.message.receipt for one in first]


async def test_attempt_is_over_after_five_minutes(yard: Yard) -> None:
    q = await filled(yard)
    await yard.queues.receive(q, 2, 600, attempt="try")
    await yard.clock.advance(300)
    assert [one.message.body for one in await ask(yard, q, "try")] == ["c"]


@pytest.mark.parametrize("seconds", [None, 100])
async def test_attempt_is_over_when_a_message_is_changed(yard: Yard, seconds: int | None) -> None:
    q = await filled(yard)
    first = await ask(yard, q, "try")
    await yard.queues.settle(q, [(first[0].message.receipt, seconds)])
    assert [one.message.body for one in await ask(yard, q, "try")] == ["c"]


async def test_only_so_many_bytes_are_remembered(yard: Yard) -> None:
    q = await yard.make("q.fifo", {"VisibilityTimeout": "200"})
    for number in range(70):
        await yard.send(q, "x" * 1_000_000, group=f"{number}", dedup=f"{number}")
    first = [await ask(yard, q, f"try-{number}", 1) for number in range(70)]
    assert await ask(yard, q, "try-69", 1) == first[69]
    assert await ask(yard, q, "try-10", 1) == first[10]
    assert await ask(yard, q, "try-0", 1) == [], "forgotten, and its message is still hidden"


async def test_attempts_are_for_fifo_queues(yard: Yard) -> None:
    q = await yard.make("q")
    with pytest.raises(InvalidRequest, match="not valid for this queue type"):
        await ask(yard, q, "try")
    with pytest.raises(InvalidRequest, match="1 to 128"):
        await ask(yard, await yard.make("q.fifo"), "x" * 129)


async def test_only_so_many_messages_are_in_flight(yard: Yard) -> None:
    yard.queues = Queues(yard.store.queues, yard.store.catalog, yard.clock, in_flight=3)
    q = await yard.make("q")
    await yard.send(q, *"abcd")
    got = await yard.queues.receive(q, 3)
    with pytest.raises(LimitExceeded) as caught:
        await yard.receive(q)
    assert caught.value.code == "OverLimit"
    await yard.queues.settle(q, [(got[0].message.receipt, None)])
    assert await yard.receive(q) == ["d"]
    await yard.clock.advance(30)
    assert len(await yard.receive(q)) == 3


async def test_what_was_in_flight_before_a_restart_counts(yard: Yard) -> None:
    q = await yard.make("q")
    await yard.send(q, *"abcd")
    await yard.receive(q, 3)
    yard.queues = Queues(yard.store.queues, yard.store.catalog, yard.clock, in_flight=3)
    await yard.queues.load()
    with pytest.raises(LimitExceeded):
        await yard.receive(q)


async def test_delayed_messages_are_not_in_flight(yard: Yard) -> None:
    yard.queues = Queues(yard.store.queues, yard.store.catalog, yard.clock, in_flight=2)
    q = await yard.make("q")
    await yard.send(q, *"abc", delay=60)
    await yard.send(q, "d")
    assert await yard.receive(q) == ["d"]


async def test_fifo_queues_have_no_such_limit(yard: Yard) -> None:
    yard.queues = Queues(yard.store.queues, yard.store.catalog, yard.clock, in_flight=1)
    q = await filled(yard)
    assert len(await yard.receive(q, 1)) == 1
    assert len(await yard.receive(q, 2)) == 2
