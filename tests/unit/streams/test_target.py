"""Streams as targets of rules and schedules."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from eventyard.errors import InvalidRequest
from eventyard.target import DELIVERED, Delivery, Permanent, Retry
from eventyard.targets.stream import StreamTarget
from tests.unit.streams.conftest import Yard

EVENT = b'{"version":"0","id":"1","detail":{"user":"anna","n":7,"o":{"a":1},"none":null,"long":"' + b"x" * 300 + b'"}}'


async def keys(yard: Yard, parameters: Mapping[str, str]) -> list[str]:
    stream = await yard.make()
    target = StreamTarget(yard.streams.deliver, stream.arn, parameters)
    assert await target.deliver([Delivery("id-1", b"payload", None, EVENT)]) == [DELIVERED]
    records = (await yard.page(stream)).records
    assert [record.data for record in records] == [b"payload"]
    return [record.key for record in records]


@pytest.mark.parametrize(
    ("path", "key"),
    [
        ("$.detail.user", "anna"),
        ("$.detail.n", "7"),
        ("$.detail.o", '{"a":1}'),
        ("$.detail.none", "id-1"),
        ("$.detail.missing", "id-1"),
        ("$.detail.long", "x" * 256),
    ],
)
async def test_path_in_the_event_names_the_partition_key(yard: Yard, path: str, key: str) -> None:
    assert await keys(yard, {"PartitionKeyPath": path}) == [key]


async def test_event_id_is_the_partition_key_by_default(yard: Yard) -> None:
    assert await keys(yard, {}) == ["id-1"]


async def test_schedule_gives_its_partition_key_itself(yard: Yard) -> None:
    assert await keys(yard, {"PartitionKey": "fixed"}) == ["fixed"]


async def test_missing_stream_is_permanent(yard: Yard) -> None:
    target = StreamTarget(yard.streams.deliver, "arn:aws:kinesis:eu-west-1:123456789012:stream/none", {})
    (outcome,) = await target.deliver([Delivery("1", b"x")])
    assert isinstance(outcome, Permanent)
    assert outcome.code == "NO_RESOURCE"


async def test_refused_event_fails_alone(yard: Yard) -> None:
    stream = await yard.make()
    target = StreamTarget(yard.streams.deliver, stream.arn, {})
    batch = [Delivery("1", b"a"), Delivery("2", b"x" * (1 << 20)), Delivery("3", b"c")]
    outcomes = await target.deliver(batch)
    assert [isinstance(outcome, Permanent) for outcome in outcomes] == [False, True, False]
    assert await yard.texts(stream) == ["a", "c"]


async def test_throttled_record_is_tried_again_alone() -> None:
    async def put(arn: str, records: object) -> list[tuple[str, str] | None]:
        return [None, ("ProvisionedThroughputExceededException", "slow down")]

    outcomes = await StreamTarget(put, "arn", {}).deliver([Delivery("1", b"a"), Delivery("2", b"b")])
    assert outcomes == [DELIVERED, Retry("ProvisionedThroughputExceededException", "slow down")]


def test_bad_path_is_refused() -> None:
    async def put(arn: str, records: object) -> list[tuple[str, str] | None]:
        return []

    with pytest.raises(InvalidRequest):
        StreamTarget(put, "arn", {"PartitionKeyPath": "detail"})
