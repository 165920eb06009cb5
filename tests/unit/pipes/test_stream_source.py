"""How a pipe goes through a stream: in order, in lanes, by halves, and with what becomes of records that fail."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from eventyard.clock import ManualClock
from eventyard.errors import TryAgain
from eventyard.pipes import RUNNING, Pipe, Stages
from eventyard.pipes.resources import Record
from eventyard.pipes.stream_source import Chunk, Shard, StreamSource

DEAD = "arn:aws:sqs:us-east-1:111122223333:dead"
START = 1_700_000_000_000


class Shards:
    """A stream in memory: by shard the partition key of each record, whose number is its place."""

    def __init__(self, clock: ManualClock, **keys: str) -> None:
        self.clock = clock
        self.keys = keys
        self.parents: dict[str, list[str]] = {}
        self.closed: set[str] = set()

    def shards(self) -> Sequence[Shard]:
        return [Shard(shard, self.parents.get(shard, []), START) for shard in self.keys]

    async def start(self, shard: str, kind: str, time: int | None) -> int:
        return len(self.keys[shard]) if kind == "LATEST" else 0

    async def read(self, shard: str, after: int, limit: int, patience: float) -> Chunk:
        keys = self.keys[shard]
        rows = [
            (n, Record(f"{shard}{n}", b"", f'"{keys[n - 1]}{n}"'.encode(), START, keys[n - 1]))
            for n in range(after + 1, min(after + limit, len(keys)) + 1)
        ]
        if not rows and shard not in self.closed:
            await self.clock.sleep(patience)
        return Chunk(rows, shard in self.closed and after + len(rows) == len(keys))


class Kept:
    """Places in memory."""

    def __init__(self) -> None:
        self.places: dict[str, int] = {}

    def get(self, shard: str) -> int | None:
        return self.places.get(shard)

    def shards(self) -> Sequence[str]:
        return list(self.places)

    async def set(self, places: Mapping[str, int | None]) -> None:
        for shard, place in places.items():
            if place is None:
                del self.places[shard]
            else:
                self.places[shard] = place


class Road:
    """A pipe whose target is ``call``: it notes the batches, and fails as told."""

    def __init__(self, stream: Shards, places: Kept, clock: ManualClock, **settings: Any) -> None:
        self.batches: list[list[str]] = []
        self.letters: list[dict[str, Any]] = []
        self.poison: set[str] = set()
        self.most_at_once = self.now = 0
        self.clock = clock
        given = {"StartingPosition": "TRIM_HORIZON"} | settings
        pipe = Pipe(
            "arn:aws:pipes:us-east-1:111122223333:pipe/p", "111122223333", "us-east-1", "p", "arn:stream", "arn:target",
            "role", RUNNING, 1, 1, "born", source_parameters={"KinesisStreamParameters": given},
            target_parameters={"InputTemplate": "<$>"},
        )  # fmt: skip
        stages = Stages(pipe, clock, None, None, self._call)
        self.source = StreamSource(pipe, stream, places, stages, self._bury, clock)

    async def _call(self, payloads: Sequence[bytes], keys: Sequence[str]) -> Sequence[str]:
        names = [json.loads(payload) for payload in payloads]
        self.now += 1
        self.most_at_once = max(self.most_at_once, self.now)
        await self.clock.sleep(1)
        self.now -= 1
        self.batches.append(names)
        if self.poison & set(names):
            raise TryAgain("no", "DOWN")
        return []

    async def _bury(self, queue: str, letter: bytes) -> None:
        assert queue == DEAD
        self.letters.append(json.loads(letter))

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        async def run() -> None:
            while True:
                await self.source.turn()
                await asyncio.sleep(0)

        task = asyncio.ensure_future(run())
        await self.clock.advance(0)
        yield
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_a_shard_is_read_in_order_in_batches() -> None:
    clock, kept = ManualClock(START), Kept()
    road = Road(Shards(clock, s="abcde"), kept, clock, BatchSize=2)
    async with road.running():
        await clock.advance(10)
    assert road.batches == [["a1", "b2"], ["c3", "d4"], ["e5"]]
    assert kept.places == {"s": 5}


async def test_lanes_work_at_once_and_keep_the_order_of_each_key() -> None:
    clock, kept = ManualClock(START), Kept()
    road = Road(Shards(clock, s="abcabcabc"), kept, clock, BatchSize=2, ParallelizationFactor=4)
    async with road.running():
        await clock.advance(20)
    assert road.most_at_once > 1
    assert max(map(len, road.batches)) == 2
    went = [name for batch in road.batches for name in batch]
    assert len(went) == 9
    for key in "abc":
        assert [name for name in went if name[0] == key] == sorted(name for name in went if name[0] == key)
    assert kept.places == {"s": 9}


async def test_a_failing_lane_holds_the_place_but_not_the_other_lanes() -> None:
    clock, kept = ManualClock(START), Kept()
    road = Road(Shards(clock, s="abcd"), kept, clock, BatchSize=1, ParallelizationFactor=10)
    road.poison = {"b2"}
    async with road.running():
        await clock.advance(30)
        assert kept.places == {"s": 0}
        assert {"a1", "c3", "d4"} < {name for batch in road.batches for name in batch}
        road.poison = set()
        await clock.advance(120)
        assert kept.places == {"s": 4}


async def test_a_failing_batch_is_halved_until_the_bad_record_is_alone() -> None:
    clock, kept = ManualClock(START), Kept()
    settings = {"MaximumRetryAttempts": 1, "DeadLetterConfig": {"Arn": DEAD}, "BatchSize": 8}
    road = Road(Shards(clock, s="abcdefgh"), kept, clock, OnPartialBatchItemFailure="AUTOMATIC_BISECT", **settings)
    road.poison = {"f6"}
    async with road.running():
        await clock.advance(60)
    assert [len(batch) for batch in road.batches[:2]] == [8, 4]
    delivered = [name for batch in road.batches if "f6" not in batch for name in batch]
    assert sorted(delivered) == ["a1", "b2", "c3", "d4", "e5", "g7", "h8"], "each of the others just once"
    (letter,) = road.letters
    assert (letter["KinesisBatchInfo"]["startSequenceNumber"], letter["KinesisBatchInfo"]["batchSize"]) == ("s6", 1)
    assert kept.places == {"s": 8}


async def test_without_halving_the_whole_batch_ends_as_one() -> None:
    clock, kept = ManualClock(START), Kept()
    road = Road(
        Shards(clock, s="abcd"), kept, clock, MaximumRetryAttempts=2, DeadLetterConfig={"Arn": DEAD}, BatchSize=4
    )
    road.poison = {"b2"}
    async with road.running():
        await clock.advance(60)
    assert road.batches == [["a1", "b2", "c3", "d4"]] * 3
    (letter,) = road.letters
    assert letter["context"]["condition"] == "RetryAttemptsExhausted"
    assert letter["KinesisBatchInfo"]["batchSize"] == 4


async def test_a_record_that_is_too_old_is_given_up() -> None:
    clock, kept = ManualClock(START), Kept()
    road = Road(Shards(clock, s="ab"), kept, clock, MaximumRecordAgeInSeconds=60, DeadLetterConfig={"Arn": DEAD})
    road.poison = {"a1"}
    async with road.running():
        await clock.advance(50)
        assert road.letters == []
        await clock.advance(120)
    assert road.letters[0]["context"]["condition"] == "MaximumRecordAgeExceeded"
    assert kept.places == {"s": 2}


async def test_children_are_read_after_their_parents_and_gone_shards_are_forgotten() -> None:
    clock, kept = ManualClock(START), Kept()
    stream = Shards(clock, old="ab", new="cd")
    stream.parents, stream.closed = {"new": ["old"]}, {"old"}
    road = Road(stream, kept, clock)
    async with road.running():
        await clock.advance(20)
        assert road.batches == [["a1", "b2"], ["c1", "d2"]]
        assert kept.places == {"old": -START, "new": 2}
        del stream.keys["old"]
        await clock.advance(20)
        assert kept.places == {"new": 2}


async def test_the_window_gathers_records() -> None:
    clock, kept = ManualClock(START), Kept()
    stream = Shards(clock, s="a")
    road = Road(stream, kept, clock, BatchSize=5, MaximumBatchingWindowInSeconds=30)
    async with road.running():
        await clock.advance(20)
        stream.keys["s"] = "abc"
        assert road.batches == []
        await clock.advance(20)
    assert road.batches == [["a1", "b2", "c3"]]


async def test_the_latest_is_what_comes_after_the_beginning() -> None:
    clock, kept = ManualClock(START), Kept()
    stream = Shards(clock, s="ab")
    road = Road(stream, kept, clock, StartingPosition="LATEST")
    await road.source.begin()
    stream.keys["s"] = "abc"
    async with road.running():
        await clock.advance(20)
    assert road.batches == [["c3"]]
