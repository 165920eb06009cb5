"""Operations on what streams on demand can take: warm throughput, how records are distributed, and the commitment of
the account that warm throughput needs.

A MiB a second is a shard, as in provisioned mode. Nothing else changes the shards of a stream on demand: this server
does not slow it down, so more shards would only make its readers' lives harder.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from eventyard.api.kinesis.address import BAD, Addresses
from eventyard.clock import Clock
from eventyard.errors import InvalidRequest, LimitExceeded
from eventyard.streams import (
    ADVANTAGE_LIMIT,
    CONSUMER_LIMIT,
    ON_DEMAND_SHARDS,
    SHARD_LIMIT,
    Commitment,
    Commitments,
    Stream,
    Streams,
)
from eventyard.wire import Caller, Handler, Moment


class CapacityOperations:
    """Each method answers one operation."""

    def __init__(self, streams: Streams, commitments: Commitments, clock: Clock) -> None:
        self._streams = streams
        self._commitments = commitments
        self._addresses = Addresses(streams)
        self._clock = clock

    def operations(self) -> Mapping[str, Handler]:
        return {
            "DescribeAccountSettings": self.describe_account,
            "UpdateAccountSettings": self.update_account,
            "UpdateStreamRecordDistributionStrategy": self.distribute,
            "UpdateStreamWarmThroughput": self.warm,
        }

    async def describe_account(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        return self._account(self._commitments.get(caller.account, caller.region))

    async def update_account(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        wanted = params["MinimumThroughputBillingCommitment"]["Status"] == "ENABLED"
        return self._account(await self._commitments.set(caller.account, caller.region, wanted))

    async def warm(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        found = self._addresses.stream(caller, params, "UpdateStreamWarmThroughput")
        if found.mode != "ON_DEMAND":
            raise InvalidRequest(f"Stream {found.name} under account {found.account} is not in on-demand mode.", BAD)
        check_warm(self._commitments, found.account, found.region, params["WarmThroughputMiBps"])
        stream = await warm_up(self._streams, found.arn, params["WarmThroughputMiBps"])
        return {"StreamARN": stream.arn, "StreamName": stream.name, "WarmThroughput": warm_shape(stream)}

    async def distribute(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        found = self._addresses.stream(caller, params, "UpdateStreamRecordDistributionStrategy")
        strategy = params["RecordDistributionStrategy"]

        def edit(stream: Stream) -> Stream:
            check_distribution(stream.mode, strategy)
            return msgspec.structs.replace(stream, distribution=strategy)

        await self._streams.change(found.arn, edit)
        return {}

    def _account(self, commitment: Commitment) -> dict[str, Any]:
        now = self._clock.now()
        status = commitment.status(now)
        ended = commitment.ends if status == "DISABLED" else None
        return {
            "MinimumThroughputBillingCommitment": {
                "Status": status,
                "StartedAt": _moment(commitment.started),
                "EndedAt": _moment(ended),
                "EarliestAllowedEndAt": None if status == "DISABLED" else _moment(commitment.earliest_end),
            }
        }


def check_warm(commitments: Commitments, account: str, region: str, wanted: int) -> None:
    """Raises InvalidRequest for an account without a commitment, LimitExceeded for more than this server can do."""
    if not commitments.holds(account, region):
        raise InvalidRequest(
            f"Warm throughput is only supported for accounts with MinimumThroughputBillingCommitment enabled, which "
            f"account {account} has not in {region}."
        )
    if wanted > SHARD_LIMIT:
        raise LimitExceeded(f"A stream of this server can be warmed up to {SHARD_LIMIT} MiB a second, not to {wanted}.")


def check_distribution(mode: str, strategy: str) -> None:
    """Raises InvalidRequest for a strategy that streams in ``mode`` can't have."""
    if strategy == "AUTO" and mode != "ON_DEMAND":
        raise InvalidRequest("The record distribution strategy AUTO is only for streams in on-demand mode.", BAD)


def most_registered(commitments: Commitments, stream: Stream) -> int:
    """How many consumers and queues together a stream can have (developer guide, "Quotas and limits for queues")."""
    advantage = stream.mode == "ON_DEMAND" and commitments.holds(stream.account, stream.region)
    return ADVANTAGE_LIMIT if advantage else CONSUMER_LIMIT


async def warm_up(streams: Streams, arn: str, wanted: int) -> Stream:
    """Give the stream as many shards as it needs for ``wanted`` MiB a second; never fewer than a new one has."""
    await streams.reshard(arn, lambda work: work.scale(max(wanted, ON_DEMAND_SHARDS)))
    return await streams.change(arn, lambda stream: msgspec.structs.replace(stream, warm=wanted))


def warm_shape(stream: Stream) -> dict[str, int]:
    """A WarmThroughputObject of the API: what is wanted is there at once."""
    return {"TargetMiBps": stream.warm, "CurrentMiBps": stream.warm}


def _moment(time: int | None) -> Moment | None:
    return None if time is None else Moment(time / 1000)
