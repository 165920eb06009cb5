"""Operations on registered consumers (enhanced fan-out)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from eventyard.api.kinesis.address import BAD, Addresses
from eventyard.api.kinesis.capacity import most_registered
from eventyard.api.kinesis.pages import expired
from eventyard.clock import Clock
from eventyard.errors import InvalidRequest, LimitExceeded
from eventyard.streams import MAX_TAGS, Commitments, Consumer, Streams, Token, read_token
from eventyard.wire import Caller, Handler, Moment

_PAGE = 100


class ConsumerOperations:
    """Each method answers one operation."""

    def __init__(self, streams: Streams, commitments: Commitments, clock: Clock) -> None:
        self._streams = streams
        self._commitments = commitments
        self._addresses = Addresses(streams)
        self._clock = clock

    def operations(self) -> Mapping[str, Handler]:
        return {
            "DeregisterStreamConsumer": self.deregister,
            "DescribeStreamConsumer": self.describe,
            "ListStreamConsumers": self.list,
            "RegisterStreamConsumer": self.register,
        }

    async def register(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        stream = self._addresses.stream(caller, params, "RegisterStreamConsumer")
        tags = params.get("Tags") or {}
        if len(tags) > MAX_TAGS:
            raise LimitExceeded(f"A consumer can have {MAX_TAGS} tags at most.")
        consumer = await self._streams.register(
            stream.arn, params["ConsumerName"], tags, most_registered(self._commitments, stream)
        )
        # AWS answers CREATING here; this one is ready, and whoever waits for ACTIVE finds it at once.
        return {"Consumer": _shape(consumer)}

    async def deregister(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        stream, consumer = self._addresses.consumer(caller, params, "DeregisterStreamConsumer")
        await self._streams.deregister(stream.arn, consumer)
        return {}

    async def describe(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        stream, consumer = self._addresses.consumer(caller, params, "DescribeStreamConsumer")
        return {"ConsumerDescription": {**_shape(consumer), "StreamARN": stream.arn}}

    async def list(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        stream, after, now = self._addresses.stream(caller, params, "ListStreamConsumers"), "", self._clock.now()
        created = params.get("StreamCreationTimestamp")
        if created is not None and int(created.timestamp()) != stream.created // 1000:
            raise InvalidRequest(f"Stream {stream.name} was not created at {created.isoformat()}.", BAD)
        listing = f"consumers {stream.arn}"
        if params.get("NextToken"):
            token = read_token(params["NextToken"], listing)
            expired(token, now)
            after = token.after
        found = sorted((one for one in stream.consumers if one.name > after), key=lambda one: one.name)
        shown = found[: params.get("MaxResults") or _PAGE]
        text = Token(listing, shown[-1].name, now).text() if len(found) > len(shown) else None
        return {"Consumers": [_shape(one) for one in shown], "NextToken": text}


def _shape(consumer: Consumer) -> dict[str, Any]:
    return {
        "ConsumerName": consumer.name,
        "ConsumerARN": consumer.arn,
        "ConsumerStatus": "ACTIVE",
        "ConsumerCreationTimestamp": Moment(consumer.created / 1000),
    }
