"""Operations on channels, which make files of a stream's records."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

import msgspec

from eventyard.api.kinesis.address import BAD, Addresses, check_allowed
from eventyard.api.kinesis.pages import Listing, page, wants
from eventyard.clock import Clock
from eventyard.errors import InvalidRequest, LimitExceeded, Unsupported
from eventyard.firehose import Channel, Channels, Letters
from eventyard.streams import MAX_TAGS, Streams
from eventyard.wire import Caller, Handler, Moment

_FRESHEST, _STALEST = 300, 900  # seconds (developer guide, "Data delivery concepts")


class ChannelOperations:
    """Each method answers one operation. ``dev``: records may be fresher in files than AWS lets them be."""

    def __init__(self, streams: Streams, channels: Channels, clock: Clock, dev: bool) -> None:
        self._channels = channels
        self._addresses = Addresses(streams)
        self._clock = clock
        self._freshest = 1 if dev else _FRESHEST

    def operations(self) -> Mapping[str, Handler]:
        return {
            "CreateChannel": self.create,
            "DeleteChannel": self.delete,
            "DescribeChannel": self.describe,
            "ListChannels": self.list,
            "UpdateChannel": self.update,
        }

    async def create(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        _refuse(params)
        if len(params["StreamConfigurationList"]) != 1:
            raise InvalidRequest("StreamConfigurationList must contain exactly one entry.")
        given, target = params["StreamConfigurationList"][0], params["S3DestinationConfiguration"]
        stream = self._addresses.by_arn(caller, given["StreamARN"], "CreateChannel")
        if stream.account != caller.account:
            raise Unsupported("A channel on a stream of another account is not supported by this server.")
        if stream.mode != "ON_DEMAND":
            raise InvalidRequest(
                f"Channels are only supported on streams in on-demand mode, which {stream.name} is not."
            )
        tags = params.get("Tags") or {}
        if len(tags) > MAX_TAGS:
            raise LimitExceeded(f"A channel can have {MAX_TAGS} tags at most.")
        storage, letters, id = (
            target["StorageConfiguration"],
            target.get("DeadLetterQueueS3Configuration"),
            str(uuid4()),
        )
        compression = storage["CompressionType"]
        channel = Channel(
            f"arn:aws:kinesis:{caller.region}:{caller.account}:channel/{id}",
            id,
            caller.account,
            caller.region,
            params["ChannelName"],
            self._clock.now(),
            params["ServiceExecutionRoleARN"],
            stream.arn,
            stream.created,
            given["RecordConfiguration"]["RecordFormatType"],
            _bucket(storage),
            storage["ExpectedBucketOwner"],
            self._freshness(target, _FRESHEST),
            "UNCOMPRESSED" if compression == "NONE" else compression,
            storage.get("OutputKeyTemplate"),
            storage.get("StorageClass"),
            None if letters is None else _letters(letters),
            tags,
        )
        await self._channels.create(channel)
        return {"ChannelDescription": _shape(channel, "CREATING")}

    async def describe(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        return {"ChannelDescription": _shape(self._find(caller, params, "DescribeChannel"), "ACTIVE")}

    async def update(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        found = self._find(caller, params, "UpdateChannel")
        if params.get("S3TablesDestinationConfiguration") is not None:
            raise InvalidRequest(f"Channel {found.name} does not deliver to streaming tables.", BAD)
        _refuse_logging(params)
        target = params.get("S3DestinationConfiguration")
        if target is None and params.get("LoggingConfiguration") is None:
            raise InvalidRequest("S3DestinationConfiguration or LoggingConfiguration must be given.", BAD)
        freshness = found.freshness if target is None else self._freshness(target, found.freshness)

        def edit(channel: Channel) -> Channel:
            return msgspec.structs.replace(channel, freshness=freshness)

        return {"ChannelDescription": _shape(await self._channels.change(found.arn, edit), "UPDATING")}

    async def delete(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        await self._channels.delete(self._find(caller, params, "DeleteChannel").arn)
        return {}

    async def list(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        found = {
            channel.arn: channel
            for channel in self._channels.find(caller.account, caller.region)
            if wants(params.get("StreamFilter"), channel.stream, channel.stream_created)
        }
        listing = Listing(f"channels {caller.account} {caller.region}", self._clock.now())
        shown, token = page(listing, sorted(found), params)
        return {"ChannelSummaries": [_summary(found[arn]) for arn in shown], "NextToken": token}

    def _find(self, caller: Caller, params: dict[str, Any], action: str) -> Channel:
        return find_channel(self._channels, caller, params["ChannelARN"], action)

    def _freshness(self, target: dict[str, Any], default: int) -> int:
        """Raises InvalidRequest for what can't be."""
        given = target.get("DataFreshnessInSeconds")
        if given is not None and not self._freshest <= given <= _STALEST:
            raise InvalidRequest(f"DataFreshnessInSeconds must be from {self._freshest} to {_STALEST}.", BAD)
        return default if given is None else int(given)


