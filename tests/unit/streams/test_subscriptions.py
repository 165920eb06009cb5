"""Subscriptions of consumers to shards, where minutes pass."""

from __future__ import annotations

from typing import Any

import pytest

from eventyard.api.kinesis.subscriptions import Subscriptions
from eventyard.errors import Conflict
from eventyard.wire import Caller
from tests.unit.streams.conftest import ACCOUNT, REGION, Yard

CALLER = Caller(ACCOUNT, REGION, "id", "http://localhost")


async def subscribe(yard: Yard, subscriptions: Subscriptions, consumer: str) -> Any:
    params = {"ConsumerARN": consumer, "ShardId": "shardId-000000000000", "StartingPosition": {"Type": "TRIM_HORIZON"}}
    return (await subscriptions.subscribe(CALLER, params))["EventStream"]


async def test_later_subscription_takes_over(yard: Yard) -> None:
    stream = await yard.make()
    consumer = (await yard.streams.register(stream.arn, "c", {})).arn
    subscriptions = Subscriptions(yard.streams, yard.reading, yard.clock)
    first = await subscribe(yard, subscriptions, consumer)
    await anext(first)
    await yard.clock.advance(4.999)
    with pytest.raises(Conflict):
        await subscribe(yard, subscriptions, consumer)
    await yard.clock.advance(0.001)
    second = await subscribe(yard, subscriptions, consumer)
    with pytest.raises(Conflict, match="Another active subscription"):
        await anext(first)
    await yard.put(stream, "x")
    _, event = await anext(second)
    assert [record["Data"] for record in event["Records"]] == [b"x"]
    await second.aclose()


async def test_subscription_ends_after_five_minutes(yard: Yard) -> None:
    stream = await yard.make()
    consumer = (await yard.streams.register(stream.arn, "c", {})).arn
    events = await subscribe(yard, Subscriptions(yard.streams, yard.reading, yard.clock), consumer)
    await anext(events)
    await yard.clock.advance(299)
    await yard.put(stream, "x")
    assert (await anext(events))[1]["Records"]
    await yard.clock.advance(1)
    await yard.put(stream, "y")
    with pytest.raises(StopAsyncIteration):
        await anext(events)


async def test_deregistered_consumer_gets_nothing_more(yard: Yard) -> None:
    stream = await yard.make()
    consumer = await yard.streams.register(stream.arn, "c", {})
    events = await subscribe(yard, Subscriptions(yard.streams, yard.reading, yard.clock), consumer.arn)
    await anext(events)
    await yard.streams.deregister(stream.arn, consumer)
    await yard.put(stream, "x")
    assert [event async for event in events] == []
