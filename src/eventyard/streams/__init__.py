"""The streams room: sharded, retained, ordered records that anybody may read again. Knows no events and no HTTP."""

from eventyard.streams.commitments import Commitment, Commitments
from eventyard.streams.iterators import LIFE, Iterator, Token, read_iterator, read_token
from eventyard.streams.limits import Limits
from eventyard.streams.queues import Held, Queues
from eventyard.streams.reading import MOST_RECORDS, Page, Place, Reading, shard_of
from eventyard.streams.records import Entry, Failed, Placed, Read
from eventyard.streams.resources import (
    DEFAULT_RECORD_KIB,
    MAX_HASH,
    MAX_RETENTION,
    MAX_TAGS,
    MIN_RETENTION,
    ON_DEMAND_SHARDS,
    Consumer,
    Distribution,
    Mode,
    Queue,
    QueueStart,
    Shard,
    Stream,
    is_sequence,
    stream_arn,
)
from eventyard.streams.sharding import Resharding
from eventyard.streams.streams import (
    ADVANTAGE_LIMIT,
    CONSUMER_LIMIT,
    ON_DEMAND_LIMIT,
    SHARD_LIMIT,
    LogKeeper,
    Streams,
    rate_exceeded,
)

__all__ = [
    "ADVANTAGE_LIMIT",
    "CONSUMER_LIMIT",
    "DEFAULT_RECORD_KIB",
    "LIFE",
    "MAX_HASH",
    "MAX_RETENTION",
    "MAX_TAGS",
    "MIN_RETENTION",
    "MOST_RECORDS",
    "ON_DEMAND_LIMIT",
    "ON_DEMAND_SHARDS",
    "SHARD_LIMIT",
    "Commitment",
    "Commitments",
    "Consumer",
    "Distribution",
    "Entry",
    "Failed",
    "Held",
    "Iterator",
    "Limits",
    "LogKeeper",
    "Mode",
    "Page",
    "Place",
    "Placed",
    "Queue",
    "QueueStart",
    "Queues",
    "Read",
    "Reading",
    "Resharding",
    "Shard",
    "Stream",
    "Streams",
    "Token",
    "is_sequence",
    "rate_exceeded",
    "read_iterator",
    "read_token",
    "shard_of",
    "stream_arn",
]
