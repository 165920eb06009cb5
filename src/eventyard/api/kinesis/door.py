"""The door of Amazon Kinesis Data Streams' API: which operation is answered by whom."""

from __future__ import annotations

from eventyard.api.kinesis.capacity import CapacityOperations
from eventyard.api.kinesis.consumers import ConsumerOperations
from eventyard.api.kinesis.marks import MarkOperations
from eventyard.api.kinesis.queue_records import QueueRecordOperations
from eventyard.api.kinesis.queues import QueueOperations
from eventyard.api.kinesis.records import RecordOperations
from eventyard.api.kinesis.shards import ShardOperations
from eventyard.api.kinesis.streams import StreamOperations
from eventyard.api.kinesis.subscriptions import Subscriptions
from eventyard.clock import Clock
from eventyard.streams import Commitments, Queues, Reading, Streams
from eventyard.wire import Door


def kinesis_door(streams: Streams, reading: Reading, queues: Queues, commitments: Commitments, clock: Clock) -> Door:
    """What this server does of the API; the wire refuses the rest by name."""
    return Door(
        service="kinesis",
        operations={
            **StreamOperations(streams, commitments, clock).operations(),
            **CapacityOperations(streams, commitments, clock).operations(),
            **ShardOperations(streams, clock).operations(),
            **RecordOperations(streams, reading).operations(),
            **ConsumerOperations(streams, commitments, clock).operations(),
            **Subscriptions(streams, reading, clock).operations(),
            **MarkOperations(streams, queues).operations(),
            **QueueOperations(streams, queues, commitments, clock).operations(),
            **QueueRecordOperations(queues).operations(),
        },
    )
