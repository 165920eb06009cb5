"""The server: chooses the concrete store, doors and targets, joins them, and runs them until told to stop.

The only file that names concrete things; every other room is handed what it needs.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import secrets
import signal
import socket
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from hashlib import blake2b
from typing import Any

import structlog
import uvicorn

from eventyard.api.events import events_door
from eventyard.api.firehose import firehose_door
from eventyard.api.history import History
from eventyard.api.kinesis import kinesis_door
from eventyard.api.platform import Platform
from eventyard.api.scheduler import scheduler_door
from eventyard.api.sns import sns_door
from eventyard.api.sqs import sqs_door
from eventyard.api.sts import sts_door
from eventyard.archives import Archives, Replays
from eventyard.bus import (
    BusFeeds,
    BusFirings,
    BusRecordings,
    BusReplays,
    Directory,
    Engine,
    Publisher,
    Redelivery,
    Retention,
    ScheduledRules,
    Timetable,
)
from eventyard.clock import Clock, SystemClock
from eventyard.connections import Connections, Vault
from eventyard.errors import Broken, InvalidRequest
from eventyard.firehose import Hoses
from eventyard.names import Arn
from eventyard.queues import Moves, Queues
from eventyard.schedules import Schedules
from eventyard.settings import Settings
from eventyard.store import Store
from eventyard.stores.memory import open_memory
from eventyard.stores.sqlite import open_sqlite
from eventyard.streams import Reading, Streams
from eventyard.target import Target
from eventyard.targets.firehose import FirehoseTarget
from eventyard.targets.http import Courier, Guard, HttpTarget, parse_networks
from eventyard.targets.http.guard import LOOPBACK
from eventyard.targets.letters import LetterTarget
from eventyard.targets.log import LogTarget
from eventyard.targets.put_events import PutEventsTarget
from eventyard.targets.queue import DeadLetters, QueueTarget
from eventyard.targets.stream import StreamTarget
from eventyard.targets.topic import TopicTarget
from eventyard.topics import Delivering, Topics
from eventyard.wire import App, Authenticator, DevAuthenticator, Route, SigV4Authenticator

log = structlog.get_logger("server")

_GRACE = 5
_DAY = 86_400_000
# The threads of the store wait at most so long for the event loop (seconds); 5 ms, as usual, show in every commit.
_SWITCH = 0.001


class House:
    """Everything that lives on one open store. A reset takes it down and puts up a new one."""

    def __init__(self, store: Store, settings: Settings, clock: Clock) -> None:
        self.store = store
        self._clock = clock
        self.directory = Directory(store.catalog, clock)
        self.queues = Queues(store.queues, store.catalog, clock, settings.dev)
        self.moves = Moves(self.queues, clock)
        self.publisher = Publisher(store.log)
        self.connections = Connections(store.catalog, Vault.open(settings.data), clock)
        networks = (*LOOPBACK, *settings.allow_network) if settings.dev else settings.allow_network
        self.courier = Courier(self.connections, Guard(clock, parse_networks(networks)), clock)
        self._targets: dict[str, Callable[[str, Mapping[str, Any]], Target]] = {
            "sns": lambda arn, parameters: TopicTarget(self.topics.deliver, arn),
            "sqs": lambda arn, parameters: QueueTarget(self.queues.deliver, arn, parameters.get("SqsParameters") or {}),
            "firehose": lambda arn, parameters: FirehoseTarget(self.hoses.put, arn),
            "kinesis": lambda arn, parameters: StreamTarget(
                self.streams.deliver, arn, parameters.get("KinesisParameters") or {}
            ),
            "events/api-destination": lambda arn, parameters: HttpTarget(
                self.courier, arn, parameters.get("HttpParameters") or {}
            ),
        }
        self.engine = Engine(
            store.log,
            store.progress,
            self.directory,
            clock,
            self._target,
            DeadLetters(self.queues.deliver).send,
            keep="all" if settings.dev else "failures",
            retention=Retention(age=int(settings.retention_days * _DAY), size=settings.retention_bytes),
        )
        self.topics = Topics(
            store.catalog,
            store.log,
            self.publisher.publish,
            BusFeeds(self.engine),
            Delivering(partial(LetterTarget, self.queues.deliver), self.queues.deliver),
            clock,
            secrets.token_urlsafe,
        )
        logs = _Logs(self.engine)
        self.streams = Streams(store.log, store.catalog, clock, logs)
        files = None if settings.data is None else settings.data / "firehose"
        self.hoses = Hoses(store.log, store.catalog, store.progress, clock, logs, files)
        self.timetable = Timetable(store.catalog, store.log, self.publisher.publish, clock)
        self.scheduled = ScheduledRules(self.directory, self.timetable, self.engine, clock)
        firings = BusFirings(self.timetable, self.engine, store.log, store.progress, self._scheduled_target)
        self.schedules = Schedules(store.catalog, clock, firings, _jitter)
        recordings = BusRecordings(self.engine, lambda name: LogTarget(store.log, clock, name))
        self.archives = Archives(store.catalog, store.log, recordings)
        playing = BusReplays(self.engine, self.directory, store.progress)
        self.replays = Replays(store.catalog, store.log, clock, self.archives, recordings, playing)
        self.redelivery = Redelivery(self.engine, self.directory, self.publisher, store.log)
        self.doors = [
            events_door(
                self.directory,
                self.publisher.publish,
                clock,
                supported=self._supported,
                archives=self.archives,
                replays=self.replays,
                connections=self.connections,
            ),
            scheduler_door(self.schedules, clock, self._supported),
            sns_door(self.topics),
            firehose_door(self.hoses, clock),
            kinesis_door(self.streams, Reading(self.streams, store.log, clock), clock),
            sqs_door(self.queues, self.moves),
            sts_door(),
        ]
        self._sweeper: asyncio.Task[None] | None = None
        self._done_schedules: asyncio.Task[None] | None = None
        self._old_shards: asyncio.Task[None] | None = None

    async def start(self) -> None:
        await self.directory.load()
        await self.queues.load()
        await self.topics.load()
        await self.streams.load()
        await self.hoses.load()
        await self.connections.load(self.courier.authorize)
        await self.timetable.load()
        self.scheduled.load()
        await self.schedules.load()
        await self.archives.load()
        await self.replays.load()
        await self.redelivery.load()
        await self.engine.start()
        self.replays.start()
        self.timetable.start()
        self._sweeper = asyncio.get_running_loop().create_task(self.queues.run(), name="queues")
        self._done_schedules = asyncio.get_running_loop().create_task(self.schedules.run(), name="schedules")
        self._old_shards = asyncio.get_running_loop().create_task(self.streams.run(), name="streams")

    async def close(self) -> None:
        """Finish what is in hand; the store stays open."""
        if self._done_schedules is not None:
            self._done_schedules.cancel()
            await asyncio.gather(self._done_schedules, return_exceptions=True)
        self.streams.close()
        if self._old_shards is not None:
            self._old_shards.cancel()
            await asyncio.gather(self._old_shards, return_exceptions=True)
        await self.timetable.close()
        await self.replays.close()
        await self.engine.close()
        await self.courier.close()
        if self._sweeper is not None:
            self._sweeper.cancel()
            await asyncio.gather(self._sweeper, return_exceptions=True)
        await self.hoses.close()
        await self.moves.close()
        await self.queues.close()

    def _supported(self, arn: str) -> bool:
        """Whether this server can deliver to what ``arn`` names."""
        return _kind(arn) in self._targets

    def _target(self, arn: str, parameters: Mapping[str, Any]) -> Target:
        make = self._targets.get(_kind(arn))
        if make is None:
            raise InvalidRequest(f"No target for {arn}.")
        return make(arn, parameters)

    def _scheduled_target(self, arn: str, parameters: Mapping[str, Any]) -> Target:
        """Schedules make new events for a bus, where rules hand on those that they matched."""
        event = parameters.get("EventBridgeParameters")
        if event is None:
            return self._target(arn, parameters)
        return PutEventsTarget(self.publisher.publish, self.directory.has_bus, self._clock, arn, event)


class _Logs:
    """Tells the engine which logs belong to streams, and how long (ms, or for ever) they keep their records."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.drop = engine.drop_log

    def keep(self, name: str, age: int | None) -> None:
        self._engine.keep_log(name, Retention(age=age))


