"""The house: everything that lives on one open store, joined. The one file that names concrete targets.

Every other room is handed what it needs.
"""

from __future__ import annotations

import asyncio
import secrets
import tempfile
from collections.abc import Mapping, Sequence
from functools import partial
from hashlib import blake2b
from pathlib import Path
from typing import Any

from eventyard.api.events import Access, role_of
from eventyard.archives import Archives, Replays
from eventyard.bus import (
    BusFeeds,
    BusFirings,
    BusRecordings,
    BusReplays,
    Cycles,
    Directory,
    Engine,
    Publisher,
    Redelivery,
    Retention,
    ScheduledRules,
    Timetable,
)
from eventyard.clock import Clock
from eventyard.codegen import BINDINGS, binding
from eventyard.connections import Connections
from eventyard.endpoints import Endpoints
from eventyard.event import Event
from eventyard.partners import Partners
from eventyard.pipes import Pipes
from eventyard.queues import Moves, Queues
from eventyard.schedules import Schedules
from eventyard.server.asking import ask
from eventyard.server.fitter import Fitter
from eventyard.server.functioning import Functioning
from eventyard.server.inside import add_inside
from eventyard.server.kinds import Kinds, kind_of
from eventyard.server.loggroups import LogKeeping
from eventyard.server.outside import Outward
from eventyard.server.registry import SchemaRegistry
from eventyard.server.streaming import Streaming
from eventyard.server.webhooks import Ingress
from eventyard.settings import Settings
from eventyard.store import Store
from eventyard.target import Target
from eventyard.targets.admission import Admission
from eventyard.targets.firehose import FirehoseTarget
from eventyard.targets.function import FunctionTarget
from eventyard.targets.http import Client, Courier, Guard, PostTarget, parse_networks
from eventyard.targets.http.guard import LOOPBACK
from eventyard.targets.letters import LetterTarget
from eventyard.targets.log import LogTarget
from eventyard.targets.operation import UNIVERSAL, OperationTarget
from eventyard.targets.put_events import PutEventsTarget
from eventyard.targets.queue import DeadLetters
from eventyard.topics import Delivering, Signer, Topics, Ways
from eventyard.validation import Quarantine, Validation
from eventyard.vault import Vault
from eventyard.wire import Calls

_HOUR, _DAY = 3_600_000, 86_400_000


