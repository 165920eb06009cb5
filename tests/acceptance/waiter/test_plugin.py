"""The pytest plugin in a pytest run of its own, as users have it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[3] / "examples" / "cars" / "contracts"

_PUBLISH = """
import json
import boto3

def publish(server, type, **detail):
    client = boto3.client("events", endpoint_url=server.url, region_name="us-east-1",
                          aws_access_key_id="test", aws_secret_access_key="test")
    client.put_events(Entries=[{"Source": "cars", "DetailType": type, "Detail": json.dumps(detail)}])
    client.close()
"""


def run(folder: Path, text: str, *options: str, **environment: str) -> subprocess.CompletedProcess[str]:
    (folder / "publish.py").write_text(_PUBLISH)
    (folder / "pytest.ini").write_text(
        "[pytest]\nasyncio_default_fixture_loop_scope = function\nfilterwarnings = error"
    )
    (folder / "test_it.py").write_text("from publish import publish\n" + text)
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q", *options]
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PYTEST_", "EVENTYARD"))}
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, env=kept | environment)


ASYNCIO = """
import pytest

@pytest.mark.asyncio
async def test_it(eventyard_server, event_waiter):
    sold = event_waiter.subscribe("CarSold")
    publish(eventyard_server, "CarSold", n=1)
    assert (await sold.next()).detail == {"n": 1}
"""

ANYIO = """
import pytest

@pytest.fixture
def anyio_backend():
    return "asyncio"

@pytest.mark.anyio
async def test_it(eventyard_server, event_waiter):
    sold = event_waiter.subscribe("CarSold")
    publish(eventyard_server, "CarSold", n=1)
    assert (await sold.next()).detail == {"n": 1}
"""

BLOCKING = """
import pytest

@pytest.mark.parametrize("n", range(4))
def test_it(eventyard_server, blocking_event_waiter, n):
    sold = blocking_event_waiter.subscribe("CarSold", detail={"n": n})
    publish(eventyard_server, "CarSold", n=n)
    assert sold.next().detail == {"n": n}
"""


@pytest.mark.parametrize("text", [ASYNCIO, ANYIO], ids=["asyncio", "anyio"])
def test_asynchronous_tests_wait_whatever_runs_them(tmp_path: Path, text: str) -> None:
    done = run(tmp_path, text)
    assert "1 passed" in done.stdout, done.stdout


def test_ordinary_tests_wait_too_also_side_by_side(tmp_path: Path) -> None:
    done = run(tmp_path, BLOCKING, "-n", "2")
    assert "4 passed" in done.stdout, done.stdout


def test_a_failed_test_shows_what_was_published_while_it_ran(tmp_path: Path) -> None:
    text = """
def test_before(eventyard_server):
    publish(eventyard_server, "LongAgo")

def test_it(eventyard_server, blocking_event_waiter):
    sold = blocking_event_waiter.subscribe("CarSold")
    publish(eventyard_server, "CarReturned", n=1)
    sold.next(timeout=0.2)
"""
    done = run(tmp_path, text)
    assert "1 failed, 1 passed" in done.stdout, done.stdout
    section = done.stdout.partition("Eventyard: published meanwhile")[2]
    assert 'cars CarReturned {"n":1}' in section
    assert "LongAgo" not in section
    assert "no CarSold within 0.2 s on bus default." in done.stdout


def test_clients_publish_to_the_server_and_keep_the_contracts_that_a_marker_names(tmp_path: Path) -> None:
    text = f"""
import pytest
from eventyard import ContractViolation

def test_without(blocking_event_client, blocking_event_waiter):
    sold = blocking_event_waiter.subscribe("CarSold")
    blocking_event_client.put("CarSold", {{"n": 1}})
    assert sold.next().detail == {{"n": 1}}

@pytest.mark.asyncio
@pytest.mark.eventyard(contracts={str(EXAMPLES)!r})
async def test_with(event_client):
    with pytest.raises(ContractViolation, match="breaks its contract in 3 places"):
        await event_client.put("LotSelected", {{}})
    await event_client.close()
"""
    done = run(tmp_path, text)
    assert "2 passed" in done.stdout, done.stdout


def test_a_server_may_live_for_one_test_only(tmp_path: Path) -> None:
    text = """
urls = []

def test_one(eventyard_server):
    urls.append(eventyard_server.url)

def test_two(eventyard_server):
    assert eventyard_server.url not in urls
"""
    assert "2 passed" in run(tmp_path, text, "--eventyard-scope", "function").stdout
    assert "1 failed" in run(tmp_path, text).stdout


def test_boto3_of_the_test_uses_the_server(tmp_path: Path) -> None:
    text = """
import boto3

def test_it(eventyard_environment):
    client = boto3.client("events")
    assert client.list_event_buses()["EventBuses"][0]["Name"] == "default"
    client.close()
"""
    done = run(tmp_path, text)
    assert "1 passed" in done.stdout, done.stdout


def test_a_server_that_is_there_already_can_be_used(tmp_path: Path) -> None:
    text = """
def test_it(eventyard_server):
    assert eventyard_server.url == "http://127.0.0.1:9"
"""
    assert "1 passed" in run(tmp_path, text, EVENTYARD_URL="http://127.0.0.1:9").stdout


def test_the_plugin_costs_nothing_where_it_is_not_used(tmp_path: Path) -> None:
    text = """
import sys

def test_it():
    assert not {"botocore", "websockets", "eventyard.server"} & set(sys.modules)
"""
    (tmp_path / "test_it.py").write_text(text)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_it.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert "1 passed" in done.stdout, done.stdout
