"""Splitting, merging and scaling: no hash key without exactly one open shard, and readers find every child."""

from __future__ import annotations

import asyncio
import random

import pytest

from eventyard.errors import Conflict, InvalidRequest, LimitExceeded
from eventyard.streams import MAX_HASH, SHARD_LIMIT, Entry, Failed, Place, Resharding, Shard, Stream
from tests.unit.streams.conftest import ACCOUNT, REGION, Yard


def covers(stream: Stream) -> list[int]:
    """The lengths of the open ranges, after checking that they cover all hash keys once."""
    shards = sorted(stream.open_shards, key=lambda shard: int(shard.low))
    at = 0
    for shard in shards:
        assert int(shard.low) == at
        at = int(shard.high) + 1
    assert at == MAX_HASH + 1
    return [int(shard.high) - int(shard.low) + 1 for shard in shards]


def shard(stream: Stream, number: int) -> Shard:
    return next(one for one in stream.shards if one.number == number)


async def test_split_closes_the_parent_and_opens_two_children(yard: Yard) -> None:
    stream = await yard.make()
    await yard.put(stream, "before")
    stream = await yard.streams.reshard(stream.arn, lambda work: void(work.split(shard(stream, 0), 100)))
    parent, low, high = stream.shards
    assert (parent.last, low.parents, high.parents) == (1, (0,), (0,))
    assert (low.low, low.high, high.low, high.high) == ("0", "99", "100", str(MAX_HASH))
    (placed,) = await yard.put(stream, "after", hash=99)
    assert placed.shard == low.id
    assert int(parent.sequence(1)) < int(parent.sequence(2)) < int(low.sequence(0)) < int(placed.sequence)


async def test_closed_shard_ends_with_its_children(yard: Yard) -> None:
    stream = await yard.make()
    await yard.put(stream, "a", "b")
    start = await yard.reading.iterator(stream.arn, "shardId-000000000000", Place("TRIM_HORIZON"))
    stream = await yard.streams.reshard(stream.arn, lambda work: void(work.split(shard(stream, 0), 100)))
    page = await yard.reading.read(start, limit=1)
    assert (len(page.records), page.children) == (1, [])
    assert page.next is not None
    page = await yard.reading.read(page.next)
    assert [one.data for one in page.records] == [b"b"]
    assert page.next is None
    assert [one.number for one in page.children] == [1, 2]
    ending = stream.shards[0].sequence(3)
    assert (await yard.page(stream, 0, Place("AT_SEQUENCE_NUMBER", ending))).next is None


async def test_merge_joins_neighbours_only(yard: Yard) -> None:
    stream = await yard.make(shards=3)
    with pytest.raises(InvalidRequest, match="not an adjacent pair"):
        await yard.streams.reshard(stream.arn, lambda work: void(work.merge(shard(stream, 0), shard(stream, 2))))
    stream = await yard.streams.reshard(stream.arn, lambda work: void(work.merge(shard(stream, 2), shard(stream, 1))))
    merged = stream.shards[-1]
    assert merged.parents == (2, 1)
    assert len(covers(stream)) == 2


@pytest.mark.parametrize("at", [0, MAX_HASH + 1])
async def test_split_outside_the_range_changes_nothing(yard: Yard, at: int) -> None:
    stream = await yard.make()
    with pytest.raises(InvalidRequest):
        await yard.streams.reshard(stream.arn, lambda work: void(work.split(shard(stream, 0), at)))
    assert yard.streams.get(stream.arn) == stream


async def test_scaling_makes_even_ranges_from_any_ranges(yard: Yard) -> None:
    noise = random.Random(7)
    stream = await yard.make(shards=3)
    for _ in range(30):
        count = noise.randint(1, 12)
        stream = await yard.streams.reshard(stream.arn, lambda work, count=count: work.scale(count))  # type: ignore[misc]  # a default binds the loop's value
        lengths = covers(stream)
        assert len(lengths) == count
        assert max(lengths) - min(lengths) <= 1
        for one in stream.shards:
            assert len(one.parents) <= 2
            assert all(shard(stream, parent).closed is not None for parent in one.parents)
            assert all(int(shard(stream, parent).sequence(99)) < int(one.sequence(0)) for parent in one.parents)


