"""Events a second, and how long each takes, from PutEvents to an SQS queue's consumer; beside moto in the same run.

Ten entries of about 600 bytes a request, 100 rules of which an event matches one, four queues; receives of ten with
long polling, deletes in batches. The server has one core to itself and the lean clients another. Two loads: as much as
goes through, with a bounded number of events on the way, then half of that at a steady pace. It asserts no time.

    .venv/bin/python bench/end_to_end.py --seconds 10
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

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.reliability.client import Client, raw_request  # noqa: E402 - the path is set above
from tests.reliability.process import ServerProcess  # noqa: E402 - the path is set above
from tests.reliability.topology import create_queue  # noqa: E402 - the path is set above

BATCH, QUEUES = 10, 4
_BLANK = b"0" * 19
_STAMP = re.compile(rb'sent\\": ?(\d{19})')
_HANDLE = re.compile(rb'"ReceiptHandle": ?"([^"]+)"')


@dataclass
class Load:
    """What to send, and what was measured after the warm-up. Latencies in nanoseconds."""

    rate: float | None  #: events a second, or None for all that goes
    window: int  #: events accepted but not yet received at which publishers wait
    publishers: int
    consumers: int  #: for each queue
    accepted: int = 0
    received: int = 0
    measured: int = 0
    seconds: float = 0.0
    failures: int = 0
    measuring: bool = False
    acks: list[int] = field(default_factory=list)
    journeys: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.room = asyncio.Event()
        self.room.set()

    def count(self, accepted: int = 0, received: int = 0) -> None:
        """Publishers have ``room`` as long as there are fewer than ``window`` events on the way."""
        self.accepted += accepted
        self.received += received
        if self.accepted - self.received < self.window:
            self.room.set()
        else:
            self.room.clear()

    def publish_body(self, rules: int, seed: int) -> bytes:
        """A request of ten entries, each of another source, with a blank for the time."""
        entries = []
        for n in range(BATCH):
            shop = (seed * BATCH + n * 37) % rules
            detail = (
                f'{{\\"sent\\":{_BLANK.decode()},\\"order\\":{{\\"id\\":\\"o-{seed}-{n}\\",\\"total\\":{100 + n}.5,'
                f'\\"lines\\":3,\\"note\\":\\"{"x" * 330}\\"}},\\"customer\\":\\"c-{n}\\"}}'
            )
            entries.append(f'{{"Source":"shop.{shop:05}","DetailType":"Order Placed","Detail":"{detail}"}}')
        return f'{{"Entries":[{",".join(entries)}]}}'.encode()


def pattern(n: int) -> str:
    """Rule n looks at one source, the detail-type and a number in the detail."""
    return (
        f'{{"source":["shop.{n:05}"],"detail-type":["Order Placed"],'
        f'"detail":{{"order":{{"total":[{{"numeric":[">",{n % 50}]}}]}}}}}}'
    )


async def set_up(client: Client, rules: int) -> list[str]:
    """Make the queues, rules and targets; answers the queues' URLs."""
    queues = [await create_queue(client, f"bench-{n}", VisibilityTimeout="60") for n in range(QUEUES)]
    for n in range(rules):
        await client.call("events", "PutRule", Name=f"rule-{n}", EventPattern=pattern(n))
        target = {"Id": "1", "Arn": queues[n % QUEUES][1]}
        await client.call("events", "PutTargets", Rule=f"rule-{n}", Targets=[target])
    return [url for url, _ in queues]


async def publish(port: int, load: Load, request: bytes, offset: float) -> None:
    client = Client(port, timeout=60)
    pause = BATCH * load.publishers / load.rate if load.rate else 0.0
    due = time.monotonic() + pause * offset
    try:
        while True:
            if load.rate:
                await asyncio.sleep(max(0.0, due - time.monotonic()))
                due += pause
            else:
                await load.room.wait()
            sent = time.time_ns()
            status, body = await client.send(request.replace(_BLANK, b"%019d" % sent))
            if status != 200 or body.count(b'"ErrorCode"'):
                load.failures += BATCH
                continue
            load.count(accepted=BATCH)
            if load.measuring:
                load.acks.append(time.time_ns() - sent)
    finally:
        client.close()


async def consume(port: int, load: Load, url: str) -> None:
    client = Client(port, timeout=60)
    prefix = f'{{"QueueUrl":"{url}"'.encode()
    receive = raw_request("sqs", "ReceiveMessage", prefix + b',"MaxNumberOfMessages":10,"WaitTimeSeconds":1}')
    try:
        while True:
            status, body = await client.send(receive)
            stamps = _STAMP.findall(body)
            if status != 200 or not stamps:
                continue
            if load.measuring:
                now = time.time_ns()
                load.journeys += [now - int(stamp) for stamp in stamps]
                load.measured += len(stamps)
            load.count(received=len(stamps))
            entries = b",".join(
                b'{"Id":"%d","ReceiptHandle":"%s"}' % (n, handle) for n, handle in enumerate(_HANDLE.findall(body))
            )
            request = raw_request("sqs", "DeleteMessageBatch", prefix + b',"Entries":[' + entries + b"]}")
            status, body = await client.send(request)
            if status != 200 or b'"Code"' in body:
                load.failures += len(stamps)
    finally:
        client.close()


