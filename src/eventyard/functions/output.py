"""What a process writes to its standard output and error: read as it comes, and the last lines of it kept.

Whoever floods it is slowed down, so that reading what nobody will keep costs the server next to nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections import deque

_LINES, _LONGEST = 1000, 100_000
_CHUNK = 64 << 10
#: Bytes between two calls of ``take`` that are read without a pause, and seconds between two chunks after them.
_FREE, _PAUSE = 1 << 20, 0.02
#: Bytes that are read at the end of an invocation, so that its log is whole.
_AT_THE_END = 1 << 20


class Output:
    """A pipe: ``writing`` is the process's end, to be closed here once the process has it."""

    def __init__(self) -> None:
        self._reading, self.writing = os.pipe()
        os.set_blocking(self._reading, False)
        self._loop = asyncio.get_running_loop()
        self._lines: deque[str] = deque(maxlen=_LINES)
        self._rest = b""
        self._size = 0
        self._pause: asyncio.TimerHandle | None = None
        self._open = True
        self._loop.add_reader(self._reading, self._readable)

    def take(self) -> list[str]:
        """All whole lines since the last call, the last thousand of them, with what is there to be read now."""
        end = self._size + _AT_THE_END
        while self._open and self._size < end and self._read():
            pass
        if self._rest:
            self._line(self._rest)
            self._rest = b""
        lines = list(self._lines)
        self._lines.clear()
        self._size = 0
        return lines

    def close(self) -> None:
        if self._open:
            self._open = False
            if self._pause is not None:
                self._pause.cancel()
            else:
                self._loop.remove_reader(self._reading)
            os.close(self._reading)

    def _readable(self) -> None:
        if not self._read():
            return
        if self._size > _FREE:
            self._loop.remove_reader(self._reading)
            self._pause = self._loop.call_later(_PAUSE, self._go_on)

    def _go_on(self) -> None:
        self._pause = None
        self._loop.add_reader(self._reading, self._readable)

    def _read(self) -> bool:
        """Read a chunk; False where there is none."""
        data = b""
        with contextlib.suppress(BlockingIOError):
            data = os.read(self._reading, _CHUNK)
            if not data:  # nobody has the other end any more
                self._loop.remove_reader(self._reading) if self._pause is None else self._pause.cancel()
                self._open = False
                os.close(self._reading)
        self._size += len(data)
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._line(line)
        if len(self._rest) > _LONGEST:
            self._line(self._rest)
            self._rest = b""
        return bool(data)

    def _line(self, line: bytes) -> None:
        self._lines.append(line[:_LONGEST].decode("utf-8", "replace"))
