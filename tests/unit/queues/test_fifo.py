"""FIFO queues: order in groups, and deduplication."""

from __future__ import annotations

import asyncio

import pytest

from eventyard.clock import settle
from eventyard.errors import InvalidRequest
from eventyard.queues import Outgoing
from tests.unit.queues.conftest import Yard

CONTENT = {"ContentBasedDeduplication": "true"}


async def test_group_waits_for_its_claimed_message_and_others_do_not(yard: Yard) -> None:
    q = await yard.make("q.fifo", CONTENT)
    await yard.send(q, "a1", "a2", group="a")
    await yard.send(q, "b1", group="b")
    (a1,) = await yard.queues.receive(q, 1)
    assert a1.message.body == "a1"
    assert await yard.receive(q) == ["b1"]
    await yard.queues.settle(q, [(a1.message.receipt, None)])
    assert await yard.receive(q) == ["a2"]


async def test_duplicate_is_answered_with_the_first_for_five_minutes(yard: Yard) -> None:
    q = await yard.make("q.fifo")
    first = await yard.send(q, "one", group="g", dedup="d")
    await yard.clock.advance(299)
    assert await yard.send(q, "two", group="g", dedup="d") == first
    await yard.clock.advance(2)
    assert await yard.send(q, "three", group="g", dedup="d") != first
    assert await yard.receive(q) == ["one", "three"]


async def test_content_tells_duplicates_only_where_wanted(yard: Yard) -> None:
    content, explicit = await yard.make("c.fifo", CONTENT), await yard.make("e.fifo")
    assert len(set(await yard.send(content, "same", "same", "other", group="g"))) == 2
    with pytest.raises(InvalidRequest, match="ContentBasedDeduplication"):
        await yard.send(explicit, "same", group="g")


async def test_scope_of_a_group_keeps_equal_ids_of_other_groups(yard: Yard) -> None:
    q = await yard.make("q.fifo", {"DeduplicationScope": "messageGroup"})
    ids = [(await yard.send(q, "x", group=group, dedup="d"))[0] for group in ("a", "b", "a")]
    assert ids[0] == ids[2] != ids[1]
    (a, b) = await yard.queues.receive(q, 10)
    assert a.system["MessageDeduplicationId"] == b.system["MessageDeduplicationId"] == "d"


async def test_waiter_is_woken_when_a_group_comes_free(yard: Yard) -> None:
    q = await yard.make("q.fifo", CONTENT)
    await yard.send(q, "a1", "a2", group="a")
    (a1,) = await yard.queues.receive(q, 1)
    waiting = asyncio.create_task(yard.receive(q, wait=20))
    await settle()
    await yard.queues.settle(q, [(a1.message.receipt, None)])
    await settle()
    assert waiting.done()
    assert await waiting == ["a2"]


async def test_message_that_is_visible_again_is_not_deleted(yard: Yard) -> None:
    q = await yard.make("q.fifo", CONTENT | {"VisibilityTimeout": "10"})
    await yard.send(q, "a1", "a2", group="a")
    (late,) = await yard.queues.receive(q, 1)
    await yard.clock.advance(10)
    assert await yard.queues.settle(q, [(late.message.receipt, None)]) == ["expired"]
    (again,) = await yard.queues.receive(q, 1)
    assert again.message.id == late.message.id
    await yard.clock.advance(9)
    assert await yard.queues.settle(q, [(again.message.receipt, None)]) == ["done"]
    assert await yard.queues.settle(q, [(again.message.receipt, None)]) == ["gone"]
    assert await yard.receive(q) == ["a2"]


@pytest.mark.parametrize(
    "message",
    [
        Outgoing("x"),
        Outgoing("x", group="a b"),
        Outgoing("x", group="g" * 129),
        Outgoing("x", group="g", dedup="ü"),
        Outgoing("x", group="g", delay=1),
    ],
)
async def test_messages_that_a_fifo_queue_refuses(yard: Yard, message: Outgoing) -> None:
    q = await yard.make("q.fifo", CONTENT)
    with pytest.raises(InvalidRequest):
        yard.queues.check(q, message)


async def test_standard_queue_takes_groups_but_no_deduplication(yard: Yard) -> None:
    q = await yard.make()
    yard.queues.check(q, Outgoing("x", group="tenant"))
    with pytest.raises(InvalidRequest, match="not valid for this queue type"):
        yard.queues.check(q, Outgoing("x", dedup="d"))
