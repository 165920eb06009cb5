"""Operations on records: putting them, and reading by iterators."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from eventyard.api.kinesis.address import BAD, Addresses, end_dry_run, refuse_reserved
from eventyard.api.kinesis.shape import child_shape
from eventyard.errors import InvalidRequest, TryAgain
from eventyard.streams import (
    MAX_HASH,
    MOST_RECORDS,
    Entry,
    Failed,
    Place,
    Read,
    Reading,
    Stream,
    Streams,
    is_sequence,
    rate_exceeded,
    read_iterator,
)
from eventyard.wire import Caller, Handler, Moment

_MOST_BYTES = 10 << 20


class RecordOperations:
    """Each method answers one operation."""

    def __init__(self, streams: Streams, reading: Reading) -> None:
        self._streams = streams
        self._reading = reading
        self._addresses = Addresses(streams)

    def operations(self) -> Mapping[str, Handler]:
        return {
            "GetRecords": self.get,
            "GetShardIterator": self.iterator,
            "PutRecord": self.put,
            "PutRecords": self.put_many,
        }

    async def put(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        stream = self._addresses.stream(caller, params, "PutRecord")
        # Numbers of a shard rise with every put, so what comes later is ordered behind in any case.
        ordering = params.get("SequenceNumberForOrdering")
        if ordering is not None and not is_sequence(ordering):
            raise InvalidRequest(
                f"SequenceNumberForOrdering {ordering} used in PutRecord on stream {stream.name} under account "
                f"{stream.account} is invalid.",
                BAD,
            )
        entry = self._entry(stream, params, "")
        end_dry_run(params)
        (outcome,) = await self._streams.put(stream.arn, [entry])
        if isinstance(outcome, Failed):
            raise TryAgain(outcome.message, outcome.code)
        return {"ShardId": outcome.shard, "SequenceNumber": outcome.sequence, "EncryptionType": stream.encryption}

    async def put_many(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        stream = self._addresses.stream(caller, params, "PutRecords")
        entries = [
            self._entry(stream, record, f"records.{number}.member.")
            for number, record in enumerate(params["Records"], 1)
        ]
        if sum(entry.size for entry in entries) > _MOST_BYTES:
            raise InvalidRequest(f"Records size exceeds {_MOST_BYTES} bytes", BAD)
        end_dry_run(params)
        outcomes = await self._streams.put(stream.arn, entries)
        return {
            "FailedRecordCount": sum(isinstance(one, Failed) for one in outcomes),
            "Records": [
                {"ErrorCode": one.code, "ErrorMessage": one.message}
                if isinstance(one, Failed)
                else {"ShardId": one.shard, "SequenceNumber": one.sequence}
                for one in outcomes
            ],
            "EncryptionType": stream.encryption,
        }

    async def iterator(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        stream = self._addresses.stream(caller, params, "GetShardIterator")
        time = params.get("Timestamp")
        place = Place(
            params["ShardIteratorType"],
            params.get("StartingSequenceNumber"),
            None if time is None else round(time.timestamp() * 1000),
        )
        iterator = await self._reading.iterator(stream.arn, params["ShardId"], place)
        end_dry_run(params)
        return {"ShardIterator": iterator.text()}

    async def get(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        refuse_reserved(params)
        iterator = read_iterator(params["ShardIterator"])
        if params.get("StreamARN") not in (None, iterator.arn):
            raise InvalidRequest("The ShardIterator is not one of the stream with the given StreamARN.", BAD)
        # An iterator is no permission: who holds it must still be allowed to read.
        stream = self._addresses.by_arn(caller, iterator.arn, "GetRecords")
        if params.get("DryRun"):
            await self._reading.read(iterator, 1)
            end_dry_run(params)
        limits = self._streams.limits if stream.mode == "PROVISIONED" else None
        shard = next((one for one in stream.shards if one.number == iterator.shard), None)
        if limits is not None and shard is not None and not limits.read(stream.log_name(shard)):
            refused = rate_exceeded(stream, shard)
            raise TryAgain(refused.message, refused.code)
        page = await self._reading.read(iterator, params.get("Limit") or MOST_RECORDS)
        if limits is not None and shard is not None:
            limits.given(stream.log_name(shard), sum(len(record.data) + len(record.key) for record in page.records))
        return {
            "Records": [record_shape(record) for record in page.records],
            "NextShardIterator": None if page.next is None else page.next.text(),
            "MillisBehindLatest": page.behind,
            "ChildShards": [child_shape(child) for child in page.children] or None,
        }

    def _entry(self, stream: Stream, record: dict[str, Any], path: str) -> Entry:
        """The record in ``record``. Raises InvalidRequest for what can't be put."""
        key, given = record.get("PartitionKey"), record.get("ExplicitHashKey")
        if stream.distribution == "AUTO":
            key = key or ""
        if key is None:
            raise InvalidRequest(
                f"1 validation error detected: Value null at '{path}partitionKey' failed to satisfy constraint: Member "
                "must not be null"
            )
        hash_key = None if given is None else int(given)
        if hash_key is not None and hash_key > MAX_HASH:
            raise InvalidRequest(f"Invalid ExplicitHashKey. ExplicitHashKey must be in the range: [0, {MAX_HASH}]. "
                                 f"Specified value was {given}", BAD)  # fmt: skip
        entry = Entry(record["Data"], key, hash_key)
        self._streams.check(stream.arn, entry)
        return entry


def record_shape(record: Read) -> dict[str, Any]:
    """A Record of the API."""
    return {
        "SequenceNumber": record.sequence,
        "ApproximateArrivalTimestamp": Moment(record.arrived / 1000),
        "Data": record.data,
        "PartitionKey": record.key,
        "EncryptionType": "KMS" if record.sealed else "NONE",
    }