def _kind(arn: str) -> str:
    """What ``_targets`` are found by: the ARN's service, and for EventBridge itself also the kind of resource."""
    parsed = Arn.parse(arn)
    if parsed is None:
        return ""
    return f"events/{parsed.resource.partition('/')[0]}" if parsed.service == "events" else parsed.service


def _jitter(name: str, moment: int, window: int) -> int:
    """Spread over ``window``, but the same after a restart: decided by what is fired and when."""
    return int.from_bytes(blake2b(f"{name} {moment}".encode(), digest_size=8).digest(), "big") % max(window, 1)


class Server:
    """An ASGI application over the house of the moment. ``ready`` is false before the start and during shutdown."""

    def __init__(self, settings: Settings, store: Store, clock: Clock) -> None:
        self._settings = settings
        self._store = store
        self._clock = clock
        self._house: House | None = None
        self._app: App | None = None
        self._resetting = asyncio.Lock()
        self.ready = False

    async def start(self) -> None:
        house = House(self._store, self._settings, self._clock)
        await house.start()
        platform = Platform(
            house.directory,
            house.engine,
            house.publisher,
            self._store.progress,
            lambda: self.ready,
            self.reset if self._settings.dev else None,
        )
        history = History(house.directory, self._store.log, self._store.progress, house.redelivery, self._clock)
        self._house = house
        pages = [*platform.routes(), *history.routes()]
        self._app = App(house.doors, self._guarded(pages), self._authenticator())
        self._app.warm()
        self.ready = True

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
            self._house.engine.end_tails()
            self._house.streams.close()
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
        """With authentication on, only health and metrics are open: the rest would show events to anybody."""
        if self._settings.keys() is None:
            return routes
        return [route for route in routes if not route.path.startswith("/_eventyard/")]


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
    listener = _listen(settings.host, settings.port)
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
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stopping.set)
        # A collection of everything that lives as long as the server is a pause for nothing.
        gc.collect()
        gc.freeze()
        sys.setswitchinterval(_SWITCH)
        await _run(server, listener, settings, stopping, ready)
    finally:
        try:
            await server.close()
        finally:
            await store.close()
    if broken:
        raise broken[0]


async def _run(
    server: Server,
    listener: socket.socket,
    settings: Settings,
    stopping: asyncio.Event,
    ready: Callable[[str], None] | None,
) -> None:
    web = _Uvicorn(
        uvicorn.Config(
            server,
            lifespan="off",
            http="httptools",
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=_GRACE,
            server_header=False,
            proxy_headers=False,
            date_header=True,
        )
    )
    serving = asyncio.get_running_loop().create_task(web.serve(sockets=[listener]), name="http")
    stop = asyncio.get_running_loop().create_task(stopping.wait(), name="stop")
    while not web.started and not serving.done():  # noqa: ASYNC110 - uvicorn has no event to wait for
        await asyncio.sleep(0.005)
    host, port = listener.getsockname()[:2]
    url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
    log.info("serving", url=url, data=str(settings.data) if settings.data else "memory", dev=settings.dev)
    if ready is not None:
        ready(url)
    await asyncio.wait({serving, stop}, return_when=asyncio.FIRST_COMPLETED)
    await server.leave()
    log.info("stopping")
    web.should_exit = True
    stop.cancel()
    await serving


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise InvalidRequest(f"Can't listen on {host}:{port}: {error.strerror}. Choose another with --port.") from error
    listener.setblocking(False)
    return listener
