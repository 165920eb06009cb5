"""The connection to a relay, in a thread of its own, so that tests may be synchronous or not and block as they like.

When it breaks it is made again, and every subscription goes on behind the last event that it has seen.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import threading
from collections.abc import Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar
from urllib.parse import urlsplit

import msgspec
from websockets import Subprotocol
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidMessage

from eventyard.errors import EventyardError, Forbidden, InvalidRequest, TryAgain
from eventyard.waiter.channel import CREDIT, Channel
from eventyard.waiter.event import Event, Look, read_event
from eventyard.waiter.identity import Identity

T = TypeVar("T")

PATH, SUBPROTOCOL, VERSION = "/_eventyard/relay", Subprotocol("eventyard.relay.v1"), 1
_ANSWER, _GIVE_UP, _LONGEST_PAUSE = 10.0, 60.0, 2.0
#: A connection that was closed for these is not made again: it would end the same way.
_FINAL = {4400: InvalidRequest, 4401: Forbidden, 4403: Forbidden}


class _Item(msgspec.Struct):
    position: int
    event: msgspec.Raw


class _Said(msgspec.Struct):
    """Any message of the server's."""

    type: str
    id: str = ""
    position: int = 0
    head: int = 0
    bus: str = ""
    log: str = ""
    anew: bool = False
    code: str = ""
    message: str = ""
    first: int = 0
    last: int = 0
    items: list[_Item] = []


_decode = msgspec.json.Decoder(_Said).decode
_encode = msgspec.json.Encoder().encode


