"""Operations on streams themselves: making, describing, listing, and their settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from eventyard.api.kinesis.address import BAD, Addresses
from eventyard.api.kinesis.capacity import check_distribution, check_warm, warm_shape, warm_up
from eventyard.api.kinesis.pages import expired
from eventyard.api.kinesis.shape import shard_shape
from eventyard.clock import Clock
from eventyard.errors import Conflict, InvalidRequest, LimitExceeded
from eventyard.streams import (
    DEFAULT_RECORD_KIB,
    MAX_RETENTION,
    MAX_TAGS,
    MIN_RETENTION,
    ON_DEMAND_LIMIT,
    ON_DEMAND_SHARDS,
    SHARD_LIMIT,
    Commitments,
    Distribution,
    Mode,
    Stream,
    Streams,
    Token,
    read_token,
)
from eventyard.wire import Caller, Handler, Moment

_PAGE = 100
_METRICS = (
    "IncomingBytes",
    "IncomingRecords",
    "OutgoingBytes",
    "OutgoingRecords",
    "WriteProvisionedThroughputExceeded",
    "ReadProvisionedThroughputExceeded",
    "IteratorAgeMilliseconds",
)


class StreamOperations:
    """Each method answers one operation."""

    def __init__(self, streams: Streams, commitments: Commitments, clock: Clock) -> None:
        self._streams = streams
        self._commitments = commitments
        self._addresses = Addresses(streams)
        self._clock = clock

    def operations(self) -> Mapping[str, Handler]:
        return {
            "CreateStream": self.create,
            "DecreaseStreamRetentionPeriod": self.decrease_retention,
            "DeleteStream": self.delete,
            "DescribeLimits": self.limits,
            "DescribeStream": self.describe,
            "DescribeStreamSummary": self.summarise,
            "DisableEnhancedMonitoring": self.disable_monitoring,
            "EnableEnhancedMonitoring": self.enable_monitoring,
            "IncreaseStreamRetentionPeriod": self.increase_retention,
            "ListStreams": self.list,
            "StartStreamEncryption": self.start_encryption,
            "StopStreamEncryption": self.stop_encryption,
            "UpdateMaxRecordSize": self.update_record_size,
            "UpdateStreamMode": self.update_mode,
        }

    async def create(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        mode: Mode = (params.get("StreamModeDetails") or {}).get("StreamMode") or "PROVISIONED"
        count = params.get("ShardCount")
        if mode == "ON_DEMAND":
            if count is not None:
                raise InvalidRequest("ShardCount can't be given for a stream in on-demand mode.")
            count = max(ON_DEMAND_SHARDS, params.get("WarmThroughputMiBps") or 0)
        elif count is None:
            raise InvalidRequest("ShardCount must be given for a stream in provisioned mode.")
        tags = params.get("Tags") or {}
        if len(tags) > MAX_TAGS:
            raise LimitExceeded(f"A stream can have {MAX_TAGS} tags at most.")
        self._check_warm(caller, params, mode)
        distribution: Distribution = params.get("RecordDistributionStrategy") or "USER_PARTITION_KEY"
        check_distribution(mode, distribution)
        await self._streams.create(
            caller.account,
            caller.region,
            params["StreamName"],
            count,
            mode,
            tags,
            params.get("MaxRecordSizeInKiB") or DEFAULT_RECORD_KIB,
            distribution,
            params.get("WarmThroughputMiBps") or 0,
        )
        return {}

    def _check_warm(self, caller: Caller, params: dict[str, Any], mode: Mode) -> None:
        wanted = params.get("WarmThroughputMiBps")
        if wanted is None:
            return
        if mode != "ON_DEMAND":
            raise InvalidRequest("WarmThroughputMiBps can only be given for a stream in on-demand mode.", BAD)
        check_warm(self._commitments, caller.account, caller.region, wanted)

    async def delete(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        stream = self._addresses.stream(caller, params, "DeleteStream")
        await self._streams.delete(stream.arn, bool(params.get("EnforceConsumerDeletion")))
        return {}

    async def list(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        after = params.get("ExclusiveStartStreamName") or ""
        if params.get("NextToken"):
            token = read_token(params["NextToken"], f"streams {caller.account} {caller.region}")
            expired(token, self._clock.now())
            after = token.after
        found = [one for one in self._streams.find(caller.account, caller.region) if one.name > after]
        shown = found[: params.get("Limit") or _PAGE]
        token_text = None
        if len(found) > len(shown):
            listing = f"streams {caller.account} {caller.region}"
            token_text = Token(listing, shown[-1].name, self._clock.now()).text()
        return {
            "StreamNames": [one.name for one in shown],
            "HasMoreStreams": token_text is not None,
            "NextToken": token_text,
            "StreamSummaries": [
                {
                    "StreamName": one.name,
                    "StreamARN": one.arn,
                    "StreamStatus": "ACTIVE",
                    "StreamModeDetails": {"StreamMode": one.mode},
                    "StreamCreationTimestamp": Moment(one.created / 1000),
                }
                for one in shown
            ],
        }

    async def describe(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        stream = self._addresses.stream(caller, params, "DescribeStream")
        after = params.get("ExclusiveStartShardId") or ""
        found = [shard for shard in stream.shards if shard.id > after]
        shown = found[: params.get("Limit") or _PAGE]
        return {
            "StreamDescription": {
                **_common(stream),
                "Shards": [shard_shape(shard) for shard in shown],
                "HasMoreShards": len(found) > len(shown),
            }
        }

    async def summarise(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        stream = self._addresses.stream(caller, params, "DescribeStreamSummary")
        return {
            "StreamDescriptionSummary": {
                **_common(stream),
                "OpenShardCount": len(stream.open_shards),
                "ConsumerCount": len(stream.consumers),
                "MaxRecordSizeInKiB": stream.max_record_kib,
                "WarmThroughput": warm_shape(stream) if stream.warm else None,
                "RecordDistributionStrategy": stream.distribution,
                "ChannelCount": self._streams.held(stream.arn),
                "QueueCount": len(stream.queues),
            }
        }

    async def limits(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        return {
            "ShardLimit": SHARD_LIMIT,
            "OpenShardCount": self._streams.shards_in_use(caller.account, caller.region),
            "OnDemandStreamCount": self._streams.on_demand(caller.account, caller.region),
            "OnDemandStreamCountLimit": ON_DEMAND_LIMIT,
        }

    async def increase_retention(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        hours = params["RetentionPeriodHours"]
        found = self._addresses.stream(caller, params, "IncreaseStreamRetentionPeriod")
        if hours > MAX_RETENTION:
            raise InvalidRequest(
                f"Maximum allowed retention period is {MAX_RETENTION} hours. Requested retention period ({hours} hours)"
                " is too long.",
                BAD,
            )

        def edit(stream: Stream) -> Stream:
            if hours <= stream.retention:
                raise _retention(stream, hours, "shorter")
            # What has expired does not come back because more is kept from now on.
            horizon = stream.trim_horizon(self._clock.now())
            return msgspec.structs.replace(stream, retention=hours, horizon=horizon)

        await self._streams.change(found.arn, edit)
        return {}

    async def decrease_retention(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        hours = params["RetentionPeriodHours"]
        found = self._addresses.stream(caller, params, "DecreaseStreamRetentionPeriod")
        if hours < MIN_RETENTION:
            raise InvalidRequest(
                f"Minimum allowed retention period is {MIN_RETENTION} hours. Requested retention period ({hours} hours)"
                " is too short.",
                BAD,
            )

        def edit(stream: Stream) -> Stream:
            if hours >= stream.retention:
                raise _retention(stream, hours, "longer")
            return msgspec.structs.replace(stream, retention=hours)

        await self._streams.change(found.arn, edit)
        return {}

    async def enable_monitoring(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        return await self._monitor(caller, params, "EnableEnhancedMonitoring")

    async def disable_monitoring(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        return await self._monitor(caller, params, "DisableEnhancedMonitoring")

    async def _monitor(self, caller: Caller, params: dict[str, Any], action: str) -> dict[str, Any]:
        """The metrics wanted are kept and answered; this server's own metrics do not depend on them."""
        found = self._addresses.stream(caller, params, action)
        given = set(_METRICS if "ALL" in params["ShardLevelMetrics"] else params["ShardLevelMetrics"])
        before: Sequence[str] = ()

        def edit(stream: Stream) -> Stream:
            nonlocal before
            before = stream.metrics
            wanted = set(before) | given if action.startswith("Enable") else set(before) - given
            return msgspec.structs.replace(stream, metrics=tuple(name for name in _METRICS if name in wanted))

        after = (await self._streams.change(found.arn, edit)).metrics
        return {
            "StreamName": found.name,
            "StreamARN": found.arn,
            "CurrentShardLevelMetrics": list(before),
            "DesiredShardLevelMetrics": list(after),
        }

    async def start_encryption(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        """From now on records are sealed with the server's own key: the key's name is kept and answered, no more."""
        found = self._addresses.stream(caller, params, "StartStreamEncryption")
        if params["EncryptionType"] != "KMS":
            raise InvalidRequest("EncryptionType must be KMS to start encryption.", BAD)
        key = params["KeyId"]
        await self._streams.change(found.arn, lambda stream: msgspec.structs.replace(stream, key_id=key))
        return {}

    async def stop_encryption(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        found = self._addresses.stream(caller, params, "StopStreamEncryption")
        if params["EncryptionType"] != "KMS":
            raise InvalidRequest("EncryptionType must be KMS to stop encryption.", BAD)

        def edit(stream: Stream) -> Stream:
            if stream.key_id not in (None, params["KeyId"]):
                raise InvalidRequest(f"Stream {stream.name} is encrypted with another key.", BAD)
            return msgspec.structs.replace(stream, key_id=None)

        await self._streams.change(found.arn, edit)
        return {}

    async def update_record_size(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        found = self._addresses.stream(caller, params, "UpdateMaxRecordSize")
        size = params["MaxRecordSizeInKiB"]
        await self._streams.change(found.arn, lambda stream: msgspec.structs.replace(stream, max_record_kib=size))
        return {}

    async def update_mode(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        found = self._addresses.stream(caller, params, "UpdateStreamMode")
        mode: Mode = params["StreamModeDetails"]["StreamMode"]
        self._check_warm(caller, params, mode)

        def edit(stream: Stream) -> Stream:
            if stream.mode == mode:
                raise Conflict(f"Stream {stream.name} is already in mode {mode}.", "ResourceInUseException")
            if mode == "PROVISIONED" and (stream.queues or self._streams.held(stream.arn)):
                message = f"Stream {stream.name} has queues or channels, which need on-demand mode."
                raise Conflict(message, "ResourceInUseException")
            if mode == "ON_DEMAND" and self._streams.on_demand(stream.account, stream.region) >= ON_DEMAND_LIMIT:
                raise LimitExceeded(f"Account {stream.account} has the most streams in on-demand mode it can have.")
            # What only streams on demand have ends with that mode, and begins anew with it.
            return msgspec.structs.replace(stream, mode=mode, warm=0, distribution="USER_PARTITION_KEY")

        await self._streams.change(found.arn, edit)
        if params.get("WarmThroughputMiBps") is not None:
            await warm_up(self._streams, found.arn, params["WarmThroughputMiBps"])
        return {}


def _common(stream: Stream) -> dict[str, Any]:
    return {
        "StreamName": stream.name,
        "StreamARN": stream.arn,
        "StreamStatus": "ACTIVE",
        "StreamModeDetails": {"StreamMode": stream.mode},
        "RetentionPeriodHours": stream.retention,
        "StreamCreationTimestamp": Moment(stream.created / 1000),
        "EnhancedMonitoring": [{"ShardLevelMetrics": list(stream.metrics)}],
        "EncryptionType": stream.encryption,
        "KeyId": stream.key_id,
    }


def _retention(stream: Stream, hours: int, which: str) -> InvalidRequest:
    return InvalidRequest(
        f"Requested retention period ({hours} hours) for stream {stream.name} can not be {which} than existing "
        f"retention period ({stream.retention} hours), nor equal to it.",
        BAD,
    )
