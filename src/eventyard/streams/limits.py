"""What a shard takes and gives in a second, for those who want to test against AWS's limits. Knows no streams.

Source: Kinesis developer guide, "Quotas and limits" (a shard: 1 MiB and 1,000 records a second written, 2 MiB and 5
calls of GetRecords a second read) and API reference, GetRecords (after a large answer the next calls have to wait).
"""

from __future__ import annotations

import msgspec

from eventyard.clock import Clock

_WRITE_BYTES, _WRITE_RECORDS = 1 << 20, 1000
_READ_BYTES, _READ_CALLS = 2 << 20, 5


class _Bucket(msgspec.Struct):
    """Holds a second's worth at most, and fills evenly. What is taken at once may be more: then it has to make up for
    it before anything else."""

    rate: float
    level: float
    at: int

    def has(self, amount: float, now: int) -> bool:
        self.level = min(self.rate, self.level + self.rate * max(now - self.at, 0) / 1000)
        self.at = now
        return self.level >= min(amount, self.rate)


class Limits:
    """Shards by the names of their logs."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._shards: dict[str, dict[str, _Bucket]] = {}

    def write(self, shard: str, size: int) -> bool:
        """Whether the shard takes a record of ``size`` bytes now, which then counts."""
        now, buckets = self._clock.now(), self._of(shard)
        records, data = buckets["records"], buckets["written"]
        if not (records.has(1, now) and data.has(size, now)):
            return False
        records.level -= 1
        data.level -= size
        return True

    def read(self, shard: str) -> bool:
        """Whether the shard may be read now, which then counts as a call."""
        now, buckets = self._clock.now(), self._of(shard)
        calls, data = buckets["calls"], buckets["read"]
        if not (calls.has(1, now) and data.has(1, now)):
            return False
        calls.level -= 1
        return True

    def given(self, shard: str, size: int) -> None:
        """So many bytes were read."""
        self._of(shard)["read"].level -= size

    def forget(self, shard: str) -> None:
        """The shard is gone."""
        self._shards.pop(shard, None)

    def _of(self, shard: str) -> dict[str, _Bucket]:
        found = self._shards.get(shard)
        if found is None:
            rates = {"records": _WRITE_RECORDS, "written": _WRITE_BYTES, "calls": _READ_CALLS, "read": _READ_BYTES}
            now = self._clock.now()
            found = self._shards[shard] = {name: _Bucket(rate, rate, now) for name, rate in rates.items()}
        return found
