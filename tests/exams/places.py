"""Places of every kind, for the exam of targets: on real servers, with a stream, topic or table of the exam's own."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Sequence
from typing import Any

import msgspec

from eventyard.clock import SystemClock
from eventyard.exams.target import Traits, deliveries
from eventyard.plugin import OpenTarget, Surroundings, TargetKind
from eventyard.target import Delivery
from eventyard.targets import amqp, kafka, nats, postgresql, redis
from eventyard.targets.http import Guard, parse_networks
from tests.servers import Kafka, Nats, Postgresql, Rabbitmq, Redis, Server

_numbers = itertools.count(1)


def surroundings(seconds: float = 15, *networks: str) -> Surroundings:
    clock = SystemClock()
    return Surroundings(Guard(clock, parse_networks(networks or ("127.0.0.0/8",))), clock, seconds)


def opened(kind: TargetKind, settings: dict[str, Any], around: Surroundings) -> OpenTarget:
    made: Any = kind.open(msgspec.convert(settings, kind.settings), around)
    return made


class ServerPlace:
    """A place on ``server``."""

    kind: TargetKind
    traits: Traits

    def __init__(self, server: Server) -> None:
        self.server: Any = server
        self.name = f"lots{next(_numbers)}"

    async def prepare(self) -> None: ...

    def settings(self) -> dict[str, Any]:
        raise NotImplementedError

    def target(self, seconds: float) -> OpenTarget:
        return opened(self.kind, self.settings(), surroundings(seconds))

    async def connections(self) -> int:
        raise NotImplementedError

    def refused(self) -> Delivery:
        raise NotImplementedError

    async def kill(self) -> None:
        await asyncio.to_thread(self.server.kill)

    async def start(self) -> None:
        await asyncio.to_thread(self.server.start)

    async def freeze(self) -> None:
        self.server.freeze()

    async def thaw(self) -> None:
        self.server.thaw()


def _without(path: str) -> Delivery:
    """A delivery whose event lacks what a subject or a key is made of."""
    [item] = deliveries(1)
    return msgspec.structs.replace(item, event=item.event.replace(path.encode(), b"other"))


class NatsPlace(ServerPlace):
    kind = nats.KIND
    server: Nats
    traits = Traits(mortal=True, hangs=True, dedups=True, limited=True, refuses=True, largest=1_100_000)

    async def prepare(self) -> None:
        await self.server.make(self.name, [f"{self.name}.>"])

    def settings(self) -> dict[str, Any]:
        return {"url": self.server.url, "subject": f"{self.name}.<$.source>.<$.detail.vin>", "stream": self.name}

    async def received(self, least: int) -> Sequence[bytes]:
        return [data for _, data, _ in await self.server.messages(self.name)]

    def refused(self) -> Delivery:
        return _without("vin")


class RedisPlace(ServerPlace):
    kind = redis.KIND
    server: Redis
    traits = Traits(mortal=True, hangs=True, dedups=True, refuses=True, largest=1_100_000, counts=True)

    def settings(self) -> dict[str, Any]:
        return {"url": self.server.url, "stream": f"{self.name}.<$.detail-type>", "password": "secret word"}

    async def received(self, least: int) -> Sequence[bytes]:
        return [fields[b"event"] for fields in await self.server.entries(f"{self.name}.LotSelected")]

    def refused(self) -> Delivery:
        return _without("detail-type")

    async def connections(self) -> int:
        found = str(await self.server.ask("CLIENT", "LIST"))
        return found.count("name=eventyard")


class AmqpPlace(ServerPlace):
    kind = amqp.KIND
    server: Rabbitmq
    traits = Traits(mortal=True, hangs=True, refuses=True, largest=1_100_000)

    async def prepare(self) -> None:
        await self.server.declare(self.name, "cars", f"{self.name}.LotSelected")

    def settings(self) -> dict[str, Any]:
        return {"url": self.server.url, "exchange": "cars", "routing_key": f"{self.name}.<$.detail-type>"}

    async def received(self, least: int) -> Sequence[bytes]:
        return [message.body for message in await self.server.messages(self.name)]

    def refused(self) -> Delivery:
        [item] = deliveries(1)
        return msgspec.structs.replace(item, event=item.event.replace(b"LotSelected", b"LotNobodyWants"))


class PostgresqlPlace(ServerPlace):
    kind = postgresql.KIND
    server: Postgresql
    traits = Traits(mortal=True, hangs=True, dedups=True, refuses=True, largest=1_100_000, counts=True)

    async def prepare(self) -> None:
        statement = f"CREATE TABLE {self.name} (event_id uuid PRIMARY KEY, event json, number int NOT NULL)"
        await asyncio.to_thread(self.server.ask, statement)

    def settings(self) -> dict[str, Any]:
        return {
            "url": self.server.url,
            "table": f"public.{self.name}",
            "columns": {"event_id": "id", "event": "payload", "number": "$.detail.number"},
            "user": "test",
            "password": "secret word",
        }

    async def received(self, least: int) -> Sequence[bytes]:
        rows = await asyncio.to_thread(self.server.ask, f"SELECT event::text FROM {self.name}")
        return [str(text).encode() for (text,) in rows]

    def refused(self) -> Delivery:
        return _without("number")

    async def connections(self) -> int:
        statement = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'eventyard'"
        [(count,)] = await asyncio.to_thread(self.server.ask, statement)
        return int(str(count))


class KafkaPlace(ServerPlace):
    kind = kafka.KIND
    server: Kafka
    traits = Traits(mortal=True, hangs=True, lasting=False, refuses=True, limited=True, largest=500_000)

    async def prepare(self) -> None:
        await self.server.make(self.name)

    async def start(self) -> None:
        await super().start()
        await self.server.make(self.name)

    def settings(self) -> dict[str, Any]:
        return {
            "brokers": [self.server.broker],
            "topic": self.name,
            "key": "<$.detail.vin>",
            "idempotent": False,
            "largest": 700_000,
        }

    async def received(self, least: int) -> Sequence[bytes]:
        return [value for _, _, value, _ in await self.server.records(self.name, least)]

    def refused(self) -> Delivery:
        return _without("vin")


PLACES: dict[str, type[ServerPlace]] = {
    "amqp": AmqpPlace,
    "kafka": KafkaPlace,
    "nats": NatsPlace,
    "postgresql": PostgresqlPlace,
    "redis": RedisPlace,
}
