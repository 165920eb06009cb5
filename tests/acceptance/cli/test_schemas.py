"""``eventyard schemas``, as people run it against a server."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from tests.acceptance.server import Server
from tests.acceptance.waiting import until

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def run(server: Server, account: str) -> Run:
    def run(*args: str) -> subprocess.CompletedProcess[str]:
        environment = {
            **os.environ,
            "AWS_ENDPOINT_URL": server.url,
            "AWS_ACCESS_KEY_ID": account,
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": "us-east-1",
        }
        command = [sys.executable, "-m", "eventyard", "schemas", *args]
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)

    return run


def _shop(client: Any) -> None:
    client.create_registry(RegistryName="shop")
    schema = {"RegistryName": "shop", "SchemaName": "uk.co.cazoo@DeliveryCancelled"}
    first = '{"type": "object", "properties": {"order_number": {}}}'
    client.create_schema(**schema, Type="JSONSchemaDraft4", Content=first)
    client.update_schema(**schema, Content=first.replace("order_number", "order"))


def test_search_says_in_how_many_versions(run: Run, connect: Callable[[str], Any]) -> None:
    _shop(connect("schemas"))
    done = run("search", "order", "--registry", "shop")
    assert (done.returncode, done.stdout) == (0, "uk.co.cazoo@DeliveryCancelled  Found in 2 versions\n")
    done = run("search", "order_number")
    assert done.stdout.split() == ["uk.co.cazoo@DeliveryCancelled", "Found", "in", "1", "version", "shop"]


def test_search_ends_with_status_1_where_nothing_is_found(run: Run) -> None:
    done = run("search", "order")
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "Nothing found.\n")


def test_discover_starts_and_stops(run: Run, connect: Callable[[str], Any]) -> None:
    events, schemas = connect("events"), connect("schemas")
    events.create_event_bus(Name="cars")
    for _ in range(2):
        done = run("discover", "--bus", "cars")
        assert done.returncode == 0, done.stderr
        assert schemas.describe_discoverer(DiscovererId="events-event-bus-cars")["State"] == "STARTED"
    entry = {"EventBusName": "cars", "Source": "uk.co.cazoo", "DetailType": "Order Placed", "Detail": '{"order": 1}'}
    events.put_events(Entries=[entry])
    assert until(lambda: "uk.co.cazoo@OrderPlaced" in run("search", "order").stdout)
    assert run("discover", "--bus", "cars", "--stop").returncode == 0
    assert schemas.describe_discoverer(DiscovererId="events-event-bus-cars")["State"] == "STOPPED"


def test_a_bus_that_does_not_exist_is_said_to_be_missing(run: Run) -> None:
    done = run("discover", "--bus", "none")
    assert done.returncode == 1
    assert "none does not exist" in done.stderr
