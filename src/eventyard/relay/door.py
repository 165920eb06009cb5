"""The relay's WebSocket, in ASGI's messages: who may connect, how large a message may be, and how a connection ends."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Collection, MutableMapping
from typing import Any
from urllib.parse import urlsplit

import structlog

from eventyard.hosts import Hosts
from eventyard.relay.session import Closing, Session, Site

PATH = "/_eventyard/relay"
SUBPROTOCOL = "eventyard.relay.v1"
#: Characters of a message; seconds until the hello; connections at a time.
LARGEST, PATIENCE, MOST = 256 << 10, 10.0, 5_000

log = structlog.get_logger("relay")

_Message = MutableMapping[str, Any]
_Receive = Callable[[], Awaitable[_Message]]
_Send = Callable[[_Message], Awaitable[None]]


class Relay:
    """``hosts``: names by which this server may be addressed. ``origins``: of web pages that may connect, beside the
    server's own."""

    def __init__(self, site: Site, hosts: Hosts, origins: Collection[str] = (), patience: float = PATIENCE) -> None:
        self._site = site
        self._hosts = hosts
        self._origins = frozenset(origins)
        self._patience = patience
        self.connections = 0

    async def __call__(self, scope: MutableMapping[str, Any], receive: _Receive, send: _Send) -> None:
        """One connection, from its request to its end."""
        await receive()  # websocket.connect
        refusal = self._refusal(dict(scope["headers"]))
        # A browser shows the code of a close, but nothing of a refused handshake: so accept, and then say why not.
        offered = SUBPROTOCOL if SUBPROTOCOL in scope.get("subprotocols", ()) else None
        await send({"type": "websocket.accept", "subprotocol": offered})
        if refusal is not None:
            await _close(send, refusal)
            return
        self.connections += 1
        try:
            await self._talk(receive, send)
        finally:
            self.connections -= 1

    async def _talk(self, receive: _Receive, send: _Send) -> None:
        turn = asyncio.Lock()

        async def say(text: str) -> None:
            async with turn:
                await send({"type": "websocket.send", "text": text})

        session = Session(self._site, say)
        try:
            async with asyncio.timeout(self._patience) as greeting:
                while (message := await _next(session, receive)) is not None:
                    await session.receive(_text(message))
                    if session.greeted:
                        greeting.reschedule(None)
        except Closing as closing:
            await _close(send, closing)
        except TimeoutError:
            await _close(send, Closing(4408, f"There was no hello for {self._patience:.0f} seconds."))
        finally:
            await session.close()

    def _refusal(self, headers: dict[bytes, bytes]) -> Closing | None:
        host = headers.get(b"host", b"").decode("latin-1")
        if not self._hosts.has(host):
            return Closing(4403, f"{host!r} is not a name of this server.")
        origin = headers.get(b"origin", b"").decode("latin-1")
        if origin and origin not in self._origins and urlsplit(origin).netloc != host:
            return Closing(4403, f"Pages of {origin} may not connect; see --relay-origin.")
        if self.connections >= MOST:
            return Closing(1013, f"There are {MOST} connections already.")
        return None


async def _next(session: Session, receive: _Receive) -> _Message | None:
    """The client's next message; None if it has gone. Raises Closing if a subscription ends the connection first."""
    coming: asyncio.Future[_Message] = asyncio.ensure_future(receive())
    ends: set[asyncio.Future[Any]] = {coming, session.failed}
    try:
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        if not coming.done():
            raise session.failed.result()
        message = coming.result()
        return None if message["type"] == "websocket.disconnect" else message
    finally:
        coming.cancel()


def _text(message: _Message) -> str:
    text = message.get("text")
    if text is None:
        raise Closing(1003, "Messages are texts.")
    if len(text) > LARGEST:
        raise Closing(1009, f"A message has {LARGEST} characters at most.")
    return str(text)


async def _close(send: _Send, closing: Closing) -> None:
    # A reason has 123 bytes at most (RFC 6455, 5.5).
    reason = closing.reason.encode()[:123].decode("utf-8", "ignore")
    log.info("a relay connection is closed", code=closing.code, reason=closing.reason)
    with contextlib.suppress(RuntimeError, OSError):  # it may have gone by itself
        await send({"type": "websocket.close", "code": closing.code, "reason": reason})
