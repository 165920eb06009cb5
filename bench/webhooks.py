"""Webhooks taken in a second by one server on one core, and what each costs it; events put by PutEvents beside it.

Senders keep their connections, sign as Stripe does, and wait for each answer. The server has one core, the senders the
other. It asserts no time; an answer that is not 200, or a missing event, ends it with status 1.

    .venv/bin/python bench/webhooks.py --senders 16 --seconds 10
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import hmac
import json
import os
import platform
import shutil
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.reliability.client import Client, raw_request  # noqa: E402 - the path is set above
from tests.reliability.process import ServerProcess  # noqa: E402 - the path is set above

SECRET = "whsec_of_the_bench"
PAD = "x" * 1_000


def webhook(number: int) -> bytes:
    body = json.dumps(
        {"id": f"evt_{number}", "type": "charge.succeeded", "created": 1_686_089_970, "pad": PAD}
    ).encode()
    at = str(int(time.time()))
    made = hmac.new(SECRET.encode(), at.encode() + b"." + body, hashlib.sha256).hexdigest()
    head = (
        f"POST /webhooks/bench HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n"
        f"stripe-signature: t={at},v1={made}\r\n\r\n"
    )
    return head.encode() + body


def entry(number: int) -> bytes:
    detail = json.dumps({"id": f"evt_{number}", "type": "charge.succeeded", "created": 1_686_089_970, "pad": PAD})
    entries = {"Entries": [{"Source": "stripe", "DetailType": "charge.succeeded", "Detail": detail}]}
    return raw_request("events", "PutEvents", json.dumps(entries).encode())


async def round(port: int, make: object, senders: int, seconds: float, numbers: list[int]) -> list[float]:
    """How long each request took (s)."""
    took: list[float] = []
    end = time.monotonic() + seconds

    async def sender() -> None:
        client = Client(port)
        try:
            while time.monotonic() < end:
                numbers[0] += 1
                began = time.monotonic()
                status, answer = await client.send(make(numbers[0]))  # type: ignore[operator]  # the rows are of several kinds
                took.append(time.monotonic() - began)
                if status != 200:
                    raise SystemExit(f"status {status}: {answer[:200]!r}")
        finally:
            client.close()

    await asyncio.gather(*(sender() for _ in range(senders)))
    return took


def cpu(pid: int) -> float:
    """CPU time of a process so far (s)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def main(senders: int, seconds: float) -> None:
    scratch = Path(tempfile.mkdtemp(prefix="eventyard-bench-"))
    server = ServerProcess(scratch / "data", core=0)
    os.sched_setaffinity(0, {1})
    try:
        await server.start()
        client = Client(server.port)
        wanted = json.dumps({"provider": "stripe", "secrets": [SECRET], "rate": 100_000, "burst": 1_000_000})
        head = f"PUT /_eventyard/webhooks/bench HTTP/1.1\r\nhost: a\r\ncontent-length: {len(wanted)}\r\n\r\n"
        status, answer = await client.send((head + wanted).encode())
        assert status == 200, answer
        client.close()
        numbers, taken = [0], 0
        print(
            f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, {senders} senders, 1 KB"
        )
        for name, make in (("warm up", webhook), ("webhook", webhook), ("PutEvents", entry)):
            before = cpu(server.pid)
            took = sorted(await round(server.port, make, senders, 1 if name == "warm up" else seconds, numbers))
            spent = cpu(server.pid) - before
            taken += len(took) if make is webhook else 0
            if name != "warm up":
                print(
                    f"{name:<10} {len(took) / seconds:8.0f}/s   CPU {spent / len(took) * 1e6:5.0f} us each   "
                    f"p50 {took[len(took) // 2] * 1e3:.1f} ms   p99 {took[len(took) * 99 // 100] * 1e3:.1f} ms"
                )
        client = Client(server.port)
        limit = taken + 1
        head = f"GET /_eventyard/observed?limit={limit} HTTP/1.1\r\nhost: a\r\n\r\n"
        status, answer = await client.send(head.encode())
        client.close()
        there = json.loads(answer)["seen"]
        print(f"webhooks answered {taken}, on the bus {there}")
        if there != taken:
            raise SystemExit(1)
        await server.stop()
    finally:
        server.kill()
        shutil.rmtree(scratch, ignore_errors=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--senders", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=10)
    given = parser.parse_args()
    asyncio.run(main(given.senders, given.seconds))
