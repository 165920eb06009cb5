"""``eventyard contracts check --against-archive`` with the events of a real server, and with files."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.contracts.command import contracts
from tests.acceptance.server import Server
from tests.acceptance.waiting import until
from tests.unit.contracts.documents import document, sold, write
from tests.unit.contracts.test_past import event

GOOD = {"vin": "1C6RD7LT4CS156097"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write(tmp_path / "contracts", {"events/car-sold.md": document(sold())})


def publish(events: Any, bus: str, *details: Any, kind: str = "CarSold") -> None:
    for detail in details:
        entry = {"Source": "uk.co.cars", "DetailType": kind, "Detail": json.dumps(detail), "EventBusName": bus}
        assert events.put_events(Entries=[entry])["FailedEntryCount"] == 0


def test_events_of_a_bus_are_checked(server: Server, connect: Callable[[str], Any], folder: Path) -> None:
    events = connect("events")
    bus = events.create_event_bus(Name="cars")["EventBusArn"]
    publish(events, bus, GOOD, GOOD, {"vin": "short"})
    publish(events, bus, {}, kind="Unknown")
    status, told = contracts("check", "--against-archive", "--bus", bus, folder=folder, endpoint=server.url)
    assert status == 1, told
    assert "uk.co.cars@CarSold: 1 of 3 real events would be rejected\n" in told
    assert "         1  /vin (pattern): expected something like" in told
    assert "1 of 3 real events would be rejected.\n1 more have no contract." in told
    ask = ("check", "--against-archive", "--bus", bus, "--since", "2099-01-01")
    status, told = contracts(*ask, folder=folder, endpoint=server.url)
    assert (status, told) == (0, "0 of 0 real events would be rejected.\n")


def test_events_of_an_archive_are_checked(server: Server, connect: Callable[[str], Any], folder: Path) -> None:
    events = connect("events")
    bus = events.create_event_bus(Name="cars")["EventBusArn"]
    made = events.create_archive(ArchiveName="kept", EventSourceArn=bus, EventPattern='{"detail-type": ["CarSold"]}')
    publish(events, bus, GOOD, {"vin": "short"})
    publish(events, bus, {}, kind="Unknown")
    until(lambda: events.describe_archive(ArchiveName="kept")["EventCount"] == 2)
    ask = ("check", "--against-archive", "--json", "--archive")
    status, told = contracts(*ask, made["ArchiveArn"], folder=folder, endpoint=server.url)
    found = json.loads(told)
    assert (status, found["checked"], found["rejected"], found["uncovered"]) == (1, 2, 1, 0)
    status, told = contracts(*ask, "lost", folder=folder, endpoint=server.url)
    assert (status, told) == (1, "eventyard: Archive lost does not exist.\n")


def test_files_as_captures_write_them_are_checked(folder: Path, tmp_path: Path) -> None:
    records = tmp_path / "records"
    records.mkdir()
    (records / "a.jsonl").write_bytes(event(GOOD) + b"\n\n" + event({"vin": 1}) + b"\n")
    (records / "b.gz").write_bytes(gzip.compress(event(GOOD) + event(GOOD)))
    (records / "tail.ndjson").write_bytes(b'{"position": 1, "event": ' + event({}) + b"}\n")
    status, told = contracts("check", "--against-archive", "--files", str(records), folder=folder)
    assert status == 1
    assert told.endswith("2 of 5 real events would be rejected.\n")


def test_what_cannot_be_checked_is_refused_with_its_place(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "broken.jsonl").write_bytes(event(GOOD) + b"\n{oops\n")
    status, told = contracts("check", "--against-archive", "--files", str(tmp_path / "broken.jsonl"), folder=folder)
    assert status == 1
    assert "broken.jsonl:2 is not JSON" in told
    assert contracts("check", folder=folder) == (
        1,
        "eventyard: Say what to check with: --against-archive, with --bus, --archive or --files.\n",
    )
