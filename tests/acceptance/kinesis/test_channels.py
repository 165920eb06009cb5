"""Channels through boto3: records of a stream become files, over kills; what can't be is refused by name."""

from __future__ import annotations

import base64
import gzip
import json
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import boto3
import pyarrow as pa
import pytest

from tests.acceptance.cli.test_cli import running
from tests.acceptance.kinesis.test_queues import put, stream
from tests.acceptance.refusal import refusal
from tests.acceptance.server import Server, new_account
from tests.acceptance.validated import validated

BAD, INVALID, UNSUPPORTED = "InvalidArgumentException", "ValidationException", "UnsupportedOperationException"
ROLE = "arn:aws:iam::123456789012:role/r"


def request(account: str, stream: str, format: str = "JSON", freshness: int = 1, **storage: Any) -> dict[str, Any]:
    given = {"BucketARN": f"arn:aws:s3:::c{account}", "ExpectedBucketOwner": account, "CompressionType": "NONE"}
    return {
        "ChannelName": "c",
        "ServiceExecutionRoleARN": ROLE,
        "StreamConfigurationList": [{"StreamARN": stream, "RecordConfiguration": {"RecordFormatType": format}}],
        "S3DestinationConfiguration": {
            "DataFreshnessInSeconds": freshness,
            "StorageConfiguration": given | storage,
        },
    }


