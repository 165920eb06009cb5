"""The door of Amazon Kinesis Data Streams' API: which operation is answered by whom."""

from __future__ import annotations

from eventyard.api.kinesis.capacity import CapacityOperations
from eventyard.api.kinesis.channels import ChannelOperations
from eventyard.api.kinesis.consumers import ConsumerOperations
from eventyard.api.kinesis.marks import MarkOperations
from eventyard.api.kinesis.queue_records import QueueRecordOperations
from eventyard.api.kinesis.queues import QueueOperations
from eventyard.api.kinesis.records import RecordOperations
from eventyard.api.kinesis.shards import ShardOperations
from eventyard.api.kinesis.streams import StreamOperations
from eventyard.api.kinesis.subscriptions import Subscriptions
from eventyard.clock import Clock
from eventyard.firehose import Channels
from eventyard.streams import Commitments, Queues, Reading, Streams
from eventyard.wire import Door


def kinesis_door(
    streams: Streams,
    reading: Reading,
    queues: Queues,
    channels: Channels,
    commitments: Commitments,
    clock: Clock,
    dev: bool,
) -> Door:
    """The whole API. ``dev``: channels may write sooner than AWS's do."""
    return Door(
        service="kinesis",
        operations={
            **StreamOperations(streams, commitments, clock).operations(),
            **CapacityOperations(streams, commitments, clock).operations(),
            **ShardOperations(streams, clock).operations(),
            **RecordOperations(streams, reading).operations(),
            **ConsumerOperations(streams, commitments, clock).operations(),
            **Subscriptions(streams, reading, clock).operations(),
            **MarkOperations(streams, queues, channels).operations(),
            **QueueOperations(streams, queues, commitments, clock).operations(),
            **ChannelOperations(streams, channels, clock, dev).operations(),
            **QueueRecordOperations(queues).operations(),
        },
    )
