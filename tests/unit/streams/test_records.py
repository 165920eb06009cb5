"""Putting records and reading them by iterators."""

from __future__ import annotations

import asyncio
import hashlib

import pytest
from msgspec.structs import replace

from eventyard.errors import InvalidRequest, NotFound, TryAgain
from eventyard.streams import MAX_HASH, Entry, Failed, Place, read_iterator
from tests.unit.streams.conftest import Yard


async def test_records_are_read_in_the_order_of_their_sequence_numbers(yard: Yard) -> None:
    stream = await yard.make()
    placed = await yard.put(stream, "a", "b")
    placed += await yard.put(stream, "c")
    page = await yard.page(stream)
    assert [(one.sequence, one.data, one.key) for one in page.records] == [
        (placed[0].sequence, b"a", "k"),
        (placed[1].sequence, b"b", "k"),
        (placed[2].sequence, b"c", "k"),
    ]
    numbers = [int(one.sequence) for one in placed]
    assert numbers == sorted(set(numbers))


async def test_any_bytes_survive(yard: Yard) -> None:
    stream = await yard.make()
    data = bytes(range(256))
    await yard.streams.put(stream.arn, [Entry(data, 'ü"\\'), Entry(b"", "k")])
    page = await yard.page(stream)
    assert [(one.data, one.key) for one in page.records] == [(data, 'ü"\\'), (b"", "k")]


async def test_md5_of_the_key_decides_about_the_shard(yard: Yard) -> None:
    stream = await yard.make(shards=7)
    for number in range(50):
        key = f"key {number}"
        (placed,) = await yard.put(stream, "x", key=key)
        digest = int(hashlib.md5(key.encode(), usedforsecurity=False).hexdigest(), 16)
        (shard,) = [one for one in stream.shards if int(one.low) <= digest <= int(one.high)]
        assert placed.shard == shard.id


