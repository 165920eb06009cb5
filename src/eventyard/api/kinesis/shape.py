"""How shards are answered."""

from __future__ import annotations

from typing import Any

from eventyard.streams import Shard


def shard_shape(shard: Shard) -> dict[str, Any]:
    """A Shard of the API."""
    parents = [f"shardId-{number:012d}" for number in shard.parents]
    numbers = {"StartingSequenceNumber": shard.sequence(0)}
    if shard.last is not None:
        numbers["EndingSequenceNumber"] = shard.sequence(shard.last + 1)
    return {
        "ShardId": shard.id,
        "ParentShardId": parents[0] if parents else None,
        "AdjacentParentShardId": parents[1] if len(parents) > 1 else None,
        "HashKeyRange": hash_range(shard),
        "SequenceNumberRange": numbers,
    }


def child_shape(shard: Shard) -> dict[str, Any]:
    """A ChildShard of the API."""
    return {
        "ShardId": shard.id,
        "ParentShards": [f"shardId-{number:012d}" for number in shard.parents],
        "HashKeyRange": hash_range(shard),
    }


def hash_range(shard: Shard) -> dict[str, str]:
    return {"StartingHashKey": shard.low, "EndingHashKey": shard.high}
