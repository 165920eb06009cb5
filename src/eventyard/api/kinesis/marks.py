"""What is attached to streams and what reads them: tags, by both of AWS's APIs for them, and resource policies."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any

import msgspec

from eventyard.api.kinesis.address import BAD, CHANNEL, CONSUMER, QUEUE, Addresses, QueueAddresses, refuse_reserved
from eventyard.api.kinesis.channels import find_channel
from eventyard.errors import InvalidRequest, LimitExceeded, NotFound
from eventyard.firehose import Channels
from eventyard.policy import parse_policy
from eventyard.streams import MAX_TAGS, Consumer, Queue, Queues, Stream, Streams
from eventyard.wire import Caller, Handler

Edit = Callable[[Any], Any]


class _Found(msgspec.Struct, frozen=True):
    """What has tags and a policy, and how it is changed."""

    tags: dict[str, str]
    policy: str | None
    change: Callable[[Edit], Awaitable[Any]]


class MarkOperations:
    """Each method answers one operation."""

    def __init__(self, streams: Streams, queues: Queues, channels: Channels) -> None:
        self._channels = channels
        self._streams = streams
        self._queues = queues
        self._addresses = Addresses(streams)
        self._queue_addresses = QueueAddresses(queues)

    def operations(self) -> Mapping[str, Handler]:
        return {
            "AddTagsToStream": self.add_tags,
            "DeleteResourcePolicy": self.delete_policy,
            "GetResourcePolicy": self.get_policy,
            "ListTagsForResource": self.list_resource_tags,
            "ListTagsForStream": self.list_tags,
            "PutResourcePolicy": self.put_policy,
            "RemoveTagsFromStream": self.remove_tags,
            "TagResource": self.tag,
            "UntagResource": self.untag,
        }

    async def add_tags(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        stream = self._addresses.stream(caller, params, "AddTagsToStream")
        await self._streams.change(stream.arn, _tagged(params["Tags"]))
        return {}

    async def remove_tags(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        stream = self._addresses.stream(caller, params, "RemoveTagsFromStream")
        await self._streams.change(stream.arn, _untagged(params["TagKeys"]))
        return {}

    async def list_tags(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        stream = self._addresses.stream(caller, params, "ListTagsForStream")
        after = params.get("ExclusiveStartTagKey") or ""
        keys = sorted(key for key in stream.tags if key > after)
        shown = keys[: params.get("Limit") or MAX_TAGS]
        return {
            "Tags": [{"Key": key, "Value": stream.tags[key]} for key in shown],
            "HasMoreTags": len(keys) > len(shown),
        }

    async def tag(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        await self._find(caller, params, "TagResource").change(_tagged(params["Tags"]))
        return {}

    async def untag(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        await self._find(caller, params, "UntagResource").change(_untagged(params["TagKeys"]))
        return {}

    async def list_resource_tags(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        tags = self._find(caller, params, "ListTagsForResource").tags
        return {"Tags": [{"Key": key, "Value": tags[key]} for key in sorted(tags)]}

    async def put_policy(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        found = self._find_own(caller, params, "PutResourcePolicy")
        text = params["Policy"]
        try:
            parse_policy(text)
        except InvalidRequest as error:
            raise InvalidRequest(error.message, BAD) from error
        await found.change(lambda holder: msgspec.structs.replace(holder, policy=text))
        return {}

    async def get_policy(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        policy = self._find_own(caller, params, "GetResourcePolicy").policy
        if policy is None:
            raise _no_policy(params)
        return {"Policy": policy}

    async def delete_policy(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        found = self._find_own(caller, params, "DeleteResourcePolicy")
        if found.policy is None:
            raise _no_policy(params)
        await found.change(lambda holder: msgspec.structs.replace(holder, policy=None))
        return {}

    def _find(self, caller: Caller, params: dict[str, Any], action: str) -> _Found:
        """What ResourceARN names. Raises NotFound, Forbidden."""
        refuse_reserved(params)
        arn = params["ResourceARN"]
        if QUEUE in arn:
            return self._of_queue(self._queue_addresses.queue(caller, arn, action)[1])
        if CHANNEL in arn:
            channel = find_channel(self._channels, caller, arn, action)
            return _Found(channel.tags, None, partial(self._channels.change, channel.arn))
        if ":stream/" not in arn:
            raise InvalidRequest(f"ResourceARN {arn} is neither a stream nor a consumer, queue or channel of one.", BAD)
        if CONSUMER in arn:
            return self._of_consumer(*self._addresses.consumer_by_arn(caller, arn, action))
        return self._of_stream(self._addresses.by_arn(caller, arn, action))

    def _find_own(self, caller: Caller, params: dict[str, Any], action: str) -> _Found:
        """As ``_find``, for the owner of a policy: one that denies everybody everything must not lock it up forever."""
        arn = params["ResourceARN"]
        if CHANNEL in arn:
            raise InvalidRequest(f"Channels such as {arn} have no resource policies.", BAD)
        if arn.split(":")[4] != caller.account or not (":stream/" in arn or QUEUE in arn):
            return self._find(caller, params, action)
        refuse_reserved(params)
        if QUEUE in arn:
            return self._of_queue(self._queues.get(arn)[1])
        stream = self._streams.get(arn.partition(CONSUMER)[0])
        if CONSUMER not in arn:
            return self._of_stream(stream)
        for one in stream.consumers:
            if one.arn == arn:
                return self._of_consumer(stream, one)
        raise NotFound(f"Consumer {arn} of stream {stream.name} under account {stream.account} not found.")

    def _of_stream(self, stream: Stream) -> _Found:
        return _Found(stream.tags, stream.policy, partial(self._streams.change, stream.arn))

    def _of_queue(self, queue: Queue) -> _Found:
        return _Found(queue.tags, queue.policy, partial(self._queues.change, queue.arn))

    def _of_consumer(self, stream: Stream, consumer: Consumer) -> _Found:
        def change(edit: Edit) -> Awaitable[Any]:
            def edit_one(now: Stream) -> Stream:
                edited = tuple(edit(one) if one.arn == consumer.arn else one for one in now.consumers)
                return msgspec.structs.replace(now, consumers=edited)

            return self._streams.change(stream.arn, edit_one)

        return _Found(consumer.tags, consumer.policy, change)


def _no_policy(params: dict[str, Any]) -> NotFound:
    return NotFound(f"No resource policy found for resource {params['ResourceARN']}.")


def _tagged(tags: Mapping[str, str]) -> Callable[[Any], Any]:
    def edit(holder: Any) -> Any:
        merged = holder.tags | dict(tags)
        if len(merged) > MAX_TAGS:
            raise LimitExceeded(f"A resource can have {MAX_TAGS} tags at most.")
        return msgspec.structs.replace(holder, tags=merged)

    return edit


def _untagged(keys: list[str]) -> Callable[[Any], Any]:
    def edit(holder: Any) -> Any:
        kept = {key: value for key, value in holder.tags.items() if key not in keys}
        return msgspec.structs.replace(holder, tags=kept)

    return edit
