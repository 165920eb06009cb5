"""Queues and streams as pipes see them. It only joins rooms that don't know each other."""

from __future__ import annotations

import base64
from collections.abc import Sequence

from eventyard.clock import Clock
from eventyard.pipes.records import mapped_record, queue_record, stream_record
from eventyard.pipes.resources import Record
from eventyard.pipes.stream_source import Chunk, Shard
from eventyard.queues import Queues
from eventyard.queues.messages import ORIGIN, Attribute, Received, md5_of_body
from eventyard.streams import Iterator, Place, Read, Reading, Streams
from eventyard.streams.resources import shard_id


class QueueAsSource:
    """The queue with ``arn``."""

    def __init__(self, queues: Queues, arn: str, region: str) -> None:
        self._queues = queues
        self._arn = arn
        self._region = region

    def check(self) -> None:
        self._queues.get(self._arn)

    async def receive(self, limit: int, wait: float) -> Sequence[tuple[str, Record]]:
        found = await self._queues.receive(self._arn, limit, None, wait)
        return [(one.message.receipt, self._record(one)) for one in found]

    async def delete(self, receipts: Sequence[str]) -> None:
        await self._queues.settle(self._arn, [(receipt, None) for receipt in receipts])

    def _record(self, one: Received) -> Record:
        message = one.message
        system = {name: value for name, value in one.system.items() if name != ORIGIN}
        attributes = {
            "ApproximateReceiveCount": str(message.receives),
            "SentTimestamp": str(message.sent),
            "SenderId": self._arn.split(":", 5)[4],
            "ApproximateFirstReceiveTimestamp": str(message.first_received),
            **system,
        }
        if message.group is not None:
            attributes["MessageGroupId"] = message.group
        fifo = self._arn.endswith(".fifo")
        if fifo:
            attributes["SequenceNumber"] = f"{message.sequence:020d}"
        shown = {
            "messageId": message.id,
            "receiptHandle": message.receipt,
            "attributes": attributes,
            "messageAttributes": {name: _attribute(value) for name, value in one.attributes.items()},
            "md5OfBody": md5_of_body(message.body),
        }
        group, trace = message.group if fifo else None, system.get("AWSTraceHeader")
        return queue_record(self._arn, self._region, shown, message.body, message.sent, group, trace)


def _attribute(value: Attribute) -> dict[str, object]:
    binary = None if value.binary is None else base64.b64encode(value.binary).decode()
    given = {"stringValue": value.string, "binaryValue": binary}
    return {name: text for name, text in given.items() if text is not None} | {
        "stringListValues": [],
        "binaryListValues": [],
        "dataType": value.type,
    }


class StreamAsSource:
    """The stream with ``arn``. ``role``: for an event source mapping, as whom its function is called."""

    def __init__(
        self, streams: Streams, reading: Reading, clock: Clock, arn: str, region: str, role: str | None = None
    ) -> None:
        self._role = role
        self._streams = streams
        self._reading = reading
        self._clock = clock
        self._arn = arn
        self._region = region

    def shards(self) -> Sequence[Shard]:
        return [
            Shard(shard.id, [shard_id(parent) for parent in shard.parents], shard.opened)
            for shard in self._streams.get(self._arn).shards
        ]

    async def start(self, shard: str, kind: str, time: int | None) -> int:
        place = (
            Place("AT_TIMESTAMP", time=time)
            if kind == "AT_TIMESTAMP"
            else (Place("LATEST") if kind == "LATEST" else Place("TRIM_HORIZON"))
        )
        return (await self._reading.iterator(self._arn, shard, place)).after

    async def read(self, shard: str, after: int, limit: int, patience: float) -> Chunk:
        stream = self._streams.get(self._arn)
        number = next((one.number for one in stream.shards if one.id == shard), -1)
        iterator = Iterator(self._arn, stream.created, number, after, self._clock.now())
        pages = self._reading.follow(iterator, patience)
        try:
            async for page in pages:
                if page.records or page.next is None or patience == 0:
                    break
                patience = 0
            else:
                return Chunk([], False)
        finally:
            await pages.aclose()
        at = next(one for one in self._streams.get(self._arn).shards if one.id == shard)
        records = [
            (
                at.position(one.sequence) or 0,
                self._record(shard, one),
            )
            for one in page.records[:limit]
        ]
        return Chunk(records, page.next is None and len(page.records) <= limit)

    def _record(self, shard: str, one: Read) -> Record:
        if self._role is None:
            return stream_record(self._arn, self._region, shard, one.sequence, one.key, one.data, one.arrived)
        return mapped_record(self._arn, self._region, self._role, shard, one.sequence, one.key, one.data, one.arrived)
