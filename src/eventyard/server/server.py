"""An ASGI application over the house of the moment, and its reset."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec

from eventyard.api.relay import relay_routes
from eventyard.clock import Clock
from eventyard.hosts import Hosts
from eventyard.relay import PATH, Relay, Site, Tokens
from eventyard.server.doors import doors_of
from eventyard.server.forms import forms_of
from eventyard.server.house import House
from eventyard.server.identity import identity_of
from eventyard.server.pages import pages_of
from eventyard.settings import Settings
from eventyard.store import Store
from eventyard.wire import App, Authenticator, DevAuthenticator, Route, SigV4Authenticator


class Server:
    """An ASGI application over the house of the moment. ``ready`` is false before the start and during shutdown."""

    def __init__(self, settings: Settings, store: Store, clock: Clock) -> None:
        self._settings = settings
        self._store = store
        self._clock = clock
        self._house: House | None = None
        self._app: App | None = None
        self._resetting = asyncio.Lock()
        self._tokens = None if settings.keys() is None else Tokens(clock)
        #: Who has to sign needs no protection from other people's pages, which can't.
        names = (settings.host, *(name.lower() for name in settings.host_name))
        self._hosts = Hosts.on_loopback(*names) if self._tokens is None else Hosts()
        self.ready = False

    async def start(self) -> None:
        house = House(self._store, self._settings, self._clock)
        doors = doors_of(house)
        await house.start()
        pages = await pages_of(house, lambda: self.ready, self.reset if self._settings.dev else None)
        self._house = house
        pages += forms_of(house.registry, doors, house.directory.has_bus).routes()
        relay = await self._relay(house)
        pages += relay_routes(self._tokens) if self._tokens is not None else []
        self._app = App(
            doors,
            self._guarded(pages),
            self._authenticator(),
            proxied=self._settings.behind_proxy,
            hosts=self._hosts,
            sockets={PATH: relay},
            mounts=house.ingress.mounts(),
        )
        self._app.warm()
        self.ready = True

    async def _relay(self, house: House) -> Relay:
        site = Site(
            house.engine.followers,
            house.directory.has_bus,
            await identity_of(self._store.catalog),
            self._tokens,
        )
        return Relay(site, self._hosts, self._settings.relay_origin)

    async def reset(self) -> None:
        """Forget everything; requests that come meanwhile meet the old house or the new one."""
        async with self._resetting:
            if self._house is not None:
                await self._house.close()
            await self._store.wipe()
            await self.start()

    async def leave(self) -> None:
        """Take no more work, and answer those who wait for something to happen."""
        self.ready = False
        if self._house is not None:
            self._house.engine.followers.end()
            await self._house.pipes.close()
            self._house.streaming.leave()
            await self._house.queues.close()

    async def close(self) -> None:
        self.ready = False
        if self._house is not None:
            await self._house.close()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if self._app is None:
            raise RuntimeError("the server has not been started")
        await self._app(scope, receive, send)

    def _authenticator(self) -> Authenticator:
        keys = self._settings.keys()
        if keys is None:
            return DevAuthenticator()
        return SigV4Authenticator(keys, self._clock)

    def _guarded(self, routes: list[Route]) -> list[Route]:
        """With authentication on, only health and metrics are open: the rest shows events."""
        if self._settings.keys() is None:
            return routes
        return [msgspec.structs.replace(route, signed=route.path.startswith("/_eventyard/")) for route in routes]
