"""SubscribeToShard: records pushed to a registered consumer as they come, for five minutes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

import msgspec

from eventyard.api.kinesis.address import Addresses, end_dry_run
from eventyard.api.kinesis.records import record_shape
from eventyard.api.kinesis.shape import child_shape
from eventyard.clock import Clock
from eventyard.errors import Conflict
from eventyard.streams import Consumer, Iterator, Page, Place, Reading, Shard, Stream, Streams, shard_of
from eventyard.wire import Caller, Handler

# API reference, SubscribeToShard: how long a subscription lasts, and how soon another may take over (ms).
_LIFE, _GRACE = 300_000, 5_000
#: Seconds after which a subscriber hears of a shard without news.
_SIGN_OF_LIFE = 5.0


class _Subscription(msgspec.Struct, eq=False):
    """Compared by identity: whoever finds another in its place has been taken over."""

    since: int


class Subscriptions:
    """One subscription for each consumer and shard at a time."""

    def __init__(self, streams: Streams, reading: Reading, clock: Clock) -> None:
        self._streams = streams
        self._reading = reading
        self._addresses = Addresses(streams)
        self._clock = clock
        self._now: dict[tuple[str, str], _Subscription] = {}

    def operations(self) -> Mapping[str, Handler]:
        return {"SubscribeToShard": self.subscribe}

    async def subscribe(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        stream, consumer = self._addresses.consumer(caller, params, "SubscribeToShard")
        shard = shard_of(stream, params["ShardId"])
        given = params["StartingPosition"]
        time = given.get("Timestamp")
        place = Place(
            given["Type"], given.get("SequenceNumber"), None if time is None else round(time.timestamp() * 1000)
        )
        start = await self._reading.iterator(stream.arn, shard.id, place)
        key, now = (consumer.arn, shard.id), self._clock.now()
        before = self._now.get(key)
        if before is not None and now - before.since < _GRACE:
            raise _in_use(consumer, shard)
        end_dry_run(params)
        mine = self._now[key] = _Subscription(now)
        self._streams.live(stream.arn).ring(shard.number)  # so that the one before sees that it was taken over
        return {"EventStream": self._events(stream, consumer, shard, start, mine)}

    async def _events(
        self, stream: Stream, consumer: Consumer, shard: Shard, start: Iterator, mine: _Subscription
    ) -> AsyncIterator[tuple[str, dict[str, Any]]]:
        key = (consumer.arn, shard.id)
        pages = self._reading.follow(start, _SIGN_OF_LIFE)
        try:
            async for page in pages:
                if self._now.get(key) is not mine:
                    raise _in_use(consumer, shard)
                now_stream = self._streams.get(stream.arn)
                if all(one.arn != consumer.arn for one in now_stream.consumers):
                    return
                yield "SubscribeToShardEvent", _event(now_stream, shard, page)
                if self._clock.now() - mine.since >= _LIFE:
                    return
        finally:
            await pages.aclose()
            if self._now.get(key) is mine:
                del self._now[key]


def _event(stream: Stream, shard: Shard, page: Page) -> dict[str, Any]:
    return {
        "Records": [record_shape(record) for record in page.records],
        "ContinuationSequenceNumber": shard.sequence(page.after),
        "MillisBehindLatest": page.behind,
        "ChildShards": [child_shape(child) for child in page.children] or None,
    }


def _in_use(consumer: Consumer, shard: Shard) -> Conflict:
    return Conflict(
        f"Another active subscription exists for this consumer: {consumer.name}, shard: {shard.id}",
        "ResourceInUseException",
    )
