"""The runners of all functions: warm ones are used again, and no function runs more invocations at once than it may."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence

import msgspec
import structlog

from eventyard.clock import Clock
from eventyard.errors import TryAgain
from eventyard.functions.resources import Function, Invocation, Outcome
from eventyard.functions.runner import Runner

log = structlog.get_logger("functions")

#: Milliseconds after which a runner that nobody needed is ended.
_IDLE = 300_000
#: Lines that are logged before others have their turn.
_IN_A_ROW = 50

Start = Callable[[Function], Awaitable[Runner | Outcome]]
"""Makes what runs a function; or answers the outcome of the invocation, if that can't be."""

Write = Callable[[str, str, Sequence[str]], None]
"""``write(group_arn, stream, lines)`` is handed what an invocation logged. It must not block."""


class Count(msgspec.Struct):
    """Of one function since the server started; times in milliseconds, ``starting`` of the cold starts."""

    invocations: int = 0
    errors: int = 0
    throttles: int = 0
    cold_starts: int = 0
    starting: int = 0
    running: int = 0


class Pool:
    """``most``: invocations at once of a function that reserves none. ``write``: takes what functions log, beside the
    server's own log."""

    def __init__(self, start: Start, clock: Clock, most: int, write: Write | None = None) -> None:
        self._start = start
        self._clock = clock
        self._most = most
        self._write = write
        self._warm: dict[str, deque[Runner]] = {}
        self._running: dict[str, set[asyncio.Task[Outcome]]] = {}
        self._waiting: dict[str, deque[asyncio.Future[None]]] = {}
        #: What functions that were changed are now, so that nothing older is kept warm.
        self._revisions: dict[str, str | None] = {}
        self._closed = False
        self.counts: dict[str, Count] = {}

    async def run(self, function: Function, invocation: Invocation, patience: float | None) -> Outcome:
        """Run one invocation. With as many under way as may be, wait for up to ``patience`` seconds; None for ever.

        Raises TryAgain (TooManyRequestsException) when there is no room."""
        try:
            await self._enter(function, patience)
        except TryAgain:
            self._count(function.arn).throttles += 1
            raise
        self._revisions[function.arn] = function.revision
        # Whoever asked may go away; the invocation goes on, as Lambda's does.
        task = asyncio.get_running_loop().create_task(self._run(function, invocation))
        self._running[function.arn].add(task)
        task.add_done_callback(lambda done: self._leave(function.arn, done))
        return await asyncio.shield(task)

    async def retire(self, arn: str, revision: str | None = None) -> None:
        """End the idle runners of a function, but for those of ``revision``; without one it is gone. Those that are at
        work end when they are done."""
        self._revisions[arn] = revision
        for runner in [runner for runner in self._warm.get(arn, ()) if runner.function.revision != revision]:
            self._warm[arn].remove(runner)
            await runner.kill()
        if revision is None:
            self.counts.pop(arn, None)
            self._warm.pop(arn, None)
            self._forget(arn)

    async def sweep(self) -> None:
        """End the runners that have been idle for long."""
        before = self._clock.now() - _IDLE
        for warm in list(self._warm.values()):
            while warm and warm[0].since < before:
                await warm.popleft().kill()

    async def close(self, grace: float) -> None:
        """Give what is under way ``grace`` seconds, then end all runners."""
        self._closed = True
        for turn in [turn for turns in self._waiting.values() for turn in turns if not turn.done()]:
            turn.set_result(None)
        running = [task for tasks in self._running.values() for task in tasks]
        if running:
            _, late = await asyncio.wait(running, timeout=grace)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        await asyncio.gather(*(runner.kill() for warm in self._warm.values() for runner in warm))
        self._warm.clear()

    async def _run(self, function: Function, invocation: Invocation) -> Outcome:
        count = self._count(function.arn)
        count.invocations += 1
        runner = await self._reuse(function)
        if runner is None:
            began = self._clock.now()
            started = await self._start(function)
            took = self._clock.now() - began
            count.cold_starts += 1
            count.starting += took
            if isinstance(started, Outcome):
                count.errors += 1
                await self._told(function, invocation, "init", started.log.decode("utf-8", "replace").splitlines())
                return started
            runner = started
            log.debug("function started", function=function.arn, ms=took)
        began = self._clock.now()
        outcome = await runner.invoke(invocation)
        count.running += self._clock.now() - began
        count.errors += outcome.error is not None
        try:
            await self._told(function, invocation, runner.stream, runner.lines)
        except asyncio.CancelledError:
            await runner.kill()
            raise
        retired = self._revisions.get(function.arn, function.revision) != function.revision
        if runner.alive and not self._closed and not retired:
            runner.since = self._clock.now()
            self._warm.setdefault(function.arn, deque()).append(runner)
        elif runner.alive:
            await runner.kill()
        return outcome

    async def _told(self, function: Function, invocation: Invocation, stream: str, lines: Sequence[str]) -> None:
        """Hand on what an invocation logged: each line bears its id."""
        for number, line in enumerate(lines, 1):
            log.info("function said", function=function.name, request_id=invocation.id, line=line)
            if number % _IN_A_ROW == 0:
                await asyncio.sleep(0)
        if lines and self._write is not None:
            home = f"arn:aws:logs:{function.region}:{function.account}"
            try:
                self._write(f"{home}:log-group:/aws/lambda/{function.name}", stream, lines)
            except Exception:  # whoever takes the lines must not make an invocation fail that did not
                log.exception("a function's lines could not be handed on", function=function.arn)

    async def _reuse(self, function: Function) -> Runner | None:
        """The runner that was used last, if it runs what the function is now."""
        warm = self._warm.get(function.arn, deque())
        for runner in [*reversed(warm)]:
            if runner not in warm or runner.function.revision != function.revision:
                continue
            warm.remove(runner)
            if runner.alive and not await runner.stale():
                return runner
            await runner.kill()
        return None

    def _forget(self, arn: str) -> None:
        """Know nothing more of a function that is gone, once nothing of it is at work."""
        if not self._running.get(arn) and self._revisions.get(arn, "") is None:
            del self._revisions[arn]

    def _count(self, arn: str) -> Count:
        return self.counts.setdefault(arn, Count())

    def most(self, function: Function) -> int:
        """How many invocations of it may run at once."""
        return self._most if function.reserved is None else function.reserved

    async def _enter(self, function: Function, patience: float | None) -> None:
        arn, most = function.arn, self.most(function)
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
            if self._closed:
                raise TryAgain("The server is stopping.", "TooManyRequestsException")

    def _leave(self, arn: str, task: asyncio.Task[Outcome]) -> None:
        self._running[arn].discard(task)
        self._forget(arn)
        if not task.cancelled() and task.exception() is not None:
            log.error("an invocation failed", function=arn, exc_info=task.exception())
        waiting = self._waiting.get(arn)
        while waiting:
            turn = waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                break
