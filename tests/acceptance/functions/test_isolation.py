"""What runs away hurts nobody else: not the server, not the next invocation, not what was accepted before."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

from tests.acceptance.functions.test_functions import ROLE, noted, zipped
from tests.acceptance.functions.test_origins import Pages
from tests.acceptance.server import Server, new_account
from tests.acceptance.waiting import until

CODE = """
import json, os, signal, subprocess, sys, time

def protocol():
    return int(sys.argv[1])

def spin():
    while True: pass

def sleep_children(started):
    for number in range(3):
        subprocess.Popen(["sleep", "321"], start_new_session=number == 2)
    open(started, "w").close()
    time.sleep(60)

def escape():
    subprocess.Popen(["sleep", "322"], start_new_session=True, env={})
    if os.fork() == 0:
        os.setsid()
        if os.fork():
            os._exit(0)
        os.execve("/bin/sh", ["sh", "-c", "sleep 322 & exec sleep 322"], {"PATH": os.defpath})
    time.sleep(60)

def hoard():
    kept = []
    while True: kept.append(bytearray(10 << 20))

def flood():
    line = b"x" * 1000 + b"\\n"
    while True: os.write(1, line)

def flood_one_line():
    while True: os.write(2, b"x" * 65536)

def close():
    os.closerange(0, 4096)
    return "closed"

def close_output():
    sys.stdout.close(); os.close(1); os.close(2)
    return "closed"

def leave():
    os._exit(3)

def kill():
    os.kill(os.getpid(), signal.SIGKILL)

def garbage():
    os.write(protocol(), b"\\xff\\xfe garbage\\nR{\\"forged\\": 1}\\nRnone {\\"forged\\": 2}\\nL 7\\n\\n")
    return "honest"

def half_a_line():
    os.write(protocol(), b"R")
    os._exit(0)

def hang(noted):
    if not os.path.exists(noted):
        with open(noted, "w") as file:
            file.write(str(os.getpid()))
        while True: pass

def stop():
    os.kill(os.getpid(), signal.SIGSTOP)

def deep():
    value = []
    for _ in range(100_000): value = [value]
    return value

def answer(event, context):
    if "note" in event:
        with open(event["note"], "a") as notes:
            notes.write(json.dumps(event["n"]) + "\\n")
        time.sleep(event.get("sleep", 0))
        return os.getpid()
    return globals()[event["do"]](*event.get("with", []))
