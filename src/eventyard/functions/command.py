"""A program that is run once for each invocation: the event is its standard input, its standard output the answer.

Any language will do. What it writes to standard error is its log. An exit status other than 0, or an answer that is no
JSON, is an error whose message is the end of the log.
"""

from __future__ import annotations

import asyncio
import secrets
import shutil
from collections.abc import Sequence
from pathlib import Path

from eventyard.clock import Clock
from eventyard.functions.child import Child
from eventyard.functions.resources import Function, Invocation, Outcome
from eventyard.functions.runner import MOST_ANSWER, answered, exited, failed, timed_out, within

#: MiB of private data that the program has beside the function's own.
_OWN = 64
_MESSAGE = 1000
#: Seconds after its end in which the rest of what a program wrote is read.
_AFTER = 0.2


class Command:
    """Keeps :class:`~eventyard.functions.runner.Runner`. ``folder``: where the program is run. ``home``: where
    the server keeps functions. ``yields``: see :meth:`Child.start`."""

    def __init__(self, function: Function, clock: Clock, folder: Path, home: Path, yields: bool) -> None:
        self._yields = yields
        self._home = home
        self.function = function
        self.since = clock.now()
        self.stream = f"command-{secrets.token_hex(4)}"  # one for all its invocations, whose processes come and go
        self.lines: Sequence[str] = ()
        self._clock = clock
        self._folder = folder
        self._child: Child | None = None

    @property
    def alive(self) -> bool:
        """Nothing is left of an invocation that the next could not use."""
        return True

    async def stale(self) -> bool:
        return False

    async def invoke(self, invocation: Invocation) -> Outcome:
        more = {"AWS_LAMBDA_REQUEST_ID": invocation.id, "_X_AMZN_TRACE_ID": invocation.trace or ""}
        try:
            argv = [located(self.function.command[0], self._folder), *self.function.command[1:]]
            child = self._child = await Child.start(
                argv,
                self.function,
                self._folder,
                self._home,
                more=more,
                memory=self.function.memory + _OWN,
                answers=True,
                yields=self._yields,
            )
        except OSError as error:
            return failed(invocation, "Runtime.InvalidEntrypoint", f"{self.function.command[0]}: {error}", ())
        ended = None
        try:
            ended = await within(self._clock, self.function.timeout, _talk(child, invocation.payload))
        finally:
            status = await self.kill()
        if ended is None:
            return timed_out(self.function, invocation, self.lines)
        answer, status = ended
        if len(answer) > MOST_ANSWER:
            return answered(answer, self.lines)
        if status != 0 and not self.lines:
            return exited(invocation, status, self.lines)
        if status != 0:
            return failed(None, "Runtime.ExitError", "\n".join(self.lines)[-_MESSAGE:], self.lines)
        outcome = answered(answer.strip() or b"null", self.lines)
        if outcome.error is not None and self.lines:
            return failed(None, "Runtime.InvalidResponse", "\n".join(self.lines)[-_MESSAGE:], self.lines)
        return outcome

    async def kill(self) -> int:
        child, self._child = self._child, None
        if child is None:
            return 0
        status = await child.kill()
        self.lines = child.output.take()
        child.output.close()
        return status


def located(program: str, folder: Path) -> str:
    """The program: a path is seen from the function's folder, a name is looked up. Raises OSError for what is not
    there."""
    found = str(folder / program) if "/" in program else shutil.which(program)
    if found is None or not Path(found).exists():
        raise FileNotFoundError("there is no such program")
    return found


async def _talk(child: Child, payload: bytes) -> tuple[bytes, int]:
    """What the program answers, no more than one part too much of it, and its exit status. Whatever it leaves running
    may hold its output open; that is not waited for."""
    found: list[bytes] = []
    tasks = [
        asyncio.ensure_future(child.give(payload, last=True)),
        reading := asyncio.ensure_future(_read(child, found)),
        ending := asyncio.ensure_future(child.process.wait()),
    ]
    try:
        await asyncio.wait({reading, ending}, return_when=asyncio.FIRST_COMPLETED)
        if reading.done() and sum(map(len, found)) > MOST_ANSWER:
            return b"".join(found), 0
        status = await ending
        await asyncio.wait({reading}, timeout=_AFTER)
        return b"".join(found), status
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _read(child: Child, found: list[bytes]) -> None:
    size = 0
    while (
        child.process.stdout is not None and size <= MOST_ANSWER and (part := await child.process.stdout.read(1 << 16))
    ):
        found.append(part)
        size += len(part)
