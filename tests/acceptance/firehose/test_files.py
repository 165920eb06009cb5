"""What Firehose makes of records, through boto3: Parquet, partitions, backups, files of a stream; and encryption."""

from __future__ import annotations

import io
import json
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from tests.acceptance.firehose.test_firehose import ROLE, described, files, s3
from tests.acceptance.refusal import refusal
from tests.acceptance.server import Server, new_account
from tests.acceptance.validated import validated

Connect = Callable[[str], Any]
BAD, UNSUPPORTED = "InvalidArgumentException", "UnsupportedOperationException"
HINTS = {"SizeInMBs": 64, "IntervalInSeconds": 0}
SCHEMA = {"RoleARN": ROLE, "DatabaseName": "lake", "TableName": "orders"}
PARQUET: dict[str, Any] = {
    "Enabled": True,
    "SchemaConfiguration": SCHEMA,
    "InputFormatConfiguration": {"Deserializer": {"OpenXJsonSerDe": {}}},
    "OutputFormatConfiguration": {"Serializer": {"ParquetSerDe": {"Compression": "GZIP"}}},
}
PARTITIONED: dict[str, Any] = {
    "BufferingHints": HINTS,
    "Prefix": "shop=!{partitionKeyFromQuery:shop}/",
    "ErrorOutputPrefix": "errors/!{firehose:error-output-type}/",
    "DynamicPartitioningConfiguration": {"Enabled": True, "RetryOptions": {"DurationInSeconds": 60}},
    "ProcessingConfiguration": {
        "Enabled": True,
        "Processors": [
            {
                "Type": "RecordDeAggregation",
                "Parameters": [{"ParameterName": "SubRecordType", "ParameterValue": "JSON"}],
            },
            {
                "Type": "MetadataExtraction",
                "Parameters": [
                    {"ParameterName": "MetadataExtractionQuery", "ParameterValue": "{shop: .shop}"},
                    {"ParameterName": "JsonParsingEngine", "ParameterValue": "JQ-1.6"},
                ],
            },
            {
                "Type": "AppendDelimiterToRecord",
                "Parameters": [{"ParameterName": "Delimiter", "ParameterValue": "\\n"}],
            },
        ],
    },
}


def make(firehose: Any, account: str, **more: Any) -> None:
    firehose.create_delivery_stream(DeliveryStreamName="h", ExtendedS3DestinationConfiguration=s3(account) | more)


def put(firehose: Any, *records: Any) -> None:
    given = [{"Data": one if isinstance(one, bytes) else json.dumps(one).encode()} for one in records]
    firehose.put_record_batch(DeliveryStreamName="h", Records=given)


def wait(server: Server, account: str, count: int) -> list[Path]:
    """The files in the bucket of ``account``, once there are so many."""
    end = time.monotonic() + 15
    while len(found := files(server, account)) < count and time.monotonic() < end:
        time.sleep(0.02)
    assert len(found) == count
    return found


def extended(firehose: Any) -> dict[str, Any]:
    found: dict[str, Any] = described(firehose)["Destinations"][0]["ExtendedS3DestinationDescription"]
    return found


def test_records_become_parquet_and_what_does_not_fit_is_kept(firehose: Any, account: str, server: Server) -> None:
    make(firehose, account, BufferingHints=HINTS, DataFormatConversionConfiguration=PARQUET)
    assert extended(firehose)["DataFormatConversionConfiguration"] == PARQUET
    put(firehose, {"Order": 1, "total": 9.5}, {"Order": "text"}, {"Order": 2})
    found = wait(server, account, 2)
    (table,) = [path for path in found if path.suffix == ".parquet"]
    assert pq.read_table(table).to_pylist() == [{"order": 1, "total": 9.5}, {"order": 2, "total": None}]
    (errors,) = [path for path in found if path != table]
    assert "format-conversion-failed" in errors.parts
    assert json.loads(errors.read_bytes())["ErrorCode"] == "DataFormatConversion.ParseError"


