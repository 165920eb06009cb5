"""Long polls: who is woken, when, and that nothing gets lost."""

from __future__ import annotations

import asyncio

from eventyard.clock import ManualClock, settle
from eventyard.queues import Queues
from eventyard.store import Claim, Message
from eventyard.stores.memory.queues import MemoryQueues
from tests.unit.queues.conftest import Yard


class Counting(MemoryQueues):
    """The memory store's queues, counting claims and slow to answer them when told so."""

    claims = 0
    gate: asyncio.Event | None = None

    async def claim(self, queue: str, claim: Claim) -> list[Message]:
        self.claims += 1
        found = await super().claim(queue, claim)
        if self.gate is not None:
            await self.gate.wait()
        return found


def counting(yard: Yard) -> Counting:
    store = Counting()
    yard.queues = Queues(store, yard.store.catalog, yard.clock)
    return store


async def test_waiter_gets_what_is_sent_meanwhile(yard: Yard) -> None:
    q = await yard.make()
    waiting = asyncio.create_task(yard.receive(q, wait=20))
    await yard.clock.advance(7)
    assert not waiting.done()
    await yard.send(q, "a")
    await settle()
    assert waiting.done()
    assert await waiting == ["a"]


async def test_waiter_goes_home_empty_after_its_time(yard: Yard) -> None:
    q = await yard.make(attributes={"ReceiveMessageWaitTimeSeconds": "5"})
    waiting = asyncio.create_task(yard.receive(q))
    await yard.clock.advance(4.9)
    assert not waiting.done()
    await yard.clock.advance(0.1)
    assert waiting.done()
    assert await waiting == []


async def test_idle_waiters_do_not_poll_the_store(yard: Yard) -> None:
    store = counting(yard)
    q = await yard.make()
    waiting = [asyncio.create_task(yard.receive(q, wait=20)) for _ in range(10)]
    await yard.clock.advance(19)
    assert store.claims == 10
    await yard.send(q, "a")
    await settle()
    assert store.claims == 11, "one message wakes one waiter"
    await yard.clock.advance(1)
    assert sorted(await asyncio.gather(*waiting)) == [[]] * 9 + [["a"]]


async def test_waiter_gets_what_comes_back_and_what_was_delayed(yard: Yard) -> None:
    q = await yard.make()
    await yard.send(q, "claimed")
    assert await yard.receive(q) == ["claimed"]
    await yard.send(q, "delayed", delay=12)
    first = asyncio.create_task(yard.receive(q, wait=20))
    await yard.clock.advance(11.9)
    assert not first.done()
    await yard.clock.advance(0.2)
    assert first.done()
    assert await first == ["delayed"]
    second = asyncio.create_task(yard.receive(q, wait=20))
    await yard.clock.advance(17.9 + 0.1)
    assert second.done()
    assert await second == ["claimed"]


async def test_waiter_gets_what_is_given_back(yard: Yard) -> None:
    q = await yard.make()
    await yard.send(q, "a")
    (got,) = await yard.queues.receive(q)
    waiting = asyncio.create_task(yard.receive(q, wait=20))
    await settle()
    await yard.queues.settle(q, [(got.message.receipt, 0)])
    await settle()
    assert waiting.done()
    assert await waiting == ["a"]


async def test_waiter_is_not_woken_for_what_was_deleted(yard: Yard) -> None:
    store = counting(yard)
    q = await yard.make(attributes={"VisibilityTimeout": "5"})
    await yard.send(q, "a")
    (got,) = await yard.queues.receive(q)
    await yard.queues.settle(q, [(got.message.receipt, None)])
    waiting = asyncio.create_task(yard.receive(q, wait=20))
    await yard.clock.advance(20)
    assert await waiting == []
    assert store.claims == 3, "the first receive, the waiter's first look and its last"


async def test_message_sent_while_a_waiter_looks_is_not_missed(yard: Yard) -> None:
    store = counting(yard)
    q = await yard.make()
    store.gate = asyncio.Event()
    waiting = asyncio.create_task(yard.receive(q, wait=20))
    await settle()
    await yard.send(q, "a")
    store.gate.set()
    await settle()
    assert waiting.done()
    assert await waiting == ["a"]


async def test_message_claimed_for_a_caller_who_left_is_given_back(yard: Yard) -> None:
    store = counting(yard)
    q = await yard.make()
    await yard.send(q, "a")
    store.gate = asyncio.Event()
    leaving = asyncio.create_task(yard.receive(q, wait=20))
    await settle()
    leaving.cancel()
    await settle()
    store.gate.set()
    await settle()
    assert leaving.cancelled()
    assert await yard.receive(q) == ["a"]


async def test_wake_up_of_a_waiter_who_left_goes_to_the_next(yard: Yard) -> None:
    q = await yard.make()
    leaving, staying = (asyncio.create_task(yard.receive(q, wait=20)) for _ in range(2))
    await settle()
    await yard.send(q, "a")
    leaving.cancel()
    await settle()
    assert leaving.cancelled()
    assert staying.done()
    assert await staying == ["a"]


async def test_what_was_hidden_before_a_restart_wakes_waiters_too(yard: Yard) -> None:
    q = await yard.make()
    await yard.send(q, "a")
    await yard.receive(q)
    yard.queues = Queues(yard.store.queues, yard.store.catalog, yard.clock)
    await yard.queues.load()
    await yard.clock.advance(20)
    waiting = asyncio.create_task(yard.receive(q, wait=20))
    await yard.clock.advance(11)
    assert waiting.done()
    assert await waiting == ["a"]


async def test_waiter_gets_a_dead_letter(yard: Yard) -> None:
    dead = await yard.make("dead")
    q = await yard.make("q", {"RedrivePolicy": f'{{"deadLetterTargetArn":"{dead}","maxReceiveCount":1}}'})
    await yard.send(q, "a")
    await yard.receive(q, visibility=1)
    waiting = asyncio.create_task(yard.receive(dead, wait=20))
    await yard.clock.advance(1)
    assert await yard.receive(q) == []
    await yard.clock.advance(1)
    assert waiting.done()
    assert await waiting == ["a"]


async def test_closing_sends_waiters_home(yard: Yard) -> None:
    q = await yard.make()
    waiting = asyncio.create_task(yard.receive(q, wait=20))
    await settle()
    await yard.queues.close()
    await settle()
    assert waiting.done()
    assert await waiting == []


async def test_retention_is_kept_in_the_background(yard: Yard) -> None:
    assert isinstance(yard.clock, ManualClock)
    q = await yard.make(attributes={"MessageRetentionPeriod": "60"})
    await yard.send(q, "a")
    running = asyncio.create_task(yard.queues.run())
    await yard.clock.advance(121)
    assert (await yard.store.queues.counts(q, yard.clock.now())).visible == 0
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_who_has_looked_does_not_look_again_until_somebody_rings(yard: Yard) -> None:
    store, q = counting(yard), await yard.make()
    rings = yard.queues.rings(q)
    assert await yard.queues.receive(q, wait=0) == []
    waiting = asyncio.create_task(yard.queues.receive(q, wait=20, looked=rings))
    await settle()
    assert store.claims == 1
    await yard.send(q, "a")
    await settle()
    assert [one.message.body for one in await waiting] == ["a"]
    assert store.claims == 2


async def test_what_came_since_the_look_is_found_at_once(yard: Yard) -> None:
    q = await yard.make()
    rings = yard.queues.rings(q)
    assert await yard.queues.receive(q, wait=0) == []
    await yard.send(q, "a")
    assert [one.message.body for one in await yard.queues.receive(q, wait=20, looked=rings)] == ["a"]
