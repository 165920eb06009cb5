"""Queues on streams: what is given out, hidden, given again, set aside, restored, and what a restart keeps."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from msgspec.structs import replace

from eventyard.errors import Conflict, InvalidRequest, LimitExceeded, NotFound, TryAgain
from eventyard.store import Counts
from eventyard.stores.memory import open_memory
from eventyard.streams import Entry, Held, Queue, Queues, Stream
from eventyard.streams.resources import QueueStart
from tests.unit.streams.conftest import ACCOUNT, REGION, Yard

HOUR = 3600


class Dock(Yard):
    """A yard with queues."""

    def __init__(self, *given: object, in_flight: int = 120_000) -> None:
        super().__init__(*given)  # type: ignore[arg-type]
        self.queues = Queues(
            self.streams, self.store.log, self.store.queues, self.store.progress, self.clock, in_flight
        )

    async def restarted(self) -> Dock:
        dock = Dock(self.store, self.clock, self.vault)
        await dock.streams.load()
        await dock.queues.load()
        return dock

    async def stream(self, shards: int = 1) -> Stream:
        return await self.streams.create(ACCOUNT, REGION, "s", shards, "ON_DEMAND")

    async def queue(
        self, kind: QueueStart = "LATEST", given: int | None = None, most: int = 20, **changes: object
    ) -> str:
        arn = self.streams.find(ACCOUNT, REGION)[0].arn
        name = f"q{len(self.queues.find(ACCOUNT, REGION))}"

        def edit(queue: Queue) -> Queue:
            return replace(queue, **changes)

        return (await self.queues.create(arn, name, kind, given, edit, {}, most))[1].arn

    async def receive(self, arn: str, limit: int = 10, hidden: int | None = None, dead: bool = False) -> Sequence[Held]:
        return await self.queues.receive(arn, limit, hidden, 0, dead)


@pytest.fixture
async def dock() -> Dock:
    return Dock(await open_memory())


def texts(found: Sequence[Held]) -> list[str]:
    return sorted(held.record.data.decode() for held in found)


async def test_record_is_hidden_until_its_timeout_and_gone_once_acknowledged(dock: Dock) -> None:
    stream = await dock.stream()
    arn = await dock.queue()
    await dock.put(stream, "a")
    (first,) = await dock.receive(arn)
    assert (first.receives, first.first, first.record.key) == (1, dock.clock.now(), "k")
    assert await dock.receive(arn) == []
    await dock.clock.advance(30)
    (again,) = await dock.receive(arn)
    assert (again.receives, again.first, again.record.id) == (2, first.first, first.record.id)
    assert again.receipt != first.receipt
    assert await dock.queues.settle(arn, [(first.receipt, None), ("nothing", None)]) == [False, False]
    assert await dock.queues.settle(arn, [(again.receipt, None)]) == [True]
    await dock.clock.advance(HOUR)
    assert await dock.receive(arn) == []
    assert await dock.texts(stream) == ["a"]


async def test_queues_on_a_stream_know_nothing_of_each_other(dock: Dock) -> None:
    stream = await dock.stream()
    one, two = await dock.queue(), await dock.queue()
    await dock.put(stream, "a")
    (first,) = await dock.receive(one)
    assert not any(await dock.queues.settle(two, [(first.receipt, None)]))
    (second,) = await dock.receive(two)
    assert first.record.id == second.record.id


async def test_each_record_of_all_shards_is_received_once(dock: Dock) -> None:
    stream = await dock.stream(4)
    arn = await dock.queue()
    wanted = [f"{number:03}" for number in range(450)]
    await dock.streams.put(stream.arn, [Entry(text.encode(), text) for text in wanted])
    found: list[Held] = []
    while part := await dock.receive(arn, 7):
        found += part
    assert texts(found) == wanted


async def test_records_of_children_are_received(dock: Dock) -> None:
    stream = await dock.stream(1)
    arn = await dock.queue()
    await dock.put(stream, "parent")
    await dock.streams.reshard(stream.arn, lambda work: work.scale(2))
    await dock.put(stream, "child", key="x")
    assert texts(await dock.receive(arn)) == ["child", "parent"]


async def test_unhidden_records_come_once_in_an_answer_and_again_in_the_next(dock: Dock) -> None:
    stream = await dock.stream()
    arn = await dock.queue()
    await dock.put(stream, "a", "b")
    assert texts(await dock.receive(arn, hidden=0)) == ["a", "b"]
    await dock.clock.advance(0.001)
    assert texts(await dock.receive(arn, hidden=0)) == ["a", "b"]


@pytest.mark.parametrize(
    ("kind", "back", "expected"),
    [("LATEST", 0, ["new"]), ("TRIM_HORIZON", 0, ["new", "older", "old"]), ("AT_TIMESTAMP", 5, ["new", "old"])],
)
async def test_queue_begins_where_it_was_told_to(dock: Dock, kind: QueueStart, back: int, expected: list[str]) -> None:
    stream = await dock.stream()
    await dock.put(stream, "older")
    await dock.clock.advance(10)
    await dock.put(stream, "old")
    given = dock.clock.now() - back * 1000 if kind == "AT_TIMESTAMP" else None
    arn = await dock.queue(kind, given)
    await dock.put(stream, "new")
    assert texts(await dock.receive(arn)) == sorted(expected)


async def test_queue_that_begins_in_the_future_skips_what_comes_before(dock: Dock) -> None:
    stream = await dock.stream()
    arn = await dock.queue("AT_TIMESTAMP", dock.clock.now() + 60_000)
    await dock.put(stream, "early")
    assert await dock.receive(arn) == []
    await dock.clock.advance(60)
    await dock.put(stream, "late")
    assert texts(await dock.receive(arn)) == ["late"]


async def test_record_received_too_often_is_a_dead_letter_with_its_counts(dock: Dock) -> None:
    stream = await dock.stream()
    arn = await dock.queue(most_receives=2)
    await dock.put(stream, "bad")
    (first,) = await dock.receive(arn)
    await dock.clock.advance(30)
    await dock.receive(arn)
    assert await dock.receive(arn, dead=True) == []
    await dock.clock.advance(30)
    (dead,) = await dock.receive(arn, dead=True)
    assert (dead.receives, dead.first, dead.record.id) == (3, first.first, first.record.id)
    assert await dock.receive(arn) == []
    assert await dock.queues.settle(arn, [(dead.receipt, None)]) == [False]
    await dock.clock.advance(30)
    (dead,) = await dock.receive(arn, dead=True)
    assert await dock.queues.settle(arn, [(dead.receipt, None)], dead=True) == [True]
    await dock.clock.advance(HOUR)
    assert await dock.receive(arn, dead=True) == []


async def test_normal_receive_sets_dead_letters_aside(dock: Dock) -> None:
    stream = await dock.stream()
    arn = await dock.queue(most_receives=1)
    await dock.put(stream, "bad")
    await dock.receive(arn)
    await dock.clock.advance(30)
    await dock.put(stream, "good")
    assert texts(await dock.receive(arn)) == ["good"]
    assert [(held.receives, texts([held])) for held in await dock.receive(arn, dead=True)] == [(2, ["bad"])]


async def test_restored_dead_letter_starts_its_count_again(dock: Dock) -> None:
    stream = await dock.stream()
    arn = await dock.queue(most_receives=1)
    await dock.put(stream, "bad")
    await dock.receive(arn)
    await dock.clock.advance(30)
    (dead,) = await dock.receive(arn, dead=True)
    assert await dock.queues.restore(arn, [dead.receipt, "nothing", "x/1-1"]) == [True, False, False]
    assert await dock.queues.restore(arn, [dead.receipt]) == [False]
    (back,) = await dock.receive(arn)
    assert (back.receives, back.record.id) == (1, dead.record.id)
    await dock.clock.advance(30)
    assert texts(await dock.receive(arn, dead=True)) == ["bad"]


async def test_without_dead_letters_a_record_comes_again_for_ever(dock: Dock) -> None:
    stream = await dock.stream()
    arn = await dock.queue(most_receives=None)
    await dock.put(stream, "bad")
    for number in range(1, 30):
        assert [held.receives for held in await dock.receive(arn)] == [number]
        await dock.clock.advance(30)
    assert await dock.receive(arn, dead=True) == []


async def test_visibility_can_be_changed_while_a_record_is_in_flight(dock: Dock) -> None:
    stream = await dock.stream()
    arn = await dock.queue()
    await dock.put(stream, "a")
    (held,) = await dock.receive(arn)
    assert await dock.queues.settle(arn, [(held.receipt, 100)]) == [True]
    await dock.clock.advance(99)
    assert await dock.receive(arn) == []
    assert await dock.queues.settle(arn, [(held.receipt, 0)]) == [True]
    assert await dock.queues.settle(arn, [(held.receipt, 10)]) == [False]
    assert texts(await dock.receive(arn)) == ["a"]


async def test_end_of_retention_ends_delivery_of_records_and_dead_letters(dock: Dock) -> None:
    stream = await dock.stream()
    arn = await dock.queue(most_receives=1)
    await dock.put(stream, "dead")
    (held,) = await dock.receive(arn)
    await dock.clock.advance(30)
    await dock.put(stream, "waits")
    assert texts(await dock.receive(arn, dead=True)) == ["dead"]
    await dock.clock.advance(24 * HOUR - 15)
    assert await dock.receive(arn, dead=True) == []
    assert texts(await dock.receive(arn)) == ["waits"]
    await dock.clock.advance(60)
    await dock.put(stream, "new")
    assert texts(await dock.receive(arn)) == ["new"]
    await dock.queues.sweep()
    assert await dock.store.queues.counts(arn, dock.clock.now()) == Counts(0, 1, 0, dock.clock.now())
    assert not any(await dock.queues.settle(arn, [(held.receipt, None)]))


async def test_waiter_is_woken_by_a_put_by_a_timeout_and_by_the_end_of_the_server(dock: Dock) -> None:
    stream = await dock.stream()
    arn = await dock.queue()

    async def waiting() -> asyncio.Task[Sequence[Held]]:
        task = asyncio.create_task(dock.queues.receive(arn, 10, None, 20))
        await dock.clock.advance(0.1)
        assert not task.done()
        return task

    task = await waiting()
    await dock.put(stream, "a")
    assert texts(await task) == ["a"]
    task = await waiting()
    await dock.clock.advance(19)
    assert not task.done()
    await dock.clock.advance(1)
    assert await task == []
    task = await waiting()
    await dock.clock.advance(10)
    assert texts(await task) == ["a"]
    task = await waiting()
    dock.queues.close()
    assert await task == []


async def test_restart_keeps_what_is_in_flight_acknowledged_and_dead(dock: Dock) -> None:
    stream = await dock.stream()
    arn = await dock.queue(most_receives=1)
    await dock.put(stream, "dead")
    await dock.receive(arn)
    await dock.clock.advance(30)
    await dock.put(stream, *"abc")
    done, held = await dock.receive(arn, 2)
    await dock.queues.settle(arn, [(done.receipt, None)])
    dock = await dock.restarted()
    assert texts(await dock.receive(arn)) == ["c"]
    assert await dock.queues.settle(arn, [(held.receipt, None)]) == [True]
    assert texts(await dock.receive(arn, dead=True)) == ["dead"]


async def test_queue_is_forgotten_with_everything_it_kept(dock: Dock) -> None:
    stream = await dock.stream()
    arn = await dock.queue()
    await dock.put(stream, "a", "b")
    (held,) = await dock.receive(arn, 1)
    await dock.queues.delete(arn)
    with pytest.raises(NotFound):
        await dock.queues.settle(arn, [(held.receipt, None)])
    assert await dock.store.queues.counts(arn, dock.clock.now()) == Counts(0, 0, 0)
    assert not [name for name in await dock.store.progress.load() if "queue" in name]
    assert await dock.texts(stream) == ["a", "b"]
    await dock.streams.delete(stream.arn)


async def test_stream_with_queues_stays(dock: Dock) -> None:
    stream = await dock.stream()
    await dock.queue()
    with pytest.raises(Conflict, match="has queues"):
        await dock.streams.delete(stream.arn, with_consumers=True)


async def test_queues_share_the_limit_of_consumers(dock: Dock) -> None:
    stream = await dock.stream()
    await dock.queue(most=2)
    await dock.streams.register(stream.arn, "c", {}, 2)
    with pytest.raises(LimitExceeded):
        await dock.queue(most=2)
    with pytest.raises(LimitExceeded):
        await dock.streams.register(stream.arn, "d", {}, 2)


async def test_queue_needs_a_stream_on_demand(dock: Dock) -> None:
    await dock.make()
    with pytest.raises(InvalidRequest, match="on-demand"):
        await dock.queue()


async def test_only_so_many_records_are_in_flight() -> None:
    dock = Dock(await open_memory(), in_flight=2)
    stream = await dock.stream()
    arn = await dock.queue()
    await dock.put(stream, *"abc")
    first, _ = await dock.receive(arn, 2)
    with pytest.raises(TryAgain):
        await dock.receive(arn, 1)
    await dock.queues.settle(arn, [(first.receipt, None)])
    assert texts(await dock.receive(arn, 1)) == ["c"]
