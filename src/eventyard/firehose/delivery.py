"""The delivery of one stream: when what waits in its log is large or old enough, it is written as a file.

A file is named after its first record, so that one whose checkpoint was lost in a crash is written again over itself.
"""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Sequence
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

import msgspec
import structlog

from eventyard.clock import Clock, wait_for
from eventyard.errors import EventyardError, TryAgain
from eventyard.event import Event, new_ids
from eventyard.firehose.files import WholeFile
from eventyard.firehose.objects import object_key
from eventyard.firehose.resources import Hose
from eventyard.store import Checkpoint, EventLog, Progress, Record

log = structlog.get_logger("firehose")

_CHUNK = 1000
_PAUSE, _LONGEST_PAUSE = 1.0, 60.0
_MIB = 1 << 20


class _Kept(msgspec.Struct, frozen=True):
    """The body of a record's event: version and id come first, as in every event; bytes become base64."""

    version: str
    id: str
    data: bytes


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(_Kept).decode


def to_events(records: Sequence[bytes], now: int) -> tuple[list[str], list[Event]]:
    """The ids of ``records``, and the events that keep them."""
    ids = new_ids(len(records), now)
    return ids, [Event(_encode(_Kept("0", id, data)), now) for id, data in zip(ids, records, strict=True)]


class Delivery:
    """``hose`` as it is now; ``waiting``: the bytes that are in the log and in no file."""

    def __init__(self, hose: Hose, root: Path, eventlog: EventLog, progress: Progress, clock: Clock) -> None:
        self.hose = hose
        self._root = root
        self._log = eventlog
        self._progress = progress
        self._clock = clock
        self._position = 0
        self._waiting = 0
        self._changed = asyncio.Event()
        self._writing = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None

    @property
    def subscriber(self) -> str:
        """By what name the progress is kept."""
        return f"{self.hose.arn}#files"

    async def start(self, position: int) -> None:
        """Go on behind ``position``, which is the last one that is in a file."""
        self._position = position
        while rows := await self._log.read(self.hose.arn, position, _CHUNK):
            self._waiting += sum(len(_decode(event.body).data) for _, event in rows)
            position = rows[-1][0]
        self._task = asyncio.get_running_loop().create_task(self._run(), name=f"firehose {self.hose.name}")

    async def close(self) -> None:
        """Stop; what waits stays in the log."""
        if self._task is not None:
            # A file that is being written is finished first: a thread can't be cancelled.
            async with self._writing:
                self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def show(self, hose: Hose) -> None:
        """From now on, deliver as ``hose`` says."""
        self.hose = hose
        self._changed.set()

    def added(self, size: int) -> None:
        """So many bytes more are in the log."""
        first = self._waiting <= 0
        self._waiting += size
        if first or self._waiting >= self.hose.destination.size * _MIB:
            self._changed.set()

    async def flush(self) -> None:
        """Write all that waits, due or not. Raises TryAgain when it can't be written."""
        while await self._log.read(self.hose.arn, self._position, 1):
            try:
                await self._write()
            except (OSError, zlib.error) as error:
                raise TryAgain(f"The files can't be written: {error}.", "ServiceUnavailableException") from error

    async def _run(self) -> None:
        pause = _PAUSE
        while True:
            try:
                await self._wait_until_due()
                await self._write()
                pause = _PAUSE
            except (OSError, zlib.error, EventyardError) as error:
                log.error("a file could not be written, trying again", stream=self.hose.arn, reason=str(error))
                await self._clock.sleep(pause)
                pause = min(pause * 2, _LONGEST_PAUSE)

    async def _wait_until_due(self) -> None:
        while True:
            self._changed.clear()
            rows = await self._log.read(self.hose.arn, self._position, 1)
            destination = self.hose.destination
            if not rows:
                await self._changed.wait()
                continue
            left = rows[0][1].ingested + destination.interval * 1000 - self._clock.now()
            if left <= 0 or self._waiting >= destination.size * _MIB:
                return
            await wait_for(self._changed, self._clock, left / 1000)

    async def _write(self) -> None:
        """One file of what waits, then the checkpoint, then the log may forget."""
        async with self._writing:
            hose = self.hose
            rows = await self._log.read(hose.arn, self._position, _CHUNK)
            if not rows:
                return
            oldest = rows[0][1].ingested
            # The same first record gives the same name.
            id = str(uuid5(NAMESPACE_URL, f"{hose.arn} {rows[0][1].id}"))
            key = object_key(hose, oldest, id)
            destination = hose.destination
            file = await asyncio.to_thread(WholeFile, self._root, destination.bucket, key, id, destination.compression)
            size, position, newest = 0, self._position, oldest
            with file:
                while rows and size < destination.size * _MIB:
                    parts = []
                    for at, event in rows:
                        if size >= destination.size * _MIB:
                            break
                        data = _decode(event.body).data
                        parts += [data, destination.delimiter.encode()]
                        size, position, newest = size + len(data), at, event.ingested
                    await asyncio.to_thread(file.write, b"".join(parts))
                    rows = await self._log.read(hose.arn, position, _CHUNK)
                await asyncio.to_thread(file.finish)
            await self._progress.record(Record(checkpoints={self.subscriber: Checkpoint(position)}))
            self._position = position
            self._waiting -= size
            # Records of the same millisecond may still wait; they and a few others stay a while longer.
            await self._log.trim(hose.arn, older_than=newest)
