"""The data directory and the lock that keeps it for one process."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from eventyard.errors import Broken


class DataDirectory:
    """A directory held by this process: ``database`` is the file inside it. Holds until :meth:`release`, or death.

    The lock is flock(2)'s, which the kernel lets go of when the process ends, however it ends."""

    def __init__(self, path: Path) -> None:
        try:
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock = os.open(path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise Broken(f"the data directory {path} cannot be used: {error}") from error
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = os.read(self._lock, 32).decode("ascii", "replace").strip() or "unknown"
            os.close(self._lock)
            raise Broken(f"the data directory {path} is in use by process {holder}") from error
        os.ftruncate(self._lock, 0)
        os.pwrite(self._lock, f"{os.getpid()}\n".encode(), 0)
        self.path = path
        self.database = path / "eventyard.db"

    def sync(self) -> None:
        """Make the names of the files durable; without it a power cut may take a new file though its pages are safe."""
        for directory in (self.path, self.path.parent):
            handle = os.open(directory, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)

    def release(self) -> None:
        """Let another process have the directory."""
        os.close(self._lock)
