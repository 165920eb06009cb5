"""One connection: says hello, subscribes, gets events. It knows messages, not sockets."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec
import orjson

from eventyard.errors import EventyardError, Forbidden, InvalidRequest, LimitExceeded, NotFound
from eventyard.following import Follower, Following
from eventyard.names import Arn, bus_arn
from eventyard.pattern import Pattern, parse
from eventyard.relay.messages import VERSION, Credit, Hello, Message, Subscribe, read, text_of
from eventyard.relay.subscription import Subscription, TooSlow
from eventyard.relay.tokens import Tokens

MOST_SUBSCRIPTIONS = 1_000
ACCOUNT, REGION = "123456789012", "us-east-1"


class Closing(Exception):
    """The connection is to be closed. ``code``: a WebSocket close code, of our own from 4000 on."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class Site(msgspec.Struct, frozen=True):
    """What all connections share. ``log``: names the positions of this server's data, which start anew when the data
    does. ``tokens``: None where nobody has to prove anything."""

    following: Following[Any]
    has_bus: Callable[[str], bool]
    log: str
    tokens: Tokens | None = None


class Session:
    """``send``: to the client; called from several tasks."""

    def __init__(self, site: Site, send: Callable[[str], Awaitable[None]]) -> None:
        self._site = site
        self._send = send
        self._account, self._region = "", ""
        self._subscriptions: dict[str, tuple[Subscription, Follower, asyncio.Task[None]]] = {}
        #: Set with the reason when a subscription's end is the connection's.
        self.failed: asyncio.Future[Closing] = asyncio.get_running_loop().create_future()

    @property
    def greeted(self) -> bool:
        return bool(self._account)

    async def receive(self, text: str) -> None:
        """Do what the client asks. Raises Closing for what can't be answered by an error."""
        try:
            message = read(text)
        except InvalidRequest as error:
            raise Closing(4400, error.message) from error
        if not self.greeted:
            if not isinstance(message, Hello):
                raise Closing(4400, "The first message must be a hello.")
            await self._greet(message)
            return
        try:
            await self._do(message)
        except EventyardError as error:
            id = getattr(message, "id", None)
            await self._send(text_of("error", id=id, code=error.code, message=error.message))

    async def close(self) -> None:
        for name in list(self._subscriptions):
            await self._end(name)

    async def _greet(self, hello: Hello) -> None:
        if hello.version != VERSION:
            raise Closing(4400, f"Version {hello.version} is not spoken here; this is version {VERSION}.")
        if self._site.tokens is None:
            self._account, self._region = hello.account or ACCOUNT, hello.region or REGION
        else:
            try:
                self._account, self._region = self._site.tokens.read(hello.token or "")
            except Forbidden as error:
                raise Closing(4401, error.message) from error
        await self._send(text_of("welcome", version=VERSION, log=self._site.log, account=self._account))

    async def _do(self, message: Message) -> None:
        if isinstance(message, Hello):
            raise InvalidRequest("There has been a hello already.", "bad-message")
        if isinstance(message, Subscribe):
            await self._subscribe(message)
            return
        known = self._subscriptions.get(message.id)
        if known is None:
            raise NotFound(f"There is no subscription {message.id}.", "no-subscription")
        if isinstance(message, Credit):
            known[0].give(message.count)
            return
        await self._end(message.id)
        await self._send(text_of("unsubscribed", id=message.id))

    async def _subscribe(self, asked: Subscribe) -> None:
        if asked.id in self._subscriptions:
            raise InvalidRequest(f"There is a subscription {asked.id} already.", "bad-message")
        if len(self._subscriptions) >= MOST_SUBSCRIPTIONS:
            raise LimitExceeded(f"A connection has {MOST_SUBSCRIPTIONS} subscriptions at most.", "too-many")
        bus = self._bus(asked.bus)
        pattern = _pattern(asked)
        following = self._site.following
        after, anew = asked.after, False
        if after is not None and asked.log not in (None, self._site.log):
            after, anew = 0, True  # the data that the position is of is gone: everything here is new to the client
        elif after is None and asked.since is not None:
            after = await following.locate(bus, asked.since)
        elif after is not None and after > following.head(bus):
            raise InvalidRequest(f"Position {after} is beyond the newest, {following.head(bus)}.", "bad-position")
        follower = following.follow(bus, pattern, after)
        subscription = Subscription(asked, follower, self._send)
        await self._send(
            text_of(
                "subscribed",
                id=asked.id,
                bus=bus,
                position=follower.position,
                head=following.head(bus),
                anew=True if anew else None,
            )
        )
        task = asyncio.get_running_loop().create_task(self._run(subscription), name=f"relay {asked.id}")
        self._subscriptions[asked.id] = subscription, follower, task

    async def _run(self, subscription: Subscription) -> None:
        try:
            await subscription.run(lambda: self._site.following.ended)
            self._fail(Closing(1001, "The server is stopping."))
        except TooSlow as error:
            self._fail(Closing(4408, str(error)))
        except EventyardError as error:
            self._fail(Closing(1011, error.message))

    def _fail(self, why: Closing) -> None:
        if not self.failed.done():
            self.failed.set_result(why)

    async def _end(self, name: str) -> None:
        _, follower, task = self._subscriptions.pop(name)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        self._site.following.leave(follower)

    def _bus(self, name: str) -> str:
        arn = name if name.startswith("arn:") else bus_arn(self._account, self._region, name)
        parsed = Arn.parse(arn)
        if self._site.tokens is not None and (parsed is None or parsed.account != self._account):
            raise Forbidden(f"Account {self._account} may not look at {arn}.", "AccessDeniedException")
        if not self._site.has_bus(arn):
            raise NotFound(f"Event bus {name} does not exist.")
        return arn


def _pattern(asked: Subscribe) -> Pattern | None:
    """What is asked for, as one pattern; None for everything. Raises InvalidPattern."""
    pattern: Mapping[str, Any] = asked.pattern or {}
    if asked.detail_types is not None:
        if "detail-type" in pattern:
            raise InvalidRequest("Give detail_types or a pattern with detail-type, not both.", "bad-message")
        pattern = {**pattern, "detail-type": asked.detail_types}
    return parse(orjson.dumps(pattern).decode()) if pattern else None
