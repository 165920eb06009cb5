"""The one thread that files are written and read in. Writes that wait are made durable together, stream by stream."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import structlog

from eventyard.clock import Clock
from eventyard.errors import TryAgain
from eventyard.loggroups.files import Files
from eventyard.loggroups.resources import LogEvent, Stream

log = structlog.get_logger("loggroups")

T = TypeVar("T")


class Desk:
    """Close it once nobody comes any more."""

    def __init__(self, files: Files, clock: Clock) -> None:
        self._files = files
        self._clock = clock
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="loggroups")
        self._waiting: dict[Stream, list[tuple[Sequence[LogEvent], asyncio.Future[None]]]] = {}
        self._writing: asyncio.Task[None] | None = None

    async def append(self, stream: Stream, events: Sequence[LogEvent]) -> None:
        """Return when ``events`` are durable. Raises TryAgain when there is no room; then any part may be."""
        loop = asyncio.get_running_loop()
        done: asyncio.Future[None] = loop.create_future()
        self._waiting.setdefault(stream, []).append((events, done))
        if self._writing is None:
            self._writing = loop.create_task(self._write(), name="log groups")
        await asyncio.shield(done)

    async def do(self, work: Callable[[], T]) -> T:
        """What ``work`` answers, in the thread. Raises TryAgain where the file system is at fault."""
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, work)
        except OSError as error:
            raise _no_room(error) from error

    async def close(self) -> None:
        """Finish what is in hand."""
        while self._writing is not None:
            await asyncio.gather(self._writing, return_exceptions=True)
        self._thread.shutdown()

    async def _write(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            while self._waiting:
                batch, self._waiting = self._waiting, {}
                errors = await loop.run_in_executor(self._thread, self._commit, batch, self._clock.now())
                for (_, writes), error in zip(batch.items(), errors, strict=True):
                    for _, done in writes:
                        if done.done():
                            continue
                        if error is None:
                            done.set_result(None)
                        else:
                            done.set_exception(_no_room(error))
        finally:
            self._writing = None

    def _commit(
        self, batch: dict[Stream, list[tuple[Sequence[LogEvent], asyncio.Future[None]]]], now: int
    ) -> list[OSError | None]:
        errors: list[OSError | None] = []
        for stream, writes in batch.items():
            try:
                # Each batch is in order in itself; so are their days, but not one after the other.
                together = sorted(
                    (event for events, _ in writes for event in events), key=lambda event: event.timestamp
                )
                self._files.append(stream, together, now)
            except OSError as error:
                errors.append(error)
            else:
                errors.append(None)
        return errors


def _no_room(error: OSError) -> TryAgain:
    log.error("log files can't be used", reason=str(error))
    return TryAgain(f"The files of this log group can't be used now: {error.strerror}.", "ServiceUnavailableException")
