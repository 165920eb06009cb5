"""How the hash keys of a stream are shared out: first shards, splits, merges, uniform scaling. Pure."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from eventyard.errors import InvalidRequest
from eventyard.streams.resources import MAX_HASH, Shard, Stream

_BAD = "InvalidArgumentException"


def first_shards(count: int, now: int) -> tuple[Shard, ...]:
    """``count`` shards of even ranges."""
    edges = [*_edges(count), MAX_HASH + 1]
    return tuple(Shard(at, str(edges[at]), str(edges[at + 1] - 1), now) for at in range(count))


def find_shard(stream: Stream, shard: str) -> Shard | None:
    """The shard with the id ``shard``, whether open or closed."""
    return next((one for one in stream.shards if one.id == shard), None)


class Resharding:
    """Changes to the shards of a stream, gathered. ``lasts``: the last positions of the open shards' logs, by number.

    Shards that are made and closed within one change never hold a record, but they are there: a reader gets from each
    shard to its children."""

    def __init__(self, stream: Stream, lasts: dict[int, int], now: int) -> None:
        self._shards = {shard.number: shard for shard in stream.shards}
        self._next = stream.next_shard
        self._lasts = lasts
        # A clock that was set back must not give children lower sequence numbers than their parents have.
        self._now = max([now, *(shard.opened + 1 for shard in stream.shards)])
        self._stream = stream

    def result(self) -> Stream:
        """The stream with all changes made."""
        return msgspec.structs.replace(self._stream, shards=tuple(self._shards.values()), next_shard=self._next)

    def split(self, shard: Shard, at: int) -> tuple[Shard, Shard]:
        """Close ``shard`` and open two in its place; the hash key ``at`` is the first of the second."""
        if not int(shard.low) < at <= int(shard.high):
            raise InvalidRequest(
                f"NewStartingHashKey {at} used in SplitShard() on shard {shard.id} in stream {self._stream.name} under "
                f"account {self._stream.account} is not both greater than one plus the shard's StartingHashKey "
                f"{shard.low} and less than the shard's EndingHashKey {shard.high}.",
                _BAD,
            )
        self._close(shard)
        return self._open(shard.low, str(at - 1), shard), self._open(str(at), shard.high, shard)

    def merge(self, first: Shard, second: Shard) -> Shard:
        """Close two adjacent shards and open one in their place."""
        low, high = sorted((first, second), key=lambda shard: int(shard.low))
        if int(low.high) + 1 != int(high.low):
            raise InvalidRequest(
                f"Shards {first.id} and {second.id} in stream {self._stream.name} under account "
                f"{self._stream.account} are not an adjacent pair of shards eligible for merging",
                _BAD,
            )
        self._close(first)
        self._close(second)
        return self._open(low.low, high.high, first, second)

    def scale(self, count: int) -> None:
        """Make the open shards ``count`` of even ranges, by splits and then merges."""
        wanted = _edges(count)
        for edge in wanted:
            shard = next(one for one in self._opened() if int(one.low) <= edge <= int(one.high))
            if int(shard.low) != edge:
                self.split(shard, edge)
        keep = set(wanted)
        while (extra := next((one for one in self._opened() if int(one.low) not in keep), None)) is not None:
            before = next(one for one in self._opened() if int(one.high) + 1 == int(extra.low))
            self.merge(before, extra)

    def _opened(self) -> Sequence[Shard]:
        return [shard for shard in self._shards.values() if shard.closed is None]

    def _open(self, low: str, high: str, *parents: Shard) -> Shard:
        opened = max(self._now, *(parent.opened + 1 for parent in parents), 0)
        shard = Shard(self._next, low, high, opened, tuple(parent.number for parent in parents))
        self._shards[shard.number] = shard
        self._next += 1
        return shard

    def _close(self, shard: Shard) -> None:
        last = self._lasts.get(shard.number, 0)
        closed = max(self._now, shard.opened)
        self._shards[shard.number] = msgspec.structs.replace(shard, closed=closed, last=last)


def _edges(count: int) -> list[int]:
    """The first hash keys of ``count`` even ranges."""
    return [at * (MAX_HASH + 1) // count for at in range(count)]
