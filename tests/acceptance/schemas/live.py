"""The schemas door in this process, with generators of code that a test brings along."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Mapping
from typing import Any

import boto3
import uvicorn
from botocore.config import Config

from eventyard.bus import BusFeeds, Directory, Engine, Publisher
from eventyard.clock import SystemClock
from eventyard.schemas import Generate
from eventyard.server.registry import SchemaRegistry
from eventyard.store import Store
from eventyard.stores.memory import open_memory
from eventyard.wire import App, DevAuthenticator


class Live:
    """``store``: of an earlier one, to go on with what that kept."""

    def __init__(self, generators: Mapping[str, Generate], store: Store | None = None) -> None:
        self._generators = generators
        self.store = store
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()))
        self._thread.start()
        assert self._ready.wait(20)
        self.client = boto3.client(
            "schemas",
            endpoint_url=f"http://127.0.0.1:{self._socket.getsockname()[1]}",
            region_name="us-east-1",
            aws_access_key_id="000000000001",
            aws_secret_access_key="test",
            config=Config(retries={"total_max_attempts": 1}),
        )

    def stop(self) -> None:
        self.client.close()
        self._server.should_exit = True
        self._thread.join(20)

    async def _run(self) -> None:
        clock = SystemClock()
        self.store = store = self.store or await open_memory()
        directory, publisher = Directory(store.catalog, clock), Publisher(store.log)
        engine = Engine(store.log, store.progress, directory, clock, _no_target, _no_letter)
        registry = SchemaRegistry(
            store.catalog, clock, publisher.append, BusFeeds(engine), directory.has_bus, self._generators
        )
        await registry.load()
        app: Any = App([registry.door()], [], DevAuthenticator())
        self._server = uvicorn.Server(uvicorn.Config(app, log_level="warning", ws="none", lifespan="off"))
        self._ready.set()
        await self._server.serve(sockets=[self._socket])
        await registry.close()


def _no_target(arn: str, parameters: Mapping[str, Any]) -> Any:
    raise AssertionError(f"nothing is delivered to {arn}")


async def _no_letter(*anything: Any) -> bool:
    raise AssertionError("nothing is dead-lettered")
