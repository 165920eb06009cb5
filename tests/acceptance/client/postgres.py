"""A real PostgreSQL server of the test's own: a new cluster on a free port, ended with the tests.

It wants the programs of Debian's ``postgresql`` package (or any other's) on the PATH or where Debian puts them, and
runs as another user if the tests run as root, because PostgreSQL refuses to.
"""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

import psycopg


def programs() -> Path | None:
    """Where ``initdb`` and ``postgres`` are; None if nowhere."""
    on_path = shutil.which("initdb")
    found = [Path(on_path).parent] if on_path else []
    found += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    return next((each for each in found if (each / "initdb").exists() and (each / "postgres").exists()), None)


class Postgres:
    """``dsn``: for psycopg."""

    def __init__(self, programs: Path) -> None:
        self._user = _unprivileged()
        self._home = Path(tempfile.mkdtemp(prefix="postgres-"))
        if self._user is not None:
            shutil.chown(self._home, self._user)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.dsn = f"host=127.0.0.1 port={port} dbname=postgres user=test"
        data = str(self._home / "data")
        self._run([str(programs / "initdb"), "-D", data, "-U", "test", "-A", "trust", "-E", "UTF8", "--locale=C", "-N"])
        # A cluster for one test run: nothing of it need survive the machine.
        options = ["-c", "fsync=off", "-c", "listen_addresses=127.0.0.1", "-c", f"unix_socket_directories={self._home}"]
        self._process = subprocess.Popen(
            [str(programs / "postgres"), "-D", data, "-p", str(port), *options],
            user=self._user,
            cwd=self._home,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def connect(self) -> psycopg.Connection[tuple[object, ...]]:
        return psycopg.connect(self.dsn, connect_timeout=5)

    def ready(self) -> bool:
        assert self._process.poll() is None, "PostgreSQL did not start"
        try:
            self.connect().close()
        except psycopg.OperationalError:
            return False
        return True

    def stop(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(20)
        finally:
            shutil.rmtree(self._home, ignore_errors=True)

    def _run(self, command: list[str]) -> None:
        subprocess.run(command, check=True, user=self._user, cwd=self._home, capture_output=True, timeout=120)


def _unprivileged() -> str | None:
    """Whom to run as, if we are root."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return next(name for name in ("postgres", "nobody") if name in known)
