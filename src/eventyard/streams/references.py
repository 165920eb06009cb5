"""What a queue on a stream keeps of a record: where it lies. Draws references from the shards' logs, in order, and
finds the records again. Gives nothing out."""

from __future__ import annotations

import asyncio

from eventyard.clock import Clock
from eventyard.store import Checkpoint, EventLog, NewMessage, Progress, QueueStore, Record
from eventyard.streams.reading import read_kept
from eventyard.streams.records import Envelope, Read
from eventyard.streams.resources import Queue, Shard, Stream

_CHUNK = 100


def reference(shard: int, position: int, arrived: int) -> NewMessage:
    """What is kept of the record at ``position`` in the log of ``shard``."""
    return NewMessage(f"{shard}-{position}", "", arrived, arrived)


class References:
    """Of all queues. How far each has come in each shard is a checkpoint."""

    def __init__(
        self, eventlog: EventLog, store: QueueStore, progress: Progress, envelope: Envelope, clock: Clock
    ) -> None:
        self._log = eventlog
        self._store = store
        self._progress = progress
        self._envelope = envelope
        self._clock = clock
        self._reached: dict[str, int] = {}
        self._drawing: dict[str, asyncio.Lock] = {}
        self._forgotten: set[str] = set()

    async def load(self) -> None:
        """Bring back how far the queues have come. Call once."""
        for name, checkpoint in (await self._progress.load()).items():
            if ":queue/" in name:
                self._reached[name] = checkpoint.position

    async def draw(self, stream: Stream, queue: Queue) -> bool:
        """Put references to the next records of each shard into the queue, durably; whether there were any."""
        async with self._drawing.setdefault(queue.arn, asyncio.Lock()):
            if queue.arn in self._forgotten:
                return False
            references: list[NewMessage] = []
            reached: dict[str, int] = {}
            now = self._clock.now()
            for shard in stream.shards:
                name = _checkpoint(queue, shard)
                after = self._reached.get(name, queue.starts.get(shard.number, 0))
                _, rows = await read_kept(self._log, stream, shard, after, _CHUNK, now)
                references += [
                    reference(shard.number, position, event.ingested)
                    for position, event in rows
                    if event.ingested >= queue.since
                ]
                if rows:
                    reached[name] = rows[-1][0]
            if reached:
                await self._store.send(queue.arn, references)
                # A crash before this gives the same records twice; the other way round they would be lost.
                checkpoints = {name: Checkpoint(position) for name, position in reached.items()}
                await self._progress.record(Record(checkpoints=checkpoints))
                self._reached |= reached
            return bool(reached)

    async def follow(self, stream: Stream, id: str) -> Read | None:
        """The record that the reference ``id`` is of; None when the stream does not keep it any more."""
        number, _, position = id.partition("-")
        shard = next((one for one in stream.shards if one.number == int(number)), None)
        if shard is None:
            return None
        rows = await self._log.read(stream.log_name(shard), int(position) - 1, 1)
        if not rows or rows[0][0] != int(position) or rows[0][1].ingested < stream.trim_horizon(self._clock.now()):
            return None
        return self._envelope.take(stream, rows[0][1], shard.sequence(int(position)))

    async def forget(self, queue: Queue) -> None:
        """The queue is gone: what it kept is deleted."""
        async with self._drawing.setdefault(queue.arn, asyncio.Lock()):
            self._forgotten.add(queue.arn)
            await self._store.purge(queue.arn)
            names = [name for name in self._reached if name.startswith(f"{queue.arn}#")]
            await self._progress.record(Record(checkpoints=dict.fromkeys(names)))
            for name in names:
                del self._reached[name]
        self._drawing.pop(queue.arn, None)


def _checkpoint(queue: Queue, shard: Shard) -> str:
    return f"{queue.arn}#{shard.id}"
