"""The workers of all functions: warm ones are used again, and no function runs more invocations at once than it may."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from pathlib import Path

import structlog

from eventyard.clock import Clock
from eventyard.errors import TryAgain
from eventyard.functions.process import Invocation, Worker
from eventyard.functions.resources import Function, Outcome

log = structlog.get_logger("functions")

#: Milliseconds after which a worker that nobody needed is ended.
_IDLE = 300_000


class Pool:
    """``path``: where the code with a digest is. ``most``: invocations at once of a function that reserves none."""

    def __init__(self, path: Callable[[str], Path], clock: Clock, most: int) -> None:
        self._path = path
        self._clock = clock
        self._most = most
        self._warm: dict[str, deque[Worker]] = {}
        self._running: dict[str, set[asyncio.Task[Outcome]]] = {}
        self._waiting: dict[str, deque[asyncio.Future[None]]] = {}
        self._closed = False

    async def run(self, function: Function, invocation: Invocation, patience: float | None) -> Outcome:
        """Run one invocation. With as many under way as may be, wait for up to ``patience`` seconds; None for ever.

        Raises TryAgain (TooManyRequestsException) when there is no room."""
        await self._enter(function, patience)
        # Whoever asked may go away; the invocation goes on, as Lambda's does.
        task = asyncio.get_running_loop().create_task(self._run(function, invocation))
        self._running[function.arn].add(task)
        task.add_done_callback(lambda done: self._leave(function.arn, done))
        return await asyncio.shield(task)

    async def retire(self, arn: str, revision: str | None = None) -> None:
        """End the idle workers of a function, but for those of ``revision``."""
        for worker in [worker for worker in self._warm.get(arn, ()) if worker.function.revision != revision]:
            self._warm[arn].remove(worker)
            await worker.kill()

    async def sweep(self) -> None:
        """End the workers that have been idle for long."""
        before = self._clock.now() - _IDLE
        for warm in list(self._warm.values()):
            while warm and warm[0].since < before:
                await warm.popleft().kill()

    async def close(self, grace: float) -> None:
        """Give what is under way ``grace`` seconds, then end all workers."""
        self._closed = True
        running = [task for tasks in self._running.values() for task in tasks]
        if running:
            _, late = await asyncio.wait(running, timeout=grace)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        for warm in self._warm.values():
            for worker in warm:
                await worker.kill()
        self._warm.clear()

    async def _run(self, function: Function, invocation: Invocation) -> Outcome:
        worker = self._reuse(function)
        if worker is None:
            began = self._clock.now()
            started = await Worker.start(function, self._path(function.code), self._clock)
            if isinstance(started, Outcome):
                return started
            worker = started
            log.debug("function started", function=function.arn, ms=self._clock.now() - began)
        outcome = await worker.invoke(invocation)
        for line in worker.lines:
            log.info("function said", function=function.name, request_id=invocation.id, line=line)
        if worker.alive and not self._closed:
            worker.since = self._clock.now()
            self._warm.setdefault(function.arn, deque()).append(worker)
        elif worker.alive:
            await worker.kill()
        return outcome

    def _reuse(self, function: Function) -> Worker | None:
        """The worker that was used last, if it runs what the function is now."""
        warm = self._warm.get(function.arn, deque())
        for worker in [*reversed(warm)]:
            if worker.alive and worker.function.revision == function.revision:
                warm.remove(worker)
                return worker
        return None

    async def _enter(self, function: Function, patience: float | None) -> None:
        arn, most = function.arn, self._most if function.reserved is None else function.reserved
        running = self._running.setdefault(arn, set())
        if self._closed or most == 0 or (function.reserved is not None and len(running) >= most):
            raise TryAgain("Rate Exceeded.", "TooManyRequestsException")
        while len(running) >= most:
            turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.setdefault(arn, deque()).append(turn)
            try:
                async with asyncio.timeout(patience):
                    await turn
            except TimeoutError:
                raise TryAgain("Rate Exceeded.", "TooManyRequestsException") from None

    def _leave(self, arn: str, task: asyncio.Task[Outcome]) -> None:
        self._running[arn].discard(task)
        if not task.cancelled() and task.exception() is not None:
            log.error("an invocation failed", function=arn, exc_info=task.exception())
        waiting = self._waiting.get(arn)
        while waiting:
            turn = waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                break
