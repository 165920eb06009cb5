"""A disk that fills up: publishers are told to try again, deliveries go on, and all is well once there is room."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from eventyard.errors import TryAgain
from eventyard.event import Event
from eventyard.store import NewMessage
from eventyard.stores.sqlite import open_sqlite

from .client import Client, raw_request
from .process import ServerProcess
from .topology import create_queue

MIB = 1 << 20


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 32 MiB of its own."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=32m", "none", str(disk)], capture_output=True)
    if mounted.returncode:
        pytest.skip(f"a file system can't be mounted here: {mounted.stderr.decode().strip()}")
    yield disk
    subprocess.run(["umount", "--lazy", str(disk)], check=True)


async def test_the_last_of_a_disk_is_for_what_was_promised_already(tmp_path: Path) -> None:
    """The form that runs everywhere: the room is told, not had."""
    left = 100 * MIB
    store = await open_sqlite(tmp_path, free=lambda: (left, 10 << 30))
    event = Event(b'{"id":"1"}', 1_000)
    assert await store.log.append("bus", [event]) == 1
    left = 63 * MIB
    assert await store.log.append("bus", [event]) == 2  # not every append asks: the next MiB does
    with pytest.raises(TryAgain) as refusal:
        await store.log.append("bus", [Event(bytes(MIB), 1_000)])
    assert refusal.value.code == "ServiceUnavailable"
    with pytest.raises(TryAgain):
        await store.log.append("bus", [event])
    await store.queues.send("q", [NewMessage("m", "body", 1_000, 1_000)])
    left = 64 * MIB
    assert await store.log.append("bus", [event]) == 3
    await store.close()


async def test_a_full_disk_loses_nothing_and_heals_by_itself(small_disk: Path, tmp_path: Path) -> None:
    server = ServerProcess(small_disk / "data")
    server.log = tmp_path / "server.log"  # not on that disk
    client = Client(server.port)
    try:
        await server.start()
        url, arn = await create_queue(client, "q", VisibilityTimeout="600")
        await client.call("events", "PutRule", Name="all", EventPattern='{"source": ["shop"]}')
        await client.call("events", "PutTargets", Rule="all", Targets=[{"Id": "1", "Arn": arn}])
        wanted: set[str] = set()
        received: set[str] = set()
        status, refusal = await _publish_until_refused(client, wanted)
        assert status == 503, refusal
        assert b"ServiceUnavailable" in refusal
        assert len(wanted) > 100

        await _receive(client, url, wanted, received, at_least=len(wanted) // 2)  # with publishing refused
        # Somebody else takes the reserve, too: nothing at all can be written now.
        ballast = small_disk / "ballast"
        _fill(ballast)
        status, _ = await client.send(_put())
        assert status == 503
        assert server.process is not None
        assert server.process.poll() is None, server.last_words()

        os.unlink(ballast)
        while len(received) < len(wanted):
            await _receive(client, url, wanted, received, at_least=len(received) + 1)
        subprocess.run(["mount", "-o", "remount,size=64m", str(small_disk)], check=True)  # noqa: ASYNC221 - it is quick
        status, answer = await client.send(_put())
        assert status == 200, answer
        wanted |= {entry["EventId"] for entry in json.loads(answer)["Entries"]}
        await _receive(client, url, wanted, received, at_least=len(wanted))
        assert received == wanted
        assert (await server.stop())[0] == 0
    finally:
        client.close()
        server.kill()


def _fill(ballast: Path) -> None:
    with ballast.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(b"x" * 65536)


def _put() -> bytes:
    detail = json.dumps({"pad": "x" * 20_000})
    entries = [{"Source": "shop", "DetailType": "sold", "Detail": detail}] * 10
    return raw_request("events", "PutEvents", json.dumps({"Entries": entries}).encode())


async def _publish_until_refused(client: Client, wanted: set[str]) -> tuple[int, bytes]:
    for _ in range(1000):
        status, answer = await client.send(_put())
        if status != 200:
            return status, answer
        wanted |= {entry["EventId"] for entry in json.loads(answer)["Entries"]}
    pytest.fail("32 MiB took 200 MB")


async def _receive(client: Client, url: str, wanted: set[str], received: set[str], at_least: int) -> None:
    """Take messages out until ``at_least`` events have come; each of them was acknowledged."""
    async with asyncio.timeout(60):
        while len(received) < at_least:
            answer = await client.call("sqs", "ReceiveMessage", QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1)
            for message in answer.get("Messages") or []:
                event_id = json.loads(message["Body"])["id"]
                assert event_id in wanted
                received.add(event_id)
                await client.call("sqs", "DeleteMessage", QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
