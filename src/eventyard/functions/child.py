"""A process that runs a function's code: started within its limits, and killed with everything it started.

It knows no protocol: what is said to it and what it answers is the affair of others.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from eventyard.functions.output import Output
from eventyard.functions.resources import LATEST, Function
from eventyard.functions.tree import end

#: What sets the limits and then becomes the program itself; a limit that is refused must not start it without one.
_LIMITED = 'ulimit -c 0 && ulimit -d "$0" && exec "$@"'

#: How far what gives way does so (nice(1), 0 to 19).
_NICENESS = 19

#: Names the server that a process belongs to.
_HOME = "EVENTYARD_FUNCTIONS"


class Child:
    """Made by :meth:`start`. ``stream``: the name of its log stream. ``output``: what it writes to standard error, and
    to standard output unless that is read as its answer."""

    def __init__(self, process: asyncio.subprocess.Process, output: Output, scratch: Path) -> None:
        self.process = process
        self.output = output
        self.stream = scratch.name
        self._scratch = scratch

    @classmethod
    async def start(
        cls,
        argv: Sequence[str],
        function: Function,
        folder: Path,
        home: Path,
        *,
        more: Mapping[str, str] | None = None,
        memory: int | None = None,
        pass_fds: Sequence[int] = (),
        answers: bool = False,
        yields: bool = False,
    ) -> Child:
        """``folder``: where it runs. ``home``: where its server keeps functions. ``memory``: MiB of private data that
        each of its processes may have, None if the program sees to that. ``answers``: its standard output is not for
        the log. ``yields``: it gets what processor time others leave. Raises OSError for what can't be started."""
        scratch = Path(tempfile.mkdtemp(prefix="function-"))
        output = Output()
        limited = [] if memory is None else ["/bin/sh", "-c", _LIMITED, str(memory << 10)]
        try:
            process = await asyncio.create_subprocess_exec(
                *limited, *argv,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE if answers else output.writing,
                stderr=output.writing,
                cwd=folder,
                env={**environment(function, folder, scratch, home), **(more or {})},
                pass_fds=pass_fds,
                start_new_session=True,
            )  # fmt: skip
        except BaseException:
            output.close()
            shutil.rmtree(scratch, ignore_errors=True)
            raise
        finally:
            os.close(output.writing)
        if yields:
            _give_way(process.pid)
        return cls(process, output, scratch)

    async def give(self, data: bytes, last: bool = False) -> None:
        """Write ``data`` to its standard input; one that reads no more is no fault. ``last``: nothing follows."""
        writer = self.process.stdin
        if writer is None:
            return
        # uvloop has a RuntimeError for a pipe whose other end was closed a moment ago.
        with contextlib.suppress(OSError, RuntimeError):
            writer.write(data)
            if last:
                writer.close()  # what was written goes out first
                await writer.wait_closed()
            else:
                await writer.drain()

    def lives(self) -> bool:
        """Whether it has not ended, as far as is known. The system is asked, where it can be: it knows before the event
        loop does."""
        if not hasattr(os, "waitid"):
            return self.process.returncode is None
        try:
            return os.waitid(os.P_PID, self.process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None
        except ChildProcessError:
            return False

    async def kill(self, patience: float = 0.0) -> int:
        """End the process and whatever it started; answers its exit status, as a negative signal where it was one.
        What is about to end by itself within ``patience`` seconds keeps its own status."""
        if patience:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(patience):
                    await self.process.wait()
        if self.lives():
            await asyncio.to_thread(end, self.process.pid)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        status = await self.process.wait()
        if self.process.stdin is not None:
            with contextlib.suppress(OSError, RuntimeError):
                self.process.stdin.close()
        await asyncio.to_thread(self._sweep)
        return status

    def _sweep(self) -> None:
        _kill_marked("AWS_LAMBDA_LOG_STREAM_NAME", self._scratch.name)
        shutil.rmtree(self._scratch, ignore_errors=True)


def _give_way(pid: int) -> None:
    """Have the process, and what it starts, give way when others want the processor. Linux may weigh whole
    sessions against each other, which a process's own niceness does not change (sched(7), "The autogroup feature")."""
    with contextlib.suppress(OSError):  # it may have ended already
        os.setpriority(os.PRIO_PROCESS, pid, _NICENESS)
    with contextlib.suppress(OSError):
        Path(f"/proc/{pid}/autogroup").write_text(str(_NICENESS))


def kill_orphans(home: Path) -> None:
    """End what a server that was killed left running, if it kept its functions in ``home`` as this one does."""
    _kill_marked(_HOME, str(home))


def _kill_marked(name: str, value: str) -> None:
    """A process that left the group, or whose server is gone, is known by the environment that it was born with (on
    Linux)."""
    mark = f"{name}={value}".encode()
    processes = os.listdir("/proc") if Path("/proc").is_dir() else ()
    for process in filter(str.isdecimal, processes):  # each by itself: a glob ends at the first that can't be read
        with contextlib.suppress(OSError):
            if mark in Path("/proc", process, "environ").read_bytes().split(b"\0"):
                end(int(process))


def environment(function: Function, folder: Path, scratch: Path, home: Path) -> Mapping[str, str]:
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
        _HOME: str(home),
        "_HANDLER": function.handler,
        "AWS_REGION": function.region,
        "AWS_DEFAULT_REGION": function.region,
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{function.runtime}",
        "AWS_LAMBDA_FUNCTION_NAME": function.name,
        "AWS_LAMBDA_FUNCTION_VERSION": LATEST,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory),
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{function.name}",
        "AWS_LAMBDA_LOG_STREAM_NAME": scratch.name,
        "LAMBDA_TASK_ROOT": str(folder),
    }
