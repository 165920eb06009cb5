"""HTTP endpoints good and bad, and a server that delivers to them: what do the good ones notice of the bad ones?

It measures and judges nothing. Each event goes to one healthy endpoint, and to every bad one.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import time
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from .client import ACCOUNT, Client, raw_request
from .process import free_port
from .topology import create_destination, put_target

_SENT = re.compile(rb'"sent": ?(\d+)')
_LENGTH = re.compile(rb"content-length: ?(\d+)", re.IGNORECASE)
ROLE = f"arn:aws:iam::{ACCOUNT}:role/caller"
PATTERN = {"source": ["neighbours"]}


@dataclass
class Seen:
    """``journeys``: seconds from sending to arrival at healthy endpoints. ``out``: calls under way now."""

    journeys: list[float] = field(default_factory=list)
    calls: Counter[str] = field(default_factory=Counter)
    arrivals: list[float] = field(default_factory=list)
    out: Counter[str] = field(default_factory=Counter)
    most: Counter[str] = field(default_factory=Counter)


class Endpoints:
    """``/healthy/...`` answers at once, ``/hang`` never, ``/flap`` with 500 in every other two seconds."""

    def __init__(self) -> None:
        self.port = free_port()
        self.seen = Seen()

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, backlog=500)
        try:
            yield
        finally:
            server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = _LENGTH.search(head)
                body = await reader.readexactly(int(length[1]) if length else 0)
                kind = head.split(b" ", 2)[1].decode().split("/")[1]
                await self._take(kind, body, reader, writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the other side has gone, or all is over
        finally:
            writer.close()

    async def _take(self, kind: str, body: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen = self.seen
        seen.calls[kind] += 1
        seen.out[kind] += 1
        seen.most[kind] = max(seen.most[kind], seen.out[kind])
        try:
            if kind == "hang":
                await reader.read()  # until the caller has had enough
            bad = kind == "flap" and int(time.monotonic() / 2) % 2
            if kind == "healthy" and (sent := _SENT.search(body)):
                seen.journeys.append((time.monotonic_ns() - int(sent[1])) / 1e9)
                seen.arrivals.append(time.monotonic())
            writer.write(b"HTTP/1.1 %d X\r\nContent-Length: 0\r\n\r\n" % (500 if bad else 200))
        finally:
            seen.out[kind] -= 1


async def destination(client: Client, name: str, url: str, pattern: dict[str, Any], rate: int = 300) -> None:
    """A rule of that name with an API destination of that name."""
    arn = await create_destination(client, name, url, rate)
    await client.call("events", "PutRule", Name=name, EventPattern=json.dumps(pattern))
    await put_target(client, name, {"Id": "1", "Arn": arn, "RoleArn": ROLE})


async def neighbourhood(client: Client, endpoints: Endpoints, healthy: int) -> None:
    for number in range(healthy):
        pattern = {"detail-type": [f"t{number}"]}
        await destination(client, f"healthy-{number}", f"http://127.0.0.1:{endpoints.port}/healthy/{number}", pattern)


async def bad_neighbours(client: Client, endpoints: Endpoints) -> None:
    """One dead, one hanging, one flapping; each gets everything."""
    await destination(client, "dead", f"http://127.0.0.1:{free_port()}/dead", PATTERN)
    for kind in ("hang", "flap"):
        await destination(client, kind, f"http://127.0.0.1:{endpoints.port}/{kind}", PATTERN)


async def publish(port: int, healthy: int, rate: float, seconds: float) -> int:
    """Events at a steady pace, five in a request; how many were acknowledged."""
    client, count, batch = Client(port), 0, 5
    begun = time.monotonic()
    try:
        while count < rate * seconds:
            detail = json.dumps({"sent": time.monotonic_ns()})
            entries = [
                {"Source": "neighbours", "DetailType": f"t{(count + n) % healthy}", "Detail": detail}
                for n in range(batch)
            ]
            status, answer = await client.send(
                raw_request("events", "PutEvents", json.dumps({"Entries": entries}).encode())
            )
            assert status == 200, answer
            assert json.loads(answer)["FailedEntryCount"] == 0, answer
            count += batch
            await asyncio.sleep(max(0.0, begun + count / rate - time.monotonic()))
    finally:
        client.close()
    return count


async def arrived(endpoints: Endpoints, count: int, patience: float) -> bool:
    """Whether so many events came to healthy endpoints in time."""
    end = time.monotonic() + patience
    while len(endpoints.seen.journeys) < count and time.monotonic() < end:  # noqa: ASYNC110 - it is counted at many places
        await asyncio.sleep(0.02)
    return len(endpoints.seen.journeys) >= count