async def run(port: int, urls: list[str], rules: int, load: Load, warm_up: float, seconds: float) -> None:
    """Warm up, measure, let the queues run empty, stop."""
    requests = [raw_request("events", "PutEvents", load.publish_body(rules, n)) for n in range(load.publishers)]
    consumers = [asyncio.create_task(consume(port, load, url)) for url in urls for _ in range(load.consumers)]
    publishers = [
        asyncio.create_task(publish(port, load, request, n / load.publishers)) for n, request in enumerate(requests)
    ]
    try:
        await asyncio.sleep(warm_up)
        began, load.measuring = time.monotonic(), True
        await asyncio.sleep(seconds)
        load.measuring, load.seconds = False, time.monotonic() - began
        await _end(publishers)
        patience = time.monotonic() + 30
        while load.received < load.accepted and time.monotonic() < patience:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    finally:
        await _end([*publishers, *consumers])


async def _end(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    for failure in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(failure, Exception):
            raise failure


def millis(samples: list[int], share: float) -> float:
    return sorted(samples)[int(len(samples) * share)] / 1e6 if samples else float("nan")


@dataclass
class Figures:
    """One server's line of the table."""

    name: str
    rate: float
    saturated: tuple[float, float, float, float]
    half: tuple[float, float, float, float]
    failures: int

    def row(self, beside: Figures | None) -> str:
        ratio = f"{self.rate / beside.rate:.0f}x" if beside and beside.rate else ""
        numbers = " | ".join(f"{a:.1f} / {b:.1f}" for a, b in _pairs(self.saturated + self.half))
        return f"| {self.name} | {self.rate:,.0f} | {ratio} | {numbers} | {self.failures} |"


def _pairs(numbers: tuple[float, ...]) -> list[tuple[float, float]]:
    return list(zip(numbers[::2], numbers[1::2], strict=True))


async def measure(name: str, server: ServerProcess, rules: int, seconds: float, small: bool) -> Figures:
    await server.start()
    try:
        client = Client(server.port, timeout=60)
        urls = await set_up(client, rules)
        client.close()
        shape = {"window": 40, "publishers": 2, "consumers": 1} if small else {
            "window": 2000, "publishers": 16, "consumers": 2,
        }  # fmt: skip
        full = Load(None, **shape)
        await run(server.port, urls, rules, full, min(3.0, seconds / 2), seconds)
        rate = full.measured / full.seconds
        half = Load(max(rate / 2, 1.0), **shape)
        await run(server.port, urls, rules, half, min(1.0, seconds / 4), seconds)
        await server.stop()
    finally:
        server.kill()
    four = [
        (millis(it.acks, 0.5), millis(it.acks, 0.99), millis(it.journeys, 0.5), millis(it.journeys, 0.99))
        for it in (full, half)
    ]
    return Figures(name, rate, four[0], four[1], full.failures + half.failures)


def moto_command() -> str | None:
    beside = ROOT / ".venv-bench" / "bin" / "moto_server"
    return str(beside) if beside.exists() else shutil.which("moto_server")


async def compare(options: argparse.Namespace) -> None:
    folder = Path(tempfile.mkdtemp(prefix="eventyard-bench-"))
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    core = cores[0] if len(cores) > 1 else None
    if core is not None:
        os.sched_setaffinity(0, set(cores[1:]))
    lines: list[Figures] = []
    try:
        profile = ("-m", "cProfile", "-o", str(options.profile)) if options.profile else ()
        serve = ("-m", "eventyard", "serve", "--host", "127.0.0.1", "--port", "PORT", "--data", str(folder / "data"))
        ours = ServerProcess(folder / "data", command=(sys.executable, *profile, *serve), core=core)
        lines.append(await measure("eventyard (fsync before the answer)", ours, options.rules, options.seconds, False))
        moto = moto_command() if options.moto else None
        if moto:
            command = (moto, "-H", "127.0.0.1", "-p", "PORT")
            theirs = ServerProcess(folder / "moto", command=command, ready_path="/moto-api/data.json", core=core)
            lines.insert(0, await measure("moto_server (in memory)", theirs, options.rules, options.seconds, True))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    report(lines, options.rules)


def report(lines: list[Figures], rules: int) -> None:
    print(f"\n{time.strftime('%Y-%m-%d')}, {platform.machine()}, {os.cpu_count()} cores (server on one), ", end="")
    print(f"Python {platform.python_version()}, {rules} rules; milliseconds are p50 / p99\n")
    print("| server | events/s | ratio | ack, full | end to end, full | ack, half | end to end, half | failed |")
    print("|---|---|---|---|---|---|---|---|")
    for line in lines:
        print(line.row(lines[0] if line is not lines[0] else None))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=10, help="measured seconds for each load")
    parser.add_argument("--rules", type=int, default=100)
    parser.add_argument("--moto", action=argparse.BooleanOptionalAction, default=True, help="beside moto, if installed")
    parser.add_argument("--profile", type=Path, help="run the server under cProfile and leave its figures here")
    uvloop.run(compare(parser.parse_args()))


if __name__ == "__main__":
    main()