class Link:
    """``identity``: whose server, and who we are. To be closed."""

    def __init__(self, identity: Identity) -> None:
        self._identity = identity
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="eventyard-waiter", daemon=True)
        self._names = itertools.count(1)
        self._channels: dict[str, Channel] = {}
        self._answers: dict[str, asyncio.Future[None]] = {}
        self._socket: ClientConnection | None = None
        self._running: asyncio.Task[None] | None = None
        self._log = ""
        self._thread.start()

    def open(self) -> Future[None]:
        """Done when the server has said welcome. Fails with Forbidden, or TryAgain where nobody answers."""
        return self._do(self._open())

    def subscribe(self, **asked: object) -> Channel:
        """Returns when the server has subscribed: what is published from then on can't be missed. Raises
        EventyardError as the server says, and TryAgain where it says nothing."""
        return self._do(self._subscribe(asked)).result(_ANSWER * 2)

    def unsubscribe(self, channel: Channel) -> None:
        """Nothing more comes, and whoever waits for it is told so."""
        channel.fail(InvalidRequest("The subscription is closed."))
        if not self._loop.is_closed():
            self._do(self._unsubscribe(channel))

    def give(self, channel: Channel, count: int) -> None:
        """The test has taken ``count`` more events."""
        self._do(self._say(type="credit", id=channel.id, count=count))

    def look(self, bus: str, most: int, seconds: float, **start: int) -> Future[Look]:
        """What is on the bus from ``start`` (``after`` a position, or ``since`` a time): up to ``most`` events, read
        for ``seconds`` at most."""
        return self._do(self._look(bus, most, seconds, start))

    def close(self) -> None:
        """To be called again does nothing."""
        if self._loop.is_closed():
            return
        with contextlib.suppress(TimeoutError):
            self._do(self._close()).result(_ANSWER)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_ANSWER)
        self._loop.close()

    def _do(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        if self._loop.is_closed():
            work.close()
            raise InvalidRequest("The waiter is closed.")
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    # --- in the thread ----------------------------------------------------------------------------------------------

    async def _open(self) -> None:
        await self._connect()
        self._running = self._loop.create_task(self._run(), name="relay link")

    async def _connect(self) -> None:
        """A connection that is welcome, with every subscription on it again."""
        where = urlsplit(self._identity.url)
        scheme = {"http": "ws", "https": "wss"}.get(where.scheme, where.scheme)
        address = f"{scheme}://{where.netloc}{PATH}"
        hello: dict[str, Any] = {"type": "hello", "version": VERSION} | await asyncio.to_thread(self._identity.hello)
        try:
            welcome = await self._greet(address, hello)
            if welcome is None:
                token = await asyncio.to_thread(self._identity.token)
                welcome = await self._greet(address, {"type": "hello", "version": VERSION, "token": token})
        except (OSError, InvalidHandshake, InvalidMessage, TimeoutError) as error:
            raise TryAgain(f"No relay answers at {self._identity.url}: {error}") from error
        if welcome is None:
            raise Forbidden(f"{self._identity.url} takes no token.")
        before, self._log = self._log, welcome.log
        for channel in self._channels.values():
            await self._say(
                type="subscribe",
                id=channel.id,
                after=channel.position,
                log=before,
                credit=channel.credit,
                **channel.asked,
            )

    async def _greet(self, address: str, hello: dict[str, Any]) -> _Said | None:
        """The welcome; None where the server wants a token."""
        socket = await connect(
            address, subprotocols=[SUBPROTOCOL], compression=None, max_size=None, open_timeout=_ANSWER, proxy=None
        )
        try:
            await socket.send(_encode(hello).decode())
            welcome = _decode(await asyncio.wait_for(socket.recv(), _ANSWER))
        except ConnectionClosed as closed:
            code, reason = _why(closed)
            if code == 4401 and "token" not in hello:
                return None
            raise _FINAL.get(code, TryAgain)(reason) from closed
        self._socket = socket
        return welcome

    async def _run(self) -> None:
        """Hear what the server says, through any number of connections."""
        try:
            while True:
                await self._hear()
                await self._again()
        except EventyardError as error:
            self._fail(error)

    async def _hear(self) -> None:
        """Until the connection breaks. Raises what can't be mended by another one."""
        assert self._socket is not None
        try:
            async for text in self._socket:
                self._heard(_decode(text))
        except ConnectionClosed as closed:
            code, reason = _why(closed)
            if code in _FINAL:
                raise _FINAL[code](reason) from closed

    async def _again(self) -> None:
        """Connect again, for a minute at most. Raises TryAgain, or what can't be mended."""
        until, pause = self._loop.time() + _GIVE_UP, 0.05
        while True:
            try:
                await self._connect()
                return
            except TryAgain:
                if self._loop.time() > until:
                    raise
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)

    def _heard(self, said: _Said) -> None:
        channel = self._channels.get(said.id)
        if channel is None:
            return
        answer = self._answers.pop(said.id, None) if said.type in ("subscribed", "error") else None
        if said.type == "subscribed":
            channel.begin(said.bus, said.position, said.head, said.anew)
        elif said.type == "events":
            channel.put([read_event(item.position, bytes(item.event)) for item in said.items], said.position)
        elif said.type == "progress":
            channel.put([], said.position)
        elif said.type == "lost":
            channel.fail(TryAgain(f"Retention took positions {said.first} to {said.last} before they were read."))
        elif said.type == "error":
            error = InvalidRequest(said.message, said.code)
            if answer is None:
                channel.fail(error)
            elif not answer.done():
                answer.set_exception(error)
            return
        if answer is not None and not answer.done():
            answer.set_result(None)

    async def _subscribe(self, asked: dict[str, Any]) -> Channel:
        after, since = asked.pop("after", None), asked.pop("since", None)
        channel = Channel(f"s{next(self._names)}", asked)
        self._channels[channel.id] = channel
        answer = self._answers[channel.id] = self._loop.create_future()
        start = {"since": since} if after is None else {"after": after, "log": self._log}
        try:
            await self._say(type="subscribe", id=channel.id, credit=CREDIT, **start, **asked)
            await asyncio.wait_for(answer, _ANSWER)
        except TimeoutError as error:
            raise TryAgain(f"{self._identity.url} does not answer.") from error
        except EventyardError:
            del self._channels[channel.id]
            raise
        finally:
            self._answers.pop(channel.id, None)
        return channel

    async def _unsubscribe(self, channel: Channel) -> None:
        if self._channels.pop(channel.id, None) is not None:
            await self._say(type="unsubscribe", id=channel.id)

    async def _look(self, bus: str, most: int, seconds: float, start: dict[str, int]) -> Look:
        found: list[Event] = []
        whole = False
        with contextlib.suppress(EventyardError, TimeoutError):
            async with asyncio.timeout(seconds):
                channel = await self._subscribe({"bus": bus, **start})
                try:
                    while (event := await self._next(channel)) is not None and len(found) < most:
                        found.append(event)
                    whole = event is None
                finally:
                    await self._unsubscribe(channel)
        return Look(tuple(found), whole)

    async def _next(self, channel: Channel) -> Event | None:
        """The next event up to where the bus was when it was asked; None when all of them came."""
        while (event := channel.take()) is None:
            if channel.position >= channel.head:
                return None
            await asyncio.wrap_future(channel.arrival())
        return event

    async def _say(self, **message: Any) -> None:
        """A message that is lost with a broken connection is made up for by the next one."""
        if self._socket is not None:
            with contextlib.suppress(ConnectionClosed):
                await self._socket.send(_encode(message).decode())

    async def _close(self) -> None:
        if self._running is not None:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)
        if self._socket is not None:
            await self._socket.close()
        self._fail(InvalidRequest("The waiter is closed."))

    def _fail(self, error: BaseException) -> None:
        for channel in self._channels.values():
            channel.fail(error)


def _why(closed: ConnectionClosed) -> tuple[int, str]:
    if closed.rcvd is None:
        return 1006, "The connection broke."
    return closed.rcvd.code, closed.rcvd.reason or f"The server closed the connection with {closed.rcvd.code}."
