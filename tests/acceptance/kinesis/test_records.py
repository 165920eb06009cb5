"""Records through boto3: putting, reading, restarts, and streams as targets of rules."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.acceptance.refusal import refusal
from tests.acceptance.server import Server

Connect = Callable[[str], Any]
SHARD = "shardId-000000000000"


@pytest.fixture
def stream(kinesis: Any) -> str:
    kinesis.create_stream(StreamName="s", ShardCount=1)
    return "s"


def start(kinesis: Any, kind: str = "TRIM_HORIZON", shard: str = SHARD, **more: Any) -> str:
    text: str = kinesis.get_shard_iterator(StreamName="s", ShardId=shard, ShardIteratorType=kind, **more)[
        "ShardIterator"
    ]
    return text


def read(kinesis: Any, iterator: str) -> list[bytes]:
    return [record["Data"] for record in kinesis.get_records(ShardIterator=iterator)["Records"]]


def test_record_is_read_as_it_was_put(kinesis: Any, stream: str) -> None:
    put = kinesis.put_record(StreamName=stream, Data=b"\x00data\xff", PartitionKey="key")
    answer = kinesis.get_records(ShardIterator=start(kinesis))
    (record,) = answer["Records"]
    assert abs(datetime.now(UTC) - record.pop("ApproximateArrivalTimestamp")) < timedelta(seconds=30)
    assert record == {
        "Data": b"\x00data\xff",
        "PartitionKey": "key",
        "SequenceNumber": put["SequenceNumber"],
        "EncryptionType": "NONE",
    }
    assert (put["ShardId"], answer["MillisBehindLatest"]) == (SHARD, 0)
    assert not kinesis.get_records(ShardIterator=answer["NextShardIterator"])["Records"]


def test_arrival_has_its_milliseconds(kinesis: Any, stream: str) -> None:
    for _ in range(5):
        kinesis.put_record(StreamName=stream, Data=b"x", PartitionKey="k")
        time.sleep(0.003)
    records = kinesis.get_records(ShardIterator=start(kinesis))["Records"]
    times = [record["ApproximateArrivalTimestamp"] for record in records]
    assert len(set(times)) == 5
    assert [record["Data"] for record in records if record["ApproximateArrivalTimestamp"] >= times[2]] == read(
        kinesis, start(kinesis, "AT_TIMESTAMP", Timestamp=times[2])
    )


def test_many_records_are_answered_in_their_order(kinesis: Any) -> None:
    kinesis.create_stream(StreamName="s", ShardCount=2)
    high = str((1 << 128) - 1)
    records = [
        {"Data": str(at).encode(), "PartitionKey": "k", "ExplicitHashKey": high if at % 2 else "0"} for at in range(500)
    ]
    answer = kinesis.put_records(StreamName="s", Records=records)
    assert answer["FailedRecordCount"] == 0
    assert [one["ShardId"][-1] for one in answer["Records"]] == ["0", "1"] * 250
    assert read(kinesis, start(kinesis)) == [str(at).encode() for at in range(0, 500, 2)]
    sequence = answer["Records"][499]["SequenceNumber"]
    assert read(kinesis, start(kinesis, "AT_SEQUENCE_NUMBER", answer["Records"][499]["ShardId"],
                               StartingSequenceNumber=sequence)) == [b"499"]  # fmt: skip


def test_ordering_number_is_taken(kinesis: Any, stream: str) -> None:
    numbers: list[str] = []
    for at in range(3):
        more = {"SequenceNumberForOrdering": numbers[-1]} if numbers else {}
        answer = kinesis.put_record(StreamName=stream, Data=str(at).encode(), PartitionKey="k", **more)
        numbers.append(answer["SequenceNumber"])
    assert numbers == sorted(numbers, key=int)
    wrong = {"StreamName": stream, "Data": b"x", "PartitionKey": "k", "SequenceNumberForOrdering": "7"}
    assert refusal(kinesis.put_record, **wrong)[0] == "InvalidArgumentException"


def test_wrong_records_are_refused_whole(kinesis: Any, stream: str) -> None:
    put = {"StreamName": stream, "Data": b"x", "PartitionKey": "k"}
    too_high = refusal(kinesis.put_record, **put, ExplicitHashKey=str(1 << 128))
    assert too_high[0] == "InvalidArgumentException"
    assert "ExplicitHashKey must be in the range" in too_high[1]
    assert refusal(kinesis.put_record, **put | {"Data": b"x" * (1 << 20)})[0] == "InvalidArgumentException"
    assert refusal(kinesis.put_record, StreamName=stream, Data=b"x") == (
        "ValidationException",
        "1 validation error detected: Value null at 'partitionKey' failed to satisfy constraint: Member must "
        "not be null",
    )
    records = [{"Data": b"x", "PartitionKey": "k"}]
    large = [{"Data": b"x" * 1_000_000, "PartitionKey": "k"}] * 11
    for wrong in (records * 501, [*records, {"Data": b"x", "PartitionKey": "k" * 257}], large):
        code = refusal(kinesis.put_records, StreamName=stream, Records=wrong)[0]
        assert code in ("ValidationException", "InvalidArgumentException")
    assert read(kinesis, start(kinesis)) == []


def test_wrong_iterators_are_refused(kinesis: Any, stream: str) -> None:
    assert refusal(kinesis.get_records, ShardIterator="nonsense")[0] == "InvalidArgumentException"
    get = {"StreamName": stream, "ShardId": SHARD}
    for kind, more in (
        ("AT_SEQUENCE_NUMBER", {}),
        ("AFTER_SEQUENCE_NUMBER", {"StartingSequenceNumber": "5"}),
        ("AT_TIMESTAMP", {}),
        ("AT_TIMESTAMP", {"Timestamp": datetime.now(UTC) + timedelta(hours=1)}),
    ):
        code = refusal(kinesis.get_shard_iterator, **get, ShardIteratorType=kind, **more)[0]
        assert code == "InvalidArgumentException"
    missing = refusal(kinesis.get_shard_iterator, **get | {"ShardId": "shardId-1"}, ShardIteratorType="LATEST")
    assert missing[0] == "ResourceNotFoundException"
    code = refusal(kinesis.get_records, ShardIterator=start(kinesis), Limit=10_001)[0]
    assert code == "ValidationException"


def test_end_of_a_closed_shard_names_its_children(kinesis: Any, stream: str) -> None:
    kinesis.put_record(StreamName=stream, Data=b"x", PartitionKey="k")
    kinesis.split_shard(StreamName=stream, ShardToSplit=SHARD, NewStartingHashKey="5")
    answer = kinesis.get_records(ShardIterator=start(kinesis))
    assert "NextShardIterator" not in answer
    assert [(child["ShardId"], child["ParentShards"]) for child in answer["ChildShards"]] == [
        ("shardId-000000000001", [SHARD]),
        ("shardId-000000000002", [SHARD]),
    ]
    assert answer["ChildShards"][0]["HashKeyRange"] == {"StartingHashKey": "0", "EndingHashKey": "4"}


def test_acknowledged_records_and_iterators_survive_a_kill(
    kinesis: Any, stream: str, server: Server, connect: Connect
) -> None:
    kinesis.split_shard(StreamName=stream, ShardToSplit=SHARD, NewStartingHashKey="5")
    put = {"StreamName": stream, "PartitionKey": "k", "ExplicitHashKey": "1"}
    first = kinesis.put_record(Data=b"first", **put)
    iterator = start(kinesis, "TRIM_HORIZON", first["ShardId"])
    kinesis.put_records(
        StreamName=stream,
        Records=[{"Data": str(at).encode(), "PartitionKey": "k", "ExplicitHashKey": "1"} for at in range(100)],
    )
    server.kill()
    server.start()
    kinesis = connect("kinesis")
    last = kinesis.put_record(Data=b"last", **put)
    assert int(last["SequenceNumber"]) > int(first["SequenceNumber"])
    assert read(kinesis, iterator) == [b"first", *(str(at).encode() for at in range(100)), b"last"]
    assert len(kinesis.list_shards(StreamName=stream)["Shards"]) == 3


def test_rule_delivers_to_a_stream(kinesis: Any, stream: str, connect: Connect) -> None:
    arn = kinesis.describe_stream_summary(StreamName=stream)["StreamDescriptionSummary"]["StreamARN"]
    events = connect("events")
    events.put_rule(Name="r", EventPattern='{"source":["shop"]}')
    target = {
        "Id": "1",
        "Arn": arn,
        "RoleArn": "arn:aws:iam::123456789012:role/r",
        "InputPath": "$.detail",
        "KinesisParameters": {"PartitionKeyPath": "$.detail.user"},
    }
    assert events.put_targets(Rule="r", Targets=[target])["FailedEntryCount"] == 0
    bad = target | {"KinesisParameters": {"PartitionKeyPath": "user"}}
    assert refusal(events.put_targets, Rule="r", Targets=[bad])[0] == "ValidationException"
    entries = [
        {"Source": "shop", "DetailType": "order", "Detail": json.dumps({"user": user, "n": number})}
        for number, user in enumerate(("anna", "berta", "anna"))
    ]
    events.put_events(Entries=entries)
    records: list[dict[str, Any]] = []
    iterator, end = start(kinesis), time.monotonic() + 10
    while len(records) < 3 and time.monotonic() < end:
        answer = kinesis.get_records(ShardIterator=iterator)
        iterator = answer["NextShardIterator"]
        records += answer["Records"]
        time.sleep(0.05)
    found = [(record["PartitionKey"], json.loads(record["Data"])["n"]) for record in records]
    assert sorted(found) == [("anna", 0), ("anna", 2), ("berta", 1)]


def test_event_for_a_missing_stream_goes_to_the_dead_letter_queue(connect: Connect, account: str) -> None:
    sqs, events = connect("sqs"), connect("events")
    url = sqs.create_queue(QueueName="dead")["QueueUrl"]
    events.put_rule(Name="r", EventPattern='{"source":["shop"]}')
    target = {
        "Id": "1",
        "Arn": f"arn:aws:kinesis:us-east-1:{account}:stream/none",
        "RoleArn": "arn:aws:iam::123456789012:role/r",
        "DeadLetterConfig": {"Arn": f"arn:aws:sqs:us-east-1:{account}:dead"},
    }
    events.put_targets(Rule="r", Targets=[target])
    events.put_events(Entries=[{"Source": "shop", "DetailType": "order", "Detail": "{}"}])
    (message,) = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=10, MessageAttributeNames=["All"])["Messages"]
    assert message["MessageAttributes"]["ERROR_CODE"]["StringValue"] == "NO_RESOURCE"


def test_schedule_puts_a_record(kinesis: Any, stream: str, connect: Connect) -> None:
    arn = kinesis.describe_stream_summary(StreamName=stream)["StreamDescriptionSummary"]["StreamARN"]
    target = {"Arn": arn, "RoleArn": "arn:aws:iam::123456789012:role/r", "Input": '{"a":1}'}
    schedule = {
        "Name": "s",
        "ScheduleExpression": f"at({(datetime.now(UTC) + timedelta(seconds=2)).strftime('%Y-%m-%dT%H:%M:%S')})",
        "FlexibleTimeWindow": {"Mode": "OFF"},
    }
    scheduler = connect("scheduler")
    assert refusal(scheduler.create_schedule, **schedule, Target=target)[0] == "ValidationException"
    scheduler.create_schedule(**schedule, Target=target | {"KinesisParameters": {"PartitionKey": "fixed"}})
    iterator, end = start(kinesis), time.monotonic() + 10
    records: list[dict[str, Any]] = []
    while not records and time.monotonic() < end:
        records = kinesis.get_records(ShardIterator=iterator)["Records"]
        time.sleep(0.1)
    assert [(record["PartitionKey"], record["Data"]) for record in records] == [("fixed", b'{"a":1}')]
