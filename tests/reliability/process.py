"""A server in a process of its own: started, waited for, killed, stopped. Knows nothing of what it serves."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from .client import Client

ROOT = Path(__file__).resolve().parents[2]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextlib.contextmanager
def _on_core(core: int | None) -> Iterator[None]:
    """What is started in this block stays on that core, with all its threads."""
    if core is None or not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


class ServerProcess:
    """``python -m MODULE serve`` on a data directory. The port stays the same through restarts.

    ``command``: what to run instead, with the word PORT where the port goes. ``core``: the one CPU it may run on.
    ``environment``: additions to this process's environment.
    """

    def __init__(
        self,
        data: Path,
        *,
        module: str = "eventyard",
        command: Sequence[str] = (),
        ready_path: str = "/readyz",
        environment: dict[str, str] | None = None,
        core: int | None = None,
        port: int | None = None,
    ) -> None:
        self.data, self.port, self.core = data, port or free_port(), core
        self.log = data.with_name(data.name + ".log")
        serve = ("serve", "--host", "127.0.0.1", "--port", str(self.port), "--data", str(data))
        self.command = [arg.replace("PORT", str(self.port)) for arg in command] or [
            sys.executable,
            "-m",
            module,
            *serve,
        ]
        self.ready_path = ready_path
        self.environment = {**os.environ, "PYTHONUNBUFFERED": "1", **(environment or {})}
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        assert self.process
        return self.process.pid

    async def start(self, patience: float = 60) -> float:
        """Start it; answers after how many seconds it was ready."""
        began = time.monotonic()
        with self.log.open("ab") as log, _on_core(self.core):
            self.process = subprocess.Popen(  # noqa: ASYNC220
                self.command, cwd=ROOT, env=self.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        client = Client(self.port, timeout=0.5)
        try:
            while not await client.ready(self.ready_path):
                if self.process.poll() is not None:
                    raise RuntimeError(f"the server ended with {self.process.returncode}:\n{self.last_words()}")
                if time.monotonic() - began > patience:
                    raise RuntimeError(f"the server was not ready in {patience} s:\n{self.last_words()}")
                await asyncio.sleep(0.02)
        except BaseException:
            self.kill()
            raise
        finally:
            client.close()
        return time.monotonic() - began

    def kill(self) -> None:
        """SIGKILL, at once; also fine when it does not run."""
        if self.process:
            with contextlib.suppress(ProcessLookupError):
                self.process.kill()
            self.process.wait()

    async def stop(self, patience: float = 30) -> tuple[int, float]:
        """SIGTERM; answers (exit code, seconds it took)."""
        assert self.process
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        while self.process.poll() is None:
            if time.monotonic() - began > patience:
                self.kill()
                raise RuntimeError(f"the server did not stop in {patience} s:\n{self.last_words()}")
            await asyncio.sleep(0.01)
        return self.process.returncode, time.monotonic() - began

    def last_words(self) -> str:
        return self.log.read_text(errors="replace")[-4000:] if self.log.exists() else ""
