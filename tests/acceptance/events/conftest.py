"""A real server on a free loopback port, and a boto3 client with an account of its own for each test."""

from __future__ import annotations

import asyncio
import itertools
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import boto3
import pytest
import uvicorn
from botocore.config import Config

from eventyard.api.events import Limits, events_door
from eventyard.api.sts import sts_door
from eventyard.bus.directory import Directory
from eventyard.clock import SystemClock
from eventyard.endpoints import Endpoints
from eventyard.errors import TryAgain
from eventyard.event import Event
from eventyard.inspection import Head
from eventyard.names import Arn
from eventyard.partners import Partners
from eventyard.stores.memory import open_memory
from eventyard.wire import App, DevAuthenticator
from tests.acceptance.shapes import watch

REGION = "eu-west-1"
LIMITS = Limits(rules_per_bus=12, wildcard_rules=2, buses=5)
_accounts = (f"{number:012d}" for number in itertools.count(200_000_000_001))


class Yard:
    """The server, what was published through it, and the buses whose publisher has no room."""

    def __init__(self) -> None:
        self.published: list[tuple[str, Event]] = []
        self.full: set[str] = set()
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.socket.getsockname()[1]}"
        self.server: uvicorn.Server | None = None
        self.started = threading.Event()
        self.thread = threading.Thread(target=lambda: asyncio.run(self._run()), daemon=True)

    async def publish(self, bus: str, events: Sequence[Event], heads: list[Head] | None = None) -> dict[int, str]:
        if bus in self.full:
            raise TryAgain("Rate exceeded.")
        self.published.extend((bus, event) for event in events)
        return {}

    async def _run(self) -> None:
        clock = SystemClock()
        store = await open_memory()
        directory = Directory(store.catalog, clock)
        await directory.load()
        events = events_door(
            directory,
            self.publish,
            clock,
            LIMITS,
            _supported,
            partners=Partners(store.catalog, clock, directory.has_bus),
            endpoints=Endpoints(store.catalog),
        )
        doors = [events, sts_door()]
        app = App(doors, [], DevAuthenticator())
        config = uvicorn.Config(app, log_level="warning", lifespan="off", ws="none", http="httptools")
        self.server = uvicorn.Server(config)
        self.started.set()
        await self.server.serve(sockets=[self.socket])
        await store.close()

    def close(self) -> None:
        assert self.server is not None
        self.server.should_exit = True
        self.thread.join(10)
        self.socket.close()


def _supported(arn: str) -> bool:
    parsed = Arn.parse(arn)
    return parsed is not None and parsed.service in {"sqs", "events", "lambda", "states"}


@pytest.fixture(scope="session")
def yard() -> Iterator[Yard]:
    yard = Yard()
    yard.thread.start()
    assert yard.started.wait(10)
    yield yard
    yard.close()


@pytest.fixture
def account() -> str:
    return next(_accounts)


@pytest.fixture
def connect(yard: Yard) -> Iterator[Callable[..., Any]]:
    """``connect(account, service="events", region=REGION, **config)``: a client with the account's credentials."""
    clients = []

    def connect(account: str, service: str = "events", region: str = REGION, **config: Any) -> Any:
        client = boto3.client(
            service,
            endpoint_url=yard.url,
            region_name=region,
            aws_access_key_id=account,
            aws_secret_access_key="secret",
            config=Config(retries={"total_max_attempts": 1}, **config),
        )
        clients.append(watch(client))
        return client

    yield connect
    for client in clients:
        client.close()


@pytest.fixture
def events(connect: Callable[..., Any], account: str) -> Any:
    return connect(account)
