"""SubscribeToShard through boto3: records are pushed as event stream frames."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.acceptance.refusal import refusal
from tests.acceptance.server import Server

SHARD = "shardId-000000000000"


@pytest.fixture
def consumer(kinesis: Any) -> str:
    kinesis.create_stream(StreamName="s", ShardCount=1)
    stream = kinesis.describe_stream_summary(StreamName="s")["StreamDescriptionSummary"]["StreamARN"]
    arn: str = kinesis.register_stream_consumer(StreamARN=stream, ConsumerName="c")["Consumer"]["ConsumerARN"]
    return arn


@pytest.fixture
def subscribe() -> Iterator[Callable[..., Any]]:
    """``subscribe(kinesis, consumer, **position)``: an event stream, which is closed after the test."""
    streams: list[Any] = []

    def subscribe(kinesis: Any, consumer: str, **position: Any) -> Any:
        position = position or {"Type": "TRIM_HORIZON"}
        answer = kinesis.subscribe_to_shard(ConsumerARN=consumer, ShardId=SHARD, StartingPosition=position)
        streams.append(answer["EventStream"])
        return streams[-1]

    yield subscribe
    for stream in streams:
        stream.close()


def events(stream: Any) -> Iterator[dict[str, Any]]:
    for event in stream:
        yield event["SubscribeToShardEvent"]


def test_records_are_pushed_as_they_come(kinesis: Any, consumer: str, subscribe: Callable[..., Any]) -> None:
    first = kinesis.put_record(StreamName="s", Data=b"one", PartitionKey="k")
    stream = subscribe(kinesis, consumer)
    pushed = events(stream)
    event = next(pushed)
    assert [record["Data"] for record in event["Records"]] == [b"one"]
    assert event["ContinuationSequenceNumber"] == first["SequenceNumber"]
    assert event["MillisBehindLatest"] == 0
    later = threading.Timer(0.3, kinesis.put_record, kwargs={"StreamName": "s", "Data": b"two", "PartitionKey": "k"})
    later.start()
    began = time.monotonic()
    found: list[bytes] = []
    while not found:
        found = [record["Data"] for record in next(pushed)["Records"]]
    assert found == [b"two"]
    assert time.monotonic() - began < 3
    later.join()
    stream.close()


def test_subscription_goes_on_where_another_ended(kinesis: Any, consumer: str, subscribe: Callable[..., Any]) -> None:
    for data in (b"one", b"two"):
        kinesis.put_record(StreamName="s", Data=data, PartitionKey="k")
    stream = subscribe(kinesis, consumer)
    number = next(events(stream))["Records"][0]["SequenceNumber"]
    stream.close()
    time.sleep(0.2)
    stream = subscribe(kinesis, consumer, Type="AFTER_SEQUENCE_NUMBER", SequenceNumber=number)
    assert [record["Data"] for record in next(events(stream))["Records"]] == [b"two"]
    stream.close()


def test_closed_shard_ends_the_stream_with_its_children(
    kinesis: Any, consumer: str, subscribe: Callable[..., Any]
) -> None:
    stream = subscribe(kinesis, consumer)
    pushed = events(stream)
    next(pushed)
    kinesis.split_shard(StreamName="s", ShardToSplit=SHARD, NewStartingHashKey="5")
    (last,) = [event for event in pushed if event.get("ChildShards")]
    assert [child["ShardId"][-1] for child in last["ChildShards"]] == ["1", "2"]


def test_second_subscription_is_refused_at_first(kinesis: Any, consumer: str, subscribe: Callable[..., Any]) -> None:
    stream = subscribe(kinesis, consumer)
    next(events(stream))
    position = {"Type": "LATEST"}
    code, _ = refusal(kinesis.subscribe_to_shard, ConsumerARN=consumer, ShardId=SHARD, StartingPosition=position)
    assert code == "ResourceInUseException"
    stream.close()
    assert refusal(kinesis.subscribe_to_shard, ConsumerARN=consumer, ShardId="shardId-7", StartingPosition=position)[
        0
    ] == ("ResourceNotFoundException")


def test_deleted_stream_ends_its_subscriptions_with_an_error(
    kinesis: Any, consumer: str, subscribe: Callable[..., Any]
) -> None:
    stream = subscribe(kinesis, consumer)
    pushed = events(stream)
    next(pushed)
    kinesis.delete_stream(StreamName="s", EnforceConsumerDeletion=True)
    with pytest.raises(Exception, match="ResourceNotFoundException"):
        list(pushed)


def test_server_stops_at_once_although_somebody_is_subscribed(
    kinesis: Any, consumer: str, server: Server, subscribe: Callable[..., Any]
) -> None:
    stream = subscribe(kinesis, consumer)
    next(events(stream))
    began = time.monotonic()
    server.stop()
    took = time.monotonic() - began
    server.start()
    assert took < 4
    stream.close()
