"""Streams as deliveries of files see them. It only joins rooms that don't know each other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from weakref import WeakSet

import structlog

from eventyard.firehose import Arrival, Reached
from eventyard.streams import Reading, Shard, Stream, Streams

log = structlog.get_logger("streams")


class StreamFeeds:
    """Keeps :class:`eventyard.firehose.Feeds`."""

    def __init__(self, streams: Streams, reading: Reading) -> None:
        self._streams = streams
        self._reading = reading
        self._feeds: dict[str, WeakSet[StreamFeed]] = {}
        streams.watch(self._appended)

    def check(self, arn: str) -> None:
        self._streams.get(arn)

    def feed(self, arn: str, since: int, ring: Callable[[], None]) -> StreamFeed:
        feed = StreamFeed(self._streams, self._reading, arn, since, ring)
        self._feeds.setdefault(arn, WeakSet()).add(feed)
        return feed

    def _appended(self, arn: str, count: int) -> None:
        for feed in self._feeds.get(arn, ()):
            feed.ring()


class StreamFeed:
    """Keeps :class:`eventyard.firehose.Source` for a stream; its parts are the shards. ``since``: ms."""

    def __init__(self, streams: Streams, reading: Reading, arn: str, since: int, ring: Callable[[], None]) -> None:
        # Every put rings, but how much waits is asked for once a second: to know it, the records are read.
        self.patience: float | None = 1.0
        self.ring = ring
        self._streams = streams
        self._reading = reading
        self._arn = arn
        self._since = since
        self._starts: dict[str, int] = {}
        self._counted: dict[str, int] = {}
        self._size = 0

    async def next(self, reached: Reached, limit: int = 1000) -> Sequence[Arrival]:
        stream = self._streams.get(self._arn)
        found: list[Arrival] = []
        for shard in stream.shards:
            after = await self._after(stream, shard, reached)
            rows = await self._reading.behind(stream, shard, after, limit - len(found))
            # Positions have no gaps but where retention made one.
            if rows and rows[0][0] > after + 1:
                lost = rows[0][0] - after - 1
                log.error("records expired before they were in a file", stream=self._arn, shard=shard.id, count=lost)
            found += [
                Arrival(shard.id, position, one.id, one.arrived, one.data, one.sequence) for position, one in rows
            ]
            if len(found) >= limit:
                break
        return found

    async def waiting(self, reached: Reached) -> tuple[int | None, int]:
        stream = self._streams.get(self._arn)
        oldest: int | None = None
        for shard in stream.shards:
            after = await self._after(stream, shard, reached)
            for _, first in await self._reading.behind(stream, shard, after, 1):
                oldest = first.arrived if oldest is None else min(oldest, first.arrived)
            rows = await self._reading.behind(stream, shard, max(after, self._counted.get(shard.id, 0)), 1000)
            self._size += sum(len(one.data) for _, one in rows)
            if rows:
                self._counted[shard.id] = rows[-1][0]
        return oldest, self._size

    async def written(self, size: int, newest: int) -> None:
        # More may have been written than had been counted.
        self._counted.clear()
        self._size = 0

    async def _after(self, stream: Stream, shard: Shard, reached: Reached) -> int:
        if shard.id in reached:
            return reached[shard.id]
        if shard.id not in self._starts:
            self._starts[shard.id] = await self._reading.start(stream, shard, self._since)
        return self._starts[shard.id]
