"""What the check of contracts at the broker costs publishers: off beside reject, in the same run, in turns.

On a machine that others use, the pairs of processor times say more than the rates.

PutEvents with ten events of the used-car company, each of which keeps its contract, as fast as sixteen producers get
them in; durable, without rules or consumers. The server has one core and the producers the other. It asserts no time.

    .venv/bin/python bench/admission.py --rounds 6
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import statistics
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import orjson
import uvloop

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.reliability.client import ACCOUNT, REGION, Client, raw_request  # noqa: E402 - the path is set above
from tests.reliability.process import ServerProcess  # noqa: E402 - the path is set above

from eventyard.contract import Repository, read_repository  # noqa: E402 - the path is set above
from eventyard.contract.references import needed  # noqa: E402 - the path is set above

PRODUCERS, BATCH = 16, 10


def register(port: int, repository: Repository) -> None:
    """Put the newest version of each contract into a registry, as `eventyard contracts push` does."""
    schemas = boto3.client(
        "schemas",
        endpoint_url=f"http://127.0.0.1:{port}",
        region_name=REGION,
        aws_access_key_id=ACCOUNT,
        aws_secret_access_key="test",
    )
    schemas.create_registry(RegistryName="contracts")
    for contract, document in newest(repository):
        content = {
            "x-eventyard-document": document.text,
            "x-eventyard-atoms": needed(contract.schema, repository.atoms),
        }
        schemas.create_schema(
            RegistryName="contracts",
            SchemaName=contract.name,
            Type="JSONSchemaDraft4",
            Content=orjson.dumps(content).decode(),
        )
    schemas.close()


def newest(repository: Repository) -> Iterator[tuple[Any, Any]]:
    found = {}
    for contract in repository.contracts:  # in order of their versions
        found[contract.name] = contract, next(each for each in repository.documents if each.contract is contract)
    yield from found.values()


def requests(repository: Repository) -> list[bytes]:
    entries = [
        {
            "Source": contract.source,
            "DetailType": contract.type,
            "Detail": orjson.dumps(contract.examples[0].detail).decode(),
        }
        for contract, _ in newest(repository)
    ]
    return [
        raw_request(
            "events",
            "PutEvents",
            json.dumps({"Entries": [entries[(start + n) % len(entries)] for n in range(BATCH)]}).encode(),
        )
        for start in range(PRODUCERS)
    ]


def rules(port: int, mode: str) -> None:
    asked = {"account": ACCOUNT, "region": REGION, "registry": "contracts", "mode": mode}
    page = f"http://127.0.0.1:{port}/_eventyard/validation"
    urllib.request.urlopen(urllib.request.Request(page, json.dumps(asked).encode(), method="PUT")).close()


def processor(pid: int) -> float:
    """Seconds that the process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def once(server: ServerProcess, bodies: list[bytes], seconds: float) -> tuple[float, float]:
    """Events a second, and microseconds of the server's processor for each."""
    end, count = time.perf_counter() + seconds, 0

    async def produce(body: bytes) -> None:
        nonlocal count
        client = Client(server.port, timeout=60)
        try:
            while time.perf_counter() < end:
                status, answer = await client.send(body)
                assert status == 200, answer
                assert b"ErrorCode" not in answer, answer
                count += BATCH
        finally:
            client.close()

    began, used = time.perf_counter(), processor(server.pid)
    await asyncio.gather(*map(produce, bodies))
    took, used = time.perf_counter() - began, processor(server.pid) - used
    return count / took, used / count * 1e6


async def measure(rounds: int, seconds: float) -> None:
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    core = cores[0] if len(cores) > 1 else None
    if core is not None:
        os.sched_setaffinity(0, set(cores[1:]))
    repository = read_repository(ROOT / "examples" / "cars" / "contracts")
    figures: dict[str, list[tuple[float, float]]] = {"off": [], "reject": []}
    with tempfile.TemporaryDirectory() as folder:
        serve = ("-m", "eventyard", "serve", "--host", "127.0.0.1", "--port", "PORT", "--data", f"{folder}/data")
        server = ServerProcess(Path(folder) / "data", command=(sys.executable, *serve), core=core)
        try:
            await server.start()
            await asyncio.to_thread(register, server.port, repository)
            bodies = requests(repository)
            await once(server, bodies, 1)
            for _ in range(rounds):
                for mode, each in figures.items():
                    await asyncio.to_thread(rules, server.port, mode)
                    each.append(await once(server, bodies, seconds))
        finally:
            server.kill()
    print(f"\n{time.strftime('%Y-%m-%d')}, {platform.machine()}, {os.cpu_count()} cores (server on one), ", end="")
    print(f"Python {platform.python_version()}; medians of {rounds} rounds of {seconds:g} s\n")
    print("| contracts | events/s | of off | us of CPU an event | off to it, pair by pair |")
    print("|---|---|---|---|---|")
    off = statistics.median(rate for rate, _ in figures["off"])
    for name, each in figures.items():
        rate = statistics.median(rate for rate, _ in each)
        cost = statistics.median(cost for _, cost in each)
        pairs = [before / after for (_, before), (_, after) in zip(figures["off"], each, strict=True)]
        print(f"| {name} | {rate:,.0f} | {rate / off:.0%} | {cost:.1f} | {statistics.median(pairs):.0%} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("--seconds", type=float, default=3, help="of each round")
    options = parser.parse_args()
    uvloop.run(measure(options.rounds, options.seconds))


if __name__ == "__main__":
    main()
