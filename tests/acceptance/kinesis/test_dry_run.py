"""Requests that only ask whether they would succeed: nothing is read or written, and what is wrong is said as ever."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.acceptance.refusal import refusal

SHARD = "shardId-000000000000"
Asked = Callable[..., str]


@pytest.fixture
def asked(kinesis: Any) -> Asked:
    """The error code with which a request is answered that only asks."""
    kinesis.create_stream(StreamName="s", ShardCount=1)
    return lambda call, **params: refusal(getattr(kinesis, call), DryRun=True, **params)[0]


def iterator(kinesis: Any) -> str:
    text: str = kinesis.get_shard_iterator(StreamName="s", ShardId=SHARD, ShardIteratorType="TRIM_HORIZON")[
        "ShardIterator"
    ]
    return text


def test_requests_that_would_succeed_say_so_and_do_nothing(kinesis: Any, asked: Asked) -> None:
    succeeds = "DryRunOperationException"
    record = {"Data": b"x", "PartitionKey": "k"}
    assert asked("put_record", StreamName="s", **record) == succeeds
    assert asked("put_records", StreamName="s", Records=[record]) == succeeds
    start = {"StreamName": "s", "ShardId": SHARD, "ShardIteratorType": "LATEST"}
    assert asked("get_shard_iterator", **start) == succeeds
    assert asked("get_records", ShardIterator=iterator(kinesis)) == succeeds
    assert kinesis.get_records(ShardIterator=iterator(kinesis))["Records"] == []
    arn = kinesis.describe_stream_summary(StreamName="s")["StreamDescriptionSummary"]["StreamARN"]
    consumer = kinesis.register_stream_consumer(StreamARN=arn, ConsumerName="c")["Consumer"]["ConsumerARN"]
    subscribe = {"ConsumerARN": consumer, "ShardId": SHARD, "StartingPosition": {"Type": "LATEST"}}
    assert asked("subscribe_to_shard", **subscribe) == succeeds
    assert asked("subscribe_to_shard", **subscribe) == succeeds


def test_requests_that_would_fail_say_why(asked: Asked) -> None:
    record = {"Data": b"x", "PartitionKey": "k"}
    assert asked("put_record", StreamName="none", **record) == "ResourceNotFoundException"
    large = record | {"Data": b"x" * (1 << 20)}
    assert asked("put_record", StreamName="s", **large) == "InvalidArgumentException"
    assert asked("put_records", StreamName="s", Records=[large]) == "InvalidArgumentException"
    start = {"StreamName": "s", "ShardId": "shardId-9", "ShardIteratorType": "LATEST"}
    assert asked("get_shard_iterator", **start) == "ResourceNotFoundException"
    assert asked("get_records", ShardIterator="nonsense") == "InvalidArgumentException"
