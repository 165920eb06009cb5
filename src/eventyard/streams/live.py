"""A stream while the server runs: which shard takes a hash key, the gate for puts, the bells for those who wait."""

from __future__ import annotations

import asyncio
from bisect import bisect_right

from eventyard.streams.gate import Gate
from eventyard.streams.resources import Shard, Stream


class Bell:
    """Wakes everybody who waits. Take ``next_ring`` before looking, then wait for it: no ring is missed."""

    def __init__(self) -> None:
        self.next_ring = asyncio.Event()

    def ring(self) -> None:
        self.next_ring.set()
        self.next_ring = asyncio.Event()


class Live:
    """The one changing thing about a stream. ``stream`` is what the catalog has."""

    def __init__(self, stream: Stream) -> None:
        self.gate = Gate()
        self._bells: dict[int, Bell] = {}
        self._turn = -1
        self.show(stream)

    def show(self, stream: Stream) -> None:
        """From now on, be ``stream``; readers of closed shards are woken."""
        self.stream = stream
        self._open = sorted(stream.open_shards, key=lambda shard: int(shard.low))
        self._starts = [int(shard.low) for shard in self._open]
        self.ring_all()

    def next_shard(self) -> Shard:
        """The open shards in turn."""
        self._turn += 1
        return self._open[self._turn % len(self._open)]

    def shard_of(self, hash_key: int) -> Shard:
        """The open shard that takes ``hash_key``."""
        return self._open[bisect_right(self._starts, hash_key) - 1]

    def bell(self, shard: int) -> Bell:
        return self._bells.setdefault(shard, Bell())

    def ring(self, shard: int) -> None:
        bell = self._bells.get(shard)
        if bell is not None:
            bell.ring()

    def ring_all(self) -> None:
        for bell in self._bells.values():
            bell.ring()
