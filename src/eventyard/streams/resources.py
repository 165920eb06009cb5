"""Streams as their makers described them: shards with their hash key ranges, consumers, settings. Holds no records."""

from __future__ import annotations

from typing import Literal

import msgspec

#: Hash keys are MD5 digests read as numbers (API reference, PutRecord).
MAX_HASH = (1 << 128) - 1
MIN_RETENTION, MAX_RETENTION = 24, 8760  # hours
MAX_TAGS = 50
DEFAULT_RECORD_KIB = 1024
ON_DEMAND_SHARDS = 4  # of a new stream (developer guide, "On-demand mode")

Mode = Literal["PROVISIONED", "ON_DEMAND"]
Distribution = Literal["USER_PARTITION_KEY", "AUTO"]
QueueStart = Literal["TRIM_HORIZON", "LATEST", "AT_TIMESTAMP"]

# Sequence numbers begin with 49 and have 56 digits, as those of AWS; from here down: when the shard was opened (ms),
# the position in its log, the number of the shard. A child opens after its parents did, so its numbers are higher.
_TOP = 1 << 185
_OPENED, _POSITION = 96, 32
_OPENED_MASK, _POSITION_MASK, _NUMBER_MASK = (1 << 48) - 1, (1 << 64) - 1, (1 << 32) - 1


class Shard(msgspec.Struct, frozen=True):
    """A part of a stream's hash keys. ``low``/``high``: the range, as decimal text because JSON numbers end at 64 bits.
    ``parents``: the numbers of the shards it was made from. ``closed``: when (ms); ``last``: the position of its last
    record then."""

    number: int
    low: str
    high: str
    opened: int
    parents: tuple[int, ...] = ()
    closed: int | None = None
    last: int | None = None

    @property
    def id(self) -> str:
        return shard_id(self.number)

    def sequence(self, position: int) -> str:
        """The sequence number of the record at ``position`` of the shard's log; 0 is before the first."""
        return str(_TOP | self.opened << _OPENED | position << _POSITION | self.number)

    def position(self, sequence: str) -> int | None:
        """The position that ``sequence`` means; None if it is not one of this shard's."""
        number = int(sequence)
        position = number >> _POSITION & _POSITION_MASK
        return position if self.sequence(position) == sequence else None


def shard_id(number: int) -> str:
    return f"shardId-{number:012d}"


def is_sequence(text: str) -> bool:
    """Whether ``text`` can be a sequence number of some shard."""
    return int(text) >> 185 == 1


class Consumer(msgspec.Struct, frozen=True):
    """A registered consumer (enhanced fan-out)."""

    arn: str
    name: str
    created: int
    tags: dict[str, str] = {}
    policy: str | None = None


class Queue(msgspec.Struct, frozen=True):
    """A queue on a stream. ``kind`` and ``given`` (ms): where it was told to begin; ``starts``: the position behind
    which it begins in each shard that there was; ``since`` (ms): nothing that arrived earlier is given out.
    ``visibility``: seconds. ``most_receives``: after so many a record is a dead letter; None for never."""

    arn: str
    name: str
    created: int
    kind: QueueStart
    given: int | None
    since: int
    starts: dict[int, int]
    visibility: int = 30
    most_receives: int | None = 6
    tags: dict[str, str] = {}
    policy: str | None = None


class Stream(msgspec.Struct, frozen=True):
    """A stream. ``shards``: in the order of their numbers, closed ones as long as their records may be read.
    ``retention``: hours. ``horizon``: nothing from before this time (ms) is readable, however long retention is now.
    ``next_shard``: numbers are never used twice. ``distribution``: what decides about a record's shard. ``warm``: MiB a
    second that a stream on demand was warmed up to; 0 is never."""

    arn: str
    account: str
    region: str
    name: str
    created: int
    shards: tuple[Shard, ...]
    next_shard: int
    mode: Mode = "PROVISIONED"
    retention: int = MIN_RETENTION
    horizon: int = 0
    max_record_kib: int = DEFAULT_RECORD_KIB
    key_id: str | None = None
    metrics: tuple[str, ...] = ()
    tags: dict[str, str] = {}
    policy: str | None = None
    consumers: tuple[Consumer, ...] = ()
    queues: tuple[Queue, ...] = ()
    distribution: Distribution = "USER_PARTITION_KEY"
    warm: int = 0

    @property
    def open_shards(self) -> tuple[Shard, ...]:
        return tuple(shard for shard in self.shards if shard.closed is None)

    @property
    def encryption(self) -> str:
        return "NONE" if self.key_id is None else "KMS"

    def trim_horizon(self, now: int) -> int:
        """The earliest time (ms) whose records can be read."""
        return max(self.horizon, now - self.retention * 3_600_000)

    @property
    def registered(self) -> int:
        """What counts against the limit of registered consumers."""
        return len(self.consumers) + len(self.queues)

    def log_name(self, shard: Shard) -> str:
        """The log that holds the records of ``shard``."""
        return f"{self.arn}/{shard.id}"


def stream_arn(account: str, region: str, name: str) -> str:
    return f"arn:aws:kinesis:{region}:{account}:stream/{name}"