def make(kinesis: Any, given: dict[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = kinesis.create_channel(**given)["ChannelDescription"]
    return made


def files(server: Server, account: str, count: int) -> dict[str, bytes]:
    """The contents of the files of a bucket by their names, once there are so many."""
    root, end = server.data / "firehose" / f"c{account}", time.monotonic() + 20
    while True:
        found = [path for path in root.rglob("*") if path.is_file()]
        if len(found) >= count or time.monotonic() > end:
            break
        time.sleep(0.05)
    assert len(found) == count
    return {str(path.relative_to(root)): path.read_bytes() for path in found}


def test_channel_is_described_from_creating_to_deleted(kinesis: Any, account: str) -> None:
    arn = stream(kinesis)
    made = make(kinesis, request(account, arn, freshness=600) | {"Tags": {"a": "b"}})
    assert made["ChannelStatus"] == "CREATING"
    assert made["S3DestinationConfiguration"] == {
        "DataFreshnessInSeconds": 600,
        "DeadLetterQueueS3Configuration": {
            "BucketARN": f"arn:aws:s3:::c{account}",
            "ExpectedBucketOwner": account,
            "ErrorOutputPrefix": f"kinesis-channel/errors/c/{made['ChannelId']}/",
        },
        "StorageConfiguration": {
            "BucketARN": f"arn:aws:s3:::c{account}",
            "ExpectedBucketOwner": account,
            "CompressionType": "NONE",
        },
    }
    found = kinesis.describe_channel(ChannelARN=made["ChannelARN"])["ChannelDescription"]
    assert found == made | {"ChannelStatus": "ACTIVE"}
    changed = kinesis.update_channel(
        ChannelARN=made["ChannelARN"], S3DestinationConfiguration={"DataFreshnessInSeconds": 900}
    )["ChannelDescription"]
    assert changed["ChannelStatus"] == "UPDATING"
    found = kinesis.describe_channel(ChannelARN=made["ChannelARN"])["ChannelDescription"]
    assert found["S3DestinationConfiguration"]["DataFreshnessInSeconds"] == 900
    assert kinesis.list_tags_for_resource(ResourceARN=made["ChannelARN"])["Tags"] == [{"Key": "a", "Value": "b"}]
    kinesis.tag_resource(ResourceARN=made["ChannelARN"], Tags={"c": "d"})
    kinesis.untag_resource(ResourceARN=made["ChannelARN"], TagKeys=["a"])
    assert kinesis.list_tags_for_resource(ResourceARN=made["ChannelARN"])["Tags"] == [{"Key": "c", "Value": "d"}]
    assert refusal(kinesis.get_resource_policy, ResourceARN=made["ChannelARN"])[0] == BAD
    kinesis.delete_channel(ChannelARN=made["ChannelARN"])
    assert refusal(kinesis.describe_channel, ChannelARN=made["ChannelARN"])[0] == "ResourceNotFoundException"


def test_channels_are_listed_by_stream_and_page(kinesis: Any, account: str) -> None:
    one, two = stream(kinesis, "one"), stream(kinesis, "two")
    arns = sorted(
        make(kinesis, request(account, arn) | {"ChannelName": name})["ChannelARN"]
        for arn, name in ((one, "a"), (one, "b"), (two, "c"))
    )
    first = kinesis.list_channels(MaxResults=2)
    rest = kinesis.list_channels(MaxResults=2, NextToken=first["NextToken"])
    assert [each["ChannelARN"] for each in first["ChannelSummaries"] + rest["ChannelSummaries"]] == arns
    (found,) = kinesis.list_channels(StreamFilter=[{"StreamARN": two}])["ChannelSummaries"]
    assert (found["ChannelName"], found["ChannelDestinationType"]) == ("c", "S3")
    wrong = {"StreamARN": two, "StreamCreationTimestamp": found["ChannelCreationTimestamp"] - timedelta(days=1)}
    assert kinesis.list_channels(StreamFilter=[wrong])["ChannelSummaries"] == []
    assert refusal(kinesis.list_channels, NextToken="nonsense")[0] == BAD


def test_records_become_lines_of_a_file_and_what_is_no_json_is_kept(kinesis: Any, account: str, server: Server) -> None:
    arn = stream(kinesis)
    put(kinesis, arn, '{"before":1}')
    time.sleep(0.05)
    made = make(kinesis, request(account, arn))
    put(kinesis, arn, '{"n":1}', "no json", '{"n":2}')
    found = files(server, account, 2)
    (errors,) = [name for name in found if "errors" in name]
    assert errors.startswith(f"kinesis-channel/errors/c/{made['ChannelId']}/")
    letter = json.loads(found.pop(errors))
    assert base64.b64decode(letter["rawData"]) == b"no json"
    assert "JSON" in letter["errorMessage"]
    assert letter["sequenceNumber"]
    ((name, content),) = found.items()
    assert sorted(content.decode().splitlines()) == ['{"n":1}', '{"n":2}']
    assert name.startswith(f"kinesis-channel/c/{made['ChannelId']}/20")
    assert name.rpartition("/")[2].startswith(f"c-{made['ChannelId']}-20")


@pytest.mark.parametrize(
    ("compression", "extension", "unpack"),
    [
        ("GZIP", ".gz", gzip.decompress),
        ("ZSTD", ".zst", lambda data: pa.CompressedInputStream(pa.BufferReader(data), "zstd").read()),
    ],
)
def test_template_and_compression_are_the_ones_asked_for(
    kinesis: Any, account: str, server: Server, compression: str, extension: str, unpack: Any
) -> None:
    template = "in/!{stream-name}/year=!{yyyy}/part!{extension}"
    make(kinesis, request(account, stream(kinesis), "STRING", CompressionType=compression, OutputKeyTemplate=template))
    put(kinesis, f"arn:aws:kinesis:us-east-1:{account}:stream/s", "one")
    ((name, content),) = files(server, account, 1).items()
    assert name.startswith("in/s/year=20")
    assert name.endswith(extension)
    assert unpack(content) == b"one\n"


def test_text_is_checked_and_bytes_are_taken_as_they_are(kinesis: Any, account: str, server: Server) -> None:
    arn = stream(kinesis)
    given = request(account, arn, "BYTE_ARRAY", OutputKeyTemplate="bytes")
    make(kinesis, given)
    make(kinesis, request(account, arn, "STRING", OutputKeyTemplate="text") | {"ChannelName": "d"})
    kinesis.put_record(StreamARN=arn, Data=b"\xff\x00", PartitionKey="k")
    found = files(server, account, 2)
    (raw,) = [content for name, content in found.items() if name.startswith("bytes")]
    (letter,) = [content for name, content in found.items() if "errors" in name]
    assert raw == b"\xff\x00"
    assert base64.b64decode(json.loads(letter)["rawData"]) == raw


def test_nothing_is_lost_over_a_kill(tmp_path: Path) -> None:
    account, server = new_account(), Server(tmp_path)
    try:
        kinesis = validated(server.client("kinesis", account))
        arn = stream(kinesis)
        make(kinesis, request(account, arn, "STRING", OutputKeyTemplate="x"))
        wanted = [f"<{number}>" for number in range(20)]
        put(kinesis, arn, *wanted[:10])
        server.kill()
        server.start()
        kinesis = validated(server.client("kinesis", account))
        put(kinesis, arn, *wanted[10:])
        end, got = time.monotonic() + 20, list[str]()
        while len(got) < len(wanted) and time.monotonic() < end:
            root = tmp_path / "firehose" / f"c{account}"
            got = [line for path in root.rglob("*") if path.is_file() for line in path.read_text().splitlines()]
            time.sleep(0.05)
        assert sorted(got) == sorted(wanted)
    finally:
        server.stop()


def test_stream_with_a_channel_keeps_its_mode_and_stays(kinesis: Any, account: str) -> None:
    arn = stream(kinesis)
    made = make(kinesis, request(account, arn))
    assert kinesis.describe_stream_summary(StreamName="s")["StreamDescriptionSummary"]["ChannelCount"] == 1
    assert refusal(kinesis.delete_stream, StreamName="s")[0] == "ResourceInUseException"
    mode = {"StreamMode": "PROVISIONED"}
    assert refusal(kinesis.update_stream_mode, StreamARN=arn, StreamModeDetails=mode)[0] == "ResourceInUseException"
    kinesis.delete_channel(ChannelARN=made["ChannelARN"])
    kinesis.delete_stream(StreamName="s")


def test_other_accounts_see_no_channel(kinesis: Any, account: str, server: Server) -> None:
    arn = stream(kinesis)
    made = make(kinesis, request(account, arn))
    stranger = server.client("kinesis", new_account())
    assert refusal(stranger.describe_channel, ChannelARN=made["ChannelARN"])[0] == "AccessDeniedException"
    assert refusal(stranger.create_channel, **request(account, arn))[0] == "AccessDeniedException"
    assert stranger.list_channels()["ChannelSummaries"] == []


TABLES = {
    "DeadLetterQueueS3Configuration": {"BucketARN": "arn:aws:s3:::dead", "ExpectedBucketOwner": "123456789012"},
    "S3TablesConfigurationList": [
        {
            "TableBucketARN": "arn:aws:s3tables:us-east-1:123456789012:bucket/tables",
            "Namespace": "n",
            "TableName": "t",
            "CompressionType": "NONE",
        }
    ],
}


@pytest.mark.parametrize(
    ("changes", "code", "named"),
    [
        ({"S3TablesDestinationConfiguration": TABLES}, BAD, "Only one"),
        ({"S3DestinationConfiguration": None}, BAD, "must be given"),
        (
            {"S3DestinationConfiguration": None, "S3TablesDestinationConfiguration": TABLES},
            UNSUPPORTED,
            "S3TablesDestinationConfiguration",
        ),
        ({"EncryptionConfiguration": {"EncryptionType": "KMS", "KeyId": "k"}}, UNSUPPORTED, "EncryptionConfiguration"),
        ({"LoggingConfiguration": {"CloudWatchLogs": {"Enabled": True}}}, UNSUPPORTED, "CloudWatchLogs"),
        ({"Tags": {f"{number}": "" for number in range(51)}}, "LimitExceededException", "50"),
        ({"format": "GSR_JSON"}, BAD, "GSR_JSON"),
        ({"freshness": 901}, BAD, "900"),
        ({"freshness": 0}, BAD, "DataFreshnessInSeconds"),
        ({"StorageClass": "GLACIER_IR"}, UNSUPPORTED, "GLACIER_IR"),
        ({"OutputKeyTemplate": "!{nothing}"}, BAD, "nothing"),
        ({"OutputKeyTemplate": "!{yyyy"}, BAD, "OutputKeyTemplate"),
        ({"OutputKeyTemplate": "a/../../b"}, BAD, "name of a file"),
        ({"BucketARN": "arn:aws:s3:::.partial"}, BAD, "bucket"),
        ({"ChannelName": "taken"}, "ResourceInUseException", "taken"),
    ],
)
def test_wrong_channels_are_refused(kinesis: Any, account: str, changes: dict[str, Any], code: str, named: str) -> None:
    arn = stream(kinesis)
    make(kinesis, request(account, arn) | {"ChannelName": "taken"})
    ours = {name: changes.pop(name) for name in list(changes) if name[0].islower() or name in STORAGE}
    given = request(account, arn, **ours) | changes
    given = {name: value for name, value in given.items() if value is not None}
    found, message = refusal(kinesis.create_channel, **given)
    assert (found, named in message) == (code, True), message
    assert len(kinesis.list_channels()["ChannelSummaries"]) == 1


STORAGE = ("StorageClass", "OutputKeyTemplate", "BucketARN")


def test_production_server_holds_freshness_to_the_limits_of_aws(tmp_path: Path) -> None:
    with running("serve", "--port", "0", "--data", str(tmp_path / "data")) as process:
        url = json.loads(process.line_with('"serving"'))["url"]
        client = boto3.client(
            "kinesis",
            "us-east-1",
            endpoint_url=url,
            aws_access_key_id="000000000001",
            aws_secret_access_key="test",
        )
        arn = stream(client)
        code, message = refusal(client.create_channel, **request("000000000001", arn, freshness=299))
        assert (code, "from 300 to 900" in message) == (BAD, True)
        make(client, request("000000000001", arn, freshness=300))
        client.close()


def test_wrong_changes_are_refused(kinesis: Any, account: str) -> None:
    arn = make(kinesis, request(account, stream(kinesis)))["ChannelARN"]
    assert refusal(kinesis.update_channel, ChannelARN=arn)[0] == BAD
    tables = {"S3TablesDestinationConfiguration": {"DataFreshnessInSeconds": 300}}
    assert refusal(kinesis.update_channel, ChannelARN=arn, **tables)[0] == BAD
    logs = {"LoggingConfiguration": {"CloudWatchLogs": {"Enabled": True}}}
    assert refusal(kinesis.update_channel, ChannelARN=arn, **logs)[0] == UNSUPPORTED


def test_channel_on_a_provisioned_stream_is_refused(kinesis: Any, account: str) -> None:
    arn = stream(kinesis, mode="PROVISIONED")
    assert refusal(kinesis.create_channel, **request(account, arn))[0] == INVALID
