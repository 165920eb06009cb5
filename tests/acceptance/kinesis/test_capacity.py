"""What streams on demand can take, as boto3 sees it: commitments, warm throughput, distribution; and the limits."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from tests.acceptance.cli.test_cli import running
from tests.acceptance.refusal import refusal

ON_DEMAND = {"StreamModeDetails": {"StreamMode": "ON_DEMAND"}}
ENABLED, DISABLED = ({"MinimumThroughputBillingCommitment": {"Status": status}} for status in ("ENABLED", "DISABLED"))


def summary(kinesis: Any) -> dict[str, Any]:
    found: dict[str, Any] = kinesis.describe_stream_summary(StreamName="s")["StreamDescriptionSummary"]
    return found


def arn(kinesis: Any) -> str:
    return str(summary(kinesis)["StreamARN"])


def test_commitment_begins_and_can_not_end_for_a_day(kinesis: Any) -> None:
    def status() -> dict[str, Any]:
        found: dict[str, Any] = kinesis.describe_account_settings()["MinimumThroughputBillingCommitment"]
        return found

    assert status() == {"Status": "DISABLED"}
    begun = kinesis.update_account_settings(**ENABLED)["MinimumThroughputBillingCommitment"]
    assert begun == status()
    assert (begun["EarliestAllowedEndAt"] - begun["StartedAt"]).total_seconds() == 86_400
    kinesis.update_account_settings(**DISABLED)
    assert status()["Status"] == "ENABLED_UNTIL_EARLIEST_ALLOWED_END"
    kinesis.update_account_settings(**ENABLED)
    assert status() == begun


def test_stream_is_warmed_up_and_cools_down(kinesis: Any) -> None:
    kinesis.create_stream(StreamName="s", **ON_DEMAND)
    assert summary(kinesis)["OpenShardCount"] == 4
    assert refusal(kinesis.update_stream_warm_throughput, StreamName="s", WarmThroughputMiBps=9)[0] == (
        "ValidationException"
    )
    kinesis.update_account_settings(**ENABLED)
    answer = kinesis.update_stream_warm_throughput(StreamName="s", WarmThroughputMiBps=9)
    assert answer["WarmThroughput"] == {"TargetMiBps": 9, "CurrentMiBps": 9}
    assert summary(kinesis)["OpenShardCount"] == 9
    assert summary(kinesis)["WarmThroughput"] == answer["WarmThroughput"]
    kinesis.update_stream_warm_throughput(StreamName="s", WarmThroughputMiBps=0)
    assert summary(kinesis)["OpenShardCount"] == 4
    assert refusal(kinesis.update_stream_warm_throughput, StreamName="s", WarmThroughputMiBps=1001)[0] == (
        "LimitExceededException"
    )


def test_stream_is_made_warm(kinesis: Any) -> None:
    make = {"StreamName": "s", "WarmThroughputMiBps": 6}
    assert refusal(kinesis.create_stream, ShardCount=1, **make)[0] == "InvalidArgumentException"
    assert refusal(kinesis.create_stream, **make, **ON_DEMAND)[0] == "ValidationException"
    kinesis.update_account_settings(**ENABLED)
    kinesis.create_stream(**make, **ON_DEMAND)
    assert (summary(kinesis)["OpenShardCount"], summary(kinesis)["WarmThroughput"]["CurrentMiBps"]) == (6, 6)
    kinesis.update_stream_mode(StreamARN=arn(kinesis), StreamModeDetails={"StreamMode": "PROVISIONED"})
    assert "WarmThroughput" not in summary(kinesis)
    kinesis.update_stream_mode(StreamARN=arn(kinesis), WarmThroughputMiBps=7, **ON_DEMAND)
    assert summary(kinesis)["OpenShardCount"] == 7


def test_records_are_spread_whatever_their_keys(kinesis: Any) -> None:
    kinesis.create_stream(StreamName="s", **ON_DEMAND)
    kinesis.update_stream_record_distribution_strategy(StreamARN=arn(kinesis), RecordDistributionStrategy="AUTO")
    assert summary(kinesis)["RecordDistributionStrategy"] == "AUTO"
    records = [{"Data": b"x", "PartitionKey": "same"} for _ in range(8)]
    placed = [record["ShardId"] for record in kinesis.put_records(StreamName="s", Records=records)["Records"]]
    assert sorted(placed.count(shard) for shard in set(placed)) == [2, 2, 2, 2]
    kinesis.update_stream_record_distribution_strategy(
        StreamARN=arn(kinesis), RecordDistributionStrategy="USER_PARTITION_KEY"
    )
    placed = [record["ShardId"] for record in kinesis.put_records(StreamName="s", Records=records)["Records"]]
    assert len(set(placed)) == 1


def test_records_of_provisioned_streams_are_placed_by_their_keys(kinesis: Any) -> None:
    make = {"StreamName": "s", "ShardCount": 1}
    assert refusal(kinesis.create_stream, RecordDistributionStrategy="AUTO", **make)[0] == "InvalidArgumentException"
    kinesis.create_stream(**make)
    auto = {"StreamARN": arn(kinesis), "RecordDistributionStrategy": "AUTO"}
    assert refusal(kinesis.update_stream_record_distribution_strategy, **auto)[0] == "InvalidArgumentException"


@pytest.fixture
def limited(tmp_path: Path) -> Iterator[Callable[[str], Any]]:
    """Clients of a server with ``--stream-limits``."""
    with running("serve", "--port", "0", "--data", str(tmp_path / "data"), "--stream-limits") as process:
        url = json.loads(process.line_with('"serving"'))["url"]
        made = []

        def connect(service: str) -> Any:
            client = boto3.client(
                service,
                "us-east-1",
                endpoint_url=url,
                aws_access_key_id="000000000001",
                aws_secret_access_key="test",
                config=Config(retries={"total_max_attempts": 1}),
            )
            made.append(client)
            return client

        yield connect
        for client in made:
            client.close()


def test_shards_are_held_to_their_limits_if_that_is_wanted(limited: Callable[[str], Any]) -> None:
    kinesis = limited("kinesis")
    kinesis.create_stream(StreamName="s", ShardCount=1)
    records = [{"Data": b"x" * 300_000, "PartitionKey": f"{number}"} for number in range(8)]
    answer = kinesis.put_records(StreamName="s", Records=records)
    codes = [record.get("ErrorCode") for record in answer["Records"]]
    assert codes == [None] * 3 + ["ProvisionedThroughputExceededException"] * 5
    assert answer["FailedRecordCount"] == 5
    assert answer["Records"][7]["ErrorMessage"] == (
        "Rate exceeded for shard shardId-000000000000 in stream s under account 000000000001."
    )
    start = {"StreamName": "s", "ShardId": "shardId-000000000000", "ShardIteratorType": "TRIM_HORIZON"}
    iterator = kinesis.get_shard_iterator(**start)["ShardIterator"]
    for _ in range(20):  # five at once, and few of those that follow
        try:
            kinesis.get_records(ShardIterator=iterator)
        except kinesis.exceptions.ProvisionedThroughputExceededException:
            return
    pytest.fail("nobody said that it was too much")
