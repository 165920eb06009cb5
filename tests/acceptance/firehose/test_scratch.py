"""A development server that keeps nothing writes Firehose's files all the same, for as long as it runs."""

from __future__ import annotations

from pathlib import Path

import boto3
import pytest

from tests.acceptance.cli.test_cli import ENVIRONMENT, server
from tests.acceptance.waiting import until

KEYS = {"aws_access_key_id": "123456789012", "aws_secret_access_key": "test", "region_name": "us-east-1"}


def test_files_are_written_without_a_data_directory_and_go_with_the_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(ENVIRONMENT, "TMPDIR", str(tmp_path))
    with server() as url:
        firehose = boto3.client("firehose", endpoint_url=url, **KEYS)
        firehose.create_delivery_stream(
            DeliveryStreamName="lots",
            ExtendedS3DestinationConfiguration={
                "RoleARN": "arn:aws:iam::123456789012:role/r",
                "BucketARN": "arn:aws:s3:::yard",
                "BufferingHints": {"SizeInMBs": 1, "IntervalInSeconds": 0},
            },
        )
        firehose.put_record(DeliveryStreamName="lots", Record={"Data": b"sold"})
        (written,) = until(lambda: list(tmp_path.glob("eventyard-*/firehose/**/lots-*")))
        assert written.read_bytes() == b"sold"
        firehose.close()
    assert not list(tmp_path.iterdir())
