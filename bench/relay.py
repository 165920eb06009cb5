"""A thousand waiters on one node while events are published: is any missed, how late are they, how much memory is it?

Each waiter has a connection and a subscription of its own, by a number in the detail; each event is for one of them.
The server has one core, the waiters and publishers the other. It asserts no time; missed events end it with status 1.

    .venv/bin/python bench/relay.py --waiters 1000 --rate 5000 --seconds 10
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import re
import shutil
import sys
import tempfile
import time
from pathlib import Path

import uvloop
from websockets.asyncio.client import ClientConnection, connect

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.reliability.client import ACCOUNT, REGION, Client, raw_request  # noqa: E402 - the path is set above
from tests.reliability.process import ServerProcess  # noqa: E402 - the path is set above

BATCH = 10
_STAMP = re.compile(r'"sent":(\d+)')


class Books:
    """Who was sent how many events, who got how many, and how late each was (ns)."""

    def __init__(self, waiters: int) -> None:
        self.sent = [0] * waiters
        self.got = [0] * waiters
        self.late: list[int] = []
        self.acks: list[int] = []


async def subscribe(port: int, number: int) -> ClientConnection:
    socket = await connect(f"ws://127.0.0.1:{port}/_eventyard/relay", compression=None, max_size=None)
    await socket.send(json.dumps({"type": "hello", "version": 1, "account": ACCOUNT, "region": REGION}))
    await socket.recv()
    asked = {"type": "subscribe", "id": "s", "pattern": {"detail": {"waiter": [number]}}, "credit": 10_000}
    await socket.send(json.dumps(asked))
    assert json.loads(await socket.recv())["type"] == "subscribed"
    return socket


async def wait(socket: ClientConnection, number: int, books: Books) -> None:
    async for text in socket:
        now = time.time_ns()
        stamps = _STAMP.findall(str(text))
        books.got[number] += len(stamps)
        books.late += [now - int(stamp) for stamp in stamps]
        if stamps:
            await socket.send(f'{{"type":"credit","id":"s","count":{len(stamps)}}}')


async def publish(port: int, books: Books, rate: float, seconds: float, first: int, publishers: int) -> None:
    client = Client(port, timeout=60)
    pause = BATCH * publishers / rate
    due, end, number = time.monotonic(), time.monotonic() + seconds, first
    try:
        while due < end:
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            due += pause
            entries, meant = [], []
            for _ in range(BATCH):
                number = (number + 7) % len(books.sent)
                meant.append(number)
                detail = f'{{"waiter":{number},"sent":{time.time_ns()},"pad":"{"x" * 300}"}}'
                entries.append({"Source": "bench", "DetailType": "Sent", "Detail": detail})
            sent = time.time_ns()
            status, body = await client.send(
                raw_request("events", "PutEvents", json.dumps({"Entries": entries}).encode())
            )
            assert status == 200, body
            assert not body.count(b'"ErrorCode"'), body
            books.acks.append(time.time_ns() - sent)
            for each in meant:
                books.sent[each] += 1
    finally:
        client.close()


def resident(pid: int) -> float:
    """MiB."""
    fields = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", fields)[1]) / 1024  # type: ignore[index]


async def measure(options: argparse.Namespace) -> int:
    folder = Path(tempfile.mkdtemp(prefix="eventyard-bench-"))
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    core = cores[0] if len(cores) > 1 else None
    if core is not None:
        os.sched_setaffinity(0, set(cores[1:]))
    serve = ("-m", "eventyard", "serve", "--host", "127.0.0.1", "--port", "PORT", "--data", str(folder / "data"))
    server = ServerProcess(folder / "data", command=(sys.executable, *serve), core=core)
    try:
        await server.start()
        assert server.process is not None
        before = resident(server.process.pid)
        books = Books(options.waiters)
        sockets = []
        for number in range(options.waiters):
            sockets.append(await subscribe(server.port, number))
        waiting = [asyncio.create_task(wait(socket, number, books)) for number, socket in enumerate(sockets)]
        with_waiters = resident(server.process.pid)
        publishers = [publish(server.port, books, options.rate, options.seconds, n * 131, 4) for n in range(4)]
        began = time.monotonic()
        await asyncio.gather(*publishers)
        took = time.monotonic() - began
        patience = time.monotonic() + 30
        while sum(books.got) < sum(books.sent) and time.monotonic() < patience:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        after = resident(server.process.pid)
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        for socket in sockets:
            await socket.close()
    finally:
        server.kill()
        shutil.rmtree(folder, ignore_errors=True)
    missed = sum(sent - got for sent, got in zip(books.sent, books.got, strict=True) if got != sent)
    acks, late = sorted(books.acks), sorted(books.late)
    print(f"\n{time.strftime('%Y-%m-%d')}, {platform.machine()}, {os.cpu_count()} cores (server on one), ", end="")
    print(f"Python {platform.python_version()}\n")
    print("| waiters | events/s | events | missed | ack p50 / p99 | seen p50 / p99 | RSS before / waiting / after |")
    print("|---|---|---|---|---|---|---|")
    print(
        f"| {options.waiters:,} | {sum(books.sent) / took:,.0f} | {sum(books.sent):,} | {missed} "
        f"| {_at(acks, 0.5)} / {_at(acks, 0.99)} ms | {_at(late, 0.5)} / {_at(late, 0.99)} ms "
        f"| {before:.0f} / {with_waiters:.0f} / {after:.0f} MiB |"
    )
    return 1 if missed else 0


def _at(sample: list[int], share: float) -> str:
    return f"{sample[int(len(sample) * share)] / 1e6:.1f}" if sample else "-"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--waiters", type=int, default=1_000)
    parser.add_argument("--rate", type=float, default=5_000, help="events a second, together")
    parser.add_argument("--seconds", type=float, default=10)
    sys.exit(uvloop.run(measure(parser.parse_args())))


if __name__ == "__main__":
    main()
