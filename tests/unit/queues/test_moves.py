"""Message move tasks: where dead letters go back to, and what outlives the server."""

from __future__ import annotations

import asyncio
import json

import pytest

from eventyard.clock import settle
from eventyard.errors import InvalidRequest
from eventyard.queues import ORIGIN, Moves, Queues
from eventyard.queues.returns import HIDDEN
from tests.unit.queues.conftest import Yard


def redrive(dead: str) -> dict[str, str]:
    return {"RedrivePolicy": json.dumps({"deadLetterTargetArn": dead, "maxReceiveCount": 1})}


async def bury(yard: Yard, queue: str, *bodies: str, **more: str) -> None:
    """Send messages that become dead letters."""
    await yard.send(queue, *bodies, **more)
    await yard.receive(queue, visibility=0)
    assert await yard.receive(queue) == []


async def again(yard: Yard) -> None:
    """A new server on what this one left behind."""
    await yard.moves.close()
    yard.queues = Queues(yard.store.queues, yard.store.catalog, yard.clock)
    await yard.queues.load()
    yard.moves = Moves(yard.queues, yard.store.catalog, yard.clock)
    await yard.moves.load()


async def test_each_dead_letter_goes_back_to_where_it_came_from(yard: Yard) -> None:
    dead = await yard.make("dead")
    one, two = await yard.make("one", redrive(dead)), await yard.make("two", redrive(dead))
    await bury(yard, one, "a", "b")
    await bury(yard, two, "c")
    await bury(yard, one, "d")
    await yard.moves.start(dead, None, None)
    await settle()
    assert yard.moves.list(dead, 1)[0].status == "COMPLETED"
    assert sorted(await yard.receive(one)) == ["a", "b", "d"]
    assert await yard.receive(two) == ["c"]
    assert await yard.receive(dead) == []


async def test_dead_letter_that_went_back_is_a_new_message(yard: Yard) -> None:
    dead = await yard.make("dead")
    q = await yard.make("q", redrive(dead))
    (old,) = await yard.send(q, "a")
    await yard.receive(q, visibility=0)
    await yard.receive(q)
    await yard.clock.advance(5)
    await yard.moves.start(dead, None, None)
    await settle()
    (got,) = await yard.queues.receive(q)
    assert got.message.id != old
    assert (got.message.receives, got.message.sent) == (1, yard.clock.now())


async def test_where_a_letter_came_from_is_written_anew_at_another_queue(yard: Yard) -> None:
    dead, other_dead = await yard.make("dead"), await yard.make("other-dead")
    q, other = await yard.make("q", redrive(dead)), await yard.make("other", redrive(other_dead))
    plain = await yard.make("plain")
    await bury(yard, q, "a")
    await yard.moves.start(dead, other, None)
    await settle()
    await yard.receive(other, visibility=0)
    assert await yard.receive(other) == []
    (letter,) = await yard.queues.receive(other_dead, visibility=0)
    assert letter.system[ORIGIN] == other
    await yard.moves.start(other_dead, plain, None)
    await settle()
    (got,) = await yard.queues.receive(plain)
    assert ORIGIN not in got.system


async def test_letter_of_unknown_origin_goes_to_the_only_source_there_is(yard: Yard) -> None:
    dead = await yard.make("dead")
    q = await yard.make("q", redrive(dead))
    await yard.send(dead, "stray")
    await yard.moves.start(dead, None, None)
    await settle()
    assert await yard.receive(q) == ["stray"]


async def test_letter_of_unknown_origin_fails_the_task_where_there_are_several_sources(yard: Yard) -> None:
    dead = await yard.make("dead")
    q, _ = await yard.make("q", redrive(dead)), await yard.make("r", redrive(dead))
    await bury(yard, q, "a")
    await yard.send(dead, "stray")
    await yard.moves.start(dead, None, None)
    await settle()
    (move,) = yard.moves.list(dead, 1)
    assert (move.status, move.failure) == ("FAILED", "CouldNotDetermineMessageSource")
    assert await yard.receive(dead) == ["stray"]
    assert await yard.receive(q) == ["a"]


