"""Reading from streams: where an iterator begins, what it finds, what follows a closed shard. Changes nothing."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from typing import Literal

import msgspec

from eventyard.clock import Clock, wait_for
from eventyard.errors import InvalidRequest, NotFound
from eventyard.event import Event
from eventyard.store import EventLog
from eventyard.streams.iterators import LIFE, Iterator
from eventyard.streams.records import Read
from eventyard.streams.resources import Shard, Stream
from eventyard.streams.sharding import find_shard
from eventyard.streams.streams import Streams

MOST_RECORDS = 10_000
MOST_BYTES = 10 << 20
_FAR = 1 << 62
_BAD = "InvalidArgumentException"

Start = Literal["AT_SEQUENCE_NUMBER", "AFTER_SEQUENCE_NUMBER", "TRIM_HORIZON", "LATEST", "AT_TIMESTAMP"]


class Place(msgspec.Struct, frozen=True):
    """Where to begin to read. ``sequence``/``time`` (ms): for the kinds that need it."""

    kind: Start
    sequence: str | None = None
    time: int | None = None


class Page(msgspec.Struct, frozen=True):
    """What one read found. ``next``: how to go on; None at the end of a closed shard, whose ``children`` follow.
    ``behind``: ms between what was read and now; 0 at the tip. ``after``: the position that was reached."""

    records: Sequence[Read]
    next: Iterator | None
    behind: int
    children: Sequence[Shard]
    after: int


class Reading:
    """Reads the streams' logs."""

    def __init__(self, streams: Streams, eventlog: EventLog, clock: Clock) -> None:
        self._streams = streams
        self._log = eventlog
        self._clock = clock

    async def iterator(self, arn: str, shard_id: str, place: Place) -> Iterator:
        """Where reading ``shard_id`` begins. Raises NotFound, and InvalidRequest for a place that can't be."""
        stream = self._streams.get(arn)
        shard = shard_of(stream, shard_id)
        after = await self._after(stream, shard, place)
        return Iterator(arn, stream.created, shard.number, after, self._clock.now())

    async def read(self, iterator: Iterator, limit: int = MOST_RECORDS) -> Page:
        """Up to ``limit`` records and 10 MiB from where ``iterator`` stands. Raises InvalidRequest for an expired one,
        NotFound when the stream or the shard is gone."""
        now = self._clock.now()
        if now - iterator.issued > LIFE:
            raise InvalidRequest(
                f"Iterator expired. The iterator was created at time {iterator.issued} while right now it is {now} "
                f"which is further in the future than the tolerated delay of {LIFE} milliseconds.",
                "ExpiredIteratorException",
            )
        stream = self._streams.get(iterator.arn)
        shard = next((one for one in stream.shards if one.number == iterator.shard), None)
        if stream.created != iterator.made or shard is None:
            raise NotFound(f"Stream {stream.name} under account {stream.account} has no such shard any more.")
        # Base64 takes four bytes for three; a full page of large records may be a little too much and is cut below.
        most = MOST_BYTES * 4 // 3 + 400 * limit
        after, rows = await read_kept(self._log, stream, shard, iterator.after, limit, now, most)
        records: list[Read] = []
        size = 0
        for position, event in rows:
            record = self._streams.envelope.take(stream, event, shard.sequence(position))
            size += len(record.data) + len(record.key)
            if records and size > MOST_BYTES:
                break
            records.append(record)
            after = position
        # What came meanwhile counts: a shard that was closed since then has ended only behind its last record.
        stream = self._streams.get(iterator.arn)
        shard = next((one for one in stream.shards if one.number == iterator.shard), shard)
        more = after < await self._streams.last(stream, shard)
        ended = shard.closed is not None and not more
        behind = max(now - records[-1].arrived, 1) if more and records else 0
        children = [one for one in stream.shards if shard.number in one.parents] if ended else []
        following = None if ended else msgspec.structs.replace(iterator, after=after, issued=now)
        return Page(records, following, behind, children, after)

    async def behind(self, stream: Stream, shard: Shard, after: int, limit: int) -> list[tuple[int, Read]]:
        """Up to ``limit`` records that the stream still keeps behind position ``after`` of a shard, with positions."""
        _, rows = await read_kept(self._log, stream, shard, after, limit, self._clock.now())
        envelope = self._streams.envelope
        return [(position, envelope.take(stream, event, shard.sequence(position))) for position, event in rows]

    async def start(self, stream: Stream, shard: Shard, time: int) -> int:
        """The position behind which the records lie that arrived at ``time`` (ms) or later."""
        return await self._log.locate(stream.log_name(shard), time) - 1

    async def follow(self, iterator: Iterator, patience: float) -> AsyncGenerator[Page]:
        """Page after page as records come, at least one in ``patience`` seconds, until the server stops; the last one
        of a closed shard has no ``next``. Raises NotFound when the stream is deleted meanwhile."""
        live = self._streams.live(iterator.arn)
        while not self._streams.closed:
            ring = live.bell(iterator.shard).next_ring
            page = await self.read(iterator)
            yield page
            if page.next is None:
                return
            iterator = page.next
            if not page.records:
                await wait_for(ring, self._clock, patience)
            iterator = msgspec.structs.replace(iterator, issued=self._clock.now())

    async def _after(self, stream: Stream, shard: Shard, place: Place) -> int:
        name = stream.log_name(shard)
        if place.kind == "TRIM_HORIZON":
            return await self._log.locate(name, stream.trim_horizon(self._clock.now())) - 1
        if place.kind == "LATEST":
            return await self._streams.last(stream, shard)
        if place.kind == "AT_TIMESTAMP":
            if place.time is None:
                raise _needs("Timestamp", place.kind)
            now = self._clock.now()
            if place.time > now:
                raise InvalidRequest(
                    "The timestampInMillis parameter cannot be greater than the currentTimestampInMillis. "
                    f"timestampInMillis: {place.time}, currentTimestampInMillis: {now}",
                    _BAD,
                )
            return await self._log.locate(name, max(place.time, stream.trim_horizon(now))) - 1
        if place.sequence is None:
            raise _needs("StartingSequenceNumber", place.kind)
        position = shard.position(place.sequence)
        # A closed shard's ending number stands one behind its last record.
        if position is None or position > await self._streams.last(stream, shard) + (shard.closed is not None):
            raise InvalidRequest(
                f"StartingSequenceNumber {place.sequence} used in GetShardIterator on shard {shard.id} in stream "
                f"{stream.name} under account {stream.account} is invalid.",
                _BAD,
            )
        return max(position - 1, 0) if place.kind == "AT_SEQUENCE_NUMBER" else position


async def read_kept(
    eventlog: EventLog, stream: Stream, shard: Shard, after: int, limit: int, now: int, size: int = 4 << 20
) -> tuple[int, list[tuple[int, Event]]]:
    """Up to ``limit`` records of a shard behind ``after`` that the stream still keeps, and behind what they are."""
    name, horizon = stream.log_name(shard), stream.trim_horizon(now)
    rows = await eventlog.read(name, after, limit, size)
    if rows and rows[0][1].ingested < horizon:
        after = await eventlog.locate(name, horizon) - 1
        rows = await eventlog.read(name, after, limit, size)
    return after, rows


def shard_of(stream: Stream, shard_id: str) -> Shard:
    """Raises NotFound."""
    shard = find_shard(stream, shard_id)
    if shard is None:
        raise NotFound(f"Shard {shard_id} in stream {stream.name} under account {stream.account} does not exist")
    return shard


def _needs(parameter: str, kind: str) -> InvalidRequest:
    return InvalidRequest(f"Must specify {parameter} parameter for iterator of type {kind}.", _BAD)
