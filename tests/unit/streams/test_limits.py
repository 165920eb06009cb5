"""What a shard takes and gives in a second, on a clock that moves only when told to."""

from __future__ import annotations

from eventyard.clock import ManualClock
from eventyard.streams import Commitments, Entry, Failed, Limits, Streams
from tests.unit.streams.conftest import ACCOUNT, REGION, Yard

MIB = 1 << 20


async def test_shard_takes_a_thousand_records_a_second() -> None:
    clock = ManualClock()
    limits = Limits(clock)
    assert sum(limits.write("s", 1) for _ in range(1500)) == 1000
    await clock.advance(0.5)
    assert sum(limits.write("s", 1) for _ in range(1500)) == 500
    assert limits.write("another", 1)


async def test_shard_takes_a_mebibyte_a_second() -> None:
    clock = ManualClock()
    limits = Limits(clock)
    assert [limits.write("s", MIB // 2) for _ in range(3)] == [True, True, False]
    await clock.advance(60)
    assert [limits.write("s", MIB // 2) for _ in range(3)] == [True, True, False]


async def test_large_record_is_taken_and_made_up_for() -> None:
    clock = ManualClock()
    limits = Limits(clock)
    assert limits.write("s", 10 * MIB)
    await clock.advance(9)
    assert not limits.write("s", 1)
    await clock.advance(1)
    assert limits.write("s", 1)


async def test_shard_is_read_five_times_a_second() -> None:
    clock = ManualClock()
    limits = Limits(clock)
    assert sum(limits.read("s") for _ in range(10)) == 5
    await clock.advance(0.2)
    assert sum(limits.read("s") for _ in range(10)) == 1


async def test_reader_of_ten_mebibytes_waits() -> None:
    clock = ManualClock()
    limits = Limits(clock)
    assert limits.read("s")
    limits.given("s", 10 * MIB)
    await clock.advance(3.9)
    assert not limits.read("s")
    await clock.advance(0.2)
    assert limits.read("s")


async def test_records_without_room_fail_alone_and_the_rest_keep_their_order(yard: Yard) -> None:
    streams = Streams(yard.store.log, yard.store.catalog, yard.clock, yard.logs, yard.vault, Limits(yard.clock))
    stream = await streams.create(ACCOUNT, REGION, "limited", 1)
    sizes = [600_000, 600_000, 400_000, 100]
    outcomes = await streams.put(stream.arn, [Entry(b"x" * size, "k") for size in sizes])
    assert [isinstance(one, Failed) for one in outcomes] == [False, True, False, False]
    placed = [one.sequence for one in outcomes if not isinstance(one, Failed)]
    assert placed == sorted(placed)


async def test_streams_on_demand_have_no_limits(yard: Yard) -> None:
    streams = Streams(yard.store.log, yard.store.catalog, yard.clock, yard.logs, yard.vault, Limits(yard.clock))
    stream = await streams.create(ACCOUNT, REGION, "free", 4, "ON_DEMAND")
    outcomes = await streams.put(stream.arn, [Entry(b"x", "k") for _ in range(1500)])
    assert not any(isinstance(one, Failed) for one in outcomes)


async def test_commitment_ends_after_a_day_at_the_earliest_and_is_kept(yard: Yard) -> None:
    commitments = Commitments(yard.store.catalog, yard.clock)
    await commitments.set(ACCOUNT, REGION, True)
    await yard.clock.advance(3600)
    await commitments.set(ACCOUNT, REGION, False)
    commitments = Commitments(yard.store.catalog, yard.clock)
    await commitments.load()
    assert commitments.holds(ACCOUNT, REGION)
    assert not commitments.holds(ACCOUNT, "us-east-1")
    await yard.clock.advance(23 * 3600)
    assert not commitments.holds(ACCOUNT, REGION)
    again = await commitments.set(ACCOUNT, REGION, True)
    assert again.started == yard.clock.now()
    await yard.clock.advance(48 * 3600)
    ended = await commitments.set(ACCOUNT, REGION, False)
    assert ended.status(yard.clock.now()) == "DISABLED"
