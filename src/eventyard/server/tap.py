"""A relay without a bus: shows what somebody appends, over the same protocol, and keeps it in memory for an hour."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from uuid import uuid4

import structlog

from eventyard.bus import Directory, Engine, Publisher, Retention
from eventyard.bus.follower import BusFollower
from eventyard.clock import SystemClock
from eventyard.errors import InvalidRequest
from eventyard.event import Event
from eventyard.hosts import Hosts
from eventyard.pattern import Pattern
from eventyard.relay import PATH, Relay, Site
from eventyard.server.serve import listen, run_app
from eventyard.store import Store
from eventyard.stores.memory import open_memory
from eventyard.wire import App, DevAuthenticator

log = structlog.get_logger("tap")

_LOG = "tapped"
_AGE, _SIZE = 3_600_000, 256 << 20


class Tap:
    """What is appended is shown as if it were on the bus called ``bus``, of whatever account and region."""

    def __init__(self, store: Store, bus: str) -> None:
        clock = SystemClock()
        self._clock = clock
        self._engine = Engine(
            store.log, store.progress, Directory(store.catalog, clock), clock, _no_target, _no_letters, keep="failures"
        )
        self._engine.keep_log(_LOG, Retention(age=_AGE, size=_SIZE))
        self._publisher = Publisher(store.log)
        site = Site(_OneLog(self._engine), lambda arn: arn.endswith(f":event-bus/{bus}"), uuid4().hex)
        self.app = App([], [], DevAuthenticator(), sockets={PATH: Relay(site, Hosts.on_loopback())})

    async def append(self, bodies: Sequence[bytes]) -> None:
        """Show these events, each as AWS delivers it."""
        now = self._clock.now()
        await self._publisher.append(_LOG, [Event(body, now) for body in bodies])

    async def serve(
        self, host: str, port: int, work: Callable[[Tap, asyncio.Event], Awaitable[None]], ready: Callable[[str], None]
    ) -> None:
        """Show, while ``work`` appends, until told to stop, or until ``work`` fails; it is told by the event."""
        listener = listen(host, port)
        await self._engine.start()
        stopping = asyncio.Event()
        working = asyncio.ensure_future(work(self, stopping))
        working.add_done_callback(lambda _: stopping.set())
        try:
            await run_app(self.app, listener, stopping, self._leave, ready)
        finally:
            stopping.set()
            await self._engine.close()
            await working

    async def _leave(self) -> None:
        self._engine.followers.end()


async def serve_tap(
    bus: str,
    host: str,
    port: int,
    work: Callable[[Tap, asyncio.Event], Awaitable[None]],
    ready: Callable[[str], None],
) -> None:
    """See :meth:`Tap.serve`."""
    store = await open_memory()
    try:
        await Tap(store, bus).serve(host, port, work, ready)
    finally:
        await store.close()


class _OneLog:
    """Followers of any bus follow the one log there is."""

    def __init__(self, engine: Engine) -> None:
        self._followers = engine.followers

    @property
    def ended(self) -> bool:
        return self._followers.ended

    def follow(self, bus: str, pattern: Pattern | None, after: int | None) -> BusFollower:
        return self._followers.follow(_LOG, pattern, after)

    def leave(self, follower: BusFollower) -> None:
        self._followers.leave(follower)

    async def locate(self, bus: str, since: int) -> int:
        return await self._followers.locate(_LOG, since)

    def head(self, bus: str) -> int:
        return self._followers.head(_LOG)


def _no_target(arn: str, parameters: Any) -> Any:
    raise InvalidRequest("A tap delivers nothing.")


async def _no_letters(*_: Any) -> Any:
    raise InvalidRequest("A tap delivers nothing.")
