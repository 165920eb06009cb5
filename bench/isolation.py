"""What healthy HTTP targets notice of a dead, a hanging and a flapping one; and how a backlog drains when its target
returns. It asserts nothing.

    .venv/bin/python bench/isolation.py --seconds 20
    .venv/bin/python bench/isolation.py --backlog 100000
"""

from __future__ import annotations

import argparse
import asyncio
import os
import platform
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import uvloop

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.reliability import neighbours  # noqa: E402 - the path is set above
from tests.reliability.client import Client  # noqa: E402 - the path is set above
from tests.reliability.process import ServerProcess  # noqa: E402 - the path is set above


def _server(folder: str) -> ServerProcess:
    server = ServerProcess(Path(folder) / "data")
    server.command += ("--allow-network", "127.0.0.1/32")
    return server


def _row(name: str, rate: float, journeys: list[float]) -> None:
    ranked = sorted(journeys)
    p50, p99 = (ranked[int(len(ranked) * share)] * 1000 for share in (0.5, 0.99))
    print(f"{name:<28}{rate:>12.1f}{p50:>12.1f}{p99:>12.1f}", flush=True)


async def isolation(healthy: int, rate: float, seconds: float) -> None:
    with tempfile.TemporaryDirectory() as folder:
        server, endpoints = _server(folder), neighbours.Endpoints()
        client = Client(server.port)
        try:
            async with endpoints.open():
                await server.start()
                await neighbours.neighbourhood(client, endpoints, healthy)
                await neighbours.publish(server.port, healthy, rate, 3)  # warm connections
                print(f"{'':<28}{'healthy/s':>12}{'p50 ms':>12}{'p99 ms':>12}")
                for name in ("baseline", "with three bad neighbours"):
                    if name != "baseline":
                        await neighbours.bad_neighbours(client, endpoints)
                        await neighbours.publish(server.port, healthy, rate, 3)
                    await asyncio.sleep(1)
                    endpoints.seen = neighbours.Seen()
                    begun = time.monotonic()
                    count = await neighbours.publish(server.port, healthy, rate, seconds)
                    await neighbours.arrived(endpoints, count, 30)
                    seen = endpoints.seen
                    _row(name, len(seen.arrivals) / (seen.arrivals[-1] - begun), seen.journeys)
                print(f"calls: {dict(seen.calls)}; most at a time: {dict(seen.most)}")
        finally:
            client.close()
            server.kill()


async def backlog(events: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        server, endpoints = _server(folder), neighbours.Endpoints()
        client = Client(server.port)
        try:
            await server.start()
            await neighbours.neighbourhood(client, endpoints, 1)
            begun = time.monotonic()
            while (count := endpoints.seen.calls["published"]) < events:
                endpoints.seen.calls["published"] += await neighbours.publish(
                    server.port, 1, 5000, min(events - count, 5000) / 5000
                )
            print(f"{count} events published to a dead target in {time.monotonic() - begun:.0f} s")
            async with endpoints.open():
                begun = time.monotonic()
                whole = await neighbours.arrived(endpoints, count, 60 + events / 50)
                arrivals = [at - begun for at in endpoints.seen.arrivals]
            seconds = Counter(int(at) for at in arrivals)
            print(
                f"{len(arrivals)} came back in {arrivals[-1]:.0f} s, the first after {arrivals[0]:.1f} s; "
                f"busiest second {max(seconds.values())}, most calls at a time {endpoints.seen.most['healthy']}"
                f"{'' if whole else ' - NOT ALL'}"
            )
        finally:
            client.close()
            server.kill()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--healthy", type=int, default=100)
    parser.add_argument("--rate", type=float, default=200)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--backlog", type=int, default=0, help="events for a dead target that returns, instead")
    options = parser.parse_args()
    print(f"{time.strftime('%Y-%m-%d')}, {os.cpu_count()} cores, Python {platform.python_version()}")
    work = backlog(options.backlog) if options.backlog else isolation(options.healthy, options.rate, options.seconds)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(work)


if __name__ == "__main__":
    main()
