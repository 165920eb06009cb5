"""Operations on queues on streams: making, describing and listing them. Their records are ``queue_records``'."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from eventyard.api.kinesis.address import Addresses, QueueAddresses
from eventyard.api.kinesis.capacity import most_registered
from eventyard.api.kinesis.pages import Listing, page, wants
from eventyard.clock import Clock
from eventyard.errors import InvalidRequest, LimitExceeded, Unsupported
from eventyard.streams import MAX_TAGS, Commitments, Queue, Queues, Stream, Streams
from eventyard.wire import Caller, Handler, Moment


class QueueOperations:
    """Each method answers one operation."""

    def __init__(self, streams: Streams, queues: Queues, commitments: Commitments, clock: Clock) -> None:
        self._queues = queues
        self._commitments = commitments
        self._streams = Addresses(streams)
        self._addresses = QueueAddresses(queues)
        self._clock = clock

    def operations(self) -> Mapping[str, Handler]:
        return {
            "CreateQueue": self.create,
            "DeleteQueue": self.delete,
            "DescribeQueue": self.describe,
            "ListQueues": self.list,
            "UpdateQueue": self.update,
        }

    async def create(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        if len(params["StreamConfigurationList"]) != 1:
            raise InvalidRequest("StreamConfigurationList must contain exactly one entry.")
        given = params["StreamConfigurationList"][0]
        stream = self._streams.by_arn(caller, given["StreamARN"], "AssociateStreamsWithQueue")
        if stream.account != caller.account:
            raise Unsupported("A queue on a stream of another account is not supported by this server.")
        start = given.get("StartingPosition") or {"Type": "LATEST"}
        time = start.get("Timestamp")
        if (start["Type"] == "AT_TIMESTAMP") != (time is not None):
            raise InvalidRequest("Timestamp must be specified when Type is AT_TIMESTAMP, and only then.")
        tags = params.get("Tags") or {}
        if len(tags) > MAX_TAGS:
            raise LimitExceeded(f"A queue can have {MAX_TAGS} tags at most.")
        made, queue = await self._queues.create(
            stream.arn,
            params["QueueName"],
            start["Type"],
            None if time is None else round(time.timestamp() * 1000),
            _attributes(params.get("QueueAttributes") or {}),
            tags,
            most_registered(self._commitments, stream),
        )
        return {"QueueDescription": _shape(made, queue, "CREATING")}

    async def update(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        _, queue = self._addresses.queue(caller, params["QueueARN"], "UpdateQueue")
        stream, queue = await self._queues.change(queue.arn, _attributes(params["QueueAttributes"]))
        return {"QueueDescription": _shape(stream, queue, "UPDATING")}

    async def delete(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        _, queue = self._addresses.queue(caller, params["QueueARN"], "DeleteQueue")
        await self._queues.delete(queue.arn)
        return {}

    async def describe(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        stream, queue = self._addresses.queue(caller, params["QueueARN"], "DescribeQueue")
        return {"QueueDescription": _shape(stream, queue, "ACTIVE")}

    async def list(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        found = {
            queue.arn: (stream, queue)
            for stream, queue in self._queues.find(caller.account, caller.region)
            if wants(params.get("StreamFilter"), stream.arn, stream.created)
        }
        listing = Listing(f"queues {caller.account} {caller.region}", self._clock.now())
        shown, token = page(listing, sorted(found), params)
        return {"QueueSummaries": [_summary(*found[arn]) for arn in shown], "NextToken": token}


def _attributes(given: Mapping[str, Any]) -> Callable[[Queue], Queue]:
    """What QueueAttributes change. Raises InvalidRequest for what can't be."""
    changes: dict[str, Any] = {}
    if given.get("VisibilityTimeoutSeconds") is not None:
        changes["visibility"] = given["VisibilityTimeoutSeconds"]
    dead = given.get("DeadLetterConfiguration")
    if dead is not None:
        most = dead.get("MaxReceiveCount")
        if (dead["TargetType"] == "BUILT_IN") != (most is not None):
            raise InvalidRequest("MaxReceiveCount must be specified when TargetType is BUILT_IN, and only then.")
        changes["most_receives"] = most
    return lambda queue: msgspec.structs.replace(queue, **changes)


def _shape(stream: Stream, queue: Queue, status: str) -> dict[str, Any]:
    """A QueueDescription of the API. What is asked for is there at once; who waits for ACTIVE finds it next time."""
    since = queue.given if status == "CREATING" else queue.since
    dead = {"TargetType": "BUILT_IN", "MaxReceiveCount": queue.most_receives}
    return {
        **_names(queue, status),
        "StreamConfigurationList": [
            {
                "StreamARN": stream.arn,
                "StartingPosition": {
                    "Type": queue.kind,
                    "Timestamp": None if since is None else Moment(since / 1000),
                },
            }
        ],
        "QueueAttributes": {
            "VisibilityTimeoutSeconds": queue.visibility,
            "DeadLetterConfiguration": {"TargetType": "NONE"} if queue.most_receives is None else dead,
        },
    }


def _summary(stream: Stream, queue: Queue) -> dict[str, Any]:
    return {
        **_names(queue, "ACTIVE"),
        "Streams": [{"StreamARN": stream.arn, "StreamCreationTimestamp": Moment(stream.created / 1000)}],
    }


def _names(queue: Queue, status: str) -> dict[str, Any]:
    return {
        "QueueName": queue.name,
        "QueueARN": queue.arn,
        "QueueStatus": status,
        "QueueCreationTimestamp": Moment(queue.created / 1000),
    }