"""

#: What is done, the time it has, and how it ends: the type of the error, or the answer.
RUNAWAYS = [
    ("spin", 1, "Sandbox.Timedout"),
    ("stop", 1, "Sandbox.Timedout"),
    ("flood", 1, "Sandbox.Timedout"),
    ("flood_one_line", 1, "Sandbox.Timedout"),
    ("hoard", 20, "MemoryError"),
    ("close", 5, "Runtime.ExitError"),
    ("close_output", 5, "closed"),
    ("leave", 5, "Runtime.ExitError"),
    ("kill", 5, "Runtime.ExitError"),
    ("garbage", 5, "honest"),
    ("half_a_line", 5, "Runtime.ExitError"),
    ("deep", 5, "RecursionError"),
]


class Yard:
    def __init__(self, connect: Callable[[str], Any]) -> None:
        self.functions = connect("lambda")

    def make(self, timeout: int) -> str:
        made = self.functions.create_function(
            FunctionName="f", Runtime="python3.11", Role=ROLE, Handler="handlers.answer", Timeout=timeout,
            Code={"ZipFile": zipped(CODE)},
        )  # fmt: skip
        return str(made["FunctionArn"])

    def call(self, event: Any) -> Any:
        answer = self.functions.invoke(FunctionName="f", Payload=json.dumps(event))
        return json.loads(answer["Payload"].read())


@pytest.mark.parametrize(("what", "timeout", "end"), RUNAWAYS, ids=[what for what, _, _ in RUNAWAYS])
def test_a_runaway_is_told_of_and_the_next_invocation_is_served(
    connect: Callable[[str], Any], tmp_path: Path, what: str, timeout: int, end: str
) -> None:
    yard = Yard(connect)
    yard.make(timeout)
    answer = yard.call({"do": what})
    assert (answer if isinstance(answer, str) else answer["errorType"]) == end
    notes = tmp_path / "notes"
    assert isinstance(yard.call({"note": str(notes), "n": 1}), int)
    assert noted(notes) == [1]


def children(seconds: int = 321) -> list[int]:
    """The processes that ``sleep_children`` or ``escape`` began."""
    found = []
    for place in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if place.read_bytes() == f"sleep\0{seconds}\0".encode():
                found.append(int(place.parent.name))
        except OSError:
            continue
    return found


@pytest.mark.skipif(not Path("/proc").exists(), reason="processes are found in /proc")
def test_what_a_function_started_ends_with_it_even_what_left_its_group(
    connect: Callable[[str], Any], tmp_path: Path
) -> None:
    yard, started = Yard(connect), tmp_path / "started"
    yard.make(3)
    with ThreadPoolExecutor(1) as threads:
        call = threads.submit(yard.call, {"do": "sleep_children", "with": [str(started)]})
        until(started.exists)
        assert len(children()) == 3
        assert call.result()["errorType"] == "Sandbox.Timedout"
    assert children() == []


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="whose children are whose is in /proc")
def test_what_a_function_started_does_not_get_away_by_leaving_all_behind(connect: Callable[[str], Any]) -> None:
    yard = Yard(connect)
    yard.make(3)
    with ThreadPoolExecutor(1) as threads:
        call = threads.submit(yard.call, {"do": "escape"})
        until(lambda: len(children(322)) == 3)
        assert call.result()["errorType"] == "Sandbox.Timedout"
    assert children(322) == []


def test_a_thousand_invocations_ten_at_a_time_lose_and_mix_up_nothing(
    server: Server, connect: Callable[[str], Any], account: str, tmp_path: Path
) -> None:
    yard = Yard(connect)
    yard.make(30)
    client = boto3.client(
        "lambda", endpoint_url=server.url, region_name="us-east-1", aws_access_key_id=account,
        aws_secret_access_key="test", config=Config(max_pool_connections=10, retries={"total_max_attempts": 1}),
    )  # fmt: skip
    notes = tmp_path / "notes"

    def one(n: int) -> int:
        answer = client.invoke(FunctionName="f", Payload=json.dumps({"note": str(notes), "n": n}))
        return int(answer["Payload"].read())

    with ThreadPoolExecutor(10) as threads:
        workers = set(threads.map(one, range(1000)))
    client.close()
    assert sorted(noted(notes)) == list(range(1000))
    assert len(workers) <= 10, "warm ones are used again"


def _runs(process: str) -> bool:
    """Not if it is dead, also where whoever it was left to has not asked for its end yet."""
    try:
        return Path("/proc", process, "stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def test_a_server_that_is_killed_in_mid_flight_loses_no_invocation_and_leaves_no_worker(tmp_path: Path) -> None:
    server, account, notes = Server(tmp_path / "data"), new_account(), tmp_path / "notes"
    yard = Yard(lambda service: server.client(service, account))
    yard.make(30)
    hanging = tmp_path / "hanging"
    event = json.dumps({"do": "hang", "with": [str(hanging)]})
    yard.functions.invoke(FunctionName="f", InvocationType="Event", Payload=event)["Payload"].close()
    until(lambda: hanging.exists() and hanging.read_text())
    for n in range(40):
        event = {"note": str(notes), "n": n, "sleep": 0.3}
        answer = yard.functions.invoke(FunctionName="f", InvocationType="Event", Payload=json.dumps(event))
        assert answer["StatusCode"] == 202
    until(lambda: len(noted(notes)) >= 10)
    assert len(noted(notes)) < 40, "it must still be under way"
    orphan = hanging.read_text()  # its invocation is run again after the start, by another process
    server.kill()
    server.start()
    try:
        assert until(lambda: set(noted(notes)) == set(range(40)), 30)
        assert len(noted(notes)) <= 40 + 10 + 20, "again only what was under way, or not yet entered as done"
        assert not _runs(orphan)
    finally:
        server.stop()


def test_a_worker_that_is_killed_from_outside_is_replaced(connect: Callable[[str], Any], tmp_path: Path) -> None:
    yard, notes = Yard(connect), str(tmp_path / "notes")
    yard.make(10)
    worker = yard.call({"note": notes, "n": 1})
    os.kill(worker, signal.SIGKILL)
    assert yard.call({"note": notes, "n": 2}) != worker


@pytest.mark.parametrize("kind", ["command", "node"])
def test_memory_of_other_languages_is_held_to_the_limit_too(
    server: Server, connect: Callable[[str], Any], account: str, tmp_path: Path, kind: str
) -> None:
    asked: dict[str, Any] = {"path": str(tmp_path), "timeout": 30}
    if kind == "command":
        hoard = "kept = []\nwhile True: kept.append(bytearray(10 << 20))"
        asked["command"] = [sys.executable, "-c", hoard]
    elif shutil.which("node") is None:
        pytest.skip("there is no node here")
    else:
        hoard = "exports.f = async () => { const kept = []; for (;;) kept.push(Buffer.alloc(10 << 20, 1)); };"
        (tmp_path / "index.js").write_text(hoard)
        asked |= {"runtime": "nodejs20.x", "handler": "index.f"}
    assert Pages(server.url, account)("PUT", "f", asked)[0] == 201
    answer = Yard(connect).call({})
    assert any(word in answer["errorMessage"].lower() for word in ("memory", "allocation", "signal")), answer


def test_a_server_that_stops_gives_what_runs_a_moment_and_runs_the_rest_after_its_next_start(tmp_path: Path) -> None:
    server, account, notes = Server(tmp_path / "data"), new_account(), tmp_path / "notes"
    yard = Yard(lambda service: server.client(service, account))
    yard.make(30)
    for n in range(20):
        event = {"note": str(notes), "n": n, "sleep": 0.5}
        yard.functions.invoke(FunctionName="f", InvocationType="Event", Payload=json.dumps(event))["Payload"].close()
    until(lambda: len(noted(notes)) >= 5)
    server.stop()
    server.start()
    try:
        assert until(lambda: set(noted(notes)) == set(range(20)), 30)
        assert len(noted(notes)) <= 20 + 20
    finally:
        server.stop()
