"""What is attached to streams and consumers: tags, by both of AWS's APIs for them, and resource policies."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from eventyard.api.kinesis.address import BAD, CONSUMER, Addresses, refuse_reserved
from eventyard.errors import InvalidRequest, LimitExceeded, NotFound
from eventyard.policy import parse_policy
from eventyard.streams import MAX_TAGS, Consumer, Stream, Streams
from eventyard.wire import Caller, Handler

Holder = Stream | Consumer


class MarkOperations:
    """Each method answers one operation."""

    def __init__(self, streams: Streams) -> None:
        self._streams = streams
        self._addresses = Addresses(streams)

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
        await self._change(stream, None, _tagged(params["Tags"]))
        return {}

    async def remove_tags(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        stream = self._addresses.stream(caller, params, "RemoveTagsFromStream")
        await self._change(stream, None, _untagged(params["TagKeys"]))
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
        stream, consumer = self._find(caller, params, "TagResource")
        await self._change(stream, consumer, _tagged(params["Tags"]))
        return {}

    async def untag(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        stream, consumer = self._find(caller, params, "UntagResource")
        await self._change(stream, consumer, _untagged(params["TagKeys"]))
        return {}

    async def list_resource_tags(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        stream, consumer = self._find(caller, params, "ListTagsForResource")
        tags = (stream if consumer is None else consumer).tags
        return {"Tags": [{"Key": key, "Value": tags[key]} for key in sorted(tags)]}

    async def put_policy(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        stream, consumer = self._find_own(caller, params, "PutResourcePolicy")
        text = params["Policy"]
        try:
            parse_policy(text)
        except InvalidRequest as error:
            raise InvalidRequest(error.message, BAD) from error
        await self._change(stream, consumer, lambda holder: msgspec.structs.replace(holder, policy=text))
        return {}

    async def get_policy(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        stream, consumer = self._find_own(caller, params, "GetResourcePolicy")
        policy = (stream if consumer is None else consumer).policy
        if policy is None:
            raise NotFound(f"No resource policy found for resource {params['ResourceARN']}.")
        return {"Policy": policy}

    async def delete_policy(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        stream, consumer = self._find_own(caller, params, "DeleteResourcePolicy")
        if (stream if consumer is None else consumer).policy is None:
            raise NotFound(f"No resource policy found for resource {params['ResourceARN']}.")
        await self._change(stream, consumer, lambda holder: msgspec.structs.replace(holder, policy=None))
        return {}

    def _find(self, caller: Caller, params: dict[str, Any], action: str) -> tuple[Stream, Consumer | None]:
        """What ResourceARN names: a consumer with its stream, or a stream. Raises NotFound, Forbidden."""
        refuse_reserved(params)
        arn = params["ResourceARN"]
        if ":stream/" not in arn:
            raise InvalidRequest(f"ResourceARN {arn} is neither a stream nor a consumer of one.", BAD)
        if CONSUMER in arn:
            return self._addresses.consumer_by_arn(caller, arn, action)
        return self._addresses.by_arn(caller, arn, action), None

    def _find_own(self, caller: Caller, params: dict[str, Any], action: str) -> tuple[Stream, Consumer | None]:
        """As ``_find``, for the owner of a policy: one that denies everybody everything must not lock it up forever."""
        arn = params["ResourceARN"]
        if arn.split(":")[4] != caller.account or ":stream/" not in arn:
            return self._find(caller, params, action)
        refuse_reserved(params)
        stream = self._streams.get(arn.partition(CONSUMER)[0])
        if CONSUMER not in arn:
            return stream, None
        for one in stream.consumers:
            if one.arn == arn:
                return stream, one
        raise NotFound(f"Consumer {arn} of stream {stream.name} under account {stream.account} not found.")

    async def _change(self, stream: Stream, consumer: Consumer | None, edit: Callable[[Any], Any]) -> None:
        """``edit`` the stream, or its consumer."""

        def edit_consumer(now: Stream) -> Stream:
            edited = tuple(edit(one) if consumer is not None and one.arn == consumer.arn else one
                           for one in now.consumers)  # fmt: skip
            return msgspec.structs.replace(now, consumers=edited)

        await self._streams.change(stream.arn, edit if consumer is None else edit_consumer)


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
