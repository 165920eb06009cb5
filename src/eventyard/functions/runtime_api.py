"""Lambda's runtime API: the conversation with a runtime that asks for its invocations over HTTP, whatever its language.

Each process has a listener of its own on loopback, so that nobody but it is meant. Source: developer guide, "Using the
Lambda runtime API for custom runtimes" (version 2018-06-01). Extensions and telemetry are not there.
"""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import httptools
import msgspec

from eventyard.functions.process import HUNG_UP, Answer, Request
from eventyard.functions.runner import MOST_ANSWER

_ROOT = "/2018-06-01/runtime/"
_encode = msgspec.json.Encoder().encode
_ACCEPTED = _encode({"status": "OK"})


class _Told(msgspec.Struct):
    """What a runtime tells of an error; more than is needed is handed on as it came."""

    message: str = msgspec.field(name="errorMessage")
    kind: str = msgspec.field(name="errorType")


class RuntimeApi:
    """``address``: what the process is told in AWS_LAMBDA_RUNTIME_API."""

    def __init__(self, server: asyncio.Server, listener: socket.socket) -> None:
        self.address = f"127.0.0.1:{listener.getsockname()[1]}"
        self._server = server
        self._current: Request | None = None
        self._waiting: _Connection | None = None
        self._answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()

    @classmethod
    async def open(cls) -> RuntimeApi:
        listener = socket.create_server(("127.0.0.1", 0))
        api: RuntimeApi | None = None
        connections: list[_Connection] = []

        def connected() -> _Connection:
            connections[:] = [one for one in connections if not one.lost]
            connection = _Connection(lambda *request: api.requested(*request) if api is not None else None)
            connections.append(connection)
            return connection

        server = await asyncio.get_running_loop().create_server(connected, sock=listener)
        api = cls(server, listener)
        api._connections = connections
        return api

    _connections: list[_Connection]

    async def ready(self) -> Answer:
        """Ready is a runtime when it asks for its first invocation."""
        return await self._answer

    async def ask(self, request: Request) -> Answer:
        self._current = request
        self._answer = asyncio.get_running_loop().create_future()
        if self._waiting is not None:
            self._give(self._waiting, request)
        return await self._answer

    def close(self) -> None:
        self._server.close()
        for connection in self._connections:
            connection.close()

    def requested(self, connection: _Connection, method: str, path: str, headers: dict[str, str], body: bytes) -> None:
        """Answer a request of the runtime: the next invocation when there is one, everything else at once."""
        where = path.partition("?")[0].removeprefix(_ROOT)
        current = "" if self._current is None else self._current.invocation.id
        if (method, where) == ("GET", "invocation/next"):
            self._waiting = connection
            if self._current is None:
                self._settle(Answer("I"))
            elif not self._answer.done():  # it asked late for what is there
                self._give(connection, self._current)
            return
        if method == "POST" and where == "init/error":
            connection.answer(202, _ACCEPTED)
            self._settle(Answer("F", _error(headers, body)))
        elif method == "POST" and current and where == f"invocation/{current}/response":
            if len(body) > MOST_ANSWER:
                connection.answer(413, _refusal("RequestEntityTooLarge", "The answer is too large."))
            else:
                connection.answer(202, _ACCEPTED)
            self._settle(Answer("R", body))
        elif method == "POST" and current and where == f"invocation/{current}/error":
            connection.answer(202, _ACCEPTED)
            self._settle(Answer("E", _error(headers, body)))
        elif method == "POST" and where.startswith("invocation/"):
            connection.answer(400, _refusal("InvalidRequestID", "Invalid request ID"))
        else:
            connection.answer(404, _refusal("NotFound", f"There is no {method} {path[:200]} here."))

    def _give(self, connection: _Connection, request: Request) -> None:
        self._waiting = None
        asked = request.invocation
        headers = {
            "Lambda-Runtime-Aws-Request-Id": asked.id,
            "Lambda-Runtime-Deadline-Ms": str(request.deadline),
            "Lambda-Runtime-Invoked-Function-Arn": request.arn,
        }
        if asked.trace and asked.trace.isascii() and asked.trace.isprintable():
            headers["Lambda-Runtime-Trace-Id"] = asked.trace
        if asked.client_context is not None:
            headers["Lambda-Runtime-Client-Context"] = bytes(asked.client_context).decode("utf-8", "replace")
        connection.answer(200, asked.payload, headers)

    def _settle(self, answer: Answer) -> None:
        if not self._answer.done():
            self._answer.set_result(answer)


class _Connection(asyncio.Protocol):
    """One connection of the runtime. ``requested``: called with each request when all of it is there."""

    def __init__(self, requested: Any) -> None:
        self._requested = requested
        self._parser = httptools.HttpRequestParser(self)
        self._transport: Any = None
        self.lost = False
        self._begin()

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def answer(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        if self.lost:
            return
        lines = [f"HTTP/1.1 {status} -", "Content-Type: application/json", f"Content-Length: {len(body)}"]
        lines += [f"{name}: {_one_line(value)}" for name, value in (headers or {}).items()]
        self._transport.write("\r\n".join([*lines, "", ""]).encode() + body)

    # --- called by the loop -----------------------------------------------------------------------------------------

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def connection_lost(self, error: Exception | None) -> None:
        self.lost = True

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._transport.abort()

    # --- called by the parser ---------------------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        self._begin()

    def on_url(self, url: bytes) -> None:
        self._path += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        if self._headers.get("expect", "").lower() == "100-continue":
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_body(self, data: bytes) -> None:
        # One byte more than may be says that it was too much; the rest is read and thrown away.
        room = MOST_ANSWER + 1 - self._size
        if room > 0:
            self._body.append(data[:room])
            self._size += len(data[:room])

    def on_message_complete(self) -> None:
        method = self._parser.get_method().decode("latin-1")
        self._requested(self, method, self._path.decode("latin-1"), self._headers, b"".join(self._body))

    def _begin(self) -> None:
        self._path = b""
        self._headers: dict[str, str] = {}
        self._body: list[bytes] = []
        self._size = 0


def _one_line(value: str) -> str:
    return value.replace("\r", " ").replace("\n", " ")


def _error(headers: dict[str, str], body: bytes) -> bytes:
    """What the runtime tells of an error, if it is as documented; else with the type that its header gives."""
    try:
        msgspec.json.decode(body, type=_Told)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        kind = headers.get("lambda-runtime-function-error-type", "Runtime.UnknownReason")
        return _encode({"errorMessage": body.decode("utf-8", "replace")[:10_000], "errorType": kind})
    return body


def _refusal(kind: str, message: str) -> bytes:
    return _encode({"errorMessage": message, "errorType": kind})


__all__ = ["HUNG_UP", "RuntimeApi"]
