"""What a pool needs of whatever runs a function, and how what goes wrong there is told. It runs nothing."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Sequence
from typing import Protocol, TypeVar

import msgspec

from eventyard.clock import Clock
from eventyard.functions.resources import Function, Invocation, Outcome

#: Lambda's quotas: what a handler may answer, and how much of its log an answer can have.
MOST_ANSWER, _LOG_TAIL = 6 << 20, 4096
UNHANDLED = "Unhandled"
_encode = msgspec.json.Encoder().encode
_raw = msgspec.json.Decoder(msgspec.Raw).decode

T = TypeVar("T")


class Runner(Protocol):
    """Runs one invocation at a time. ``since``: when it was last used. ``stream``: the name of its log stream."""

    function: Function
    since: int
    stream: str

    @property
    def alive(self) -> bool:
        """Whether it can take another invocation."""
        ...

    @property
    def lines(self) -> Sequence[str]:
        """What the last invocation logged."""
        ...

    async def stale(self) -> bool:
        """Whether the code has changed since it was started."""
        ...

    async def invoke(self, invocation: Invocation) -> Outcome:
        """Run one. What does not end in the function's time is killed."""
        ...

    async def kill(self) -> int:
        """End it, and whatever it started; answers the exit status, as a negative signal where it was one."""
        ...


async def within(clock: Clock, seconds: float, work: Awaitable[T]) -> T | None:
    """What ``work`` answers, or None if that takes longer than ``seconds``; then it is cancelled."""
    task, sleep = asyncio.ensure_future(work), asyncio.ensure_future(clock.sleep(seconds))
    try:
        await asyncio.wait({task, sleep}, return_when=asyncio.FIRST_COMPLETED)
        return task.result() if task.done() else None
    finally:
        sleep.cancel()
        task.cancel()
        await asyncio.gather(task, sleep, return_exceptions=True)


def answered(payload: bytes, lines: Sequence[str]) -> Outcome:
    """The outcome of what a handler answered: an error where that is too large, or no JSON."""
    if len(payload) > MOST_ANSWER:
        why = f"Response payload size ({len(payload)} bytes) exceeded maximum allowed payload size"
        return failed(None, "Function.ResponseSizeTooLarge", f"{why} ({MOST_ANSWER} bytes).", lines)
    try:
        _raw(payload)
    except (msgspec.DecodeError, RecursionError, ValueError) as error:
        return failed(None, "Runtime.InvalidResponse", f"The answer is not JSON: {error}", lines)
    return Outcome(payload, None, tail(lines))


def failed(invocation: Invocation | None, kind: str, why: str, lines: Sequence[str]) -> Outcome:
    """The outcome of what the handler did not answer itself."""
    message = why if invocation is None else f"RequestId: {invocation.id} Error: {why}"
    return Outcome(_encode({"errorMessage": message, "errorType": kind}), UNHANDLED, tail(lines))


def timed_out(function: Function, invocation: Invocation, lines: Sequence[str]) -> Outcome:
    return failed(invocation, "Sandbox.Timedout", f"Task timed out after {function.timeout:.2f} seconds", lines)


def exited(invocation: Invocation, status: int, lines: Sequence[str]) -> Outcome:
    how = f"exit status {status}" if status >= 0 else f"signal: {signal.Signals(-status).name}"
    return failed(invocation, "Runtime.ExitError", f"Runtime exited with error: {how}", lines)


def tail(lines: Sequence[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()[-_LOG_TAIL:]