async def test_letters_of_a_fifo_queue_go_back_in_order(yard: Yard) -> None:
    dead = await yard.make("dead.fifo")
    q = await yard.make("q.fifo", redrive(dead))
    for body in "abc":
        await yard.send(q, body, group="g", dedup=body)
    await yard.receive(q, visibility=0)
    await yard.receive(q)
    await yard.moves.start(dead, None, None)
    await settle()
    assert await yard.receive(q) == ["a", "b", "c"]


async def test_task_goes_on_after_a_restart(yard: Yard) -> None:
    dead = await yard.make("dead")
    q = await yard.make("q", redrive(dead))
    await bury(yard, q, *(f"{n}" for n in range(10)))
    await yard.moves.start(dead, None, 1)
    await yard.clock.advance(2.5)
    before = yard.moves.list(dead, 1)[0]
    assert (before.status, before.moved) == ("RUNNING", 3)
    await again(yard)
    await yard.clock.advance(15)
    (move,) = yard.moves.list(dead, 10)
    assert (move.handle, move.status, move.moved) == (before.handle, "COMPLETED", 10)
    assert len(await yard.receive(q)) == 10


async def test_what_was_on_its_way_when_the_server_died_is_moved_by_the_next(yard: Yard) -> None:
    dead = await yard.make("dead")
    q = await yard.make("q", redrive(dead))
    await bury(yard, q, "a", "b", "c")
    await yard.moves.start(dead, None, 1)
    await settle()
    await yard.queues.receive(dead, 1, HIDDEN)  # taken, and then the power was gone
    await again(yard)
    await yard.clock.advance(10)
    assert yard.moves.list(dead, 1)[0].status == "COMPLETED"
    assert sorted(await yard.receive(q)) == ["a", "b", "c"]


async def test_ended_tasks_are_still_listed_after_a_restart(yard: Yard) -> None:
    dead = await yard.make("dead")
    await yard.make("q", redrive(dead))
    for _ in range(12):
        await yard.moves.start(dead, None, None)
        await yard.clock.advance(1)
    listed = [move.handle for move in yard.moves.list(dead, 10)]
    assert len(listed) == 10
    await again(yard)
    assert [move.handle for move in yard.moves.list(dead, 10)] == listed
    assert len(await yard.store.catalog.load("message-move")) == 10


async def test_task_that_is_being_cancelled_is_after_a_restart(yard: Yard) -> None:
    dead = await yard.make("dead")
    q = await yard.make("q", redrive(dead))
    await bury(yard, q, "a", "b", "c")
    handle = await yard.moves.start(dead, None, 1)
    await settle()
    cancelling = asyncio.create_task(yard.moves.cancel(handle))
    await settle()
    assert yard.moves.list(dead, 1)[0].status == "CANCELLING"
    await again(yard)
    await yard.clock.advance(5)
    assert await cancelling == 1
    (move,) = yard.moves.list(dead, 1)
    assert (move.status, move.moved) == ("CANCELLED", 1)


async def test_tasks_of_a_queue_that_was_deleted_are_not_those_of_the_next(yard: Yard) -> None:
    dead = await yard.make("dead")
    await yard.make("q", redrive(dead))
    await yard.moves.start(dead, None, None)
    await settle()
    await yard.queues.delete(dead)
    await yard.clock.advance(61)
    await yard.make("dead")
    assert yard.moves.list(dead, 10) == []


async def test_destination_must_be_another_queue_of_the_same_type(yard: Yard) -> None:
    dead = await yard.make("dead")
    await yard.make("q", redrive(dead))
    fifo = await yard.make("other.fifo")
    for wrong in (dead, fifo):
        with pytest.raises(InvalidRequest):
            await yard.moves.start(dead, wrong, None)
