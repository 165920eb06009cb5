"""``eventyard contracts drift`` against a real server: what was published, which rules there are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.contracts.command import contracts
from tests.acceptance.server import Server
from tests.acceptance.waiting import until
from tests.unit.contracts.documents import document, sold, write
from tests.unit.contracts.test_past import event

GOOD = {"vin": "1C6RD7LT4CS156097"}
ACCOUNT = "123456789012"


@pytest.fixture
def bus(server: Server, request: pytest.FixtureRequest) -> str:
    """A bus of the account that commands are in by themselves."""
    events, name = server.client("events", ACCOUNT), f"drift-{request.node.name[-24:].strip('-')}"
    events.create_event_bus(Name=name)
    return name


@pytest.fixture
def folder(tmp_path: Path, bus: str) -> Path:
    settings = {"bus": bus, "subscribers": ["finance", "crm"]}
    return write(tmp_path / "contracts", {"events/car-sold.md": document(sold(), settings, GOOD)})


def subscribe(server: Server, bus: str, queue: str, pattern: Any, rule: str, **tags: str) -> None:
    events, sqs = server.client("events", ACCOUNT), server.client("sqs", ACCOUNT)
    url = sqs.create_queue(QueueName=queue)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    marks = [{"Key": key, "Value": value} for key, value in tags.items()]
    events.put_rule(Name=rule, EventBusName=bus, EventPattern=json.dumps(pattern), Tags=marks)
    events.put_targets(Rule=rule, EventBusName=bus, Targets=[{"Id": "1", "Arn": arn}])


def publish(server: Server, bus: str, kind: str = "CarSold") -> None:
    entry = {"Source": "uk.co.cars", "DetailType": kind, "Detail": json.dumps(GOOD), "EventBusName": bus}
    assert server.client("events", ACCOUNT).put_events(Entries=[entry])["FailedEntryCount"] == 0


def test_what_is_as_declared_is_no_drift(server: Server, folder: Path, bus: str) -> None:
    everything = {"source": ["uk.co.cars"]}
    subscribe(server, bus, f"finance-{bus}", everything, "all")
    subscribe(server, bus, f"queue-{bus}", everything, "more", service="crm")
    publish(server, bus)

    def settled() -> bool:
        return contracts("drift", "--strict", folder=folder, endpoint=server.url)[0] == 0

    until(settled)
    status, told = contracts("drift", "--strict", folder=folder, endpoint=server.url)
    assert (status, told) == (0, "0 differences; 1 kinds of events and 2 targets were looked at.\n")


def test_everything_that_is_apart_is_told(server: Server, folder: Path, bus: str) -> None:
    subscribe(server, bus, f"finance-{bus}", {"detail": {"vin": [{"prefix": "W"}]}}, "narrow")
    subscribe(server, bus, f"stranger-{bus}", {"detail-type": ["CarSold"]}, "curious")
    publish(server, bus, "CarStolen")
    status, told = contracts("drift", folder=folder, endpoint=server.url)
    assert status == 0
    for line in (
        f"undeclared-event: published, but in no document\n  uk.co.cars@CarStolen  uk.co.cars  1 on {bus}\n",
        f"  uk.co.cars@CarSold  sales  not on {bus}\n",
        "  uk.co.cars@CarSold  crm  it has no rule at all that is known to be its own\n",
        "  uk.co.cars@CarSold  finance  rule narrow: detail.vin: expected prefix",
        "unknown-subscriber: received by a target that is nobody's\n"
        f"  uk.co.cars@CarSold  arn:aws:sqs:us-east-1:{ACCOUNT}:stranger-{bus}",
        "  narrow  on ",
    ):
        assert line in told
    status, told = contracts("drift", "--strict", "--json", folder=folder, endpoint=server.url)
    kinds = [each["kind"] for each in json.loads(told)["differences"]]
    assert status == 1
    assert kinds == [
        "idle-rule",
        "missing-rule",
        "missing-rule",
        "never-seen",
        "undeclared-event",
        "unknown-subscriber",
    ]


def test_targets_are_mapped_in_contracts_yml(server: Server, folder: Path, bus: str) -> None:
    subscribe(server, bus, f"stranger-{bus}", {"detail-type": ["CarSold"]}, "r")
    write(folder, {"contracts.yml": f'targets:\n  "arn:aws:sqs:*:*:stranger-{bus}": crm\n'})
    _, told = contracts("drift", folder=folder, endpoint=server.url)
    assert "unknown-subscriber" not in told
    assert "uk.co.cars@CarSold  crm" not in told


def test_published_events_can_come_from_files(server: Server, folder: Path, bus: str, tmp_path: Path) -> None:
    (tmp_path / "events.jsonl").write_bytes(event(GOOD) + b"\n" + event({}, kind="CarStolen") + b"\n")
    ask = ("drift", "--files", str(tmp_path / "events.jsonl"))
    _, told = contracts(*ask, folder=folder, endpoint=server.url)
    assert "undeclared-event" in told
    assert "never-seen" not in told
    status, told = contracts(*ask, "--bus", "a", "--bus", "b", folder=folder, endpoint=server.url)
    assert (status, told) == (1, "eventyard: --files are the events of one bus; say which with --bus.\n")


def test_a_bus_that_is_not_there_is_refused(server: Server, folder: Path) -> None:
    status, told = contracts("drift", "--bus", "nowhere", folder=folder, endpoint=server.url)
    assert status == 1
    assert "Event bus arn:aws:events:us-east-1:123456789012:event-bus/nowhere does not exist." in told
