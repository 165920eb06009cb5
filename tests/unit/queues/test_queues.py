"""Queues as resources, and moving messages between them."""

from __future__ import annotations

import asyncio
import json

import pytest

from eventyard.clock import settle
from eventyard.errors import Conflict, InvalidRequest, NotFound
from eventyard.queues import Queues
from tests.unit.queues.conftest import ACCOUNT, REGION, Yard


def redrive(arn: str, count: object = 2) -> dict[str, str]:
    return {"RedrivePolicy": json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": count})}


async def test_queues_survive_a_restart(yard: Yard) -> None:
    q = await yard.make("q", {"DelaySeconds": "5"})
    await yard.queues.tag(q, {"team": "a"})
    later = Queues(yard.store.queues, yard.store.catalog, yard.clock)
    await later.load()
    assert later.get(q) == yard.queues.get(q)


async def test_making_a_queue_again_needs_the_same_attributes(yard: Yard) -> None:
    q = await yard.make("q", {"DelaySeconds": "5"})
    assert await yard.make("q", {"DelaySeconds": "5"}) == await yard.make("q") == q
    with pytest.raises(Conflict, match="different value for attribute DelaySeconds") as caught:
        await yard.make("q", {"DelaySeconds": "6"})
    assert caught.value.code == "QueueNameExists"


async def test_changes_at_the_same_time_all_last(yard: Yard) -> None:
    q = await yard.make()
    await asyncio.gather(*[yard.queues.tag(q, {str(n): "x"}) for n in range(20)])
    assert len(yard.queues.get(q).tags) == 20


async def test_name_is_free_again_a_minute_after_deletion(yard: Yard) -> None:
    q = await yard.make()
    await yard.send(q, "old")
    await yard.queues.delete(q)
    with pytest.raises(Conflict) as caught:
        await yard.make()
    assert caught.value.code == "QueueDeletedRecently"
    await yard.clock.advance(60)
    assert await yard.receive(await yard.make()) == []


async def test_purge_is_refused_twice_a_minute(yard: Yard) -> None:
    q = await yard.make()
    await yard.send(q, "a")
    await yard.queues.purge(q)
    assert await yard.receive(q) == []
    with pytest.raises(Conflict) as caught:
        await yard.queues.purge(q)
    assert caught.value.code == "PurgeQueueInProgress"
    await yard.clock.advance(60)
    await yard.queues.purge(q)


async def test_cool_downs_survive_a_restart_and_are_forgotten_when_over(yard: Yard) -> None:
    q, gone = await yard.make("q"), await yard.make("gone")
    await yard.queues.purge(q)
    await yard.queues.delete(gone)
    yard.queues = Queues(yard.store.queues, yard.store.catalog, yard.clock)
    await yard.queues.load()
    with pytest.raises(Conflict) as caught:
        await yard.queues.purge(q)
    assert caught.value.code == "PurgeQueueInProgress"
    with pytest.raises(Conflict) as caught:
        await yard.make("gone")
    assert caught.value.code == "QueueDeletedRecently"
    await yard.clock.advance(60)
    await yard.queues.sweep()
    for kind in ("queue-purged", "queue-deleted"):
        assert await yard.store.catalog.load(kind) == {}
    await yard.queues.purge(await yard.make("gone"))


@pytest.mark.parametrize("count", [0, 1001, "x", True])
async def test_redrive_needs_a_sound_count(yard: Yard, count: object) -> None:
    dead = await yard.make("dead")
    with pytest.raises(InvalidRequest):
        await yard.make("q", redrive(dead, count))


async def test_redrive_needs_a_queue_of_the_same_type(yard: Yard) -> None:
    standard = await yard.make("dead")
    with pytest.raises(InvalidRequest, match="same type"):
        await yard.make("q.fifo", redrive(standard))
    with pytest.raises(InvalidRequest, match="does not exist"):
        await yard.make("q", redrive(standard + "r"))


async def test_dead_letter_queue_says_who_may_use_it(yard: Yard) -> None:
    closed = await yard.make("closed", {"RedriveAllowPolicy": '{"redrivePermission":"denyAll"}'})
    some = json.dumps({"redrivePermission": "byQueue", "sourceQueueArns": [closed.replace("closed", "friend")]})
    choosy = await yard.make("choosy", {"RedriveAllowPolicy": some})
    with pytest.raises(InvalidRequest, match="not allowed"):
        await yard.make("q", redrive(closed))
    with pytest.raises(InvalidRequest, match="not allowed"):
        await yard.make("q", redrive(choosy))
    await yard.make("friend", redrive(choosy))


@pytest.mark.parametrize(
    "attributes",
    [
        {"VisibilityTimeout": "43201"},
        {"MessageRetentionPeriod": "59"},
        {"DelaySeconds": "-1"},
        {"MaximumMessageSize": "1048577"},
        {"ReceiveMessageWaitTimeSeconds": "21"},
        {"Policy": "not json"},
        {"KmsDataKeyReusePeriodSeconds": "1"},
        {"ContentBasedDeduplication": "true"},
        {"Colour": "blue"},
    ],
)
async def test_attributes_out_of_bounds_are_refused(yard: Yard, attributes: dict[str, str]) -> None:
    with pytest.raises(InvalidRequest):
        await yard.make("q", attributes)


async def test_high_throughput_needs_deduplication_by_group(yard: Yard) -> None:
    with pytest.raises(InvalidRequest, match="perMessageGroupId"):
        await yard.make("q.fifo", {"FifoThroughputLimit": "perMessageGroupId"})
    await yard.make("q.fifo", {"FifoThroughputLimit": "perMessageGroupId", "DeduplicationScope": "messageGroup"})


async def test_dead_letters_are_moved_back_at_the_rate_that_was_asked_for(yard: Yard) -> None:
    dead = await yard.make("dead")
    q = await yard.make("q", redrive(dead))
    await yard.send(dead, *(f"{n}" for n in range(30)))
    await yard.moves.start(dead, None, 10)
    await yard.clock.advance(1)
    (move,) = yard.moves.list(dead, 10)
    assert 9 <= move.moved <= 11
    await yard.clock.advance(3)
    assert (move.status, move.moved, move.destination) == ("COMPLETED", 30, None)
    assert len(await yard.receive(q)) == 10


async def test_cancelled_move_leaves_the_rest(yard: Yard) -> None:
    dead = await yard.make("dead")
    q = await yard.make("q", redrive(dead))
    await yard.send(dead, "a", "b", "c")
    handle = await yard.moves.start(dead, q, 1)
    await settle()
    cancelling = asyncio.create_task(yard.moves.cancel(handle))
    await yard.clock.advance(1)
    assert await cancelling == 1
    assert await yard.receive(dead) == ["b", "c"]
    with pytest.raises(NotFound):
        await yard.moves.cancel(handle)


async def test_one_move_a_queue_at_a_time(yard: Yard) -> None:
    dead = await yard.make("dead")
    await yard.make("q", redrive(dead))
    await yard.send(dead, "a", "b")
    results = await asyncio.gather(*[yard.moves.start(dead, None, 1) for _ in range(2)], return_exceptions=True)
    assert [isinstance(result, str) for result in results] == [True, False]


async def test_move_to_a_queue_that_is_deleted_meanwhile_fails_and_loses_nothing(yard: Yard) -> None:
    dead = await yard.make("dead")
    q = await yard.make("q", redrive(dead))
    await yard.send(dead, "a", "b")
    await yard.moves.start(dead, q, 1)
    await settle()
    await yard.queues.delete(q)
    await yard.clock.advance(2)
    assert yard.moves.list(dead, 1)[0].status == "FAILED"
    assert await yard.receive(dead) == ["b"]


@pytest.mark.parametrize("tags", [{str(n): "x" for n in range(51)}, {"": "x"}, {"k" * 129: "x"}, {"k": "x" * 257}])
async def test_tags_that_no_queue_can_have_are_refused(yard: Yard, tags: dict[str, str]) -> None:
    q = await yard.make()
    with pytest.raises(InvalidRequest):
        await yard.queues.tag(q, tags)
    with pytest.raises(InvalidRequest):
        await yard.queues.create(ACCOUNT, REGION, "another", {}, tags)
    assert yard.queues.find(ACCOUNT, REGION, "another") == []
