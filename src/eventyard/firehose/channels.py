"""The channels: made, changed and ended here; ``delivery`` writes the files. AWS's API is not known here."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

from eventyard.clock import Clock
from eventyard.errors import Conflict, LimitExceeded, NotFound
from eventyard.firehose.channel import Channel, check_channel
from eventyard.firehose.delivery import Delivery
from eventyard.firehose.hoses import Feeds, reached_in, root_of
from eventyard.store import Catalog, Change, Progress

_KIND = "channel"
#: Of a stream. AWS starts with one and raises it on demand.
_MOST = 20


class Channels:
    """Every channel of this server, by ARN. ``root``: the directory of the buckets; None without one. Call ``load``
    after that of the delivery streams, which clears up in the directory."""

    def __init__(self, catalog: Catalog, progress: Progress, clock: Clock, feeds: Feeds, root: Path | None) -> None:
        self._catalog = catalog
        self._progress = progress
        self._clock = clock
        self._feeds = feeds
        self._root = root
        self._live: dict[str, tuple[Channel, Delivery]] = {}
        self._changing = asyncio.Lock()

    async def load(self) -> None:
        """Bring back the channels that were made before, and go on delivering."""
        kept = await self._catalog.load(_KIND)
        reached = reached_in(await self._progress.load()) if kept else {}
        for value in kept.values():
            channel = msgspec.json.decode(value, type=Channel)
            self._start(channel, reached.get(channel.arn, {}))

    async def close(self) -> None:
        """Stop; what waits is delivered by the next run."""
        await asyncio.gather(*(delivery.close() for _, delivery in self._live.values()))

    def get(self, arn: str) -> Channel:
        """Raises NotFound."""
        return self._find(arn)[0]

    def find(self, account: str, region: str) -> list[Channel]:
        """The channels of an account in a region, by ARN."""
        found = [
            channel for channel, _ in self._live.values() if (channel.account, channel.region) == (account, region)
        ]
        return sorted(found, key=lambda channel: channel.arn)

    def count(self, stream: str) -> int:
        """How many channels read a stream."""
        return sum(channel.stream == stream for channel, _ in self._live.values())

    async def create(self, channel: Channel) -> None:
        """Begin to deliver. Raises Conflict where one of that name is, LimitExceeded, InvalidRequest for one that can't
        be."""
        check_channel(channel)
        root_of(self._root)
        async with self._changing:
            if any(one.name == channel.name for one in self.find(channel.account, channel.region)):
                message = f"Channel {channel.name} under account {channel.account} already exists."
                raise Conflict(message, "ResourceInUseException")
            if self.count(channel.stream) >= _MOST:
                raise LimitExceeded(f"A stream can have {_MOST} channels at most.")
            await self._save(channel)
            self._start(channel, {})

    async def change(self, arn: str, edit: Callable[[Channel], Channel]) -> Channel:
        """Make the channel what ``edit`` says; durable when this returns. Nothing is changed if ``edit`` raises."""
        async with self._changing:
            channel, delivery = self._find(arn)
            channel = edit(channel)
            await self._save(channel)
            self._live[arn] = channel, delivery
            delivery.show(channel.job)
            return channel

    async def delete(self, arn: str) -> None:
        """End a channel. What is in files stays; what waits is in the stream."""
        async with self._changing:
            _, delivery = self._find(arn)
            await self._catalog.apply([Change(_KIND, arn, None)])
            del self._live[arn]
            await delivery.close()
            await delivery.forget()

    def _find(self, arn: str) -> tuple[Channel, Delivery]:
        found = self._live.get(arn)
        if found is None:
            raise NotFound(f"Channel {arn} not found.")
        return found

    def _start(self, channel: Channel, reached: Mapping[str, int]) -> None:
        rung: list[Delivery] = []
        source = self._feeds.feed(channel.stream, channel.since, lambda: rung[0].ring())
        delivery = Delivery(channel.job, source, root_of(self._root), self._progress, self._clock)
        rung.append(delivery)
        delivery.start(reached)
        self._live[channel.arn] = channel, delivery

    async def _save(self, channel: Channel) -> None:
        await self._catalog.apply([Change(_KIND, channel.arn, msgspec.json.encode(channel))])
