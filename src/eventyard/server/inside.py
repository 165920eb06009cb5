"""The kinds of targets that live in this house. The one file that makes them by their ARN."""

from __future__ import annotations

from eventyard.bus import Publisher
from eventyard.clock import Clock
from eventyard.functions import Functions
from eventyard.queues import Queues
from eventyard.server.kinds import Kinds
from eventyard.server.loggroups import LogKeeping
from eventyard.server.streaming import Streaming
from eventyard.targets.admission import Admission
from eventyard.targets.bus import Admit, BusTarget
from eventyard.targets.firehose import FirehoseTarget
from eventyard.targets.function import FunctionTarget
from eventyard.targets.http import Courier, HttpTarget
from eventyard.targets.queue import QueueTarget
from eventyard.targets.stream import StreamTarget
from eventyard.targets.topic import TopicTarget
from eventyard.topics import Topics


def add_inside(
    kinds: Kinds,
    *,
    queues: Queues,
    topics: Topics,
    streaming: Streaming,
    functions: Functions,
    logs: LogKeeping,
    courier: Courier,
    publisher: Publisher,
    admit: Admission,
    forward: Admit,
    clock: Clock,
    hops: int,
) -> None:
    """``admit``: asks the policies of queues, topics, functions; ``forward``: that of a bus. ``hops``: the most buses
    that an event may pass."""
    add = kinds.add
    add("sns", lambda arn, parameters: TopicTarget(topics.deliver, arn, admit))
    add("sqs", lambda arn, given: QueueTarget(queues.deliver, arn, given.get("SqsParameters") or {}, admit))
    add("firehose", lambda arn, parameters: FirehoseTarget(streaming.hoses.put, arn))
    add("lambda", lambda arn, parameters: FunctionTarget(functions.deliver, arn, admit))
    add("logs", logs.target)
    add(
        "kinesis",
        lambda arn, given: StreamTarget(streaming.streams.deliver, arn, given.get("KinesisParameters") or {}),
    )
    add("events/event-bus", lambda arn, parameters: BusTarget(publisher.publish, forward, clock, arn, hops))
    add("events/api-destination", lambda arn, given: HttpTarget(courier, arn, given.get("HttpParameters") or {}))
