"""A stream as the source of a pipe: each shard is read in order, from its place on, children after their parents.

A record that fails holds its shard until it is delivered, or too old, or tried often enough; then it is told of in the
dead-letter queue, and its shard goes on. Source: user guide, "Amazon Kinesis stream as a source", "Amazon EventBridge
Pipes error handling and troubleshooting".
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Protocol
from zlib import crc32

import msgspec
import structlog

from eventyard.clock import Clock
from eventyard.errors import EventyardError, TryAgain
from eventyard.pipes.resources import Pipe, Record
from eventyard.pipes.stages import Stages
from eventyard.target import Delivered, Outcome, Retry

log = structlog.get_logger("pipes")

_USUAL_BATCH = 100
_PATIENCE, _GRACE = 1.0, 5.0
_LONGEST_PAUSE = 60.0


class Shard(msgspec.Struct, frozen=True):
    """``parents``: those that have to be read to their ends before. ``opened``: when (ms)."""

    id: str
    parents: Sequence[str]
    opened: int


class Chunk(msgspec.Struct, frozen=True):
    """Records with the positions behind them. ``ended``: nothing will come after them."""

    records: Sequence[tuple[int, Record]]
    ended: bool


class Stream(Protocol):
    """One stream, as far as a pipe goes. All raise NotFound when it is gone."""

    def shards(self) -> Sequence[Shard]: ...

    async def start(self, shard: str, kind: str, time: int | None) -> int:
        """The position to read from: TRIM_HORIZON, LATEST or AT_TIMESTAMP."""
        ...

    async def read(self, shard: str, after: int, limit: int, patience: float) -> Chunk:
        """What follows ``after``; waits up to ``patience`` seconds for it."""
        ...


class Places(Protocol):
    """Where a pipe stands in each shard, durably. A place below 0 says that the shard that was opened then, as a
    negative number, has been read to its end: one of the same id may be another, of a stream that was made again."""

    def get(self, shard: str) -> int | None: ...

    def shards(self) -> Sequence[str]:
        """Those that have a place."""
        ...

    async def set(self, places: Mapping[str, int | None]) -> None:
        """None forgets a place."""
        ...


Bury = Callable[[str, bytes], Awaitable[None]]
"""Sends a text to the queue or topic with an ARN. Raises NotFound."""

Head = Callable[[str, int], Mapping[str, Any]]
"""What a letter about records that were given up says first: ``head(condition, tries)``."""


class StreamSource:
    """Runs one pipe from ``stream``. ``head``: None for a pipe's own."""

    def __init__(
        self, pipe: Pipe, stream: Stream, places: Places, stages: Stages, bury: Bury, clock: Clock,
        head: Head | None = None,
    ) -> None:  # fmt: skip
        settings: Mapping[str, Any] = pipe.source_settings("KinesisStreamParameters")
        self._pipe = pipe
        self._kind: str = settings["StartingPosition"]
        moment = settings.get("StartingPositionTimestamp")
        self._time = None if moment is None else int(moment * 1000)
        self._batch: int = settings.get("BatchSize") or _USUAL_BATCH
        self._window: int = settings.get("MaximumBatchingWindowInSeconds") or 0
        self._oldest: int = settings.get("MaximumRecordAgeInSeconds") or -1
        self._attempts: int = settings.get("MaximumRetryAttempts", -1)
        self._lanes: int = settings.get("ParallelizationFactor") or 1
        self._bisects = settings.get("OnPartialBatchItemFailure") == "AUTOMATIC_BISECT"
        self._dead: str | None = (settings.get("DeadLetterConfig") or {}).get("Arn")
        self._stream = stream
        self._places = places
        self._stages = stages
        self._bury = bury
        self._head = head or self._context
        self._clock = clock
        self._over = False

    async def begin(self) -> None:
        """Keep where each shard begins."""
        await self._begin(self._stream.shards())

    async def end(self) -> None:
        """Everything ends with its turn."""

    async def turn(self) -> None:
        """Read all shards that can be read now, until one ends or there are others. Raises NotFound."""
        shards = self._stream.shards()
        await self._begin(shards)
        known = {shard.id for shard in shards}
        open_ones = [
            shard
            for shard in shards
            if (self._places.get(shard.id) or 0) >= 0
            and all((self._places.get(parent) or 0) < 0 for parent in shard.parents if parent in known)
        ]
        if not open_ones:
            await self._clock.sleep(_PATIENCE)
            return
        self._over = False
        readers = [asyncio.ensure_future(self._follow(shard, known)) for shard in open_ones]
        try:
            await asyncio.wait(readers, return_when=asyncio.FIRST_COMPLETED)
            # The others may finish what they have in hand; what fails and fails must not hold up new shards.
            self._over = True
            await asyncio.wait(readers, timeout=_GRACE)
        finally:
            for reader in readers:
                reader.cancel()
            done = await asyncio.gather(*readers, return_exceptions=True)
        for outcome in done:
            if isinstance(outcome, Exception):
                raise outcome

    async def _begin(self, shards: Sequence[Shard]) -> None:
        """Where the starting position says, at first; a shard that came into being later is read from its beginning.
        Places in shards that the stream has forgotten are forgotten, too."""
        places = {shard.id: self._places.get(shard.id) for shard in shards}
        new = [
            shard for shard in shards if (place := places[shard.id]) is None or (place < 0 and place != -shard.opened)
        ]
        later = any(place is not None for place in places.values())
        gone: dict[str, int | None] = {shard: None for shard in self._places.shards() if shard not in places}
        if new or gone:
            starts = {
                shard.id: 0 if later else await self._stream.start(shard.id, self._kind, self._time) for shard in new
            }
            await self._places.set(gone | starts)

    async def _follow(self, followed: Shard, known: set[str]) -> None:
        shard = followed.id
        while not self._over and {one.id for one in self._stream.shards()} == known:
            after = self._places.get(shard) or 0
            limit = self._batch * self._lanes
            chunk = await self._stream.read(shard, after, limit, _PATIENCE)
            if self._window and 0 < len(chunk.records) < limit and not chunk.ended:
                await self._clock.sleep(self._window)
                chunk = await self._stream.read(shard, after, limit, 0.0)
            if chunk.records:
                await self._take_all(shard, [record for _, record in chunk.records])
                await self._places.set({shard: chunk.records[-1][0]})
            elif chunk.ended:
                await self._places.set({shard: -followed.opened})
                return

    async def _take_all(self, shard: str, records: Sequence[Record]) -> None:
        """Return when all of ``records`` are delivered or told of. Records of one partition key are in one lane, which
        keeps them in order."""
        lanes: list[list[Record]] = [[] for _ in range(self._lanes)]
        for record in records:
            if self._stages.wanted(record):
                lanes[crc32((record.group or "").encode()) % self._lanes].append(record)
        try:
            async with asyncio.TaskGroup() as group:
                for lane in filter(None, lanes):
                    group.create_task(self._take_lane(shard, lane))
        except ExceptionGroup as errors:
            raise errors.exceptions[0] from errors

    async def _take_lane(self, shard: str, records: Sequence[Record]) -> None:
        for start in range(0, len(records), self._batch):
            await self._take(shard, records[start : start + self._batch])

    async def _take(self, shard: str, records: Sequence[Record]) -> None:
        """Return when all of a batch are delivered or told of. With AUTOMATIC_BISECT a batch of which nothing was
        delivered is halved until one record is left, which alone is held to the limits; one of which something was goes
        on with the rest. A target that was not called does not count as tried."""
        left = list(records)
        tries, pause = 0, 1.0
        while left:
            outcomes = await self._stages.deliver(left)
            tries += any(not isinstance(one, Retry) or one.called for one in outcomes)
            failed = [
                (record, one) for record, one in zip(left, outcomes, strict=True) if not isinstance(one, Delivered)
            ]
            called = all(not isinstance(one, Retry) or one.called for _, one in failed)
            if self._bisects and called and 1 < len(failed) == len(left):
                await self._clock.sleep(pause)
                half = len(failed) // 2
                for part in (failed[:half], failed[half:]):
                    await self._take(shard, [record for record, _ in part])
                return
            given_up = [pair for pair in failed if self._given_up(pair[0], tries)]
            if given_up:
                await self._tell(shard, given_up, tries)
            over = {record.key for record, _ in given_up}
            left = [record for record, _ in failed if record.key not in over]
            if left:
                why = next(one for record, one in failed if record.key == left[0].key)
                if not isinstance(why, Delivered):
                    log.warning("a pipe could not deliver", pipe=self._pipe.name, code=why.code, reason=why.message)
                await self._clock.sleep(pause)
                pause = min(pause * 2, _LONGEST_PAUSE)

    def _given_up(self, record: Record, tries: int) -> bool:
        if 0 <= self._attempts < tries:
            return True
        return self._oldest >= 0 and self._clock.now() - record.at > self._oldest * 1000

    def _context(self, condition: str, tries: int) -> Mapping[str, Any]:
        return {"context": {"partnerResourceArn": self._pipe.arn, "condition": condition}}

    async def _tell(self, shard: str, failed: Sequence[tuple[Record, Outcome]], tries: int) -> None:
        """The dead letter holds no data but says where it is. Without a dead-letter queue only the log is told."""
        keys = [record.key for record, _ in failed]
        log.error("a pipe gave records up", pipe=self._pipe.name, shard=shard, first=keys[0], count=len(keys))
        if self._dead is None:
            return
        letter = {
            **self._head(
                "RetryAttemptsExhausted" if 0 <= self._attempts < tries else "MaximumRecordAgeExceeded", tries
            ),
            "version": "1.0",
            "timestamp": iso_millis(self._clock.now()),
            "KinesisBatchInfo": {
                "shardId": shard,
                "startSequenceNumber": keys[0],
                "endSequenceNumber": keys[-1],
                "approximateArrivalOfFirstRecord": iso_millis(failed[0][0].at),
                "approximateArrivalOfLastRecord": iso_millis(failed[-1][0].at),
                "batchSize": len(keys),
                "streamArn": self._pipe.source.partition("/consumer/")[0],
            },
        }
        while True:
            try:
                await self._bury(self._dead, msgspec.json.encode(letter))
            except TryAgain as error:  # no room now: the shard waits, or nobody would ever hear of its records
                log.warning("a dead letter has to wait", queue=self._dead, reason=error.message)
                await self._clock.sleep(_PATIENCE)
            except EventyardError as error:
                log.error("a dead letter was refused", queue=self._dead, reason=error.message)
                return
            else:
                return


def iso_millis(millis: int) -> str:
    moment = datetime.fromtimestamp(millis / 1000, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{millis % 1000:03}Z"
