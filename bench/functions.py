"""Functions: cold starts, warm invocations, and what publishers notice of a function that runs away.

The first two tables are of the rooms themselves, with no API in between: how long until a process is ready and has
answered, how many invocations a second two warm processes answer with the server and them on one core, and how much
processor time of the server that is. The third asks a whole server: the time of PutEvents' answer alone, while a
function spins and one floods its output, and while ten spin, which are killed over and over, in rounds that alternate.
It asserts no time.

    .venv/bin/python bench/functions.py --seconds 4
"""

from __future__ import annotations

import argparse
import asyncio
import io
import json
import os
import platform
import shutil
import statistics
import sys
import tempfile
import time
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import boto3  # noqa: E402 - the path is set above
import structlog  # noqa: E402 - the path is set above
import uvloop  # noqa: E402 - the path is set above
from tests.reliability.process import ServerProcess  # noqa: E402 - the path is set above

from eventyard.clock import SystemClock  # noqa: E402 - the path is set above
from eventyard.functions import Code, Function, Invocation, Pool, Starter  # noqa: E402 - the path is set above

PYTHON = "def echo(event, context):\n    return event\n"
NODE = "exports.echo = async (event) => event;\n"
RUNAWAY = """
import os
def spin(event, context):
    while True: pass
def flood(event, context):
    while True: os.write(1, b"x" * 1000 + b"\\n")
"""