def test_buffer_of_a_conversion_is_large_unless_it_is_given(firehose: Any, account: str) -> None:
    config = s3(account) | {"DataFormatConversionConfiguration": PARQUET}
    del config["BufferingHints"]
    firehose.create_delivery_stream(DeliveryStreamName="h", ExtendedS3DestinationConfiguration=config)
    assert extended(firehose)["BufferingHints"] == {"SizeInMBs": 128, "IntervalInSeconds": 300}


def test_conversion_is_switched_off_and_on(firehose: Any, account: str) -> None:
    make(firehose, account, BufferingHints=HINTS, DataFormatConversionConfiguration=PARQUET)
    for version, enabled in (("1", False), ("2", True)):
        firehose.update_destination(
            DeliveryStreamName="h",
            CurrentDeliveryStreamVersionId=version,
            DestinationId="destinationId-000000000001",
            ExtendedS3DestinationUpdate={"DataFormatConversionConfiguration": PARQUET | {"Enabled": enabled}},
        )
        assert ("DataFormatConversionConfiguration" in extended(firehose)) == enabled


def test_records_are_split_and_partitioned(firehose: Any, account: str, server: Server) -> None:
    make(firehose, account, **PARTITIONED)
    found = extended(firehose)
    assert found["DynamicPartitioningConfiguration"] == PARTITIONED["DynamicPartitioningConfiguration"]
    assert found["ProcessingConfiguration"] == PARTITIONED["ProcessingConfiguration"]
    put(firehose, b'{"shop":"a","n":1}{"shop":"b","n":2}', {"n": 3})
    paths = wait(server, account, 3)
    contents = {path.relative_to(server.data / "firehose").parts[1:-1]: path.read_bytes() for path in paths}
    assert contents["shop=a",] == b'{"shop":"a","n":1}\n'
    assert contents["shop=b",] == b'{"shop":"b","n":2}\n'
    assert json.loads(contents["errors", "processing-failed"])["rawData"] == "eyJuIjogM30="


def test_records_are_backed_up(firehose: Any, account: str, server: Server) -> None:
    backup = s3(account, 60, Prefix="raw/")
    mode = {"S3BackupMode": "Enabled", "S3BackupConfiguration": backup}
    make(firehose, account, BufferingHints=HINTS, DataFormatConversionConfiguration=PARQUET, **mode)
    assert extended(firehose)["S3BackupDescription"]["Prefix"] == "raw/"
    put(firehose, b'{"a":1}')
    found = wait(server, account, 2)
    assert [path.read_bytes() for path in found if "raw" in path.parts] == [b'{"a":1}']


def test_records_of_a_stream_become_files_over_a_kill(tmp_path: Path) -> None:
    account, server = new_account(), Server(tmp_path)
    try:
        kinesis, firehose = server.client("kinesis", account), validated(server.client("firehose", account))
        kinesis.create_stream(StreamName="s", ShardCount=2)
        arn = kinesis.describe_stream_summary(StreamName="s")["StreamDescriptionSummary"]["StreamARN"]
        kinesis.put_record(StreamName="s", Data=b"before", PartitionKey="k")
        time.sleep(0.05)
        firehose.create_delivery_stream(
            DeliveryStreamName="h",
            DeliveryStreamType="KinesisStreamAsSource",
            KinesisStreamSourceConfiguration={"KinesisStreamARN": arn, "RoleARN": ROLE},
            S3DestinationConfiguration=s3(account),
        )
        found = described(firehose)
        assert found["DeliveryStreamType"] == "KinesisStreamAsSource"
        assert found["Source"]["KinesisStreamSourceDescription"]["KinesisStreamARN"] == arn
        assert firehose.list_delivery_streams(DeliveryStreamType="DirectPut")["DeliveryStreamNames"] == []
        assert refusal(firehose.put_record, DeliveryStreamName="h", Record={"Data": b"x"})[0] == BAD
        assert refusal(firehose.start_delivery_stream_encryption, DeliveryStreamName="h")[0] == BAD
        wanted = set()
        for number in range(20):
            text = f"<{number}>"
            kinesis.put_record(StreamName="s", Data=text.encode(), PartitionKey=text)
            wanted.add(text)
            if number == 10:
                server.kill()
                server.start()
                kinesis = server.client("kinesis", account)
        end = time.monotonic() + 15
        got: list[str] = []
        while set(got) != wanted and time.monotonic() < end:
            text = "".join(path.read_text() for path in files(server, account))
            got = [f"<{part}" for part in text.split("<")[1:]]
            time.sleep(0.05)
        assert sorted(got) == sorted(wanted)
    finally:
        server.stop()


