"""The one thread that writes: group commit. Knows transactions, not tables.

While one commit runs, what is submitted meanwhile queues up, and is the next transaction. There is no timer: a lone
write is committed at once, and under load a transaction grows until the disk keeps up.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Hashable, Sequence
from queue import Empty, SimpleQueue
from typing import Any, Protocol, TypeVar

import apsw

from eventyard.errors import Broken, EventyardError, TryAgain
from eventyard.stores.sqlite.checkpoints import Checkpoints
from eventyard.stores.sqlite.room import NO_ROOM

P = TypeVar("P")
R = TypeVar("R")
T = TypeVar("T")

_Outcome = tuple[asyncio.Future[Any], Any, BaseException | None]
_IDLE_SECONDS = 1.0
# More in one transaction is no faster, and everybody waits for the last.
_MOST_BYTES = 4 << 20


class Part(Protocol):
    """Something that keeps facts about the file in memory, which must follow each transaction."""

    def committed(self) -> Sequence[Callable[[], None]]:
        """What was done is durable. Answers calls to make on the event loop after the waiters were answered."""
        ...

    def rolled_back(self) -> None:
        """What was done since the last commit has not happened."""
        ...


class _Job:
    """``handler`` takes the payloads of all the jobs with the same ``key`` in a transaction and answers each."""

    __slots__ = ("cost", "future", "handler", "key", "payload")

    def __init__(
        self, handler: Callable[[Sequence[Any]], Sequence[Any]], key: Hashable, payload: Any, cost: int,
        future: asyncio.Future[Any],
    ) -> None:  # fmt: skip
        self.handler, self.key, self.payload, self.cost, self.future = handler, key, payload, cost, future


def _call_each(works: Sequence[Callable[[], Any]]) -> list[Any]:
    return [work() for work in works]


class Writer:
    """Owns the writing connection. To be made on the event loop that will use it. ``log_pages``: after how many to fold
    the write-ahead log into the file."""

    def __init__(
        self,
        connection: apsw.Connection,
        pending_limit: int,
        on_broken: Callable[[Broken], None] | None,
        log_pages: int,
    ) -> None:
        self.connection = connection
        self.parts: list[Part] = []
        self._limit, self._pending = pending_limit, 0
        self._on_broken = on_broken
        self._broken: Broken | None = None
        self._closed = False
        self._loop = asyncio.get_running_loop()
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._checkpoints = Checkpoints(connection, log_pages, 4 * log_pages)
        self._thread = threading.Thread(target=self._run, name="eventyard-writer", daemon=True)
        self._thread.start()

    # On the event loop

    def submit(
        self, handler: Callable[[Sequence[P]], Sequence[R]], key: Hashable, payload: P, cost: int = 0
    ) -> asyncio.Future[R]:
        """Have ``handler`` run in the next transaction with the payloads of all jobs of the same ``key``; the future
        gets this one's result when that transaction is durable. ``cost``: bytes that wait meanwhile. A future that is
        cancelled changes nothing about the write."""
        if self._broken is not None:
            raise self._broken
        if self._closed:
            raise Broken("the store is closed")
        if cost and self._pending and self._pending + cost > self._limit:
            raise TryAgain(f"{self._pending} bytes are waiting to be written", "InternalFailure")
        self._pending += cost
        future: asyncio.Future[R] = self._loop.create_future()
        self._jobs.put(_Job(handler, key, payload, cost, future))
        return future

    def run(self, work: Callable[[], T]) -> asyncio.Future[T]:
        """Have ``work`` run in the next transaction, after what was given to ``run`` before."""
        return self.submit(_call_each, "run", work)

    async def aside(self, work: Callable[[], object]) -> float:
        """``run`` a small piece of work that nobody waits for, and rest afterwards: four times as long as it took, and
        for two commits, so that those who wait for their commits notice little of a chore of many pieces. Answers the
        seconds that the work took, for a next piece of the right size."""

        def timed() -> float:
            begun = time.perf_counter()
            work()
            return time.perf_counter() - begun

        begun = time.perf_counter()
        took = await self.run(timed)
        await asyncio.sleep(max(4 * took, 2 * (time.perf_counter() - begun)))
        return took

    async def close(self) -> None:
        """Commit what waits, fold the write-ahead log into the file, close it."""
        if not self._closed:
            self._closed = True
            self._jobs.put(None)
        await self._loop.run_in_executor(None, self._thread.join)

    def _answer(self, outcomes: Sequence[_Outcome], cost: int, then: Sequence[Callable[[], None]]) -> None:
        self._pending -= cost
        for future, result, error in outcomes:
            if future.done():
                continue  # its waiter was cancelled
            if error is None:
                future.set_result(result)
            else:
                future.set_exception(error)
        # Setting a result schedules the waiter; what is scheduled now comes after it.
        for call in then:
            self._loop.call_soon(call)

    # In the writer's thread

    def _run(self) -> None:
        try:
            while True:
                jobs, closing = self._take()
                if jobs:
                    self._write(jobs)
                if closing:
                    break
                self._checkpoint(idle=not jobs)
            self._checkpoint(idle=True)
        except RuntimeError:
            # The event loop is gone: nobody is left to be answered. What was committed is durable all the same.
            if not self._loop.is_closed():
                raise
        finally:
            self._checkpoints.close()
            self.connection.close()

    def _take(self) -> tuple[list[_Job], bool]:
        """What waits (blocking for the first), and whether it is time to close."""
        jobs: list[_Job] = []
        cost = 0
        try:
            # Without pages to checkpoint there is nothing to wake up for.
            job = self._jobs.get(timeout=_IDLE_SECONDS if self._checkpoints.wanted else None)
            while job is not None:
                jobs.append(job)
                cost += job.cost
                if cost > _MOST_BYTES:
                    return jobs, False
                job = self._jobs.get_nowait()
        except Empty:
            return jobs, False
        return jobs, True

    def _write(self, jobs: list[_Job]) -> None:
        if self._broken is not None:
            self._fail(jobs, self._broken)
            return
        try:
            outcomes, then = self._transact(jobs)
        except Exception as error:  # noqa: BLE001 - every job's own fault is to reach its own waiter
            fault = self._undo(error)
            if isinstance(fault, Broken):
                self._break(fault)
                self._fail(jobs, fault)
            elif len(jobs) == 1:
                self._fail(jobs, fault)
            else:
                for job in jobs:  # one of them is bad; alone, it takes nobody with it
                    self._write([job])
            return
        cost = sum(job.cost for job in jobs)
        self._loop.call_soon_threadsafe(self._answer, outcomes, cost, then)

    def _transact(self, jobs: list[_Job]) -> tuple[list[_Outcome], list[Callable[[], None]]]:
        groups: dict[Hashable, list[_Job]] = {}
        for job in jobs:
            groups.setdefault((job.handler, job.key), []).append(job)
        outcomes: list[_Outcome] = []
        self.connection.execute("BEGIN IMMEDIATE")
        for group in groups.values():
            results = group[0].handler([job.payload for job in group])
            outcomes += [(job.future, result, None) for job, result in zip(group, results, strict=True)]
        self.connection.execute("COMMIT")
        self._checkpoints.committed()
        return outcomes, [call for part in self.parts for call in part.committed()]

    def _undo(self, error: Exception) -> Exception:
        """Roll back, and say what the waiters are to be told."""
        fault = _verdict(error)
        if not isinstance(fault, Broken):
            try:
                if self.connection.in_transaction:  # SQLite may have rolled back by itself
                    self.connection.execute("ROLLBACK")
            except apsw.Error as worse:
                fault = Broken(f"the store cannot roll back: {worse}")
        for part in self.parts:
            part.rolled_back()
        return fault

    def _fail(self, jobs: Sequence[_Job], fault: Exception) -> None:
        cost = sum(job.cost for job in jobs)
        self._loop.call_soon_threadsafe(self._answer, [(job.future, None, fault) for job in jobs], cost, ())

    def _break(self, fault: Broken) -> None:
        """After a failed fsync nobody knows which pages are on disk (the kernel forgets them): never try it again, not
        even when closing, which would fold the log into the file, believe the next fsync, and remove the log."""
        self._broken = fault
        self.connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
        if self._on_broken is not None:
            self._loop.call_soon_threadsafe(self._on_broken, fault)

    def _checkpoint(self, idle: bool) -> None:
        if self._broken is None:
            try:
                self._checkpoints.make(idle)
            except apsw.Error as error:
                self._break(Broken(f"the store cannot checkpoint: {error}"))


def _verdict(error: Exception) -> Exception:
    """What a caller is told: no room and a held lock pass; anything else SQLite says about the file does not."""
    if isinstance(error, apsw.FullError):
        return TryAgain("The disk is full.", NO_ROOM)
    if isinstance(error, (apsw.BusyError, apsw.LockedError)):
        return TryAgain("the database is locked by another program", "InternalFailure")
    if isinstance(error, (apsw.ConstraintError, apsw.TooBigError, apsw.MismatchError, apsw.RangeError, apsw.SQLError)):
        return error
    if isinstance(error, apsw.Error):
        return Broken(f"the store cannot be written: {error}")
    if isinstance(error, (EventyardError, ValueError, TypeError, LookupError, AttributeError, ArithmeticError)):
        return error
    return Broken(f"the store failed: {error!r}")