class House:
    """Everything that lives on one open store. A reset takes it down and puts up a new one."""

    def __init__(self, store: Store, settings: Settings, clock: Clock) -> None:
        self.store = store
        self.clock = clock
        self._kinds = Kinds()
        self.directory = Directory(store.catalog, clock)
        self.queues = Queues(store.queues, store.catalog, clock, settings.dev)
        self.moves = Moves(self.queues, store.catalog, clock)
        vault = Vault.open(settings.data)
        self.connections = Connections(store.catalog, vault, clock)
        networks = (*LOOPBACK, *settings.allow_network) if settings.dev else settings.allow_network
        guard = Guard(clock, parse_networks(networks))
        self.courier = Courier(self.connections, guard, clock)
        self.poster = Client(guard, clock)
        self.outward = Outward(store.catalog, vault, clock, guard)
        self.outward.add_to(self._kinds)
        self.plain = bool(networks)
        self._admit = Admission(
            ("sqs:SendMessage", "sns:Publish", "lambda:InvokeFunction"),
            self._policy,
            self._role,
            clock,
            settings.organizations(),
        )
        letters = self.outward.buried(DeadLetters(self.queues.deliver, self._admit).send)
        self.engine = Engine(
            store.log,
            store.progress,
            self.directory,
            clock,
            self._kinds.make,
            letters,
            keep="all" if settings.dev else "failures",
            retention=Retention(age=int(settings.retention_days * _DAY), size=settings.retention_bytes),
            most_fates=settings.retention_fates,
        )
        self.validation = self._validation(store)
        self.publisher = Publisher(store.log, self.validation)
        self.signer = Signer(settings.data, clock)
        self.topics = Topics(
            store.catalog,
            store.log,
            self.publisher.append,
            BusFeeds(self.engine, int(settings.retention_days * _DAY) - _HOUR),
            self._delivering(),
            clock,
            secrets.token_urlsafe,
        )
        self._scratch = tempfile.TemporaryDirectory(prefix="eventyard-")
        place = settings.data or Path(self._scratch.name)
        lasting = place if settings.dev else settings.data  # what comes to files is kept; in development, until the end
        self.streaming = Streaming(store, settings, lasting, clock, vault, self.engine, self._ask)
        self.logs = LogKeeping(store.catalog, clock, place / "logs", durable=settings.data is not None)
        self._functioning = Functioning(
            store,
            place / "functions",
            settings.dev,
            clock,
            self.engine,
            self.publisher,
            self.queues,
            self.topics,
            self._scheduled_target,
            guard,
            write=self.logs.note,
        )
        self.functions = self._functioning.functions
        self.dev = settings.dev
        self.runs_code = settings.functions or settings.dev
        self.timetable = Timetable(store.catalog, store.log, self.publisher.append, clock)
        self.scheduled = ScheduledRules(self.directory, self.timetable, self.engine, clock)
        firings = BusFirings(
            self.timetable,
            self.engine,
            store.log,
            store.progress,
            self._scheduled_target,
            letters,
            self.publisher.append,
            clock,
        )
        self.schedules = Schedules(store.catalog, clock, firings, _jitter)
        recordings = BusRecordings(self.engine, lambda name: LogTarget(store.log, clock, name))
        self.archives = Archives(store.catalog, store.log, recordings)
        playing = BusReplays(self.engine, self.directory, store.progress)
        self.replays = Replays(store.catalog, store.log, clock, self.archives, recordings, playing)
        self.redelivery = Redelivery(self.engine, self.directory, self.publisher, store.log)
        self.partners = Partners(store.catalog, clock, self.directory.has_bus)
        self.endpoints = Endpoints(store.catalog)
        proxied = settings.behind_proxy
        self.ingress = Ingress(store, vault, clock, self.engine, self.publisher, self.directory, self.partners, proxied)
        self.access = Access(self.directory, clock, settings.organizations())
        add_inside(
            self._kinds,
            queues=self.queues,
            topics=self.topics,
            streaming=self.streaming,
            functions=self.functions,
            logs=self.logs,
            courier=self.courier,
            publisher=self.publisher,
            admit=self._admit,
            forward=self.access.check_forward,
            clock=clock,
            hops=settings.bus_hops,
        )
        self.fitter = fitter = Fitter(
            self.queues,
            self.streaming.streams,
            self.streaming.reading,
            self.functions,
            self.courier,
            self._kinds.make,
            self._scheduled_target,
            self._functioning.tell,
            clock,
        )
        self.pipes = Pipes(store.catalog, clock, fitter.source)
        self.calls = Calls(f"http://{settings.host}:{settings.port}")
        self.registry = SchemaRegistry(
            store.catalog,
            clock,
            self.publisher.append,
            BusFeeds(self.engine),
            self.directory.has_bus,
            dict.fromkeys(BINDINGS, binding),
        )
        self._chores: list[asyncio.Task[None]] = []

    def supports(self, arn: str) -> bool:
        """Whether this server can deliver to what ``arn`` names."""
        return self._kinds.supports(arn)

    def _validation(self, store: Store) -> Validation:
        """The check of what is published, by the contracts in the registry."""

        async def append(log: str, events: Sequence[Event]) -> None:
            await self.publisher.append(log, events)

        quarantine = Quarantine(append, BusFeeds(self.engine), partial(LetterTarget, self.queues.deliver))
        return Validation(
            store.catalog, quarantine, lambda registry, name: self.registry.contents(registry, name), self.clock
        )

    def _delivering(self) -> Delivering:
        """How topics reach their subscribers."""
        ways = Ways(
            queue=partial(LetterTarget, self.queues.deliver, admit=self._admit),
            post=partial(PostTarget, self.poster, self.clock),
            hose=lambda arn: FirehoseTarget(self.streaming.hoses.put, arn),
            function=lambda arn: FunctionTarget(self.functions.deliver, arn, self._admit),
        )
        return Delivering(ways, self.queues.deliver, self.signer)

    async def start(self) -> None:
        # In order: what is kept first, then what subscribes to it.
        for room in (self.directory, self.queues, self.moves, self.topics, self.streaming, self.functions):
            await room.load()
        await self.connections.load(self.courier.authorize)
        await self.outward.load()
        await self.timetable.load()
        self.scheduled.load()
        for part in (self.schedules, self.archives, self.replays, self.redelivery, self.partners, self.endpoints):
            await part.load()
        await self.ingress.load()
        Cycles(self.directory).watch()
        await self.pipes.load()
        await self.registry.load()
        await self.logs.load()
        await self.validation.load()
        await self.engine.start()
        self.replays.start()
        self.pipes.start()
        self.timetable.start()
        chores = {
            "functions": self.functions.run,
            "log groups": self.logs.run,
            "queues": self.queues.run,
            "schedules": self.schedules.run,
            "stream queues": self.streaming.queues.run,
            "streams": self.streaming.streams.run,
            "topics": self.topics.run,
        }
        loop = asyncio.get_running_loop()
        self._chores = [loop.create_task(run(), name=name) for name, run in chores.items()]

    async def close(self) -> None:
        """Finish what is in hand; the store stays open."""
        for chore in self._chores:
            chore.cancel()
        await asyncio.gather(*self._chores, return_exceptions=True)
        self.streaming.leave()
        await self.timetable.close()
        await self.replays.close()
        await self.pipes.close()
        await self.streaming.hoses.close()  # before the functions, which it may be waiting for
        await self._functioning.close()
        await self.engine.close()
        await self.outward.close()
        await self.courier.close()
        self.poster.close()
        await self.streaming.channels.close()
        await self.registry.close()
        await self.moves.close()
        await self.queues.close()
        await self.logs.close()
        self._scratch.cleanup()

    async def _ask(self, function: str, payload: bytes) -> bytes:
        return await ask(self.functions, self.clock, function, payload)

    def _policy(self, arn: str) -> str | None:
        """The resource policy of a queue, a topic or a function. Raises NotFound."""
        if kind_of(arn) == "lambda":
            return self.functions.get(arn).policy
        at = self.queues.get if kind_of(arn) == "sqs" else self.topics.get
        return at(arn).attributes.get("Policy")

    def _role(self, source: str, arn: str) -> str | None:
        """The role that a rule or a schedule delivers to ``arn`` with."""
        schedule = self.schedules.get(source)
        return role_of(self.directory, source, arn) if schedule is None else schedule.target.get("RoleArn")

    def _scheduled_target(self, arn: str, parameters: Mapping[str, Any]) -> Target:
        """Schedules make new events for a bus, where rules hand on those that they matched."""
        event = parameters.get("EventBridgeParameters")
        if f":scheduler:::{UNIVERSAL}" in arn:
            return OperationTarget(self.calls.call, arn)
        if event is None:
            return self._kinds.make(arn, parameters)
        here = PutEventsTarget(self.publisher.publish, self.directory.has_bus, self.clock, arn, event)
        return self._kinds.turned(arn, parameters, here)


def _jitter(name: str, moment: int, window: int) -> int:
    """Spread over ``window``, but the same after a restart: decided by what is fired and when."""
    return int.from_bytes(blake2b(f"{name} {moment}".encode(), digest_size=8).digest(), "big") % max(window, 1)