def zipped(name: str, text: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(name, text)
    return file.getvalue()


async def nobody(url: str, headers: Mapping[str, str], body: bytes, seconds: float) -> Any:
    raise NotImplementedError  # no function here is at a URL


def function(runtime: str, handler: str, code: str, **more: Any) -> Function:
    arn = "arn:aws:lambda:us-east-1:123456789012:function:f"
    return Function(
        arn, "123456789012", "us-east-1", "f", runtime, "role", handler, code, 0, 0, "1", timeout=30, **more
    )


async def cold(pool: Pool, what: str, one: Function, times: int) -> None:
    took = []
    for _ in range(times):
        began = time.perf_counter()
        outcome = await pool.run(one, Invocation("i", b"{}"), None)
        took.append(time.perf_counter() - began)
        assert outcome.error is None, outcome
        await pool.retire(one.arn)
    took.sort()
    print(f"{what:44} {took[len(took) // 2] * 1e3:8.1f} {took[-1] * 1e3:8.1f}", flush=True)


async def warm(pool: Pool, what: str, one: Function, seconds: float, at_once: int) -> None:
    await asyncio.gather(*(pool.run(one, Invocation("i", b"{}"), None) for _ in range(at_once)))
    took: list[float] = []
    event = b'{"detail":{"vrm":"AB12 CDE","amount":18500},"source":"bench"}'
    began, cpu = time.perf_counter(), time.process_time()

    async def ask(name: int) -> None:
        while (start := time.perf_counter()) - began < seconds:
            outcome = await pool.run(one, Invocation(f"{name}-{len(took)}", event), None)
            assert json.loads(outcome.payload) == json.loads(event), outcome
            took.append(time.perf_counter() - start)

    await asyncio.gather(*(ask(name) for name in range(at_once)))
    passed, spent = time.perf_counter() - began, time.process_time() - cpu
    took.sort()
    print(
        f"{what:44} {len(took) / passed:8,.0f} {spent / len(took) * 1e6:10.0f} {took[len(took) // 2] * 1e3:8.2f} "
        f"{took[len(took) * 99 // 100] * 1e3:8.2f}",
        flush=True,
    )
    await pool.retire(one.arn)


async def rooms(folder: Path, seconds: float) -> None:
    clock = SystemClock()
    code = Code(folder / "code")
    pool = Pool(Starter(code, clock, nobody, False).start, clock, 10)
    python = function("python3.11", "handlers.echo", code.add(zipped("handlers.py", PYTHON)))
    kinds = {
        "Python": python,
        "a command (cat)": function("provided.al2023", "", "", command=("cat",), path=str(folder)),
    }
    if shutil.which("node"):
        kinds["Node.js, by the runtime API"] = function("nodejs20.x", "index.echo", code.add(zipped("index.js", NODE)))
    print(f"{'cold start, until answered (ms)':44} {'median':>8} {'worst':>8}")
    for what, one in kinds.items():
        await cold(pool, what, one, 10)
    print(f"\n{'warm, all on one core':44} {'per s':>8} {'server us':>10} {'p50 ms':>8} {'p99 ms':>8}")
    for what, one in kinds.items():
        for at_once in (1, 2):
            await warm(pool, f"{what}, {at_once} at once", one, seconds, at_once)
    await pool.close(1)


def make(functions: Any, handler: str) -> None:
    functions.create_function(
        FunctionName=handler, Runtime="python3.11", Role="arn:aws:iam::123456789012:role/r", Timeout=1,
        Handler=f"handlers.{handler}", Code={"ZipFile": zipped("handlers.py", RUNAWAY)},
    )  # fmt: skip


def answers(events: Any, seconds: float) -> list[float]:
    """Seconds until PutEvents answered, one after the other, a hundred a second."""
    took, began = [], time.perf_counter()
    while (start := time.perf_counter()) - began < seconds:
        events.put_events(Entries=[{"Source": "bench", "DetailType": "d", "Detail": "{}"}])
        took.append(time.perf_counter() - start)
        time.sleep(max(0.0, 0.01 - took[-1]))
    return took


def neighbours(folder: Path, seconds: float) -> None:
    keys = {"region_name": "us-east-1", "aws_access_key_id": "123456789012", "aws_secret_access_key": "x"}
    command = [
        sys.executable,
        "-m",
        "eventyard",
        "serve",
        "--port",
        "PORT",
        "--data",
        str(folder / "data"),
        "--functions",
    ]
    server = ServerProcess(folder / "data", command=command)
    asyncio.run(server.start())
    url = f"http://127.0.0.1:{server.port}"
    try:
        functions, events = (boto3.client(name, endpoint_url=url, **keys) for name in ("lambda", "events"))
        for handler in ("spin", "flood"):
            make(functions, handler)
        print(f"\n{'PutEvents, answered (ms)':44} {'p50':>8} {'p99':>8}")
        answers(events, 1.0)
        beside: dict[str, dict[str, int]] = {
            "alone": {},
            "beside two runaways": {"spin": 1, "flood": 1},
            "beside ten that spin": {"spin": 10},
        }
        found: dict[str, list[float]] = {what: [] for what in beside}
        for _ in range(3):
            for what, runaways in beside.items():
                for handler, at_once in runaways.items():
                    for _ in range(at_once * max(2, int(seconds))):
                        functions.invoke(FunctionName=handler, InvocationType="Event", Payload=b"{}")
                found[what] += answers(events, seconds)
                for handler in runaways:  # what is left of them is forgotten
                    functions.delete_function(FunctionName=handler)
                    make(functions, handler)
                time.sleep(1.5)  # until the last of them is killed
        for what, took in found.items():
            took.sort()
            print(f"{what:44} {statistics.median(took) * 1e3:8.2f} {took[len(took) * 99 // 100] * 1e3:8.2f}")
    finally:
        asyncio.run(server.stop())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=3.0)
    seconds = parser.parse_args().seconds
    structlog.configure(processors=[lambda *_: (_ for _ in ()).throw(structlog.DropEvent)])
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    day = time.strftime("%Y-%m-%d")
    print(f"{day}, {platform.machine()}, {len(cores)} cores, Python {platform.python_version()}\n")
    with tempfile.TemporaryDirectory() as folder:
        if cores:
            os.sched_setaffinity(0, cores[:1])
        uvloop.run(rooms(Path(folder), seconds))
        if cores:
            os.sched_setaffinity(0, cores)
        neighbours(Path(folder), seconds)


if __name__ == "__main__":
    main()
