"""The page that counts what has really been published."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode

import pytest

from tests.acceptance.server import Server


def observed(server: Server, **query: str) -> Any:
    with urllib.request.urlopen(f"{server.url}/_eventyard/observed?{urlencode(query)}") as answer:
        return json.load(answer)


def publish(events: Any, bus: str, *kinds: tuple[str, str]) -> None:
    for source, kind in kinds:
        events.put_events(Entries=[{"Source": source, "DetailType": kind, "Detail": "{}", "EventBusName": bus}])


def test_events_are_counted_by_source_and_type(server: Server, connect: Callable[[str], Any]) -> None:
    events = connect("events")
    bus = events.create_event_bus(Name="counted")["EventBusArn"]
    publish(events, bus, ("sales", "CarSold"), ("sales", "CarSold"), ("buying", "LotSelected"))
    found = observed(server, bus=bus)
    assert (found["log"], found["seen"], found["complete"]) == (bus, 3, True)
    counts = [(each["source"], each["detail_type"], each["count"]) for each in found["events"]]
    assert counts == [("buying", "LotSelected", 1), ("sales", "CarSold", 2)]
    assert all(each["first"] <= each["last"] for each in found["events"])
    assert observed(server, bus=bus, until="1")["seen"] == 0


def test_it_is_said_when_not_all_was_looked_at(server: Server, connect: Callable[[str], Any]) -> None:
    events = connect("events")
    bus = events.create_event_bus(Name="long")["EventBusArn"]
    publish(events, bus, *(("sales", "CarSold") for _ in range(3)))
    assert not observed(server, bus=bus, limit="2")["complete"]
    assert observed(server, bus=bus, limit="3")["complete"]


@pytest.mark.parametrize(
    ("query", "status"), [({"bus": "nowhere"}, 404), ({"archive": "lost"}, 404), ({"archive": "a", "bus": "b"}, 400)]
)
def test_what_is_not_there_is_refused(server: Server, query: dict[str, str], status: int) -> None:
    with pytest.raises(HTTPError) as refused:
        observed(server, **query)
    with refused.value:
        assert refused.value.code == status
