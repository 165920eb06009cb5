"""How many deliveries come again because a server is killed in the middle of a backlog. It asserts nothing.

The events are in the log before any server runs; each goes to every queue. The server is killed at random moments until
all are routed, and whatever the queues then hold beyond one message for each event has been delivered twice.

    .venv/bin/python bench/crashes.py --events 60000 --queues 1
    .venv/bin/python bench/crashes.py --events 20000 --queues 5
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import tempfile
import time
from pathlib import Path

import uvloop

from eventyard.event import Event, envelope, new_ids
from eventyard.stores.sqlite import open_sqlite

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.reliability.client import ACCOUNT, REGION, Client  # noqa: E402 - the path is set above
from tests.reliability.process import ServerProcess  # noqa: E402 - the path is set above
from tests.reliability.topology import BUS, create_queue, put_target  # noqa: E402 - the path is set above

_CHUNK = 1_000


async def fill(data: Path, count: int) -> None:
    """Append ``count`` events of about 600 bytes to the log of the bus."""
    store = await open_sqlite(data)
    try:
        for first in range(0, count, _CHUNK):
            now = time.time_ns() // 1_000_000
            events = [
                Event(
                    envelope(
                        id=each,
                        detail_type="t",
                        source="backlog",
                        account=ACCOUNT,
                        time="2026-11-25T00:00:00Z",
                        region=REGION,
                        resources=[],
                        detail=b'{"text":"%b"}' % (b"x" * 330),
                    ),
                    now,
                )
                for each in new_ids(min(_CHUNK, count - first), now)
            ]
            await store.log.append(BUS, events)
    finally:
        await store.close()


async def held(client: Client, urls: list[str]) -> int:
    """How many messages the queues hold."""
    wanted, total = "ApproximateNumberOfMessages", 0
    for url in urls:
        answer = await client.call("sqs", "GetQueueAttributes", QueueUrl=url, AttributeNames=[wanted])
        total += int(answer["Attributes"][wanted])
    return total


async def crashes(folder: Path, events: int, queues: int, chance: random.Random) -> tuple[int, int]:
    """The number of kills, and of second messages."""
    server, urls, kills = ServerProcess(folder / "data"), [], 0
    client = Client(server.port, timeout=60)
    try:
        await server.start()
        for number in range(queues):
            url, arn = await create_queue(client, f"queue-{number}")
            await client.call("events", "PutRule", Name=f"rule-{number}", EventPattern='{"source": ["backlog"]}')
            await put_target(client, f"rule-{number}", {"Id": "1", "Arn": arn})
            urls.append(url)
        await server.stop()
        await fill(folder / "data", events)
        while True:
            await server.start()
            await asyncio.sleep(chance.uniform(0.05, 0.5))
            if await held(client, urls) >= events * queues:
                await asyncio.sleep(2)  # what comes again comes soon
                return kills, await held(client, urls) - events * queues
            server.kill()
            kills += 1
    finally:
        client.close()
        server.kill()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=60_000)
    parser.add_argument("--queues", type=int, default=1)
    parser.add_argument("--times", type=int, default=3)
    options = parser.parse_args()
    for seed in range(options.times):
        with tempfile.TemporaryDirectory() as folder:
            work = crashes(Path(folder), options.events, options.queues, random.Random(seed))
            kills, again = uvloop.run(work)
        print(f"{kills} kills, {again} of {options.events * options.queues:,} deliveries came again", end="")
        print(f", {again / kills:.0f} for each" if kills else "", flush=True)


if __name__ == "__main__":
    main()
