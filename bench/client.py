"""Events a second and latency of the client, with validation and without, beside plain boto3 in the same run.

The server has one core to itself, on disk and durable (``serve``); the clients another. Three loads: as many events as
go through from one process (``put_many``), puts of 200 tasks or 20 threads at once, and one put after the other. It
asserts no time.

    .venv/bin/python bench/client.py --seconds 5
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import boto3  # noqa: E402 - the path is set above
from botocore.config import Config  # noqa: E402 - the path is set above
from tests.reliability.process import ServerProcess  # noqa: E402 - the path is set above

from eventyard import EventClient  # noqa: E402 - the path is set above
from eventyard.contract import Repository, read_repository  # noqa: E402 - the path is set above

CONTRACTS = ROOT / "examples" / "cars" / "contracts"
EVENT = "PurchaseApproved"


class Load:
    """Runs one thing for so many seconds, and prints what came of it. ``detail``: of each event."""

    def __init__(self, seconds: float, detail: dict[str, Any]) -> None:
        self.seconds = seconds
        self.detail = detail

    def report(self, what: str, events: int, began: float, cpu: float, took: list[float]) -> None:
        passed, spent = time.perf_counter() - began, time.process_time() - cpu
        took.sort()
        latency = f"{took[len(took) // 2] * 1e3:8.1f} {took[len(took) * 99 // 100] * 1e3:8.1f}" if took else " " * 17
        print(f"{what:46} {events / passed:10,.0f} {spent / events * 1e6:12.1f} {latency}", flush=True)

    async def many(self, what: str, events: EventClient) -> None:
        done, began, cpu = 0, time.perf_counter(), time.process_time()
        while time.perf_counter() - began < self.seconds:
            done += len(await events.put_many([(EVENT, self.detail)] * 2000))
        self.report(what, done, began, cpu, [])

    async def tasks(self, what: str, events: EventClient, tasks: int) -> None:
        took: list[float] = []
        began, cpu = time.perf_counter(), time.process_time()

        async def put() -> None:
            while (start := time.perf_counter()) - began < self.seconds:
                await events.put(EVENT, self.detail)
                took.append(time.perf_counter() - start)

        await asyncio.gather(*[put() for _ in range(tasks)])
        self.report(what, len(took), began, cpu, took)

    def threads(self, what: str, put: Callable[[], int], threads: int) -> None:
        took: list[float] = []
        began, cpu = time.perf_counter(), time.process_time()

        def work(_: int) -> int:
            done = 0
            while (start := time.perf_counter()) - began < self.seconds:
                done += put()
                took.append(time.perf_counter() - start)
            return done

        with ThreadPoolExecutor(threads) as pool:
            done = sum(pool.map(work, range(threads)))
        self.report(what, done, began, cpu, took)


async def ours(load: Load, url: str, contracts: Repository | None) -> None:
    checks = "validated" if contracts else "not validated"
    options: dict[str, Any] = {"contracts": contracts} if contracts else {"unknown": "allow", "source": "bench"}
    async with EventClient(bus="default", endpoint_url=url, **options) as events:
        await events.put_many([(EVENT, load.detail)] * 200)
        await load.many(f"EventClient, put_many, {checks}", events)
        await load.tasks(f"EventClient, put, 200 tasks, {checks}", events, 200)
        await load.tasks(f"EventClient, put, one after the other, {checks}", events, 1)


def theirs(load: Load, url: str) -> None:
    client = boto3.client("events", endpoint_url=url, config=Config(max_pool_connections=20))
    detail = json.dumps(load.detail)
    entry = {"Source": "bench", "DetailType": EVENT, "Detail": detail, "EventBusName": "default"}

    def put(entries: int) -> int:
        answer = client.put_events(Entries=[entry] * entries)
        assert answer["FailedEntryCount"] == 0
        return entries

    put(10)
    load.threads("boto3, ten entries a request, 8 threads", lambda: put(10), 8)
    load.threads("boto3, ten entries a request, 1 thread", lambda: put(10), 1)
    load.threads("boto3, one entry a request, 20 threads", lambda: put(1), 20)
    load.threads("boto3, one entry a request, 1 thread", lambda: put(1), 1)


async def main(seconds: float) -> None:
    os.environ |= {"AWS_ACCESS_KEY_ID": "123456789012", "AWS_SECRET_ACCESS_KEY": "x", "AWS_DEFAULT_REGION": "eu-west-1"}
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    contracts = read_repository(CONTRACTS)
    detail = contracts.find(EVENT).examples[0].detail
    load = Load(seconds, detail)
    print(f"{time.strftime('%Y-%m-%d')}, {platform.machine()}, {len(cores)} cores, Python {platform.python_version()}, "
          f"boto3 {boto3.__version__}, details of {len(json.dumps(detail))} bytes\n")  # fmt: skip
    print(f"{'':46} {'events/s':>10} {'CPU us/event':>12} {'p50 ms':>8} {'p99 ms':>8}")
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as directory:
        server = ServerProcess(Path(directory) / "data", core=cores[0] if len(cores) > 1 else None)
        if len(cores) > 1:
            os.sched_setaffinity(0, set(cores[1:]))
        await server.start()
        url = f"http://127.0.0.1:{server.port}"
        try:
            await ours(load, url, contracts)
            await ours(load, url, None)
            theirs(load, url)
        finally:
            await server.stop()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=5)
    asyncio.run(main(parser.parse_args().seconds))
