"""The server's retention and the logs of streams."""

from __future__ import annotations

from eventyard.clock import ManualClock
from eventyard.server import House
from eventyard.settings import Settings
from eventyard.stores.memory import open_memory
from eventyard.streams import Entry

HOUR = 3600


async def test_records_stay_as_long_as_their_stream_says() -> None:
    store, clock = await open_memory(), ManualClock()
    house = House(store, Settings(retention_days=1), clock)
    await house.start()
    stream = await house.streaming.streams.create("123456789012", "eu-west-1", "s", 1)
    log = f"{stream.arn}/shardId-000000000000"
    await house.streaming.streams.put(stream.arn, [Entry(b"x", "k")])
    await clock.advance(24 * HOUR)
    assert (await store.log.bounds())[log].size > 0
    await clock.advance(120)
    assert (await store.log.bounds())[log].size == 0
    await house.streaming.streams.put(stream.arn, [Entry(b"y", "k")])
    await house.streaming.streams.delete(stream.arn)
    assert (await store.log.bounds())[log].size == 0
    await house.close()


async def test_shards_of_an_earlier_run_are_not_taken_for_nobodys() -> None:
    store, clock = await open_memory(), ManualClock()
    house = House(store, Settings(), clock)
    await house.start()
    stream = await house.streaming.streams.create("123456789012", "eu-west-1", "s", 1)
    await house.streaming.streams.put(stream.arn, [Entry(b"x", "k")])
    await house.close()
    house = House(store, Settings(), clock)
    await house.start()
    await clock.advance(HOUR)
    assert (await store.log.bounds())[f"{stream.arn}/shardId-000000000000"].size > 0
    await house.close()