async def test_no_record_is_lost_when_shards_change_under_load(yard: Yard) -> None:
    stream = await yard.make()
    noise = random.Random(3)
    put: set[bytes] = set()

    async def producer(name: int) -> None:
        for at in range(40):
            data = f"{name} {at}".encode()
            (outcome,) = await yard.streams.put(stream.arn, [Entry(data, data.decode())])
            assert not isinstance(outcome, Failed)
            put.add(data)
            await asyncio.sleep(0)

    async def scaler() -> None:
        for _ in range(10):
            count = noise.randint(1, 5)
            await yard.streams.reshard(stream.arn, lambda work, count=count: work.scale(count))  # type: ignore[misc]  # a default binds the loop's value
            await asyncio.sleep(0)

    await asyncio.gather(scaler(), *(producer(name) for name in range(5)))
    found: list[bytes] = []
    for one in yard.streams.get(stream.arn).shards:
        page = await yard.page(stream, one.number)
        assert (page.next is None) == (one.closed is not None)
        found += [record.data for record in page.records]
    assert sorted(found) == sorted(put)


async def test_closed_shards_are_forgotten_when_their_records_have_expired(yard: Yard) -> None:
    stream = await yard.make(shards=2)
    await yard.put(stream, "x", hash=0)
    await yard.streams.reshard(stream.arn, lambda work: work.scale(1))
    await yard.clock.advance(24 * 3600)
    await yard.streams.sweep()
    assert len(yard.streams.get(stream.arn).shards) == 3
    await yard.clock.advance(1)
    await yard.streams.sweep()
    assert [one.number for one in yard.streams.get(stream.arn).shards] == [2]
    assert list(yard.logs.kept) == [f"{stream.arn}/shardId-000000000002"]
    assert (await yard.store.log.bounds())[f"{stream.arn}/shardId-000000000000"].size == 0
    stream = await yard.streams.reshard(stream.arn, lambda work: work.scale(2))
    assert [one.number for one in stream.open_shards] == [3, 4]


async def test_account_has_no_more_shards_than_its_limit(yard: Yard) -> None:
    stream = await yard.make(shards=SHARD_LIMIT)
    with pytest.raises(LimitExceeded, match=f"Current shard count for the account: {SHARD_LIMIT}"):
        await yard.make(name="t")
    with pytest.raises(LimitExceeded):
        await yard.streams.reshard(stream.arn, lambda work: void(work.split(shard(stream, 0), 100)))
    await yard.streams.create("210987654321", REGION, "t", 1)
    await yard.streams.create(ACCOUNT, REGION, "u", 4, "ON_DEMAND")


async def test_name_is_taken_once(yard: Yard) -> None:
    await yard.make()
    with pytest.raises(Conflict) as caught:
        await yard.make()
    assert (caught.value.code, caught.value.message) == (
        "ResourceInUseException",
        "Stream s under account 123456789012 already exists.",
    )


def void(_: object) -> None:
    """What a change of shards answers is of no interest."""


def test_sequence_numbers_look_like_those_of_aws() -> None:
    one = Shard(5, "0", "9", 1_700_000_000_000)
    text = one.sequence(123)
    assert len(text) == 56
    assert text.startswith("49")
    assert one.position(text) == 123
    assert Shard(6, "0", "9", 1_700_000_000_000).position(text) is None


def test_clock_that_is_set_back_does_not_turn_the_order_round() -> None:
    parent = Shard(0, "0", str(MAX_HASH), 1_700_000_000_000)
    stream = Stream("arn", ACCOUNT, REGION, "s", 1, (parent,), 1)
    work = Resharding(stream, {0: 5}, 1_600_000_000_000)
    low, _ = work.split(parent, 10)
    assert int(low.sequence(0)) > int(parent.sequence(6))
