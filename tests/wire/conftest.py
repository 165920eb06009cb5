"""A real server on a free loopback port with small doors that answer with what they were asked."""

from __future__ import annotations

import asyncio
import http.client
import socket
import threading
from collections.abc import AsyncIterator, Awaitable, Iterator
from typing import Any

import boto3
import pytest
import uvicorn
from botocore.config import Config

from eventyard.errors import Conflict, NotFound
from eventyard.server.connection import Connection
from eventyard.wire import App, Caller, DevAuthenticator, Door, HttpRequest, HttpResponse, Route

MAX_BODY = 200_000
SCHEDULER = ("CreateSchedule", "GetSchedule", "DeleteSchedule", "ListSchedules", "TagResource", "UntagResource")
SCHEMAS = ("DescribeSchema", "GetCodeBindingSource", "PutResourcePolicy", "UntagResource", "ListSchemaVersions")


class House:
    """What the doors were asked, and the server they are in."""

    def __init__(self) -> None:
        self.asked: list[tuple[Caller, dict[str, Any]]] = []
        self.result: dict[str, Any] = {}
        self.cancelled = threading.Event()
        self.closed = threading.Event()
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        routes = [Route("GET", "/pages/*", self.page), Route("GET", "/stream", self.stream)]
        app = App(self.doors(), routes, DevAuthenticator(), MAX_BODY)
        config = uvicorn.Config(app, log_level="warning", ws="none", http=Connection)
        self.server = uvicorn.Server(config)
        self.thread = threading.Thread(target=lambda: asyncio.run(self.server.serve(sockets=[self.socket])))
        self.thread.start()

    def doors(self) -> list[Door]:
        events = {"PutEvents": self.echo, "PutRule": self.echo, "DescribeRule": self.echo, "ListRules": self.fail}
        events |= {"CreateArchive": self.echo, "StartReplay": self.exists, "PutTargets": self.echo}
        names = ("SendMessage", "SendMessageBatch", "SetQueueAttributes", "TagQueue", "CreateQueue", "DeleteMessage")
        names += ("GetQueueAttributes", "ListQueues", "UntagQueue", "ChangeMessageVisibilityBatch", "AddPermission")
        sqs = dict.fromkeys(names, self.echo) | {"ReceiveMessage": self.receive, "GetQueueUrl": self.missing}
        return [
            Door("events", events, {"PutEvents": self.fast}),
            Door("sqs", sqs, {"ReceiveMessage": self.receive_fast}, waits=frozenset({"ReceiveMessage"})),
            Door("sts", {"GetCallerIdentity": self.who}),
            Door("scheduler", dict.fromkeys(SCHEDULER, self.echo) | {"GetScheduleGroup": self.exists}),
            Door("pipes", {"StartPipe": self.echo, "ListPipes": self.echo, "DescribePipe": self.fail}),
            Door("schemas", dict.fromkeys(SCHEMAS, self.echo) | {"DescribeRegistry": self.absent}),
        ]

    async def echo(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        self.asked.append((caller, params))
        return self.result

    async def fast(self, caller: Caller, body: bytes) -> bytes | None:
        return b'{"FailedEntryCount":0,"Entries":[{"EventId":"fast"}]}' if b"quick" in body else None

    async def fail(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        raise RuntimeError("a defect in a door")

    async def exists(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        raise Conflict("Replay x already exists.")

    async def missing(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        raise NotFound("The specified queue does not exist.", "QueueDoesNotExist")

    async def absent(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        raise NotFound("Registry with name r not found.", "NotFoundException")

    async def receive(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        self.asked.append((caller, params))
        if params.get("WaitTimeSeconds"):
            await self._wait()
        return self.result

    async def receive_fast(self, caller: Caller, body: bytes) -> Awaitable[bytes] | None:
        if b"quick" not in body:
            return None
        self.asked.append((caller, {}))
        return self._wait()

    async def _wait(self) -> bytes:
        try:
            await asyncio.sleep(20)
        except asyncio.CancelledError:
            self.cancelled.set()
            raise
        return b"{}"

    async def who(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        return {"UserId": caller.account, "Account": caller.account, "Arn": f"arn:aws:iam::{caller.account}:root"}

    async def page(self, request: HttpRequest) -> HttpResponse:
        if request.path.endswith("/gone"):
            raise NotFound("No such thing.")
        return HttpResponse(200, {"content-type": "text/plain"}, f"{request.path} {request.query.get('a')}".encode())

    async def stream(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse(200, {"content-type": "text/event-stream"}, self._parts())

    async def _parts(self) -> AsyncIterator[bytes]:
        try:
            yield b"data: 1\n\n"
            await asyncio.sleep(20)
        finally:
            self.closed.set()

    def client(self, service: str, key: str = "111122223333", region: str = "eu-west-1") -> Any:
        config = Config(retries={"total_max_attempts": 1}, parameter_validation=False)
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name=region,
            aws_access_key_id=key,
            aws_secret_access_key="secret",
            config=config,
        )

    def send(
        self, body: bytes, headers: dict[str, str] | None = None, method: str = "POST", path: str = "/"
    ) -> tuple[int, dict[str, str], bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request(method, path, body or None, headers or {})
            answer = connection.getresponse()
            return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
        finally:
            connection.close()

    def close(self) -> None:
        self.server.should_exit = True
        self.thread.join(10)
        self.socket.close()


@pytest.fixture(scope="session")
def running() -> Iterator[House]:
    house = House()
    yield house
    house.close()


@pytest.fixture
def house(running: House) -> House:
    running.asked.clear()
    running.result = {}
    return running
