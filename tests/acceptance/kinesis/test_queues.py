"""Queues on streams through boto3: their life, records received and acknowledged, dead letters, kills, refusals."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.refusal import refusal
from tests.acceptance.server import Server, new_account
from tests.acceptance.validated import validated

Connect = Callable[[str], Any]
BAD, INVALID = "InvalidArgumentException", "ValidationException"


def stream(kinesis: Any, name: str = "s", mode: str = "ON_DEMAND") -> str:
    shards = {"ShardCount": 1} if mode == "PROVISIONED" else {}
    kinesis.create_stream(StreamName=name, StreamModeDetails={"StreamMode": mode}, **shards)
    return str(kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]["StreamARN"])


def queue(kinesis: Any, stream: str, name: str = "q", **attributes: Any) -> str:
    made = kinesis.create_queue(
        QueueName=name, StreamConfigurationList=[{"StreamARN": stream}], QueueAttributes=attributes
    )
    return str(made["QueueDescription"]["QueueARN"])


def put(kinesis: Any, stream: str, *texts: str) -> None:
    for text in texts:
        kinesis.put_record(StreamARN=stream, Data=text.encode(), PartitionKey=f"key of {text}")


def receive(kinesis: Any, queue: str, wait: int = 1, **more: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = kinesis.receive_queue_records(QueueARN=queue, WaitTimeSeconds=wait, **more)[
        "QueueRecords"
    ]
    return found


def letters(kinesis: Any, queue: str, **more: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = kinesis.receive_dead_letter_queue_records(QueueARN=queue, WaitTimeSeconds=3, **more)[
        "QueueRecords"
    ]
    return found


def test_queue_is_described_from_creating_to_deleted(kinesis: Any, account: str) -> None:
    arn = stream(kinesis)
    before = datetime.now(UTC)
    made = kinesis.create_queue(QueueName="q", StreamConfigurationList=[{"StreamARN": arn}], Tags={"a": "b"})[
        "QueueDescription"
    ]
    assert made["QueueStatus"] == "CREATING"
    assert made["StreamConfigurationList"] == [{"StreamARN": arn, "StartingPosition": {"Type": "LATEST"}}]
    assert made["QueueARN"].startswith(f"arn:aws:kinesis:us-east-1:{account}:queue/")
    assert made["QueueAttributes"] == {
        "VisibilityTimeoutSeconds": 30,
        "DeadLetterConfiguration": {"TargetType": "BUILT_IN", "MaxReceiveCount": 6},
    }
    found = kinesis.describe_queue(QueueARN=made["QueueARN"])["QueueDescription"]
    assert (found["QueueName"], found["QueueStatus"]) == ("q", "ACTIVE")
    start = found["StreamConfigurationList"][0]["StartingPosition"]
    assert start["Type"] == "LATEST"
    assert abs(start["Timestamp"] - before) < timedelta(seconds=30)
    changed = kinesis.update_queue(
        QueueARN=made["QueueARN"],
        QueueAttributes={"VisibilityTimeoutSeconds": 5, "DeadLetterConfiguration": {"TargetType": "NONE"}},
    )["QueueDescription"]
    assert changed["QueueStatus"] == "UPDATING"
    found = kinesis.describe_queue(QueueARN=made["QueueARN"])["QueueDescription"]
    assert (
        found["QueueAttributes"]
        == changed["QueueAttributes"]
        == {
            "VisibilityTimeoutSeconds": 5,
            "DeadLetterConfiguration": {"TargetType": "NONE"},
        }
    )
    assert kinesis.describe_stream_summary(StreamName="s")["StreamDescriptionSummary"]["QueueCount"] == 1
    kinesis.delete_queue(QueueARN=made["QueueARN"])
    assert refusal(kinesis.describe_queue, QueueARN=made["QueueARN"])[0] == "ResourceNotFoundException"


def test_queues_are_listed_by_stream_and_page(kinesis: Any) -> None:
    one, two = stream(kinesis, "one"), stream(kinesis, "two")
    arns = sorted([queue(kinesis, one, "a"), queue(kinesis, one, "b"), queue(kinesis, two, "c")])
    first = kinesis.list_queues(MaxResults=2)
    rest = kinesis.list_queues(MaxResults=2, NextToken=first["NextToken"])
    assert [each["QueueARN"] for each in first["QueueSummaries"] + rest["QueueSummaries"]] == arns
    assert "NextToken" not in rest
    (found,) = kinesis.list_queues(StreamFilter=[{"StreamARN": two}])["QueueSummaries"]
    assert (found["QueueName"], found["QueueStatus"], found["Streams"][0]["StreamARN"]) == ("c", "ACTIVE", two)
    created = found["Streams"][0]["StreamCreationTimestamp"]
    wrong = [{"StreamARN": two, "StreamCreationTimestamp": created - timedelta(days=1)}]
    assert kinesis.list_queues(StreamFilter=wrong)["QueueSummaries"] == []
    assert kinesis.list_queues(StreamFilter=[{"StreamARN": two, "StreamCreationTimestamp": created}])["QueueSummaries"]
    assert refusal(kinesis.list_queues, NextToken="nonsense")[0] == BAD


def test_record_is_received_acknowledged_and_still_in_the_stream(kinesis: Any) -> None:
    arn = stream(kinesis)
    one, two = queue(kinesis, arn, "one"), queue(kinesis, arn, "two")
    put(kinesis, arn, "a")
    (got,) = receive(kinesis, one)
    assert (got["Data"], got["PartitionKey"], got["ReceiveCount"]) == (b"a", "key of a", 1)
    assert abs(got["FirstReceiveTimestamp"] - got["ApproximateArrivalTimestamp"]) < timedelta(seconds=30)
    entries = [{"ReceiptHandle": got["ReceiptHandle"]}, {"ReceiptHandle": "nothing"}]
    answer = kinesis.acknowledge_queue_records(QueueARN=one, Entries=entries)
    assert answer["Successful"] == entries[:1]
    assert [(each["ReceiptHandle"], each["ErrorCode"]) for each in answer["Failed"]] == [("nothing", BAD)]
    assert receive(kinesis, one) == []
    assert [each["RecordId"] for each in receive(kinesis, two)] == [got["RecordId"]]
    found = b""
    for shard in kinesis.list_shards(StreamARN=arn)["Shards"]:
        start = kinesis.get_shard_iterator(StreamARN=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON")[
            "ShardIterator"
        ]
        found += b"".join(each["Data"] for each in kinesis.get_records(ShardIterator=start)["Records"])
    assert found == b"a"


def test_waiting_receive_returns_as_soon_as_a_record_is_put(kinesis: Any) -> None:
    arn = stream(kinesis)
    name = queue(kinesis, arn)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(receive, kinesis, name, 20)
        time.sleep(0.3)
        begin = time.monotonic()
        put(kinesis, arn, "a")
        assert [each["Data"] for each in waiting.result()] == [b"a"]
        assert time.monotonic() - begin < 5


def test_hidden_record_comes_back_when_its_visibility_is_set_to_nothing(kinesis: Any) -> None:
    arn = stream(kinesis)
    name = queue(kinesis, arn)
    put(kinesis, arn, "a")
    (got,) = receive(kinesis, name, VisibilityTimeoutSeconds=600)
    assert receive(kinesis, name) == []
    entry = {"ReceiptHandle": got["ReceiptHandle"], "VisibilityTimeoutSeconds": 0}
    answer = kinesis.update_queue_records_visibility(QueueARN=name, Entries=[entry])
    assert answer["Successful"] == [{"ReceiptHandle": got["ReceiptHandle"]}]
    (again,) = receive(kinesis, name)
    assert (again["ReceiveCount"], again["FirstReceiveTimestamp"]) == (2, got["FirstReceiveTimestamp"])
    answer = kinesis.update_queue_records_visibility(QueueARN=name, Entries=[entry])
    assert [each["ErrorCode"] for each in answer["Failed"]] == [BAD]


def test_dead_letters_are_received_hidden_restored_and_acknowledged(kinesis: Any) -> None:
    arn = stream(kinesis)
    dead = {"TargetType": "BUILT_IN", "MaxReceiveCount": 1}
    name = queue(kinesis, arn, VisibilityTimeoutSeconds=1, DeadLetterConfiguration=dead)
    put(kinesis, arn, "a")
    (first,) = receive(kinesis, name)
    (letter,) = letters(kinesis, name, VisibilityTimeoutSeconds=600)
    assert (letter["RecordId"], letter["ReceiveCount"]) == (first["RecordId"], 2)
    assert letter["FirstReceiveTimestamp"] == first["FirstReceiveTimestamp"]
    assert receive(kinesis, name) == []
    entry = {"ReceiptHandle": letter["ReceiptHandle"]}
    answer = kinesis.update_dead_letter_queue_records_visibility(
        QueueARN=name, Entries=[entry | {"VisibilityTimeoutSeconds": 0}]
    )
    assert answer["Successful"] == [entry]
    (letter,) = letters(kinesis, name, VisibilityTimeoutSeconds=600)
    entry = {"ReceiptHandle": letter["ReceiptHandle"]}
    answer = kinesis.restore_dead_letter_queue_records(QueueARN=name, Entries=[entry, {"ReceiptHandle": "x"}])
    assert answer["Successful"] == [entry]
    assert [each["ErrorCode"] for each in answer["Failed"]] == [BAD]
    (back,) = receive(kinesis, name)
    assert (back["RecordId"], back["ReceiveCount"]) == (first["RecordId"], 1)
    (letter,) = letters(kinesis, name)
    entry = {"ReceiptHandle": letter["ReceiptHandle"]}
    assert kinesis.acknowledge_dead_letter_queue_records(QueueARN=name, Entries=[entry])["Successful"] == [entry]
    assert kinesis.acknowledge_dead_letter_queue_records(QueueARN=name, Entries=[entry])["Failed"]
    assert letters(kinesis, name) == []


def test_acknowledged_records_stay_acknowledged_over_kills_and_none_is_lost(tmp_path: Path) -> None:
    account, server = new_account(), Server(tmp_path)
    try:
        kinesis = validated(server.client("kinesis", account))
        arn = stream(kinesis)
        name = queue(kinesis, arn, VisibilityTimeoutSeconds=1)
        wanted = {f"{number}" for number in range(60)}
        put(kinesis, arn, *wanted)
        done: list[str] = []
        while set(done) != wanted:
            found = receive(kinesis, name, wait=3)
            kept = found[: len(found) // 2 + 1]
            entries = [{"ReceiptHandle": each["ReceiptHandle"]} for each in kept]
            done += [each["Data"].decode() for each in kept]
            assert not kinesis.acknowledge_queue_records(QueueARN=name, Entries=entries)["Failed"]
            if len(done) % 3 == 0:
                server.kill()
                server.start()
                kinesis = validated(server.client("kinesis", account))
        assert sorted(done) == sorted(wanted)
        assert receive(kinesis, name) == []
        assert kinesis.describe_queue(QueueARN=name)["QueueDescription"]["QueueName"] == "q"
    finally:
        server.stop()


def test_server_stops_at_once_although_somebody_waits_for_records(tmp_path: Path) -> None:
    account, server = new_account(), Server(tmp_path)
    kinesis = server.client("kinesis", account)
    name = queue(kinesis, stream(kinesis))
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(receive, kinesis, name, 20)
        time.sleep(0.5)
        begin = time.monotonic()
        server.stop()
        assert waiting.result() == []
        assert time.monotonic() - begin < 5


def test_queue_has_tags(kinesis: Any) -> None:
    name = queue(kinesis, stream(kinesis))
    kinesis.tag_resource(ResourceARN=name, Tags={"a": "1", "b": "2"})
    kinesis.untag_resource(ResourceARN=name, TagKeys=["a"])
    assert kinesis.list_tags_for_resource(ResourceARN=name)["Tags"] == [{"Key": "b", "Value": "2"}]


def test_queue_is_closed_to_other_accounts_unless_its_policy_lets_them_in(
    kinesis: Any, server: Server, account: str
) -> None:
    arn = stream(kinesis)
    name = queue(kinesis, arn)
    put(kinesis, arn, "a")
    other = new_account()
    stranger = server.client("kinesis", other)
    receiving = {"QueueARN": name, "WaitTimeSeconds": 1}
    assert refusal(stranger.receive_queue_records, **receiving)[0] == "AccessDeniedException"
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": other},
        "Action": "kinesis:ReceiveQueueRecords",
        "Resource": name,
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    kinesis.put_resource_policy(ResourceARN=name, Policy=policy)
    assert kinesis.get_resource_policy(ResourceARN=name)["Policy"] == policy
    (got,) = stranger.receive_queue_records(**receiving)["QueueRecords"]
    entries = [{"ReceiptHandle": got["ReceiptHandle"]}]
    assert refusal(stranger.acknowledge_queue_records, QueueARN=name, Entries=entries)[0] == "AccessDeniedException"
    kinesis.delete_resource_policy(ResourceARN=name)
    assert refusal(stranger.receive_queue_records, **receiving)[0] == "AccessDeniedException"
    unknown = name.replace(account, other).rpartition("/")[0] + "/nothing"
    assert refusal(stranger.describe_queue, QueueARN=unknown)[0] == "ResourceNotFoundException"
    theirs = {"QueueName": "mine", "StreamConfigurationList": [{"StreamARN": arn}]}
    assert refusal(stranger.create_queue, **theirs)[0] == "AccessDeniedException"


def test_stream_with_a_queue_keeps_its_mode_and_stays(kinesis: Any) -> None:
    arn = stream(kinesis)
    name = queue(kinesis, arn)
    assert refusal(kinesis.delete_stream, StreamName="s")[0] == "ResourceInUseException"
    mode = {"StreamMode": "PROVISIONED"}
    assert refusal(kinesis.update_stream_mode, StreamARN=arn, StreamModeDetails=mode)[0] == "ResourceInUseException"
    kinesis.delete_queue(QueueARN=name)
    kinesis.update_stream_mode(StreamARN=arn, StreamModeDetails=mode)
    kinesis.delete_stream(StreamName="s")


def test_queues_and_consumers_share_a_limit_that_a_commitment_raises(kinesis: Any) -> None:
    arn = stream(kinesis)
    for number in range(19):
        queue(kinesis, arn, f"q{number}")
    kinesis.register_stream_consumer(StreamARN=arn, ConsumerName="c")
    more = {"QueueName": "more", "StreamConfigurationList": [{"StreamARN": arn}]}
    assert refusal(kinesis.create_queue, **more)[0] == "LimitExceededException"
    assert refusal(kinesis.register_stream_consumer, StreamARN=arn, ConsumerName="d")[0] == "LimitExceededException"
    kinesis.update_account_settings(MinimumThroughputBillingCommitment={"Status": "ENABLED"})
    kinesis.create_queue(**more)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"StreamConfigurationList": [{"StreamARN": "{arn}"}] * 2}, INVALID),
        ({"StreamConfigurationList": [{"StreamARN": "{arn}x"}]}, "ResourceNotFoundException"),
        ({"position": {"Type": "AT_TIMESTAMP"}}, INVALID),
        ({"position": {"Type": "LATEST", "Timestamp": 1}}, INVALID),
        ({"position": {"Type": "YESTERDAY"}}, INVALID),
        ({"QueueAttributes": {"DeadLetterConfiguration": {"TargetType": "BUILT_IN"}}}, INVALID),
        ({"QueueAttributes": {"DeadLetterConfiguration": {"TargetType": "NONE", "MaxReceiveCount": 1}}}, INVALID),
        ({"QueueAttributes": {"VisibilityTimeoutSeconds": 43_201}}, INVALID),
        ({"QueueName": "with space"}, INVALID),
        ({"QueueName": "taken"}, "ResourceInUseException"),
        ({"Tags": {f"{number}": "" for number in range(51)}}, "LimitExceededException"),
    ],
)
def test_wrong_queues_are_refused(kinesis: Any, changes: dict[str, Any], code: str) -> None:
    arn = stream(kinesis)
    queue(kinesis, arn, "taken")
    position = changes.pop("position", None)
    given = {"QueueName": "q", "StreamConfigurationList": [{"StreamARN": "{arn}"}]} | changes
    given["StreamConfigurationList"] = [
        {"StreamARN": one["StreamARN"].format(arn=arn)} for one in given["StreamConfigurationList"]
    ]
    if position is not None:
        given["StreamConfigurationList"][0]["StartingPosition"] = position
    assert refusal(kinesis.create_queue, **given)[0] == code
    assert [each["QueueName"] for each in kinesis.list_queues()["QueueSummaries"]] == ["taken"]


def test_queue_on_a_provisioned_stream_is_refused(kinesis: Any) -> None:
    arn = stream(kinesis, mode="PROVISIONED")
    given = {"QueueName": "q", "StreamConfigurationList": [{"StreamARN": arn}]}
    assert refusal(kinesis.create_queue, **given)[0] == INVALID