def find_channel(channels: Channels, caller: Caller, arn: str, action: str) -> Channel:
    """The channel with ``arn``. Raises NotFound, and Forbidden for one of another account, which has no policy."""
    check_allowed(caller, arn, action, None)
    return channels.get(arn)


def _refuse(params: dict[str, Any]) -> None:
    """Raises InvalidRequest for a channel that can't be, Unsupported for what would otherwise be left undone."""
    if params.get("S3TablesDestinationConfiguration") is not None:
        if params.get("S3DestinationConfiguration") is not None:
            raise InvalidRequest(
                "Only one of S3DestinationConfiguration and S3TablesDestinationConfiguration can be given.", BAD
            )
        raise Unsupported(
            "Parameter S3TablesDestinationConfiguration is not supported by this server: it has no Iceberg tables."
        )
    if params.get("S3DestinationConfiguration") is None:
        raise InvalidRequest("S3DestinationConfiguration or S3TablesDestinationConfiguration must be given.", BAD)
    if params.get("EncryptionConfiguration") is not None:
        raise Unsupported("Parameter EncryptionConfiguration is not supported by this server: files are not encrypted.")
    _refuse_logging(params)
    for given in params["StreamConfigurationList"]:
        record = given["RecordConfiguration"]
        if record["RecordFormatType"] == "GSR_JSON":
            raise InvalidRequest("RecordFormatType GSR_JSON is only supported for streaming tables.", BAD)
        if record.get("GSRSchemaARN") is not None:
            raise Unsupported("Parameter GSRSchemaARN is not supported by this server: it has no Glue schemas.")
    storage_class = params["S3DestinationConfiguration"]["StorageConfiguration"].get("StorageClass")
    if storage_class not in (None, "STANDARD"):
        raise Unsupported(f"StorageClass {storage_class} is not supported by this server.")


def _refuse_logging(params: dict[str, Any]) -> None:
    if ((params.get("LoggingConfiguration") or {}).get("CloudWatchLogs") or {}).get("Enabled"):
        raise Unsupported("CloudWatchLogs is not supported by this server: it can only be disabled.")


def _bucket(given: dict[str, Any]) -> str:
    return str(given["BucketARN"].partition(":::")[2])


def _letters(given: dict[str, Any]) -> Letters:
    return Letters(_bucket(given), given["ExpectedBucketOwner"], given.get("ErrorOutputPrefix"))


def _shape(channel: Channel, status: str) -> dict[str, Any]:
    """A ChannelDescription of the API. What is asked for is there at once; who waits for ACTIVE finds it next time."""
    letters = channel.dead_letters
    return {
        **_names(channel, status),
        "ServiceExecutionRoleARN": channel.role,
        "StreamConfigurationList": [
            {**_stream(channel), "RecordConfiguration": {"RecordFormatType": channel.format}},
        ],
        "S3DestinationConfiguration": {
            "DataFreshnessInSeconds": channel.freshness,
            "DeadLetterQueueS3Configuration": {
                "BucketARN": f"arn:aws:s3:::{letters.bucket}",
                "ExpectedBucketOwner": letters.owner,
                "ErrorOutputPrefix": letters.prefix,
            },
            "StorageConfiguration": {
                "BucketARN": f"arn:aws:s3:::{channel.bucket}",
                "ExpectedBucketOwner": channel.owner,
                "OutputKeyTemplate": channel.template,
                "StorageClass": channel.storage_class,
                "CompressionType": "NONE" if channel.compression == "UNCOMPRESSED" else channel.compression,
            },
        },
        "LoggingConfiguration": {"CloudWatchLogs": {"Enabled": False}},
    }


def _summary(channel: Channel) -> dict[str, Any]:
    return {**_names(channel, "ACTIVE"), "ChannelDestinationType": "S3", "Streams": [_stream(channel)]}


def _names(channel: Channel, status: str) -> dict[str, Any]:
    return {
        "ChannelName": channel.name,
        "ChannelARN": channel.arn,
        "ChannelId": channel.id,
        "ChannelStatus": status,
        "ChannelCreationTimestamp": Moment(channel.since / 1000),
    }


def _stream(channel: Channel) -> dict[str, Any]:
    return {"StreamARN": channel.stream, "StreamCreationTimestamp": Moment(channel.stream_created / 1000)}
