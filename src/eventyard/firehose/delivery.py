"""A delivery: when what waits in its source is large or old enough, it is written as files.

Files are named after their first records, so that those whose checkpoint was lost in a crash are written again over
themselves.
"""

from __future__ import annotations

import asyncio
import zlib
from pathlib import Path

import structlog

from eventyard.clock import Clock, wait_for
from eventyard.errors import EventyardError, TryAgain
from eventyard.firehose.batch import Batch
from eventyard.firehose.job import Job
from eventyard.firehose.source import Arrival, Reached, Source
from eventyard.firehose.transformation import Refused, Transformer
from eventyard.store import Checkpoint, Progress, Record

log = structlog.get_logger("firehose")

_PAUSE, _LONGEST_PAUSE = 1.0, 60.0


class Delivery:
    """``job``: what is done with what waits in ``source``. ``transformer``: for jobs that want one."""

    def __init__(
        self,
        job: Job,
        source: Source,
        root: Path,
        progress: Progress,
        clock: Clock,
        transformer: Transformer | None = None,
    ) -> None:
        self.job = job
        self._source = source
        self._root = root
        self._progress = progress
        self._clock = clock
        self._reached: dict[str, int] = {}
        self._changed = asyncio.Event()
        self._transformer = transformer
        self._closing = asyncio.Event()
        self._writing = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None

    def start(self, reached: Reached) -> None:
        """Go on behind what is reached, which is in files."""
        self._reached = dict(reached)
        self._task = asyncio.get_running_loop().create_task(self._run(), name=f"delivery {self.job.arn}")

    async def close(self) -> None:
        """Stop; what waits stays where it is."""
        self._closing.set()
        if self._task is not None:
            # Files that are being written are finished first: a thread can't be cancelled.
            async with self._writing:
                self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def show(self, job: Job) -> None:
        """From now on, deliver as ``job`` says."""
        self.job = job
        self._changed.set()

    def ring(self) -> None:
        """It is worth looking at what waits."""
        self._changed.set()

    async def flush(self) -> None:
        """Write all that waits, due or not. Raises TryAgain when it can't be written."""
        while await self._source.next(self._reached, 1):
            try:
                await self._write()
            except (OSError, zlib.error) as error:
                raise TryAgain(f"The files can't be written: {error}.", "ServiceUnavailableException") from error

    async def forget(self) -> None:
        """Forget how far this has come. Call after ``close``."""
        for part in self._reached:
            await self._progress.forget(checkpoint_name(self.job.arn, part))

    async def _run(self) -> None:
        pause = _PAUSE
        while True:
            try:
                await self._wait_until_due()
                await self._write()
                pause = _PAUSE
                continue
            except (OSError, zlib.error, EventyardError) as error:
                log.error("files could not be written, trying again", delivery=self.job.arn, reason=str(error))
            except Exception:  # a fault in one file must not end all deliveries to come: say it, and try again
                log.exception("files could not be written, trying again", delivery=self.job.arn)
            await self._clock.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)

    async def _wait_until_due(self) -> None:
        while True:
            self._changed.clear()
            oldest, size = await self._source.waiting(self._reached)
            if oldest is None:
                await self._changed.wait()
                continue
            left = oldest + self.job.interval - self._clock.now()
            if left <= 0 or size >= self.job.size:
                return
            patience = self._source.patience
            seconds = left / 1000
            await wait_for(self._changed, self._clock, seconds if patience is None else min(seconds, patience))

    async def _write(self) -> None:
        """Files of what waits, then the checkpoint, then the source may forget."""
        async with self._writing:
            job, reached, size, newest = self.job, dict(self._reached), 0, 0
            arrivals = await self._source.next(reached)
            if not arrivals:
                return
            with await asyncio.to_thread(Batch, job, self._root, self._clock.now()) as batch:
                while arrivals and size < job.size:
                    taken: list[Arrival] = []
                    for one in arrivals:
                        if size >= job.size:
                            break
                        taken.append(one)
                        size, newest = size + len(one.data), max(newest, one.arrived)
                        reached[one.part] = one.position
                    await asyncio.to_thread(batch.back_up, taken)
                    made, refused = await self._transformed(job, taken)
                    await asyncio.to_thread(batch.add, made, refused)
                    arrivals = await self._source.next(reached)
                await asyncio.to_thread(batch.finish)
            moved = {part: position for part, position in reached.items() if self._reached.get(part) != position}
            names = {checkpoint_name(job.arn, part): Checkpoint(position) for part, position in moved.items()}
            await self._progress.record(Record(checkpoints=names))
            self._reached = reached
            await self._source.written(size, newest)

    async def _transformed(self, job: Job, arrivals: list[Arrival]) -> tuple[list[Arrival], list[Refused]]:
        """What the function of ``job`` makes of ``arrivals``, and what it does not take. Raises TryAgain when this is
        closed meanwhile: a function that ends with the server has not failed."""
        work = job.transformation
        if work is None or self._transformer is None:
            return arrivals, []
        loop = asyncio.get_running_loop()
        asking = loop.create_task(self._transformer.transform(work, arrivals))
        closing = loop.create_task(self._closing.wait())
        try:
            await asyncio.wait({asking, closing}, return_when=asyncio.FIRST_COMPLETED)
            if self._closing.is_set():
                raise TryAgain("The delivery ends.")
            return asking.result()
        finally:
            asking.cancel()
            closing.cancel()


def checkpoint_name(arn: str, part: str) -> str:
    """By what name it is kept how far the delivery ``arn`` has come in a part of its source."""
    return f"{arn}#files" if part == arn else f"{arn}#files {part}"
