"""Publishes, consumes, refuses, schedules and replays while the server is killed (or stopped) again and again, then
lets the checker judge.

``python -m tests.reliability.harness --rounds 500 --seed 7`` runs a campaign; the same seed gives the same load and
the same times of death, though not the same interleaving. It decides nothing: that is the checker's business.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from .checker import IN_FLIGHT, Report, check
from .client import Client, Refused, raw_request
from .moments import MOMENTS, schedule
from .oracle import Oracle
from .process import ServerProcess
from .replayer import archived, keep_replaying, replay_all
from .sink import Sink
from .topology import build

BATCH = 10


@dataclass
class Campaign:
    """What to do to the server, and how hard. ``rate``: events a second that the publishers try for, together."""

    folder: Path
    rounds: int = 20
    seed: int = 1
    end: Literal["kill", "stop"] = "kill"
    module: str = "eventyard"
    environment: dict[str, str] = field(default_factory=dict)
    rate: int = 1000
    publishers: int = 4
    shortest: float = 0.05
    longest: float = 2.0
    patience: float = 15.0  #: seconds without any receipt after which what is still owed is taken as lost
    in_flight: int = IN_FLIGHT  #: deliveries that one kill may repeat
    past_minute: bool = False  #: more rounds until a minute has begun, at which scheduled rules fire
    verbose: bool = False


@dataclass
class Result:
    """What the checker says, and what was measured on the way."""

    report: Report
    ready: list[float]  #: seconds from start to ready, for each restart
    stops: list[tuple[int, float]]  #: (exit code, seconds), for each clean stop
    acknowledged: list[int]  #: events acknowledged in each round
    drained: float  #: seconds from the last start until nothing was owed


class Harness:
    """One campaign: a server, publishers, a consumer for each queue, and the books."""

    def __init__(self, campaign: Campaign) -> None:
        self.campaign = campaign
        self.chance = random.Random(campaign.seed)
        self.server = ServerProcess(campaign.folder / "data", module=campaign.module, environment=campaign.environment)
        self.server.command += ("--allow-network", "127.0.0.1/32")
        self.oracle = Oracle(campaign.folder / "books")
        self.sink = Sink(self.oracle)
        self.up = asyncio.Event()
        self.began = time.time()
        self.urls: dict[str, str] = {}
        self.errors: Counter[str] = Counter()

    async def run(self) -> Result:
        campaign, result = self.campaign, Result(Report(), [], [], [], 0.0)
        client = Client(self.server.port)
        try:
            async with self.sink.open():
                await self._start()
                await self._build(client)
                consumers = [self._consume(queue, url) for queue, url in self.urls.items()]
                load = [self._publish(random.Random(f"{campaign.seed}/{n}")) for n in range(campaign.publishers)]
                load.append(keep_replaying(self.server.port, self.oracle, self.up, self.errors, campaign.seed))
                async with _running(consumers):
                    async with _running(load):
                        await self._rounds(result)
                    self.up.set()
                    result.drained = await self._drain(client)
                self.oracle.closed(await archived(client))
        finally:
            client.close()
            await self._end("over")
            self.oracle.close()
        result.report = check(self.oracle.folder, in_flight=campaign.in_flight)
        return result

    async def _start(self) -> float:
        self.began = time.time()
        return await self.server.start()

    async def _end(self, how: str) -> None:
        self.server.kill()
        await self.sink.quiet()
        self.oracle.ran(self.began, time.time(), how)

    async def _rounds(self, result: Result) -> None:
        minute = int(time.time()) // 60
        while len(result.ready) < self.campaign.rounds or (
            self.campaign.past_minute and int(time.time() - 1) // 60 == minute
        ):
            await self._round(len(result.ready), result)

    async def _round(self, number: int, result: Result) -> None:
        """Load, an end at a random time, and a new start."""
        before = self.oracle.acknowledged
        self.up.set()
        await asyncio.sleep(self.chance.uniform(self.campaign.shortest, self.campaign.longest))
        if self.campaign.end == "stop":
            result.stops.append(await self.server.stop())
        await self._end(self.campaign.end)
        self.up.clear()
        result.ready.append(await self._start())
        self.oracle.flush()
        result.acknowledged.append(self.oracle.acknowledged - before)
        if self.campaign.verbose:
            print(
                f"round {number + 1}: {result.acknowledged[-1]} acknowledged, {self.oracle.received} received in all, "
                f"{len(self.oracle.owed)} owed, ready again in {result.ready[-1]:.2f} s {dict(self.errors) or ''}",
                flush=True,
            )

    async def _build(self, client: Client) -> None:
        campaign = self.campaign
        self.urls = await build(client, self.sink.port)
        each = (campaign.shortest + campaign.longest) / 2 + 1  # the restart included
        seconds = int(campaign.rounds * each) + 60 * campaign.past_minute
        self.urls[MOMENTS], schedules = await schedule(client, seconds)
        self.oracle.scheduled(schedules)

    async def _publish(self, chance: random.Random) -> None:
        """Batches at a steady pace; a cut one is never sent again, its intents stay without an answer."""
        client = Client(self.server.port)
        pause = BATCH * self.campaign.publishers / self.campaign.rate
        try:
            while True:
                await self.up.wait()
                began = time.monotonic()
                intents = [self.oracle.intend(chance) for _ in range(BATCH)]
                body = json.dumps({"Entries": [entry for _, entry in intents]}).encode()
                try:
                    status, answer = await client.send(raw_request("events", "PutEvents", body))
                except OSError:
                    await asyncio.sleep(0.05)
                    continue
                if status == 200:
                    results = json.loads(answer)["Entries"]
                    for (number, _), entry in zip(intents, results, strict=True):
                        self.oracle.answered(number, entry)
                else:
                    self._note(f"PutEvents {status} {answer[:80]!r}")
                await asyncio.sleep(max(0.0, pause - (time.monotonic() - began)))
        finally:
            client.close()

    async def _consume(self, queue: str, url: str) -> None:
        """Receive, write down, delete."""
        client = Client(self.server.port)
        wanted: dict[str, Any] = {"QueueUrl": url, "MaxNumberOfMessages": 10, "MessageAttributeNames": ["All"]}
        wanted["AttributeNames"] = ["SentTimestamp"]
        try:
            while True:
                await self.up.wait()
                try:
                    answer = await client.call("sqs", "ReceiveMessage", WaitTimeSeconds=1, **wanted)
                    messages = answer.get("Messages") or []
                    for message in messages:
                        self.oracle.received_from(queue, message)
                    if messages:
                        entries = [
                            {"Id": str(at), "ReceiptHandle": message["ReceiptHandle"]}
                            for at, message in enumerate(messages)
                        ]
                        await client.call("sqs", "DeleteMessageBatch", QueueUrl=url, Entries=entries)
                except OSError:
                    await asyncio.sleep(0.05)
                except Refused as refusal:
                    self._note(f"{queue}: {refusal}")
                    await asyncio.sleep(0.1)
        finally:
            client.close()

    async def _drain(self, client: Client) -> float:
        """Replay all that there is, then wait until nothing is owed and nothing more comes (a cut-off receipt shows
        again after 2 s); answers after how many seconds the last thing owed had come."""
        began = time.monotonic()
        await replay_all(client, self.oracle)
        self.oracle.closing(int(time.time()))
        received, quiet_since, paid_at = -1, began, began
        while True:
            if self.oracle.received != received:
                received, quiet_since = self.oracle.received, time.monotonic()
                if self.oracle.owed:
                    paid_at = quiet_since
            patience = self.campaign.patience if self.oracle.owed else min(3.0, self.campaign.patience)
            if time.monotonic() - quiet_since > patience:
                return paid_at - began
            await asyncio.sleep(0.05)

    def _note(self, error: str) -> None:
        self.errors[error] += 1


@contextlib.asynccontextmanager
async def _running(coroutines: Iterable[Any]) -> AsyncIterator[None]:
    """Run ``coroutines`` beside the block, and cancel them at its end. One that fails fails the block."""
    tasks = [asyncio.create_task(coroutine) for coroutine in coroutines]
    try:
        yield
    finally:
        failed = [task.exception() for task in tasks if task.done() and not task.cancelled()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for failure in failed:
        if failure:
            raise failure


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rate", type=int, default=1000, help="events a second")
    parser.add_argument("--end", choices=("kill", "stop"), default="kill", help="SIGKILL, or SIGTERM")
    parser.add_argument("--in-flight", type=int, default=IN_FLIGHT, help="second deliveries allowed for each kill")
    parser.add_argument("--folder", type=Path, help="where data and books go (default: a new temporary folder)")
    options = parser.parse_args()
    folder = options.folder or Path(tempfile.mkdtemp(prefix="eventyard-harness-"))
    print(f"data and books in {folder}")
    campaign = Campaign(
        folder, options.rounds, options.seed, options.end, rate=options.rate, in_flight=options.in_flight, verbose=True
    )
    harness = Harness(campaign)
    result = asyncio.run(harness.run())
    print(result.report)
    print(
        f"ready in {sum(result.ready) / len(result.ready):.2f} s on average, {max(result.ready):.2f} s at most; "
        f"drained in {result.drained:.1f} s; refusals: {dict(harness.errors) or 'none'}"
    )
    for code, seconds in result.stops:
        if code or seconds > 10:
            print(f"stopped with {code} after {seconds:.1f} s")
    return 1 if result.report.faults else 0


if __name__ == "__main__":
    sys.exit(main())
