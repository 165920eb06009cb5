"""One worker process: started for a function, given one invocation at a time, killed with all it started.

It knows the lines that :mod:`eventyard.functions.worker` writes, and no queues, no retries."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

import msgspec

from eventyard.clock import Clock
from eventyard.functions.resources import LATEST, Function, Outcome

_WORKER = Path(__file__).with_name("worker.py")
#: Lambda's quotas: what a handler may answer, and how much of its log an answer can have; and the lines kept.
_MOST_ANSWER, _LOG_TAIL = 6 << 20, 4096
_LINE = 2 * _MOST_ANSWER
#: Seconds that importing the handler's module may take (developer guide, "Lambda execution environments": 10 s).
_INIT = 10.0
_UNHANDLED = "Unhandled"
_ONE_LINE = bytes.maketrans(b"\r\n", b"  ")
_encode = msgspec.json.Encoder().encode


class Invocation(msgspec.Struct, frozen=True):
    """``id``: the request's. ``payload``: the event, as JSON."""

    id: str
    payload: bytes
    trace: str | None = None
    client_context: msgspec.Raw | None = None


class _Request(msgspec.Struct):
    id: str
    arn: str
    event: msgspec.Raw
    deadline: int
    trace: str | None
    client_context: msgspec.Raw | None


class Worker:
    """Made by :meth:`start`. ``since``: when it was last used."""

    def __init__(
        self, function: Function, clock: Clock, process: asyncio.subprocess.Process, answers: asyncio.StreamReader,
        scratch: Path,
    ) -> None:  # fmt: skip
        self.function = function
        self._killed = False
        self.since = clock.now()
        self._clock = clock
        self._process = process
        self._answers = answers
        self._scratch = scratch
        self._said: list[str] = []

    @classmethod
    async def start(cls, function: Function, code: Path, clock: Clock) -> Worker | Outcome:
        """A worker that has loaded the handler; or, if it can't be loaded, the outcome of the invocation."""
        reading, writing = os.pipe()
        scratch = Path(tempfile.mkdtemp(prefix="function-"))
        answers = asyncio.StreamReader(limit=_LINE)
        loop = asyncio.get_running_loop()
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(answers), os.fdopen(reading, "rb"))
        try:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-u", str(_WORKER), str(writing),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.DEVNULL,
                cwd=code,
                env=_environment(function, scratch),
                pass_fds=(writing,),
                start_new_session=True,
            )  # fmt: skip
        finally:
            os.close(writing)
        worker = cls(function, clock, process, answers, scratch)
        try:
            async with asyncio.timeout(_INIT):
                kind, value = await worker._answer()
        except TimeoutError:
            kind, value = "T", b""
        if kind == "I":
            return worker
        await worker.kill()
        if kind == "F":
            return Outcome(value, _UNHANDLED, worker._log())
        why = f"Init phase timed out after {_INIT:.2f} seconds" if kind == "T" else "Runtime exited during init"
        return Outcome(_encode({"errorMessage": why, "errorType": "Sandbox.Timedout"}), _UNHANDLED, worker._log())

    async def invoke(self, invocation: Invocation) -> Outcome:
        """Run the handler. Past the function's time, or without an answer, the process is killed."""
        self._said = []
        request = _Request(
            invocation.id,
            self.function.arn,
            # The line must not end early: JSON has line breaks only where any space may stand.
            msgspec.Raw(invocation.payload.translate(_ONE_LINE)),
            self._clock.now() + self.function.timeout * 1000,
            invocation.trace,
            invocation.client_context,
        )
        sleep = asyncio.ensure_future(self._clock.sleep(self.function.timeout))
        answer = asyncio.ensure_future(self._ask(_encode(request)))
        try:
            await asyncio.wait({sleep, answer}, return_when=asyncio.FIRST_COMPLETED)
            if not answer.done():
                await self.kill()
                why = f"Task timed out after {self.function.timeout:.2f} seconds"
                return self._failed(invocation, "Sandbox.Timedout", why)
            kind, value = answer.result()
        except BaseException:
            await self.kill()
            raise
        finally:
            sleep.cancel()
            answer.cancel()
            await asyncio.gather(sleep, answer, return_exceptions=True)
        if kind == "X":
            status = await self.kill()
            how = f"exit status {status}" if status >= 0 else f"signal: {signal.Signals(-status).name}"
            return self._failed(invocation, "Runtime.ExitError", f"Runtime exited with error: {how}")
        if len(value) > _MOST_ANSWER:
            most = f"maximum allowed payload size ({_MOST_ANSWER} bytes)"
            why = f"Response payload size ({len(value)} bytes) exceeded {most}."
            return self._failed(invocation, "Function.ResponseSizeTooLarge", why)
        return Outcome(value, None if kind == "R" else _UNHANDLED, self._log())

    @property
    def alive(self) -> bool:
        """Whether it can take another invocation."""
        return not self._killed and self._process.returncode is None and not self._answers.at_eof()

    @property
    def lines(self) -> list[str]:
        """What the last invocation logged."""
        return self._said

    async def kill(self) -> int:
        """End the process and whatever it started; answers its exit status, as a negative signal where it was one."""
        self._killed = True
        if self._process.returncode is None:
            # What has ended by itself keeps its status; what hasn't, loses it in the next line.
            with contextlib.suppress(TimeoutError):
                if self._answers.at_eof():
                    async with asyncio.timeout(1):
                        await self._process.wait()
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        status = await self._process.wait()
        await asyncio.to_thread(shutil.rmtree, self._scratch, ignore_errors=True)
        return status

    async def _ask(self, request: bytes) -> tuple[str, bytes]:
        if self._process.stdin is None:
            return "X", b""
        with contextlib.suppress(ConnectionError):
            self._process.stdin.write(request + b"\n")
            await self._process.stdin.drain()
        return await self._answer()

    async def _answer(self) -> tuple[str, bytes]:
        """The next answer; the lines of the log on the way to it are kept."""
        while True:
            try:
                line = await self._answers.readline()
            except ValueError:  # longer than any answer may be
                return "X", b""
            if not line.endswith(b"\n"):
                return "X", b""
            kind, value = chr(line[0]), line[1:-1]
            if kind != "L":
                return kind, value
            self._said.append(msgspec.json.decode(value, type=str))
            del self._said[:-1000]

    def _failed(self, invocation: Invocation, kind: str, why: str) -> Outcome:
        message = f"RequestId: {invocation.id} Error: {why}"
        return Outcome(_encode({"errorMessage": message, "errorType": kind}), _UNHANDLED, self._log())

    def _log(self) -> bytes:
        return "".join(f"{line}\n" for line in self._said).encode()[-_LOG_TAIL:]


def _environment(function: Function, scratch: Path) -> Mapping[str, str]:
    """Lambda's reserved variables and the function's own; nothing of the server's, whose secrets are not for it.

    Source: developer guide, "Defined runtime environment variables"."""
    return {
        "PATH": os.defpath,
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
        "HOME": str(scratch),
        "TMPDIR": str(scratch),
        "PYTHONDONTWRITEBYTECODE": "1",
        **function.environment,
        "_HANDLER": function.handler,
        "AWS_REGION": function.region,
        "AWS_DEFAULT_REGION": function.region,
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{function.runtime}",
        "AWS_LAMBDA_FUNCTION_NAME": function.name,
        "AWS_LAMBDA_FUNCTION_VERSION": LATEST,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory),
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{function.name}",
        "AWS_LAMBDA_LOG_STREAM_NAME": f"{scratch.name}",
        "LAMBDA_TASK_ROOT": ".",
    }
