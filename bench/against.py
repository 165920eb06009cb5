"""What an event costs the server's processor from PutEvents to a deleted message, beside another checkout, in turns.

The same load as in end_to_end.py, at full. On a machine that others use, events a second say little; the processor time
of the server's process for each event says more, and taking turns with another checkout in the same minutes the most.
It asserts no time.

    git worktree add ../before HEAD~20
    .venv/bin/python bench/against.py ../before --rounds 4
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import sys
import tempfile
import time
from pathlib import Path

import uvloop

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from bench.admission import processor  # noqa: E402 - the path is set above
from bench.end_to_end import Load, run, set_up  # noqa: E402 - the path is set above
from tests.reliability.client import Client  # noqa: E402 - the path is set above
from tests.reliability.process import ServerProcess  # noqa: E402 - the path is set above


async def once(source: Path, core: int | None, rules: int, seconds: float, rate: float | None) -> tuple[float, float]:
    """Events a second through the server in ``source``, and microseconds of its processor for each."""
    with tempfile.TemporaryDirectory() as folder:
        serve = ("-m", "eventyard", "serve", "--host", "127.0.0.1", "--port", "PORT", "--data", f"{folder}/data")
        environment = {"PYTHONPATH": str(source / "src")}
        server = ServerProcess(
            Path(folder) / "data", command=(sys.executable, *serve), core=core, environment=environment
        )
        await server.start()
        try:
            client = Client(server.port, timeout=60)
            urls = await set_up(client, rules)
            client.close()
            await run(server.port, urls, rules, Load(rate, window=2000, publishers=16, consumers=2), 0.5, 1)
            load = Load(rate, window=2000, publishers=16, consumers=2)
            used = processor(server.pid)
            await run(server.port, urls, rules, load, 0, seconds)
            used = processor(server.pid) - used
            await server.stop()
        finally:
            server.kill()
    if load.failures:
        raise RuntimeError(f"{load.failures} events failed")
    return load.measured / load.seconds, used / load.received * 1e6


async def compare(options: argparse.Namespace) -> None:
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    core = cores[0] if len(cores) > 1 else None
    if core is not None:
        os.sched_setaffinity(0, set(cores[1:]))
    sources = {"before": options.other.resolve(), "after": ROOT}
    figures: dict[str, list[tuple[float, float]]] = {name: [] for name in sources}
    for _ in range(options.rounds):
        for name, source in sources.items():
            figures[name].append(await once(source, core, options.rules, options.seconds, options.rate))
    print(f"\n{time.strftime('%Y-%m-%d')}, {platform.machine()}, {os.cpu_count()} cores (server on one), ", end="")
    print(
        f"Python {platform.python_version()}, {options.rules} rules; {options.rounds} rounds of {options.seconds:g} s\n"
    )
    print("| checkout | events/s | us of CPU an event | all rounds |")
    print("|---|---|---|---|")
    for name, each in figures.items():
        rate, cost = (statistics.median(values) for values in zip(*each, strict=True))
        print(f"| {name} | {rate:,.0f} | {cost:.1f} | {', '.join(f'{cost:.1f}' for _, cost in each)} |")
    pairs = [after / before for (_, before), (_, after) in zip(*figures.values(), strict=True)]
    print(f"\nCPU an event, after to before: {statistics.median(pairs):.0%} ({min(pairs):.0%} to {max(pairs):.0%})")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("other", type=Path, help="the root of another checkout")
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=5, help="of each round")
    parser.add_argument("--rules", type=int, default=100)
    parser.add_argument("--rate", type=float, help="events a second; without it all that goes")
    uvloop.run(compare(parser.parse_args()))


if __name__ == "__main__":
    main()
