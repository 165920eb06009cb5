"""Memory and time of a server with 10,000 rules and a backlog of 1,000,000 events.

The events are written through the store, then the server is started three times: with the whole backlog still to be
routed, with all of it waiting in four queues, and on the way the queues are emptied. It asserts nothing.

    .venv/bin/python bench/scale.py --rules 10000 --events 1000000
"""

from __future__ import annotations

import argparse
import asyncio
import os
import platform
import re
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import uvloop
from end_to_end import QUEUES, ROOT, Load, consume, pattern

sys.path.insert(0, str(ROOT))

from tests.reliability.client import ACCOUNT, REGION, Client
from tests.reliability.process import ServerProcess
from tests.reliability.topology import create_queue

from eventyard.bus import Directory
from eventyard.bus.resources import Bus, Rule, TargetSpec
from eventyard.clock import SystemClock
from eventyard.event import Event, envelope, iso_seconds, new_ids
from eventyard.names import bus_arn, rule_arn
from eventyard.stores.sqlite import open_sqlite

BUS = bus_arn(ACCOUNT, REGION, "scale")
CHUNK = 1000
COUNTS = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]


@dataclass
class Table:
    rows: list[tuple[str, str]] = field(default_factory=list)

    def add(self, what: str, figure: str) -> None:
        self.rows.append((what, figure))
        print(f"  {what}: {figure}", flush=True)

    def memory(self, when: str, pid: int) -> None:
        status = Path(f"/proc/{pid}/status")
        if status.exists():
            text = status.read_text()
            now, most = (int(re.search(rf"{name}:\s+(\d+)", text)[1]) // 1024 for name in ("VmRSS", "VmHWM"))  # type: ignore[index]
            self.add(f"memory, {when}", f"{now} MiB (at most {most} MiB)")


def make_events(count: int, first: int, rules: int, padding: bytes) -> list[Event]:
    now = time.time_ns() // 1_000_000
    return [
        Event(
            envelope(
                id=event_id,
                detail_type="Order Placed",
                source=f"shop.{n % rules:05}",
                account=ACCOUNT,
                time=iso_seconds(now),
                region=REGION,
                resources=(),
                detail=b'{"sent":%019d,"order":{"id":"o-%d","total":100.5,"note":"%s"}}' % (time.time_ns(), n, padding),
            ),
            now,
        )
        for n, event_id in enumerate(new_ids(count, now), first)
    ]


async def fill(data: Path, arns: list[str], rules: int, events: int, table: Table) -> None:
    """Write rules and events through the store, while no server runs."""
    store = await open_sqlite(data)
    try:
        clock = SystemClock()
        directory = Directory(store.catalog, clock)
        await directory.load()
        await directory.put_bus(Bus(arn=BUS, name="scale", created=clock.now(), modified=clock.now()))

        async def put(n: int) -> None:
            name = f"rule-{n}"
            rule = Rule(
                bus=BUS,
                name=name,
                arn=rule_arn(BUS, name),
                created=clock.now(),
                created_by=ACCOUNT,
                pattern=pattern(n),
            )
            await directory.put_rule(rule)
            await directory.put_targets(BUS, name, [TargetSpec(id="1", arn=arns[n % len(arns)])])

        began = time.monotonic()
        await asyncio.gather(*(put(n) for n in range(rules)))
        table.add(f"put {rules:,} rules and targets (directory)", f"{time.monotonic() - began:.1f} s")
        began = time.monotonic()
        appends: set[asyncio.Task[int]] = set()
        for first in range(0, events, CHUNK):
            batch = make_events(min(CHUNK, events - first), first, rules, b"x" * 330)
            appends.add(asyncio.create_task(store.log.append(BUS, batch)))
            if len(appends) >= 8:
                _, appends = await asyncio.wait(appends, return_when=asyncio.FIRST_COMPLETED)
        await asyncio.gather(*appends)
        table.add(f"append {events:,} events of {len(batch[0].body)} B (store)", _pace(events, began))
    finally:
        await store.close()


async def waiting(client: Client, urls: list[str]) -> int:
    """How many messages the queues hold."""
    total = 0
    for url in urls:
        answer = await client.call("sqs", "GetQueueAttributes", QueueUrl=url, AttributeNames=COUNTS)
        total += sum(int(answer["Attributes"][name]) for name in COUNTS)
    return total


async def route(server: ServerProcess, urls: list[str], events: int, table: Table) -> None:
    """Start with everything still to be routed; wait until all is in the queues."""
    table.add("ready, with the whole backlog to be routed", f"{await server.start():.2f} s")
    table.memory("when ready", server.pid)
    client = Client(server.port, timeout=60)
    began = last_change = time.monotonic()
    held = await waiting(client, urls)
    first = held
    while held < events and time.monotonic() - last_change < 30:
        await asyncio.sleep(0.2)
        before, held = held, await waiting(client, urls)
        if held != before:
            last_change = time.monotonic()
    client.close()
    table.add(f"routed into {len(urls)} queues: {held:,}", _pace(held - first, began))
    table.memory("when routed", server.pid)
    code, seconds = await server.stop()
    table.add("clean stop", f"{seconds:.2f} s (exit {code})")


async def drain(server: ServerProcess, urls: list[str], events: int, table: Table) -> None:
    """Start with everything waiting in the queues; receive and delete all of it."""
    table.add(f"ready, with {events:,} messages in queues", f"{await server.start():.2f} s")
    table.memory("when ready", server.pid)
    load = Load(None, window=0, publishers=0, consumers=4)
    tasks = [asyncio.create_task(consume(server.port, load, url)) for url in urls for _ in range(load.consumers)]
    began, marks = time.monotonic(), [time.monotonic()]
    last, last_change = 0, began
    try:
        while load.received < events and time.monotonic() - last_change < 30:
            await asyncio.sleep(0.01)
            if load.received != last:
                last, last_change = load.received, time.monotonic()
            while len(marks) <= 10 * load.received // events:
                marks.append(time.monotonic())
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    table.add(f"received and deleted: {load.received:,}", _pace(load.received, began))
    if len(marks) > 10:
        first, final = (events / 10 / (marks[n + 1] - marks[n]) for n in (0, 9))
        table.add("first tenth, last tenth", f"{first:,.0f}/s, {final:,.0f}/s ({final / first:.0%})")
    table.memory("when drained", server.pid)


def _pace(count: int, began: float) -> str:
    seconds = time.monotonic() - began
    return f"{seconds:.1f} s ({count / seconds:,.0f}/s)"


async def measure(options: argparse.Namespace) -> None:
    folder = Path(tempfile.mkdtemp(prefix="eventyard-scale-", dir=options.folder))
    table = Table()
    server = ServerProcess(folder / "data")
    try:
        await server.start()
        client = Client(server.port)
        queues = [await create_queue(client, f"bench-{n}", VisibilityTimeout="600") for n in range(QUEUES)]
        client.close()
        await server.stop()
        urls = [url for url, _ in queues]
        await fill(folder / "data", [arn for _, arn in queues], options.rules, options.events, table)
        await route(server, urls, options.events, table)
        await drain(server, urls, options.events, table)
    finally:
        server.kill()
        shutil.rmtree(folder, ignore_errors=True)
    print(f"\n{time.strftime('%Y-%m-%d')}, {platform.machine()}, {os.cpu_count()} cores, ", end="")
    print(f"Python {platform.python_version()}, {options.rules:,} rules, {options.events:,} events\n")
    print("| what | figure |\n|---|---|")
    for what, figure in table.rows:
        print(f"| {what} | {figure} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rules", type=int, default=10_000)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path, help="where the data go (about 2 KB an event)")
    uvloop.run(measure(parser.parse_args()))


if __name__ == "__main__":
    main()
