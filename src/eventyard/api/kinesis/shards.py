"""Operations on shards: listing with filters, splitting, merging, scaling."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from eventyard.api.kinesis.address import BAD, Addresses, refuse_reserved
from eventyard.api.kinesis.pages import expired
from eventyard.api.kinesis.shape import shard_shape
from eventyard.clock import Clock
from eventyard.errors import Conflict, InvalidRequest
from eventyard.streams import Resharding, Shard, Stream, Streams, Token, read_token, shard_of
from eventyard.wire import Caller, Handler

_PAGE = 1000


class _Query(msgspec.Struct, frozen=True, array_like=True):
    """What a listing was asked for; its token carries it."""

    arn: str
    made: int
    type: str = "FROM_TRIM_HORIZON"
    time: int = 0


class ShardOperations:
    """Each method answers one operation."""

    def __init__(self, streams: Streams, clock: Clock) -> None:
        self._streams = streams
        self._addresses = Addresses(streams)
        self._clock = clock

    def operations(self) -> Mapping[str, Handler]:
        return {
            "ListShards": self.list,
            "MergeShards": self.merge,
            "SplitShard": self.split,
            "UpdateShardCount": self.scale,
        }

    async def list(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        now = self._clock.now()
        if params.get("NextToken"):
            refuse_reserved(params)
            for name in ("StreamName", "StreamARN", "ExclusiveStartShardId", "StreamCreationTimestamp", "ShardFilter"):
                if params.get(name) is not None:
                    raise InvalidRequest(f"NextToken and {name} cannot be provided together.", BAD)
            token = read_token(params["NextToken"], "shards")
            expired(token, now)
            query, after = msgspec.json.decode(token.query, type=_Query), token.after
            stream = self._addresses.by_arn(caller, query.arn, "ListShards")
        else:
            stream = self._addresses.stream(caller, params, "ListShards")
            query, after = self._query(stream, params)
        if stream.created != query.made:
            raise InvalidRequest(f"Stream {stream.name} was deleted and made again since the list was begun.", BAD)
        found = [shard for shard in stream.shards if shard.id > after and self._shown(stream, shard, query)]
        shown = found[: params.get("MaxResults") or _PAGE]
        more = len(found) > len(shown)
        text = Token("shards", shown[-1].id, now, msgspec.json.encode(query)).text() if more else None
        return {"Shards": [shard_shape(shard) for shard in shown], "NextToken": text}

    def _query(self, stream: Stream, params: dict[str, Any]) -> tuple[_Query, str]:
        """What is asked for, and the shard after which the list begins."""
        created = params.get("StreamCreationTimestamp")
        if created is not None and int(created.timestamp()) != stream.created // 1000:
            raise InvalidRequest(f"Stream {stream.name} was not created at {created.isoformat()}.", BAD)
        after = params.get("ExclusiveStartShardId") or ""
        wanted = params.get("ShardFilter")
        if wanted is None:
            return _Query(stream.arn, stream.created), after
        kind = wanted["Type"]
        if after:
            raise InvalidRequest("ShardFilter and ExclusiveStartShardId cannot be provided together.", BAD)
        if (wanted.get("ShardId") is not None) != (kind == "AFTER_SHARD_ID"):
            raise InvalidRequest("ShardId must be given with the ShardFilter type AFTER_SHARD_ID, and only then.", BAD)
        if (wanted.get("Timestamp") is not None) != kind.endswith("_TIMESTAMP"):
            raise InvalidRequest(
                "Timestamp must be given with the ShardFilter types AT_TIMESTAMP and FROM_TIMESTAMP, and only then.",
                BAD,
            )
        time = 0 if wanted.get("Timestamp") is None else round(wanted["Timestamp"].timestamp() * 1000)
        return _Query(stream.arn, stream.created, kind, time), wanted.get("ShardId") or ""

    def _shown(self, stream: Stream, shard: Shard, query: _Query) -> bool:
        """Whether the filter lets ``shard`` pass (API reference, ShardFilter)."""
        horizon = stream.trim_horizon(self._clock.now())
        if shard.closed is not None and shard.closed < horizon:
            return False
        match query.type:
            case "AT_LATEST":
                return shard.closed is None
            case "AT_TRIM_HORIZON":
                # Where the stream is younger than its horizon, its first shards were the ones that were open.
                start = max(horizon, stream.created)
                return shard.opened <= start and (shard.closed is None or shard.closed >= start)
            case "AT_TIMESTAMP":
                start = max(query.time, horizon, stream.created)
                return shard.opened <= start and (shard.closed is None or shard.closed >= start)
            case "FROM_TIMESTAMP":
                return shard.closed is None or shard.closed >= query.time
        return True

    async def split(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        stream = self._addresses.stream(caller, params, "SplitShard")
        at = int(params["NewStartingHashKey"])

        def edit(work: Resharding, now: Stream) -> None:
            work.split(_open(now, params["ShardToSplit"]), at)

        await self._reshard(stream, edit)
        return {}

    async def merge(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        stream = self._addresses.stream(caller, params, "MergeShards")

        def edit(work: Resharding, now: Stream) -> None:
            work.merge(_open(now, params["ShardToMerge"]), _open(now, params["AdjacentShardToMerge"]))

        await self._reshard(stream, edit)
        return {}

    async def scale(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        stream = self._addresses.stream(caller, params, "UpdateShardCount")
        target = params["TargetShardCount"]
        current = 0

        def edit(work: Resharding, now: Stream) -> None:
            nonlocal current
            current = len(now.open_shards)
            counts = f"Current open shard count: {current} Target shard count: {target}"
            if target > 2 * current:
                raise InvalidRequest(
                    f"UpdateShardCount cannot scale up over double your current open shard count. {counts}", BAD
                )
            if 2 * target < current:
                raise InvalidRequest(
                    f"UpdateShardCount cannot scale down below half your current open shard count. {counts}", BAD
                )
            work.scale(target)

        await self._reshard(stream, edit)
        return {
            "StreamName": stream.name,
            "StreamARN": stream.arn,
            "CurrentShardCount": current,
            "TargetShardCount": target,
        }

    async def _reshard(self, stream: Stream, edit: Callable[[Resharding, Stream], None]) -> None:
        if stream.mode == "ON_DEMAND":
            raise InvalidRequest(
                f"Stream {stream.name} under account {stream.account} is in on-demand mode: its shards "
                "can't be changed."
            )
        await self._streams.reshard(stream.arn, lambda work: edit(work, self._streams.get(stream.arn)))


def _open(stream: Stream, shard_id: str) -> Shard:
    """The open shard. Raises NotFound for none, Conflict for a closed one."""
    shard = shard_of(stream, shard_id)
    if shard.closed is not None:
        raise Conflict(
            f"Shard {shard_id} in stream {stream.name} under account {stream.account} has already been merged or "
            "split, and thus is not eligible for merging or splitting.",
            "ResourceInUseException",
        )
    return shard
