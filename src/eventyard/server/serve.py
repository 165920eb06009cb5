"""Serving until told to stop: chooses the store, listens, and lets go of everything in order."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import signal
import socket
import sys
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import structlog
import uvicorn

from eventyard.clock import SystemClock
from eventyard.errors import Broken, InvalidRequest
from eventyard.server.connection import Connection
from eventyard.server.server import Server
from eventyard.settings import Settings
from eventyard.store import Store
from eventyard.stores.memory import open_memory
from eventyard.stores.sqlite import open_sqlite

log = structlog.get_logger("server")

_GRACE = 5
# Idle connections are kept (seconds) longer than SDKs keep them in their pools, so that it is the client who lets go.
# The other way round a request that is on its way at that moment, or that waits because this process was held up for as
# long (a paused machine, a disk that hangs), would never be answered.
_KEEP_ALIVE = 100
_BACKLOG = 2048
# The threads of the store wait at most so long for the event loop (seconds); 5 ms, as usual, show in every commit.
_SWITCH = 0.001
# Requests leave next to no cycles behind: looking for some at each 700th new object, as usual, is 1 % of the work.
_COLLECT = (10_000, 20, 20)


class _Uvicorn(uvicorn.Server):
    """uvicorn, but signals are ours: its own handling ends the process with the signal instead of status 0."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def serve(settings: Settings, ready: Callable[[str], None] | None = None) -> None:
    """Serve until SIGTERM or SIGINT, then finish the requests and deliveries in hand and return.

    ``ready`` is called with the server's URL once it answers. Raises InvalidRequest for settings that can't work and
    Broken when the data directory can't be used, or fails while running."""
    settings.check()
    with listen(settings.host, settings.port) as listener:
        await _serve(settings, listener, ready)


async def _serve(settings: Settings, listener: socket.socket, ready: Callable[[str], None] | None) -> None:
    stopping = asyncio.Event()
    broken: list[Broken] = []

    def on_broken(error: Broken) -> None:
        broken.append(error)
        log.critical("the store failed, stopping", reason=error.message)
        stopping.set()

    if settings.data is None:
        store: Store = await open_memory()
    else:
        store = await open_sqlite(settings.data, on_broken=on_broken)
    server = Server(settings, store, SystemClock())
    try:
        await server.start()
        # A collection of everything that lives as long as the server is a pause for nothing.
        gc.collect()
        gc.freeze()
        gc.set_threshold(*_COLLECT)
        sys.setswitchinterval(_SWITCH)
        await run_app(server, listener, stopping, server.leave, _logged(settings, ready))
    finally:
        try:
            await server.close()
        finally:
            await store.close()
    if broken:
        raise broken[0]


def _logged(settings: Settings, ready: Callable[[str], None] | None) -> Callable[[str], None]:
    def told(url: str) -> None:
        log.info("serving", url=url, data=str(settings.data) if settings.data else "memory", dev=settings.dev)
        if ready is not None:
            ready(url)

    return told


async def run_app(
    app: Any,
    listener: socket.socket,
    stopping: asyncio.Event,
    leave: Callable[[], Awaitable[None]],
    ready: Callable[[str], None],
) -> None:
    """Answer on ``listener`` with the ASGI application until a signal or ``stopping``; then ``leave`` is called, and
    requests in hand are finished. ``ready`` is called with the URL once it answers."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    web = _Uvicorn(
        uvicorn.Config(
            app,
            lifespan="off",
            http=Connection,
            ws="websockets-sansio",
            ws_max_size=1 << 20,
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=_GRACE,
            timeout_keep_alive=_KEEP_ALIVE,
            backlog=_BACKLOG,
            server_header=False,
            proxy_headers=False,
            date_header=True,
        )
    )
    host, port = listener.getsockname()[:2]
    try:
        listener.listen(_BACKLOG)
    except OSError as error:  # two may bind to a port, but one may listen; uvloop would only log it, and go on
        raise _taken(host, port, error) from error
    serving = loop.create_task(web.serve(sockets=[listener]), name="http")
    while not web.started and not serving.done():  # noqa: ASYNC110 - uvicorn has no event to wait for
        await asyncio.sleep(0.005)
    stop = loop.create_task(stopping.wait(), name="stop")
    url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
    ready(url)
    await asyncio.wait({serving, stop}, return_when=asyncio.FIRST_COMPLETED)
    await leave()
    log.info("stopping")
    web.should_exit = True
    stop.cancel()
    await serving


def listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise _taken(host, port, error) from error
    listener.setblocking(False)
    return listener


def _taken(host: str, port: int, error: OSError) -> InvalidRequest:
    return InvalidRequest(f"Can't listen on {host}:{port}: {error.strerror}. Choose another with --port.")
