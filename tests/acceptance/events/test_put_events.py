"""PutEvents through a real client."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.acceptance.events.conftest import REGION, Yard
from tests.acceptance.refusal import refused

GOOD = {"Source": "shop", "DetailType": "Order", "Detail": '{"id": 1}'}


def published(yard: Yard, account: str) -> list[tuple[str, dict[str, Any]]]:
    found = [(bus.split("/", 1)[1], json.loads(event.body)) for bus, event in yard.published]
    return [(bus, body) for bus, body in found if body["account"] == account]


def test_published_event_is_answered_with_its_id(events: Any, yard: Yard, account: str) -> None:
    time = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    answer = events.put_events(Entries=[GOOD | {"Time": time, "Resources": ["r"], "TraceHeader": "Root=1"}])
    assert answer["FailedEntryCount"] == 0
    [(bus, body)] = published(yard, account)
    assert bus == "default"
    assert body == {
        "version": "0",
        "id": answer["Entries"][0]["EventId"],
        "detail-type": "Order",
        "source": "shop",
        "account": account,
        "time": "2026-01-02T03:04:05Z",
        "region": REGION,
        "resources": ["r"],
        "detail": {"id": 1},
    }


def test_failed_entries_stand_in_their_places(events: Any) -> None:
    answer = events.put_events(
        Entries=[{"DetailType": "Order"}, GOOD, GOOD | {"Detail": "[]"}, GOOD | {"Source": "aws.ec2"}]
    )
    assert answer["FailedEntryCount"] == 3
    assert [entry.get("ErrorCode") for entry in answer["Entries"]] == [
        "InvalidArgument",
        None,
        "MalformedDetail",
        "NotAuthorizedForSourceException",
    ]
    assert [set(entry) for entry in answer["Entries"]] == [
        {"ErrorCode", "ErrorMessage"},
        {"EventId"},
        {"ErrorCode", "ErrorMessage"},
        {"ErrorCode", "ErrorMessage"},
    ]


def test_bus_is_named_by_name_or_arn_of_any_account(
    events: Any, connect: Callable[..., Any], yard: Yard, account: str
) -> None:
    owner = connect("300000000001")
    arn = owner.create_event_bus(Name="theirs")["EventBusArn"]
    owner.put_permission(EventBusName="theirs", Action="events:PutEvents", Principal=account, StatementId="x")
    events.create_event_bus(Name="ours")
    answer = events.put_events(Entries=[GOOD | {"EventBusName": bus} for bus in ("ours", arn, "unknown")])
    assert answer["FailedEntryCount"] == 0
    assert [bus for bus, _ in published(yard, account)] == ["ours", "theirs"]


def test_overloaded_bus_throttles_its_entries(events: Any, yard: Yard) -> None:
    arn = events.create_event_bus(Name="busy")["EventBusArn"]
    yard.full.add(arn)
    answer = events.put_events(Entries=[GOOD | {"EventBusName": "busy"}, GOOD])
    assert answer["FailedEntryCount"] == 1
    assert answer["Entries"][0] == {"ErrorCode": "ThrottlingException", "ErrorMessage": "Rate exceeded."}


@pytest.mark.parametrize("entries", [[], [GOOD] * 11])
def test_one_to_ten_entries(connect: Callable[..., Any], account: str, entries: list[dict[str, str]]) -> None:
    with refused("ValidationException"):
        connect(account, parameter_validation=False).put_events(Entries=entries)


def test_total_size_is_limited(events: Any) -> None:
    detail = json.dumps({"text": "x" * 600_000})
    with refused("ValidationException", "Total size of the entries in the request is over the limit."):
        events.put_events(Entries=[GOOD | {"Detail": detail}] * 2)
    assert events.put_events(Entries=[GOOD | {"Detail": detail}])["FailedEntryCount"] == 0