def test_encrypted_records_can_not_be_read_in_the_data_directory(tmp_path: Path) -> None:
    account, server = new_account(), Server(tmp_path)
    try:
        kinesis, firehose = validated(server.client("kinesis", account)), validated(server.client("firehose", account))
        kinesis.create_stream(StreamName="s", ShardCount=1)
        kinesis.put_record(StreamName="s", Data=b"open-record", PartitionKey="k")
        kinesis.start_stream_encryption(StreamName="s", EncryptionType="KMS", KeyId="alias/mine")
        kinesis.put_record(StreamName="s", Data=b"secret-record", PartitionKey="secret-key")
        make(firehose, account, BufferingHints={"SizeInMBs": 1, "IntervalInSeconds": 900})
        key = {"KeyType": "CUSTOMER_MANAGED_CMK", "KeyARN": f"arn:aws:kms:us-east-1:{account}:key/k"}
        firehose.start_delivery_stream_encryption(
            DeliveryStreamName="h", DeliveryStreamEncryptionConfigurationInput=key
        )
        assert described(firehose)["DeliveryStreamEncryptionConfiguration"] == key | {"Status": "ENABLED"}
        record = {"Data": b"secret-line"}
        assert firehose.put_record(DeliveryStreamName="h", Record=record)["Encrypted"] is True
        assert firehose.put_record_batch(DeliveryStreamName="h", Records=[record])["Encrypted"] is True
        server.kill()
        kept = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
        # Bodies are JSON, where bytes are base64.
        assert b"b3Blbi1yZWNvcmQ" in kept
        for secret in (b"secret-record", b"c2VjcmV0", b"secret-key", b"secret-line"):
            assert secret not in kept
        server.start()
        kinesis, firehose = validated(server.client("kinesis", account)), validated(server.client("firehose", account))
        start = kinesis.get_shard_iterator(
            StreamName="s", ShardId="shardId-000000000000", ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        got = [(each["Data"], each["EncryptionType"]) for each in kinesis.get_records(ShardIterator=start)["Records"]]
        assert got == [(b"open-record", "NONE"), (b"secret-record", "KMS")]
        firehose.stop_delivery_stream_encryption(DeliveryStreamName="h")
        assert described(firehose)["DeliveryStreamEncryptionConfiguration"] == {"Status": "DISABLED"}
        assert firehose.put_record(DeliveryStreamName="h", Record=record)["Encrypted"] is False
        firehose.delete_delivery_stream(DeliveryStreamName="h")
        (path,) = wait(server, account, 1)
        assert path.read_bytes() == b"secret-line" * 3
    finally:
        server.stop()


def test_stream_can_be_encrypted_from_the_start(firehose: Any, account: str) -> None:
    firehose.create_delivery_stream(
        DeliveryStreamName="h",
        S3DestinationConfiguration=s3(account),
        DeliveryStreamEncryptionConfigurationInput={"KeyType": "AWS_OWNED_CMK"},
    )
    assert described(firehose)["DeliveryStreamEncryptionConfiguration"] == {
        "Status": "ENABLED",
        "KeyType": "AWS_OWNED_CMK",
    }
    for wrong in (
        {"KeyType": "CUSTOMER_MANAGED_CMK"},
        {"KeyType": "AWS_OWNED_CMK", "KeyARN": "arn:aws:kms:us-east-1:123456789012:key/k"},
    ):
        code = refusal(
            firehose.start_delivery_stream_encryption,
            DeliveryStreamName="h",
            DeliveryStreamEncryptionConfigurationInput=wrong,
        )[0]
        assert code == BAD
    assert refusal(firehose.stop_delivery_stream_encryption, DeliveryStreamName="x")[0] == "ResourceNotFoundException"


def function(arn: str = "arn:aws:lambda:us-east-1:123456789012:function:f", **parameters: str) -> dict[str, Any]:
    given = {"LambdaArn": arn} | parameters
    return {
        "Type": "Lambda",
        "Parameters": [{"ParameterName": name, "ParameterValue": value} for name, value in given.items()],
    }


def splitting() -> dict[str, Any]:
    return {
        "Type": "RecordDeAggregation",
        "Parameters": [{"ParameterName": "SubRecordType", "ParameterValue": "JSON"}],
    }


def test_records_go_through_a_function(firehose: Any, account: str, server: Server, connect: Connect) -> None:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("shout.py", SHOUT)
    made = connect("lambda").create_function(
        FunctionName="shout",
        Runtime=f"python{sys.version_info.major}.{sys.version_info.minor}",
        Role=ROLE,
        Handler="shout.handler",
        Code={"ZipFile": archive.getvalue()},
    )
    processor = function(made["FunctionArn"] + ":$LATEST", NumberOfRetries="0", RoleArn=ROLE)
    make(
        firehose,
        account,
        **processors(processor),
        BufferingHints=HINTS,
        Prefix="!{partitionKeyFromLambda:size}/",
        ErrorOutputPrefix="errors/!{firehose:error-output-type}/",
        DynamicPartitioningConfiguration={"Enabled": True},
    )
    (described,) = extended(firehose)["ProcessingConfiguration"]["Processors"]
    parameters = {one["ParameterName"]: one["ParameterValue"] for one in described["Parameters"]}
    assert parameters == {
        "LambdaArn": made["FunctionArn"] + ":$LATEST",
        "NumberOfRetries": "0",
        "BufferSizeInMBs": "1",
        "RoleArn": ROLE,
    }
    put(firehose, b"hey", b"drop", b"fail")
    paths = wait(server, account, 2)
    contents = {path.relative_to(server.data / "firehose").parts[1]: path.read_bytes() for path in paths}
    assert contents["3"] == b"HEY"
    assert json.loads(contents["errors"])["errorCode"] == "Lambda.FunctionError"


SHOUT = """
import base64

RESULTS = {b"drop": "Dropped", b"fail": "ProcessingFailed"}

def handler(event, context):
    records = []
    for record in event["records"]:
        data = base64.b64decode(record["data"])
        records.append({
            "recordId": record["recordId"],
            "result": RESULTS.get(data, "Ok"),
            "data": base64.b64encode(data.upper()).decode(),
            "metadata": {"partitionKeys": {"size": str(len(data))}},
        })
    return {"records": records}
"""


def conversion(**changes: Any) -> dict[str, Any]:
    return {"BufferingHints": HINTS, "DataFormatConversionConfiguration": PARQUET | changes}


def processors(*given: dict[str, Any]) -> dict[str, Any]:
    return {"ProcessingConfiguration": {"Enabled": True, "Processors": list(given)}}


def serializer(**given: Any) -> dict[str, Any]:
    return conversion(OutputFormatConfiguration={"Serializer": given})


@pytest.mark.parametrize(
    ("more", "code", "named"),
    [
        (serializer(OrcSerDe={}), UNSUPPORTED, "OrcSerDe"),
        (serializer(ParquetSerDe={"MaxPaddingBytes": 1}), UNSUPPORTED, "MaxPaddingBytes"),
        (serializer(ParquetSerDe={}, OrcSerDe={}), BAD, "Serializer"),
        (serializer(), BAD, "Serializer"),
        (conversion(SchemaConfiguration={}), BAD, "DatabaseName"),
        (conversion(InputFormatConfiguration={}), BAD, "Deserializer"),
        (
            conversion(InputFormatConfiguration={"Deserializer": {"HiveJsonSerDe": {"TimestampFormats": ["millis"]}}}),
            UNSUPPORTED,
            "TimestampFormats",
        ),
        (conversion() | {"BufferingHints": {"SizeInMBs": 63, "IntervalInSeconds": 0}}, BAD, "SizeInMBs"),
        (conversion() | {"CompressionFormat": "GZIP"}, BAD, "CompressionFormat"),
        ({"DynamicPartitioningConfiguration": {"Enabled": True}}, BAD, "MetadataExtraction"),
        (PARTITIONED | {"Prefix": "plain/"}, BAD, "partition keys"),
        (PARTITIONED | {"ErrorOutputPrefix": ""}, BAD, "ErrorOutputPrefix"),
        (PARTITIONED | {"DynamicPartitioningConfiguration": {"Enabled": False}}, BAD, "together"),
        (
            {"Prefix": "!{partitionKeyFromQuery:a}/", "ErrorOutputPrefix": "!{firehose:error-output-type}/"},
            BAD,
            "MetadataExtraction",
        ),
        (processors({"Type": "Lambda"}), BAD, "LambdaArn"),
        (processors(function(NumberOfRetries="301")), BAD, "NumberOfRetries"),
        (processors(function(BufferSizeInMBs="x")), BAD, "BufferSizeInMBs"),
        (processors(function(DataMessageExtraction="true")), UNSUPPORTED, "DataMessageExtraction"),
        (processors(function()), UNSUPPORTED, "another account"),
        (processors(function(), splitting()), UNSUPPORTED, "RecordDeAggregation together"),
        (
            {"Prefix": "!{partitionKeyFromLambda:a}/", "ErrorOutputPrefix": "!{firehose:error-output-type}/"},
            BAD,
            "Lambda",
        ),
        (processors({"Type": "RecordDeAggregation"}), BAD, "SubRecordType"),
        ({"S3BackupMode": "Enabled"}, BAD, "S3BackupConfiguration"),
    ],
)
def test_wrong_settings_are_refused_by_name(
    firehose: Any, account: str, more: dict[str, Any], code: str, named: str
) -> None:
    config = s3(account) | more
    found, message = refusal(
        firehose.create_delivery_stream, DeliveryStreamName="h", ExtendedS3DestinationConfiguration=config
    )
    assert (found, named in message) == (code, True), message
    assert firehose.list_delivery_streams()["DeliveryStreamNames"] == []


def test_wrong_sources_are_refused(firehose: Any, account: str) -> None:
    def refused(**more: Any) -> tuple[str, str]:
        return refusal(
            firehose.create_delivery_stream,
            DeliveryStreamName="h",
            S3DestinationConfiguration=s3(account),
            **more,
        )

    kind = {"DeliveryStreamType": "KinesisStreamAsSource"}
    source = {"KinesisStreamARN": f"arn:aws:kinesis:us-east-1:{account}:stream/none", "RoleARN": ROLE}
    assert refused(**kind)[0] == BAD
    assert refused(KinesisStreamSourceConfiguration=source)[0] == BAD
    assert refused(**kind, KinesisStreamSourceConfiguration=source)[0] == BAD
    theirs = source | {"KinesisStreamARN": "arn:aws:kinesis:us-east-1:999999999999:stream/s"}
    assert refused(**kind, KinesisStreamSourceConfiguration=theirs)[0] == UNSUPPORTED
