"""ASGI's messages as far as this room needs them: bodies in, answers and streams out, and a client that leaves."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import parse_qsl

from eventyard.errors import InvalidRequest
from eventyard.wire.operation import Caller, HttpRequest, HttpResponse

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]

WHOLE = "eventyard.whole"
"""The ASGI extension of servers that take an answer whole: ``(status, headers, body)``, with names of headers in lower
case and the content length among them. False, with nothing sent, means that it can't be sent so."""

#: A client only reads the refusal of a body after having sent it: so much of it is read and thrown away.
_PATIENCE = 4


class Gone(Exception):
    """The client went away before it had an answer."""


async def read_body(receive: Receive, limit: int) -> bytes:
    """The whole body. Raises InvalidRequest (RequestEntityTooLargeException) above ``limit`` bytes, and Gone."""
    message = await receive()
    if message["type"] != "http.disconnect" and not message.get("more_body", False):
        body: bytes = message.get("body", b"")
        if len(body) <= limit:
            return body
    parts: list[bytes] = []
    size = 0
    while True:
        if message["type"] == "http.disconnect":
            raise Gone
        part = message.get("body", b"")
        size += len(part)
        if size <= limit:
            parts.append(part)
        elif size > limit * _PATIENCE:
            break
        if not message.get("more_body", False):
            break
        message = await receive()
    if size > limit:
        raise InvalidRequest(
            f"The request body is larger than the {limit} bytes this server accepts.", "RequestEntityTooLargeException"
        )
    return b"".join(parts)


async def send_answer(scope: Scope, send: Send, status: int, headers: Headers, body: bytes) -> None:
    """Send an answer that is there in whole, in the server's own way if it has one (see ``WHOLE``)."""
    headers.append((b"content-length", b"%d" % len(body)))
    extensions = scope.get("extensions")
    if extensions is not None and WHOLE in extensions and extensions[WHOLE](status, headers, body):
        return
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def while_there(work: Awaitable[Any], receive: Receive) -> Any:
    """The result of ``work``, which is cancelled when the client leaves (then Gone is raised).

    To be used after the body has been read: the next message can only be the disconnect."""
    task = asyncio.ensure_future(work)
    leaving = asyncio.ensure_future(receive())
    try:
        await asyncio.wait({task, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise Gone
        return task.result()
    finally:
        task.cancel()
        leaving.cancel()
        await asyncio.gather(task, leaving, return_exceptions=True)


async def send_stream(receive: Receive, send: Send, status: int, headers: Headers, parts: AsyncIterator[bytes]) -> None:
    """Send each part as it comes; stop and close the iterator when the client leaves."""
    await send({"type": "http.response.start", "status": status, "headers": headers})

    async def pump() -> None:
        async for part in parts:
            await send({"type": "http.response.body", "body": part, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    try:
        await while_there(pump(), receive)
    finally:
        close = getattr(parts, "aclose", None)
        if close is not None:
            await close()


def request_of(scope: Scope, body: bytes, caller: Caller | None) -> HttpRequest:
    return HttpRequest(
        method=scope["method"],
        path=scope["path"],
        query=dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)),
        headers={name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]},
        body=body,
        caller=caller,
    )


def headers_of(response: HttpResponse) -> Headers:
    """Raises ValueError for a line break in a header."""
    headers = []
    for name, value in response.headers.items():
        if "\r" in value or "\n" in value:
            raise ValueError(f"line break in header {name}")
        headers.append((name.lower().encode("latin-1"), value.encode("latin-1")))
    return headers
