"""A process that is given invocation after invocation, and killed with all it started when it takes too long.

How it is spoken to is a conversation's affair: there is one for Python's worker and one for Lambda's runtime API.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Protocol

import msgspec

from eventyard.clock import Clock
from eventyard.functions.child import Child
from eventyard.functions.resources import Function, Invocation, Outcome
from eventyard.functions.runner import UNHANDLED, answered, exited, failed, tail, timed_out, within

#: Seconds that a runtime may take to be ready (developer guide, "Lambda execution environments": 10 s), and that it has
#: to end by itself once it has hung up.
_INIT, _ENDING = 10.0, 1.0


class Answer(msgspec.Struct, frozen=True):
    """``kind``: R (a result), E (an error that the handler raised), D (one after which it must not be asked again), I
    (ready), F (it can't be loaded), X (it hung up)."""

    kind: str
    value: bytes = b""


HUNG_UP = Answer("X")


class Request(msgspec.Struct, frozen=True):
    """``deadline``: ms since the epoch."""

    invocation: Invocation
    arn: str
    deadline: int


class Conversation(Protocol):
    """How a process is spoken to. Nothing that it says may raise."""

    async def ready(self) -> Answer: ...

    async def ask(self, request: Request) -> Answer: ...

    def close(self) -> None: ...


Stamp = Callable[[], Awaitable[object]]
"""Something that is another when the code has changed."""


class Worker:
    """Keeps :class:`~eventyard.functions.runner.Runner`. Made by :meth:`start`."""

    def __init__(self, function: Function, clock: Clock, child: Child, conversation: Conversation) -> None:
        self.function = function
        self.since = clock.now()
        self.stream = child.stream
        self.lines: list[str] = []
        self._clock = clock
        self._child = child
        self._conversation = conversation
        self._killed = False
        self._exit = asyncio.ensure_future(child.process.wait())
        self._stamp: Stamp | None = None
        self._code: object = None

    @classmethod
    async def start(
        cls, function: Function, clock: Clock, child: Child, conversation: Conversation, stamp: Stamp | None = None
    ) -> Worker | Outcome:
        """A worker that is ready; or, if it can't be, the outcome of the invocation. ``stamp``: None for code that
        does not change."""
        worker = cls(function, clock, child, conversation)
        if stamp is not None:
            worker._stamp, worker._code = stamp, await stamp()
        try:
            answer = await within(clock, _INIT, worker._or_exit(conversation.ready()))
        except BaseException:
            await worker.kill()
            raise
        if answer is not None and answer.kind == "I":
            return worker
        if answer is None:
            why = f"Init phase timed out after {_INIT:.2f} seconds"
            await worker.kill()
            return failed(None, "Sandbox.Timedout", why, worker._said())
        if answer.kind == "F":
            await worker.kill()
            return Outcome(answer.value, UNHANDLED, tail(worker._said()))
        status = await worker.kill(_ENDING)
        why = f"Runtime exited during init: {'exit status' if status >= 0 else 'signal'} {abs(status)}"
        return failed(None, "Runtime.ExitError", why, worker._said())

    async def invoke(self, invocation: Invocation) -> Outcome:
        request = Request(invocation, self.function.arn, self._clock.now() + self.function.timeout * 1000)
        try:
            answer = await within(self._clock, self.function.timeout, self._or_exit(self._conversation.ask(request)))
        except BaseException:
            await self.kill()
            raise
        if answer is None:
            await self.kill()
            return timed_out(self.function, invocation, self._said())
        if answer.kind == "R":
            return answered(answer.value, self._said())
        if answer.kind == "D":
            await self.kill()
        if answer.kind in "ED":
            return Outcome(answer.value, UNHANDLED, tail(self._said()))
        status = await self.kill(_ENDING)
        return exited(invocation, status, self._said())

    @property
    def alive(self) -> bool:
        return not self._killed and not self._exit.done() and self._child.lives()

    async def stale(self) -> bool:
        return self._stamp is not None and await self._stamp() != self._code

    async def kill(self, patience: float = 0.0) -> int:
        self._killed = True
        status = await self._child.kill(patience)
        self.lines = self._child.output.take() or self.lines
        self._child.output.close()
        self._conversation.close()
        self._exit.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._exit
        return status

    def _said(self) -> list[str]:
        if not self._killed:
            self.lines = self._child.output.take()
        return self.lines

    async def _or_exit(self, work: Awaitable[Answer]) -> Answer:
        """What is answered; hung up where the process ends without an answer, whoever holds its end of a pipe."""
        task = asyncio.ensure_future(work)
        try:
            await asyncio.wait({task, self._exit}, return_when=asyncio.FIRST_COMPLETED)
            if not task.done():  # it may have answered and then ended
                await asyncio.wait({task}, timeout=0.2)
            return task.result() if task.done() else HUNG_UP
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
