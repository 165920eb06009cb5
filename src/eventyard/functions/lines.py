"""The conversation with Python's worker: requests are lines on its standard input, answers lines on a pipe of its own.

It knows the lines that :mod:`eventyard.functions.worker` writes. What a handler prints is not among them, and what it
writes into the pipe itself is no answer unless it bears the invocation's id.
"""

from __future__ import annotations

import asyncio
import os
from typing import Any

import msgspec

from eventyard.functions.child import Child
from eventyard.functions.process import HUNG_UP, Answer, Request
from eventyard.functions.runner import MOST_ANSWER

_LINE = 2 * MOST_ANSWER
_ONE_LINE = bytes.maketrans(b"\r\n", b"  ")
_encode = msgspec.json.Encoder().encode
_raw = msgspec.json.Decoder(msgspec.Raw).decode


class _Line(msgspec.Struct):
    id: str
    arn: str
    event: msgspec.Raw
    deadline: int
    trace: str | None
    client_context: msgspec.Raw | None


class Lines:
    """``writing``: the worker's end of the pipe, to be closed here once the worker has it."""

    def __init__(self, answers: asyncio.StreamReader, transport: asyncio.ReadTransport, writing: int) -> None:
        self.writing = writing
        self.child: Child | None = None
        self._answers = answers
        self._transport = transport

    @classmethod
    async def open(cls) -> Lines:
        reading, writing = os.pipe()
        answers = asyncio.StreamReader(limit=_LINE)
        loop = asyncio.get_running_loop()
        protocol: Any = asyncio.StreamReaderProtocol(answers)
        transport, _ = await loop.connect_read_pipe(lambda: protocol, os.fdopen(reading, "rb"))
        return cls(answers, transport, writing)

    async def ready(self) -> Answer:
        return await self._answer("")

    async def ask(self, request: Request) -> Answer:
        asked = request.invocation
        line = _Line(
            asked.id,
            request.arn,
            # The line must not end early: JSON has line breaks only where any space may stand.
            msgspec.Raw(asked.payload.translate(_ONE_LINE)),
            request.deadline,
            asked.trace,
            asked.client_context,
        )
        if self.child is None:
            return HUNG_UP
        await self.child.give(_encode(line) + b"\n")
        return await self._answer(asked.id)

    def close(self) -> None:
        self._transport.close()

    async def _answer(self, id: str) -> Answer:
        """The next answer that bears ``id``."""
        while True:
            try:
                line = await self._answers.readline()
            except ValueError:  # longer than any answer may be
                return HUNG_UP
            if not line.endswith(b"\n"):
                return HUNG_UP
            head, _, value = line[:-1].partition(b" ")
            kind = head[:1].decode("ascii", "replace")
            if head[1:] != id.encode() or kind not in "IFRED":
                continue
            if kind in "FED" and not _is_json(value):
                continue
            return Answer(kind, value)


def _is_json(value: bytes) -> bool:
    try:
        _raw(value)
    except (msgspec.DecodeError, RecursionError, ValueError):
        return False
    return True