@pytest.mark.parametrize(("hash_key", "shard"), [(0, 0), (MAX_HASH // 2, 0), (MAX_HASH // 2 + 1, 1), (MAX_HASH, 1)])
async def test_explicit_hash_key_overrides_the_key(yard: Yard, hash_key: int, shard: int) -> None:
    stream = await yard.make(shards=2)
    (placed,) = await yard.put(stream, "x", hash=hash_key)
    assert placed.shard == f"shardId-{shard:012d}"


async def test_outcomes_come_in_the_order_of_the_records(yard: Yard) -> None:
    stream = await yard.make(shards=2)
    entries = [Entry(b"x", "k", 0 if at % 2 else MAX_HASH) for at in range(6)]
    outcomes = await yard.streams.put(stream.arn, entries)
    assert [getattr(one, "shard", "")[-1] for one in outcomes] == ["1", "0", "1", "0", "1", "0"]


async def test_shard_without_room_fails_only_its_own_records(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    stream = await yard.make(shards=2)
    append = yard.store.log.append

    async def full(bus: str, events: list) -> int:  # type: ignore[type-arg]  # only handed on
        if bus.endswith("1"):
            raise TryAgain("No room.")
        return await append(bus, events)

    monkeypatch.setattr(yard.store.log, "append", full)
    outcomes = await yard.streams.put(stream.arn, [Entry(b"x", "k", MAX_HASH), Entry(b"y", "k", 0)])
    assert isinstance(outcomes[0], Failed)
    assert outcomes[0].code == "ProvisionedThroughputExceededException"
    assert "shardId-000000000001 in stream s under account 123456789012" in outcomes[0].message
    assert not isinstance(outcomes[1], Failed)


async def test_iterators_begin_where_they_say(yard: Yard) -> None:
    stream = await yard.make()
    a, b = [(await yard.put(stream, text))[0] for text in "ab"]
    await yard.clock.advance(10)
    time = yard.clock.now()
    await yard.put(stream, "c")
    assert await yard.texts(stream, place=Place("TRIM_HORIZON")) == ["a", "b", "c"]
    assert await yard.texts(stream, place=Place("AT_SEQUENCE_NUMBER", b.sequence)) == ["b", "c"]
    assert await yard.texts(stream, place=Place("AFTER_SEQUENCE_NUMBER", a.sequence)) == ["b", "c"]
    assert await yard.texts(stream, place=Place("AT_SEQUENCE_NUMBER", stream.shards[0].sequence(0))) == ["a", "b", "c"]
    assert await yard.texts(stream, place=Place("AT_TIMESTAMP", time=time)) == ["c"]
    assert await yard.texts(stream, place=Place("AT_TIMESTAMP", time=1)) == ["a", "b", "c"]
    assert await yard.texts(stream, place=Place("LATEST")) == []


async def test_latest_finds_what_comes_after_it_was_given_out(yard: Yard) -> None:
    stream = await yard.make()
    await yard.put(stream, "before")
    latest = await yard.reading.iterator(stream.arn, "shardId-000000000000", Place("LATEST"))
    await yard.put(stream, "after")
    page = await yard.reading.read(latest)
    assert [one.data for one in page.records] == [b"after"]
    assert page.next is not None
    assert not (await yard.reading.read(page.next)).records


async def test_impossible_places_are_refused(yard: Yard) -> None:
    stream = await yard.make(shards=2)
    (placed,) = await yard.put(stream, "x", hash=0)
    for place in (
        Place("AT_SEQUENCE_NUMBER"),
        Place("AT_TIMESTAMP"),
        Place("AT_TIMESTAMP", time=yard.clock.now() + 1),
        Place("AT_SEQUENCE_NUMBER", "17"),
        Place("AFTER_SEQUENCE_NUMBER", stream.shards[0].sequence(2)),
    ):
        with pytest.raises(InvalidRequest) as caught:
            await yard.page(stream, 0, place)
        assert caught.value.code == "InvalidArgumentException"
    with pytest.raises(InvalidRequest, match="is invalid"):
        await yard.page(stream, 1, Place("AT_SEQUENCE_NUMBER", placed.sequence))
    with pytest.raises(NotFound, match="Shard shardId-000000000002 in stream s"):
        await yard.page(stream, 2)


async def test_iterator_expires_after_five_minutes(yard: Yard) -> None:
    stream = await yard.make()
    start = await yard.reading.iterator(stream.arn, "shardId-000000000000", Place("LATEST"))
    await yard.clock.advance(300)
    await yard.reading.read(start)
    await yard.clock.advance(0.001)
    with pytest.raises(InvalidRequest) as caught:
        await yard.reading.read(start)
    assert caught.value.code == "ExpiredIteratorException"


async def test_iterator_survives_being_text(yard: Yard) -> None:
    stream = await yard.make()
    start = await yard.reading.iterator(stream.arn, "shardId-000000000000", Place("LATEST"))
    assert read_iterator(start.text()) == start
    for text in ("", "x", "eyJ9", "AAAA", start.text()[:-8]):
        with pytest.raises(InvalidRequest):
            read_iterator(text)


async def test_limit_leaves_the_rest_for_the_next_page(yard: Yard) -> None:
    stream = await yard.make()
    await yard.put(stream, "a", "b", "c")
    page = await yard.page(stream, limit=2)
    assert [one.data for one in page.records] == [b"a", b"b"]
    assert page.next is not None
    assert [one.data for one in (await yard.reading.read(page.next)).records] == [b"c"]


async def test_page_has_ten_mebibytes_at_most(yard: Yard) -> None:
    stream = await yard.make()
    for _ in range(3):
        await yard.put(stream, "x" * (4 << 20))
    page = await yard.page(stream)
    assert len(page.records) == 2
    assert page.next is not None
    assert len((await yard.reading.read(page.next)).records) == 1


async def test_behind_is_the_age_of_what_was_read_until_the_tip_is_reached(yard: Yard) -> None:
    stream = await yard.make()
    await yard.put(stream, "a")
    await yard.clock.advance(5)
    await yard.put(stream, "b")
    page = await yard.page(stream, limit=1)
    assert page.behind == 5000
    assert page.next is not None
    assert (await yard.reading.read(page.next)).behind == 0


async def test_expired_records_are_not_read_even_before_they_are_trimmed(yard: Yard) -> None:
    stream = await yard.make()
    (old,) = await yard.put(stream, "old")
    await yard.clock.advance(24 * 3600)
    await yard.put(stream, "new")
    assert await yard.texts(stream) == ["old", "new"]
    await yard.clock.advance(1)
    assert await yard.texts(stream) == ["new"]
    assert await yard.texts(stream, place=Place("AT_SEQUENCE_NUMBER", old.sequence)) == ["new"]


async def test_everything_is_there_after_a_restart(yard: Yard) -> None:
    stream = await yard.make(shards=2)
    (first,) = await yard.put(stream, "a", hash=0)
    again = await yard.again()
    (second,) = await again.put(stream, "b", hash=0)
    assert int(second.sequence) > int(first.sequence)
    assert await again.texts(stream, place=Place("AFTER_SEQUENCE_NUMBER", first.sequence)) == ["b"]
    assert again.logs.kept == {f"{stream.arn}/shardId-{number:012d}": 86_400_000 for number in (0, 1)}


async def test_new_stream_of_the_same_name_is_empty_and_old_iterators_are_void(yard: Yard) -> None:
    stream = await yard.make()
    (old,) = await yard.put(stream, "old")
    start = await yard.reading.iterator(stream.arn, "shardId-000000000000", Place("TRIM_HORIZON"))
    await yard.streams.delete(stream.arn)
    assert not yard.logs.kept
    with pytest.raises(NotFound, match="Stream s under account 123456789012 not found"):
        await yard.reading.read(start)
    await yard.clock.advance(1)
    stream = await yard.make()
    assert await yard.texts(stream) == []
    with pytest.raises(NotFound):
        await yard.reading.read(start)
    (new,) = await yard.put(stream, "new")
    assert int(new.sequence) > int(old.sequence)


async def test_follower_gets_records_as_they_come(yard: Yard) -> None:
    stream = await yard.make()
    start = await yard.reading.iterator(stream.arn, "shardId-000000000000", Place("LATEST"))
    pages = yard.reading.follow(start, patience=5)
    assert not (await anext(pages)).records
    coming = asyncio.ensure_future(anext(pages))
    await asyncio.sleep(0)
    await yard.put(stream, "a")
    assert [one.data for one in (await coming).records] == [b"a"]
    coming = asyncio.ensure_future(anext(pages))
    await yard.clock.advance(5)
    assert not (await coming).records
    await pages.aclose()


async def test_too_large_a_record_is_refused_until_the_stream_takes_larger_ones(yard: Yard) -> None:
    stream = await yard.make()
    large = Entry(b"x" * 1024 * 1024, "k")
    with pytest.raises(InvalidRequest):
        yard.streams.check(stream.arn, large)
    await yard.streams.change(stream.arn, lambda one: replace(one, max_record_kib=2048))
    yard.streams.check(stream.arn, large)
