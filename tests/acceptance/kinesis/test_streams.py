"""Streams through boto3: making, describing, settings, shards, consumers, tags, policies, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3

from tests.acceptance.refusal import refusal
from tests.acceptance.server import Server

Connect = Callable[[str], Any]
MAX = (1 << 128) - 1


def summary(kinesis: Any, name: str = "s") -> dict[str, Any]:
    found: dict[str, Any] = kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]
    return found


def shards(kinesis: Any, name: str = "s", **filter: Any) -> list[dict[str, Any]]:
    more = {"ShardFilter": filter} if filter else {}
    found: list[dict[str, Any]] = kinesis.list_shards(StreamName=name, **more)["Shards"]
    return found


def numbers(found: list[dict[str, Any]]) -> list[int]:
    return [int(shard["ShardId"].partition("-")[2]) for shard in found]


def test_stream_is_described_as_it_was_made(kinesis: Any, account: str) -> None:
    before = datetime.now(UTC)
    kinesis.create_stream(StreamName="s", ShardCount=2, Tags={"a": "b"}, MaxRecordSizeInKiB=2048)
    kinesis.get_waiter("stream_exists").wait(StreamName="s")
    arn = f"arn:aws:kinesis:us-east-1:{account}:stream/s"
    found = summary(kinesis)
    assert before - timedelta(seconds=1) < found.pop("StreamCreationTimestamp") < datetime.now(UTC)
    assert found == {
        "StreamName": "s",
        "StreamARN": arn,
        "StreamStatus": "ACTIVE",
        "StreamModeDetails": {"StreamMode": "PROVISIONED"},
        "RetentionPeriodHours": 24,
        "EnhancedMonitoring": [{"ShardLevelMetrics": []}],
        "EncryptionType": "NONE",
        "OpenShardCount": 2,
        "ConsumerCount": 0,
        "ChannelCount": 0,
        "QueueCount": 0,
        "MaxRecordSizeInKiB": 2048,
        "RecordDistributionStrategy": "USER_PARTITION_KEY",
    }
    described = kinesis.describe_stream(StreamARN=arn)["StreamDescription"]
    assert not described["HasMoreShards"]
    assert [shard["HashKeyRange"] for shard in described["Shards"]] == [
        {"StartingHashKey": "0", "EndingHashKey": str(MAX // 2)},
        {"StartingHashKey": str(MAX // 2 + 1), "EndingHashKey": str(MAX)},
    ]
    assert described["Shards"] == shards(kinesis)
    first = kinesis.describe_stream(StreamName="s", Limit=1)["StreamDescription"]
    assert (numbers(first["Shards"]), first["HasMoreShards"]) == ([0], True)
    rest = kinesis.describe_stream(StreamName="s", ExclusiveStartShardId="shardId-000000000000")["StreamDescription"]
    assert numbers(rest["Shards"]) == [1]


def test_streams_are_listed_by_name_in_pages(kinesis: Any) -> None:
    for name in "bdac":
        kinesis.create_stream(StreamName=name, ShardCount=1)
    first = kinesis.list_streams(Limit=3)
    assert (first["StreamNames"], first["HasMoreStreams"]) == (["a", "b", "c"], True)
    assert kinesis.list_streams(NextToken=first["NextToken"])["StreamNames"] == ["d"]
    assert kinesis.list_streams(ExclusiveStartStreamName="b")["StreamNames"] == ["c", "d"]
    pages = kinesis.get_paginator("list_streams").paginate(PaginationConfig={"PageSize": 1})
    assert [name for page in pages for name in page["StreamNames"]] == ["a", "b", "c", "d"]
    assert first["StreamSummaries"][0]["StreamStatus"] == "ACTIVE"


def test_deleted_stream_is_gone(kinesis: Any, account: str) -> None:
    kinesis.create_stream(StreamName="s", ShardCount=1)
    assert refusal(kinesis.create_stream, StreamName="s", ShardCount=1) == (
        "ResourceInUseException",
        f"Stream s under account {account} already exists.",
    )
    kinesis.delete_stream(StreamName="s")
    kinesis.get_waiter("stream_not_exists").wait(StreamName="s")
    gone = ("ResourceNotFoundException", f"Stream s under account {account} not found.")
    assert refusal(kinesis.describe_stream, StreamName="s") == gone
    assert refusal(kinesis.put_record, StreamName="s", Data=b"x", PartitionKey="k") == gone


def test_stream_on_demand_has_four_shards_that_cannot_be_changed(kinesis: Any) -> None:
    kinesis.create_stream(StreamName="s", StreamModeDetails={"StreamMode": "ON_DEMAND"})
    assert (summary(kinesis)["OpenShardCount"], summary(kinesis)["StreamModeDetails"]["StreamMode"]) == (4, "ON_DEMAND")
    scale = {"StreamName": "s", "TargetShardCount": 5, "ScalingType": "UNIFORM_SCALING"}
    assert refusal(kinesis.update_shard_count, **scale)[0] == "ValidationException"
    limits = kinesis.describe_limits()
    assert (limits["OpenShardCount"], limits["OnDemandStreamCount"]) == (0, 1)
    arn = summary(kinesis)["StreamARN"]
    kinesis.update_stream_mode(StreamARN=arn, StreamModeDetails={"StreamMode": "PROVISIONED"})
    kinesis.update_shard_count(**scale)
    assert kinesis.describe_limits()["OpenShardCount"] == 5


def test_shards_are_split_merged_and_scaled(kinesis: Any) -> None:
    kinesis.create_stream(StreamName="s", ShardCount=1)
    kinesis.split_shard(StreamName="s", ShardToSplit="shardId-000000000000", NewStartingHashKey="100")
    parent, low, high = shards(kinesis)
    assert "EndingSequenceNumber" in parent["SequenceNumberRange"]
    assert low["ParentShardId"] == high["ParentShardId"] == parent["ShardId"]
    assert high["HashKeyRange"]["StartingHashKey"] == "100"
    code, message = refusal(
        kinesis.split_shard, StreamName="s", ShardToSplit="shardId-000000000000", NewStartingHashKey="100"
    )
    assert code == "ResourceInUseException"
    assert "not eligible" in message
    kinesis.merge_shards(
        StreamName="s", ShardToMerge="shardId-000000000001", AdjacentShardToMerge="shardId-000000000002"
    )
    merged = shards(kinesis)[-1]
    assert (merged["ParentShardId"], merged["AdjacentParentShardId"]) == (low["ShardId"], high["ShardId"])
    answer = kinesis.update_shard_count(StreamName="s", TargetShardCount=2, ScalingType="UNIFORM_SCALING")
    assert (answer["CurrentShardCount"], answer["TargetShardCount"]) == (1, 2)
    assert summary(kinesis)["OpenShardCount"] == 2
    code, message = refusal(
        kinesis.update_shard_count, StreamName="s", TargetShardCount=5, ScalingType="UNIFORM_SCALING"
    )
    assert code == "InvalidArgumentException"
    assert message.endswith("Current open shard count: 2 Target shard count: 5")


def test_shard_filters_choose(kinesis: Any) -> None:
    kinesis.create_stream(StreamName="s", ShardCount=2)
    kinesis.update_shard_count(StreamName="s", TargetShardCount=1, ScalingType="UNIFORM_SCALING")
    made = summary(kinesis)["StreamCreationTimestamp"]
    assert numbers(shards(kinesis)) == [0, 1, 2]
    assert numbers(shards(kinesis, Type="FROM_TRIM_HORIZON")) == [0, 1, 2]
    assert numbers(shards(kinesis, Type="AT_TRIM_HORIZON")) == [0, 1]
    assert numbers(shards(kinesis, Type="AT_LATEST")) == [2]
    assert numbers(shards(kinesis, Type="AFTER_SHARD_ID", ShardId="shardId-000000000000")) == [1, 2]
    assert numbers(shards(kinesis, Type="FROM_TIMESTAMP", Timestamp=made - timedelta(hours=1))) == [0, 1, 2]
    assert numbers(shards(kinesis, Type="AT_TIMESTAMP", Timestamp=made - timedelta(hours=1))) == [0, 1]
    assert numbers(shards(kinesis, Type="AT_TIMESTAMP", Timestamp=made + timedelta(hours=1))) == [2]
    for wrong in ({"Type": "AFTER_SHARD_ID"}, {"Type": "AT_TIMESTAMP"}, {"Type": "AT_LATEST", "ShardId": "x"}):
        assert refusal(kinesis.list_shards, StreamName="s", ShardFilter=wrong)[0] == "InvalidArgumentException"


def test_shard_pages_keep_the_filter(kinesis: Any) -> None:
    kinesis.create_stream(StreamName="s", ShardCount=4)
    first = kinesis.list_shards(
        StreamName="s", MaxResults=2, ShardFilter={"Type": "AFTER_SHARD_ID", "ShardId": "shardId-000000000000"}
    )
    assert numbers(first["Shards"]) == [1, 2]
    second = kinesis.list_shards(NextToken=first["NextToken"], MaxResults=2)
    assert (numbers(second["Shards"]), "NextToken" in second) == ([3], False)
    code, message = refusal(kinesis.list_shards, NextToken=first["NextToken"], StreamName="s")
    assert (code, message) == (
        "InvalidArgumentException",
        "NextToken and StreamName cannot be provided together.",
    )
    assert refusal(kinesis.list_shards, NextToken="nonsense")[0] == "InvalidArgumentException"


def test_retention_goes_up_and_down_within_its_bounds(kinesis: Any) -> None:
    kinesis.create_stream(StreamName="s", ShardCount=1)
    kinesis.increase_stream_retention_period(StreamName="s", RetentionPeriodHours=48)
    assert summary(kinesis)["RetentionPeriodHours"] == 48
    kinesis.decrease_stream_retention_period(StreamName="s", RetentionPeriodHours=24)
    assert summary(kinesis)["RetentionPeriodHours"] == 24
    up, down = kinesis.increase_stream_retention_period, kinesis.decrease_stream_retention_period
    for call, hours in ((up, 8761), (up, 24), (up, 1), (down, 23), (down, 24), (down, 30)):
        assert refusal(call, StreamName="s", RetentionPeriodHours=hours)[0] == "InvalidArgumentException"


def test_encryption_monitoring_and_record_size_are_kept(kinesis: Any) -> None:
    kinesis.create_stream(StreamName="s", ShardCount=1)
    key = {"StreamName": "s", "EncryptionType": "KMS", "KeyId": "alias/aws/kinesis"}
    kinesis.start_stream_encryption(**key)
    assert (summary(kinesis)["EncryptionType"], summary(kinesis)["KeyId"]) == ("KMS", "alias/aws/kinesis")
    assert kinesis.put_record(StreamName="s", Data=b"x", PartitionKey="k")["EncryptionType"] == "KMS"
    kinesis.stop_stream_encryption(**key)
    assert summary(kinesis)["EncryptionType"] == "NONE"
    answer = kinesis.enable_enhanced_monitoring(StreamName="s", ShardLevelMetrics=["IncomingBytes"])
    assert (answer["CurrentShardLevelMetrics"], answer["DesiredShardLevelMetrics"]) == ([], ["IncomingBytes"])
    assert len(kinesis.enable_enhanced_monitoring(StreamName="s", ShardLevelMetrics=["ALL"])
               ["DesiredShardLevelMetrics"]) == 7  # fmt: skip
    answer = kinesis.disable_enhanced_monitoring(StreamName="s", ShardLevelMetrics=["ALL"])
    assert answer["DesiredShardLevelMetrics"] == []
    kinesis.update_max_record_size(StreamARN=answer["StreamARN"], MaxRecordSizeInKiB=4096)
    assert summary(kinesis)["MaxRecordSizeInKiB"] == 4096


def test_consumers_are_registered_once_and_hold_the_stream(kinesis: Any) -> None:
    kinesis.create_stream(StreamName="s", ShardCount=1)
    arn = summary(kinesis)["StreamARN"]
    made = [kinesis.register_stream_consumer(StreamARN=arn, ConsumerName=name)["Consumer"] for name in "ba"]
    assert made[0]["ConsumerARN"].startswith(f"{arn}/consumer/b:")
    assert refusal(kinesis.register_stream_consumer, StreamARN=arn, ConsumerName="a")[0] == "ResourceInUseException"
    assert summary(kinesis)["ConsumerCount"] == 2
    described = kinesis.describe_stream_consumer(ConsumerARN=made[0]["ConsumerARN"])["ConsumerDescription"]
    assert described == kinesis.describe_stream_consumer(StreamARN=arn, ConsumerName="b")["ConsumerDescription"]
    assert (described["ConsumerStatus"], described["StreamARN"]) == ("ACTIVE", arn)
    first = kinesis.list_stream_consumers(StreamARN=arn, MaxResults=1)
    assert [one["ConsumerName"] for one in first["Consumers"]] == ["a"]
    rest = kinesis.list_stream_consumers(StreamARN=arn, NextToken=first["NextToken"])
    assert [one["ConsumerName"] for one in rest["Consumers"]] == ["b"]
    assert refusal(kinesis.delete_stream, StreamName="s")[0] == "ResourceInUseException"
    kinesis.deregister_stream_consumer(ConsumerARN=made[0]["ConsumerARN"])
    gone = refusal(kinesis.describe_stream_consumer, ConsumerARN=made[0]["ConsumerARN"])
    assert gone[0] == "ResourceNotFoundException"
    kinesis.delete_stream(StreamName="s", EnforceConsumerDeletion=True)
    assert kinesis.list_streams()["StreamNames"] == []


def test_tags_of_both_apis_are_the_same_tags(kinesis: Any) -> None:
    kinesis.create_stream(StreamName="s", ShardCount=1, Tags={"a": "1"})
    arn = summary(kinesis)["StreamARN"]
    kinesis.add_tags_to_stream(StreamName="s", Tags={"b": "2"})
    kinesis.tag_resource(ResourceARN=arn, Tags={"c": "3"})
    tags = [{"Key": key, "Value": value} for key, value in (("a", "1"), ("b", "2"), ("c", "3"))]
    assert kinesis.list_tags_for_resource(ResourceARN=arn)["Tags"] == tags
    assert kinesis.list_tags_for_stream(StreamName="s")["Tags"] == tags
    page = kinesis.list_tags_for_stream(StreamName="s", ExclusiveStartTagKey="a", Limit=1)
    assert (page["Tags"], page["HasMoreTags"]) == (tags[1:2], True)
    kinesis.remove_tags_from_stream(StreamName="s", TagKeys=["a"])
    kinesis.untag_resource(ResourceARN=arn, TagKeys=["b"])
    assert kinesis.list_tags_for_stream(StreamName="s")["Tags"] == tags[2:]
    more = {f"k{number}": "" for number in range(50)}
    assert refusal(kinesis.add_tags_to_stream, StreamName="s", Tags=more)[0] == "LimitExceededException"
    consumer = kinesis.register_stream_consumer(StreamARN=arn, ConsumerName="c", Tags={"x": "y"})["Consumer"]
    assert kinesis.list_tags_for_resource(ResourceARN=consumer["ConsumerARN"])["Tags"] == [{"Key": "x", "Value": "y"}]


def test_other_accounts_may_do_what_the_policy_allows(kinesis: Any, server: Server, account: str) -> None:
    kinesis.create_stream(StreamName="s", ShardCount=1)
    arn = summary(kinesis)["StreamARN"]
    stranger = boto3.client("kinesis", endpoint_url=server.url, region_name="us-east-1",
                            aws_access_key_id="999999999999", aws_secret_access_key="test")  # fmt: skip
    put = {"StreamARN": arn, "Data": b"x", "PartitionKey": "k"}
    assert refusal(stranger.put_record, **put)[0] == "AccessDeniedException"
    # Whether it exists is not told.
    assert refusal(stranger.put_record, **put | {"StreamARN": arn + "x"})[0] == "AccessDeniedException"
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": "999999999999"},
        "Action": ["kinesis:PutRecord"],
        "Resource": arn,
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    assert refusal(kinesis.get_resource_policy, ResourceARN=arn)[0] == "ResourceNotFoundException"
    kinesis.put_resource_policy(ResourceARN=arn, Policy=policy)
    assert kinesis.get_resource_policy(ResourceARN=arn)["Policy"] == policy
    stranger.put_record(**put)
    assert refusal(stranger.describe_stream, StreamARN=arn)[0] == "AccessDeniedException"
    iterator = kinesis.get_shard_iterator(
        StreamName="s", ShardId="shardId-000000000000", ShardIteratorType="TRIM_HORIZON"
    )["ShardIterator"]
    assert refusal(stranger.get_records, ShardIterator=iterator)[0] == "AccessDeniedException"
    locked = statement | {"Effect": "Deny", "Principal": "*", "Action": "kinesis:*"}
    kinesis.put_resource_policy(ResourceARN=arn, Policy=json.dumps({"Statement": [locked]}))
    assert refusal(kinesis.put_record, **put)[0] == "AccessDeniedException"
    kinesis.delete_resource_policy(ResourceARN=arn)
    kinesis.put_record(**put)
    assert refusal(kinesis.put_resource_policy, ResourceARN=arn, Policy="{}")[0] == "InvalidArgumentException"
    stranger.close()


def test_wrong_requests_are_refused(kinesis: Any, account: str) -> None:
    assert refusal(kinesis.create_stream, StreamName="s")[0] == "ValidationException"
    assert refusal(kinesis.create_stream, StreamName="no spaces", ShardCount=1)[0] == "ValidationException"
    assert refusal(kinesis.create_stream, StreamName="s", ShardCount=1001)[0] == "LimitExceededException"
    assert refusal(kinesis.describe_stream) == (
        "InvalidArgumentException",
        "Either StreamName or StreamARN must be provided.",
    )
    arn = f"arn:aws:kinesis:us-east-1:{account}:stream/t"
    assert refusal(kinesis.describe_stream, StreamName="s", StreamARN=arn)[0] == "InvalidArgumentException"
