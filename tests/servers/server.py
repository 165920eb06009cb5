"""What the servers have in common: a directory and a port that outlive the process, which can be killed."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

from tests.servers.certificate import make_certificate


class Server:
    """``port``: on loopback, the same after each start. ``tls_port``: the same with TLS, where it has that; by the
    certificate ``ca``. ``home``: what it keeps."""

    user: str | None = None  #: whom to run as, if the tests run as root and the server must not

    @classmethod
    def missing(cls) -> str | None:
        """Why this server can't be had here; None if it can."""
        raise NotImplementedError

    def __init__(self) -> None:
        self.home = Path(tempfile.mkdtemp(prefix="eventyard-test-"))
        self.account = self.user if os.geteuid() == 0 and self.user in {one.pw_name for one in pwd.getpwall()} else None
        if self.account is not None:
            shutil.chown(self.home, self.account)
        self.port, self.tls_port = free_port(), free_port()
        self.certificate, self.key = make_certificate(self.home)
        if self.account is not None:
            shutil.chown(self.key, self.account)
        self._process: subprocess.Popen[bytes] | None = None
        self.prepare()
        self.start()

    def prepare(self) -> None:
        """What is done once, before the first start."""

    def command(self) -> list[str]:
        raise NotImplementedError

    def environment(self) -> dict[str, str]:
        return {}

    def ready(self) -> bool:
        """Whether it takes requests."""
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
        except OSError:
            return False
        return True

    @property
    def ca(self) -> str:
        return self.certificate.read_text()

    def start(self) -> None:
        with (self.home / "log").open("ab") as log:
            self._process = subprocess.Popen(
                self.command(),
                user=self.account,
                cwd=self.home,
                env={**os.environ, "HOME": str(self.home), **self.environment()},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        end = time.monotonic() + 60
        while not self.ready():
            alive = self._process.poll() is None and time.monotonic() < end
            assert alive, (self.home / "log").read_text()[-4000:]
            time.sleep(0.05)

    def kill(self) -> None:
        """End it at once, with all that it started."""
        if self._process is not None:
            self._signal(signal.SIGKILL)
            self._process.wait(20)
            self._process = None

    def freeze(self) -> None:
        """Have it hang: connections stay, and nobody answers."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        """To the process and all its descendants, which may have left its group."""
        assert self._process is not None
        family = [self._process.pid]
        for pid in family:
            for listed in Path(f"/proc/{pid}/task").glob("*/children"):
                family += map(int, listed.read_text().split())
        for pid in family:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)

    def stop(self) -> None:
        self.kill()
        shutil.rmtree(self.home, ignore_errors=True)

    def run(self, *command: str) -> None:
        subprocess.run(
            command,
            check=True,
            user=self.account,
            cwd=self.home,
            env={**os.environ, "HOME": str(self.home), **self.environment()},
            capture_output=True,
            timeout=120,
        )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def debian(program: str, package: str) -> str | None:
    return None if shutil.which(program) else f"There is no {program} here: apt-get install {package}, or make servers."
