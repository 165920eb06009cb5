"""Data Firehose through boto3: streams, records that become files, restarts, rules, and what is refused."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.refusal import refusal
from tests.acceptance.server import Server

Connect = Callable[[str], Any]
ROLE = "arn:aws:iam::123456789012:role/r"


def s3(account: str, interval: int = 0, **more: Any) -> dict[str, Any]:
    hints = {"SizeInMBs": 1, "IntervalInSeconds": interval}
    return {"RoleARN": ROLE, "BucketARN": f"arn:aws:s3:::b{account}", "BufferingHints": hints} | more


def make(firehose: Any, account: str, interval: int = 0, **more: Any) -> str:
    arn: str = firehose.create_delivery_stream(
        DeliveryStreamName="h", ExtendedS3DestinationConfiguration=s3(account, interval, **more)
    )["DeliveryStreamARN"]
    return arn


def described(firehose: Any) -> dict[str, Any]:
    found: dict[str, Any] = firehose.describe_delivery_stream(DeliveryStreamName="h")["DeliveryStreamDescription"]
    return found


def contents(server: Server, account: str, size: int) -> bytes:
    """All that is in the bucket of ``account``, in the order of the names, once it is ``size`` bytes."""
    end = time.monotonic() + 10
    found = b""
    while len(found) < size and time.monotonic() < end:
        found = b"".join(path.read_bytes() for path in files(server, account))
        time.sleep(0.02)
    return found


def files(server: Server, account: str) -> list[Path]:
    return sorted(path for path in (server.data / "firehose" / f"b{account}").rglob("*") if path.is_file())


def test_stream_is_described_as_it_was_made(firehose: Any, account: str) -> None:
    arn = make(firehose, account, 60, Prefix="in/", CompressionFormat="GZIP", CustomTimeZone="Asia/Tokyo")
    assert arn == f"arn:aws:firehose:us-east-1:{account}:deliverystream/h"
    found = described(firehose)
    assert abs(datetime.now(UTC) - found.pop("CreateTimestamp")) < timedelta(seconds=30)
    (destination,) = found.pop("Destinations")
    assert found == {
        "DeliveryStreamName": "h",
        "DeliveryStreamARN": arn,
        "DeliveryStreamStatus": "ACTIVE",
        "DeliveryStreamEncryptionConfiguration": {"Status": "DISABLED"},
        "DeliveryStreamType": "DirectPut",
        "VersionId": "1",
        "HasMoreDestinations": False,
    }
    assert destination["DestinationId"] == "destinationId-000000000001"
    extended = destination["ExtendedS3DestinationDescription"]
    assert extended == {
        "RoleARN": ROLE,
        "BucketARN": f"arn:aws:s3:::b{account}",
        "Prefix": "in/",
        "BufferingHints": {"SizeInMBs": 1, "IntervalInSeconds": 60},
        "CompressionFormat": "GZIP",
        "EncryptionConfiguration": {"NoEncryptionConfig": "NoEncryption"},
        "CloudWatchLoggingOptions": {"Enabled": False},
        "S3BackupMode": "Disabled",
        "ProcessingConfiguration": {"Enabled": False},
        "CustomTimeZone": "Asia/Tokyo",
    }


def test_records_become_a_file(firehose: Any, account: str, server: Server) -> None:
    make(firehose, account, Prefix="in/!{timestamp:yyyy}/", ErrorOutputPrefix="!{firehose:error-output-type}/")
    answer = firehose.put_record(DeliveryStreamName="h", Record={"Data": b'{"n":0}\n'})
    batch = firehose.put_record_batch(
        DeliveryStreamName="h", Records=[{"Data": f'{{"n":{number}}}\n'.encode()} for number in range(1, 500)]
    )
    assert (batch["FailedPutCount"], batch["Encrypted"]) == (0, False)
    ids = {answer["RecordId"], *(one["RecordId"] for one in batch["RequestResponses"])}
    assert len(ids) == 500
    lines = b"".join(f'{{"n":{number}}}\n'.encode() for number in range(500))
    found = contents(server, account, len(lines))
    assert sorted(found.splitlines()) == sorted(lines.splitlines())
    path = files(server, account)[0].relative_to(server.data / "firehose" / f"b{account}")
    assert path.parts[:2] == ("in", str(datetime.now(UTC).year))
    assert path.name.startswith("h-1-")


def test_acknowledged_records_survive_a_kill(firehose: Any, account: str, server: Server, connect: Connect) -> None:
    make(firehose, account, 3)
    for number in range(20):
        firehose.put_record(DeliveryStreamName="h", Record={"Data": f"{number}\n".encode()})
    server.kill()
    assert files(server, account) == []
    server.start()
    connect("firehose").put_record(DeliveryStreamName="h", Record={"Data": b"last\n"})
    found = contents(server, account, 55)
    assert sorted(found.split()) == sorted([*(str(number).encode() for number in range(20)), b"last"])


def test_update_merges_and_needs_the_current_version(firehose: Any, account: str, server: Server) -> None:
    make(firehose, account, 300, Prefix="old/")
    update = {
        "DeliveryStreamName": "h",
        "CurrentDeliveryStreamVersionId": "1",
        "DestinationId": "destinationId-000000000001",
        "ExtendedS3DestinationUpdate": {"BufferingHints": {"SizeInMBs": 2, "IntervalInSeconds": 0}},
    }
    firehose.put_record(DeliveryStreamName="h", Record={"Data": b"x"})
    assert refusal(firehose.update_destination, **update | {"DestinationId": "other"})[0] == "InvalidArgumentException"
    firehose.update_destination(**update)
    found = described(firehose)
    assert (found["VersionId"], "LastUpdateTimestamp" in found) == ("2", True)
    extended = found["Destinations"][0]["ExtendedS3DestinationDescription"]
    assert (extended["Prefix"], extended["BufferingHints"]["SizeInMBs"]) == ("old/", 2)
    assert refusal(firehose.update_destination, **update) == (
        "ConcurrentModificationException",
        "Cannot update firehose: h since the current version id: 2 and specified version id: 1 do not match",
    )
    assert contents(server, account, 1) == b"x"


def test_streams_are_listed_and_deleted(firehose: Any, account: str) -> None:
    for name in ("b", "a", "c"):
        firehose.create_delivery_stream(DeliveryStreamName=name, S3DestinationConfiguration=s3(account))
    first = firehose.list_delivery_streams(Limit=2)
    assert (first["DeliveryStreamNames"], first["HasMoreDeliveryStreams"]) == (["a", "b"], True)
    rest = firehose.list_delivery_streams(ExclusiveStartDeliveryStreamName="b")
    assert (rest["DeliveryStreamNames"], rest["HasMoreDeliveryStreams"]) == (["c"], False)
    firehose.delete_delivery_stream(DeliveryStreamName="a")
    gone = ("ResourceNotFoundException", f"Firehose a under account {account} not found.")
    assert refusal(firehose.describe_delivery_stream, DeliveryStreamName="a") == gone
    assert refusal(firehose.put_record, DeliveryStreamName="a", Record={"Data": b"x"}) == gone
    again = refusal(firehose.create_delivery_stream, DeliveryStreamName="b", S3DestinationConfiguration=s3(account))
    assert again[0] == "ResourceInUseException"


def test_tags_are_kept(firehose: Any, account: str) -> None:
    make(firehose, account)
    firehose.tag_delivery_stream(DeliveryStreamName="h", Tags=[{"Key": key, "Value": key * 2} for key in "cab"])
    firehose.untag_delivery_stream(DeliveryStreamName="h", TagKeys=["b"])
    answer = firehose.list_tags_for_delivery_stream(DeliveryStreamName="h", Limit=1)
    assert (answer["Tags"], answer["HasMoreTags"]) == ([{"Key": "a", "Value": "aa"}], True)
    answer = firehose.list_tags_for_delivery_stream(DeliveryStreamName="h", ExclusiveStartTagKey="a")
    assert (answer["Tags"], answer["HasMoreTags"]) == ([{"Key": "c", "Value": "cc"}], False)
    assert described(firehose)["VersionId"] == "1"


def test_rule_delivers_to_a_firehose_stream(firehose: Any, account: str, server: Server, connect: Connect) -> None:
    newline = {
        "Type": "AppendDelimiterToRecord",
        "Parameters": [{"ParameterName": "Delimiter", "ParameterValue": "\\n"}],
    }
    arn = make(firehose, account, ProcessingConfiguration={"Enabled": True, "Processors": [newline]})
    events = connect("events")
    events.put_rule(Name="r", EventPattern='{"source":["shop"]}')
    target = {"Id": "1", "Arn": arn, "RoleArn": ROLE, "InputPath": "$.detail"}
    assert events.put_targets(Rule="r", Targets=[target])["FailedEntryCount"] == 0
    details = [json.dumps({"n": number}) for number in range(3)]
    events.put_events(Entries=[{"Source": "shop", "DetailType": "order", "Detail": detail} for detail in details])
    found = contents(server, account, sum(len(detail) + 1 for detail in details))
    assert sorted(found.decode().splitlines()) == details


def test_schedule_delivers_to_a_firehose_stream(firehose: Any, account: str, server: Server, connect: Connect) -> None:
    arn = make(firehose, account)
    moment = datetime.now(UTC) + timedelta(seconds=2)
    connect("scheduler").create_schedule(
        Name="s",
        ScheduleExpression=f"at({moment.strftime('%Y-%m-%dT%H:%M:%S')})",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": arn, "RoleArn": ROLE, "Input": '{"a":1}'},
    )
    assert contents(server, account, 7) == b'{"a":1}'


@pytest.mark.parametrize(
    ("more", "named"),
    [
        ({"CompressionFormat": "Snappy"}, "CompressionFormat Snappy"),
        ({"CloudWatchLoggingOptions": {"Enabled": True}}, "CloudWatchLoggingOptions"),
        (
            {"ProcessingConfiguration": {"Enabled": True, "Processors": [{"Type": "Decompression"}]}},
            "Processor Decompression",
        ),
    ],
)
def test_what_is_not_done_is_refused_by_name(firehose: Any, account: str, more: dict[str, Any], named: str) -> None:
    code, message = refusal(
        firehose.create_delivery_stream,
        DeliveryStreamName="h",
        ExtendedS3DestinationConfiguration=s3(account, **more),
    )
    assert code == "UnsupportedOperationException"
    assert named in message


def test_other_sources_and_destinations_are_refused_by_name(firehose: Any, account: str) -> None:
    create = firehose.create_delivery_stream
    code, message = refusal(
        create, DeliveryStreamName="h", DeliveryStreamType="MSKAsSource", S3DestinationConfiguration=s3(account)
    )
    assert (code, "MSKAsSource" in message) == ("UnsupportedOperationException", True)
    endpoint = {"EndpointConfiguration": {"Url": "https://example.com"}, "S3Configuration": s3(account)}
    code, message = refusal(create, DeliveryStreamName="h", HttpEndpointDestinationConfiguration=endpoint)
    assert (code, "HttpEndpointDestinationConfiguration" in message) == ("UnsupportedOperationException", True)


def test_wrong_requests_are_refused(firehose: Any, account: str) -> None:
    create = firehose.create_delivery_stream
    assert refusal(create, DeliveryStreamName="h")[0] == "InvalidArgumentException"
    for wrong in (
        {"BucketARN": "arn:aws:s3:::.."},
        {"Prefix": "../../"},
        {"BufferingHints": {"SizeInMBs": 5}},
        {"CustomTimeZone": "Nowhere/Land"},
    ):
        config = s3(account, **wrong)
        code = refusal(create, DeliveryStreamName="h", ExtendedS3DestinationConfiguration=config)[0]
        assert code == "InvalidArgumentException"
    make(firehose, account)
    records = [{"Data": b"x" * 1_000_000}] * 5
    code = refusal(firehose.put_record_batch, DeliveryStreamName="h", Records=records)[0]
    assert code == "InvalidArgumentException"
    code = refusal(firehose.put_record, DeliveryStreamName="h", Record={"Data": b"x" * 1_024_001})[0]
    assert code == "ValidationException"
