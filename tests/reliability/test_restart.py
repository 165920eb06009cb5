"""Whoever asks ``/readyz`` while the server comes and goes is answered, refused or cut off at once; nobody hangs.

``python -m tests.reliability.test_restart --restarts 300`` asks for longer.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import signal
import socket
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import uvloop

from eventyard.errors import InvalidRequest
from eventyard.server import serve
from eventyard.settings import Settings

from .client import Client
from .neighbours import publish
from .process import ServerProcess
from .topology import build

_REQUEST = b"GET /readyz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


@dataclass
class Polls:
    """How questions ended, and the seconds that the slowest took."""

    port: int
    limit: float
    ends: Counter[str] = field(default_factory=Counter)
    slowest: float = 0.0

    async def run(self) -> None:
        """Ask again and again, on a new connection each time."""
        while True:
            began = time.monotonic()
            try:
                async with asyncio.timeout(self.limit):
                    end = await self._ask()
            except TimeoutError:
                end = "hung"
            self.ends[end] += 1
            self.slowest = max(self.slowest, time.monotonic() - began)
            await asyncio.sleep(0.005)

    async def _ask(self) -> str:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        except ConnectionError:
            return "refused"
        try:
            writer.write(_REQUEST)
            line = await reader.readline()
            return line.split()[1].decode() if line else "cut off"
        except ConnectionError:
            return "cut off"
        finally:
            writer.close()


async def restarts(folder: Path, count: int, limit: float) -> Polls:
    """Restart so often, by SIGKILL and SIGTERM in turn, with rules to load, events to route, and pollers."""
    server = ServerProcess(folder / "data")
    server.command += ("--allow-network", "127.0.0.1/32")  # for the destination on this machine
    polls, client = Polls(server.port, limit), Client(server.port)
    await server.start()
    await build(client, polls.port)
    client.close()
    pollers = [asyncio.create_task(polls.run()) for _ in range(3)]
    try:
        for number in range(count):
            with contextlib.suppress(OSError):
                await publish(server.port, 10, 2000, 0.05 + number % 7 / 20)
            if number % 2:
                server.kill()
            else:
                assert (await server.stop())[0] == 0
            await server.start()
    finally:
        for poller in pollers:
            poller.cancel()
        await asyncio.gather(*pollers, return_exceptions=True)
        server.kill()
    return polls


async def test_no_poller_hangs_while_the_server_restarts(tmp_path: Path) -> None:
    polls = await restarts(tmp_path, 8, limit=5.0)
    assert polls.ends["hung"] == 0, str(polls)
    assert polls.ends["200"] > 0
    assert polls.ends["refused"] > 0


async def test_a_request_that_waited_while_the_process_was_held_up_is_answered(tmp_path: Path) -> None:
    server = ServerProcess(tmp_path / "data")
    client = Client(server.port)
    try:
        await server.start()
        await client.call("sqs", "ListQueues")
        assert server.process
        server.process.send_signal(signal.SIGSTOP)
        asking = asyncio.create_task(client.call("sqs", "ListQueues"))
        await asyncio.sleep(6)  # longer than web servers usually keep an idle connection
        server.process.send_signal(signal.SIGCONT)
        await asking
    finally:
        client.close()
        server.kill()


def test_a_port_that_somebody_else_listens_on_by_then_is_refused_and_not_announced() -> None:
    announced: list[str] = []

    async def start() -> None:
        with socket.socket() as other:
            other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            other.bind(("127.0.0.1", 0))
            settings = Settings(host="127.0.0.1", port=other.getsockname()[1], data=None)
            serving = asyncio.create_task(serve(settings, announced.append))
            await asyncio.sleep(0)  # it has bound to the port now, too
            other.listen()
            await serving

    switch = sys.getswitchinterval()
    try:
        with pytest.raises(InvalidRequest, match="Address already in use"):
            uvloop.run(start())  # as the command line does
    finally:  # what serving sets for the whole process
        sys.setswitchinterval(switch)
        gc.unfreeze()
    assert announced == []


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--restarts", type=int, default=300)
    parser.add_argument("--limit", type=float, default=2.0, help="seconds after which a question is said to hang")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="eventyard-restarts-") as folder:
        polls = asyncio.run(restarts(Path(folder), options.restarts, options.limit))
    print(f"{options.restarts} restarts: {dict(polls.ends)}, the slowest question took {polls.slowest:.2f} s")
    return 1 if polls.ends["hung"] else 0


if __name__ == "__main__":
    sys.exit(main())
