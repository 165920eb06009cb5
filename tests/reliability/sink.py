"""An HTTP endpoint that refuses some events a few times, and some for ever, each in its own way."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
from collections import Counter
from collections.abc import AsyncIterator

from .oracle import Oracle
from .process import free_port

_LENGTH = re.compile(rb"content-length: ?(\d+)", re.IGNORECASE)
#: Whole answers, and one that breaks off. (A kept connection that is closed without any answer is none: whoever sends
#: on it can't know whether it was closed before, and sends once more.)
_TAKEN = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
_REFUSALS = (
    b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 429 Too Many Requests\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nno",
)


class Sink:
    """Writes every try down before it answers."""

    def __init__(self, oracle: Oracle) -> None:
        self.port = free_port()
        self._oracle = oracle
        self._tries: Counter[int] = Counter()
        self._open = 0

    async def quiet(self) -> None:
        """Return when all that a server sent before it died has been written down, so that it counts as of its life."""
        await asyncio.sleep(0.01)  # to be connected with
        while self._open:  # noqa: ASYNC110 - it ends soon, and often at once
            await asyncio.sleep(0.001)

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, backlog=500)
        try:
            yield
        finally:
            server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open += 1
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = _LENGTH.search(head)
                answer = self._take((await reader.readexactly(int(length[1]) if length else 0)).decode())
                writer.write(answer)
                if not answer.endswith(b"\r\n"):
                    return
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the other side was killed, or all is over
        finally:
            self._open -= 1
            writer.close()

    def _take(self, body: str) -> bytes:
        number: int = json.loads(body)["detail"]["number"]
        self._tries[number] += 1
        taken = self._oracle.tried(number, self._tries[number], body)
        return _TAKEN if taken else _REFUSALS[number % len(_REFUSALS)]
