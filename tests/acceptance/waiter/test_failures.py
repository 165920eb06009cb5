"""What a test is told when its event did not come: word for word."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from eventyard.waiter import EventNotSeen, EventWaiter
from tests.acceptance.server import Server


def publish(server: Server, account: str, type: str, detail: dict[str, Any]) -> None:
    entry = {"Source": "uk.co.cars", "DetailType": type, "Detail": json.dumps(detail)}
    server.client("events", account).put_events(Entries=[entry])


def told(failure: pytest.ExceptionInfo[EventNotSeen]) -> str:
    """The text, with positions as they would be on a fresh bus."""
    return re.sub(r"#\d+", "#N", str(failure.value))


def test_the_nearest_miss_of_a_predicate_shows_both_sides(server: Server, account: str) -> None:
    vrm = "AB12 CDE"
    with EventWaiter.connect(server.url, account=account) as events:
        approved = events.subscribe("PurchaseApproved", where=lambda e: e.detail["vrm"] == vrm and e.detail["ok"])
        publish(server, account, "LotSelected", {"lot": 1})
        publish(server, account, "PurchaseApproved", {"vrm": "XY34 ZAB", "ok": True})
        publish(server, account, "LotSelected", {"lot": 2})
        with pytest.raises(EventNotSeen) as failure:
            approved.next(timeout=0.3)
    assert (
        told(failure)
        == """\
no PurchaseApproved within 0.3 s on bus default.

Nearest miss:
  #N uk.co.cars PurchaseApproved {"vrm":"XY34 ZAB","ok":true}
    e.detail['vrm'] == vrm: 'XY34 ZAB' == 'AB12 CDE' is false
    It was published, and no rule matched it.

Published since the subscription: 3 events.
     2 x uk.co.cars LotSelected
     1 x uk.co.cars PurchaseApproved"""
    )
    assert [event.detail_type for event in failure.value.seen] == ["LotSelected", "PurchaseApproved", "LotSelected"]


def test_the_nearest_miss_of_a_pattern_names_the_field(server: Server, account: str) -> None:
    with EventWaiter.connect(server.url, account=account) as events:
        sold = events.subscribe("CarSold", detail={"price": [{"numeric": [">", 10_000]}]})
        publish(server, account, "CarSold", {"price": 9_500})
        with pytest.raises(EventNotSeen) as failure:
            sold.collect(2, timeout=0.3)
    assert (
        told(failure)
        == """\
0 of 2 CarSold within 0.3 s on bus default.

Nearest miss:
  #N uk.co.cars CarSold {"price":9500}
    detail.price: expected numeric > 10000, but the event has 9500
    It was published, and no rule matched it.

Published since the subscription: 1 event.
     1 x uk.co.cars CarSold"""
    )


def test_a_silent_bus_is_called_silent(server: Server, account: str) -> None:
    with EventWaiter.connect(server.url, account=account) as events:
        sold = events.subscribe("CarSold")
        with pytest.raises(EventNotSeen) as failure:
            sold.next(timeout=0.1)
    assert (
        told(failure)
        == """\
no CarSold within 0.1 s on bus default.

Nothing at all was published on that bus since the subscription."""
    )


@pytest.mark.parametrize(
    ("where", "why"),
    [
        (lambda e: e.detail["speed"] > 3, "e.detail['speed'] > 3: KeyError 'speed'"),
        (lambda e: e.detail.get("ok"), "e.detail.get('ok') is false"),
        (lambda e: e.detail["n"] == 2 or e.detail["n"] == 3, "the predicate is false"),
    ],
)
def test_other_predicates_explain_what_they_can(server: Server, account: str, where: Any, why: str) -> None:
    with EventWaiter.connect(server.url, account=account) as events:
        sold = events.subscribe("CarSold", where=where)
        publish(server, account, "CarSold", {"n": 1})
        with pytest.raises(EventNotSeen, match=re.escape(why)):
            sold.next(timeout=0.1)


def test_many_misses_are_summed_up(server: Server, account: str) -> None:
    with EventWaiter.connect(server.url, account=account) as events:
        sold = events.subscribe("CarSold", detail={"n": 99})
        for number in range(6):
            publish(server, account, "CarSold", {"n": number})
        with pytest.raises(EventNotSeen) as failure:
            sold.next(timeout=0.1)
    assert "and 3 more of that type." in told(failure)
    assert "6 x uk.co.cars CarSold" in told(failure)


def test_the_nearest_miss_is_shown_though_it_is_not_the_newest(server: Server, account: str) -> None:
    with EventWaiter.connect(server.url, account=account) as events:
        sold = events.subscribe("CarSold", detail={"a": 1, "b": 2, "c": 3})
        publish(server, account, "CarSold", {"a": 1, "b": 2, "c": 4})
        for other in (9, 8, 7, 6):
            publish(server, account, "CarSold", {"a": other})
        with pytest.raises(EventNotSeen) as failure:
            sold.next(timeout=0.1)
    shown = told(failure).partition("Nearest misses:")[2].partition("and 2 more")[0].splitlines()
    at = next(number for number, line in enumerate(shown) if line.endswith('{"a":1,"b":2,"c":4}'))
    assert shown[at + 1] == "    detail.c: expected equals 3, but the event has 4"
    assert shown[at + 2 :] == ["    It was published, and no rule matched it.", "  "]


def test_a_typing_error_in_a_predicate_reaches_the_test(server: Server, account: str) -> None:
    with EventWaiter.connect(server.url, account=account) as events:
        sold = events.subscribe("CarSold", where=lambda e: e.detial["n"] == 1)
        publish(server, account, "CarSold", {"n": 1})
        with pytest.raises(AttributeError, match="detial"):
            sold.next(timeout=5)
