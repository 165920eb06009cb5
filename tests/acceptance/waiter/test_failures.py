"""What a test is told when its event did not come: word for word."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from eventyard.waiter import EventNotSeen, EventWaiter, UnexpectedEvent
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


def test_a_rule_that_matches_without_a_target_is_not_called_no_rule(server: Server, account: str) -> None:
    events = server.client("events", account)
    events.put_rule(Name="idle", EventPattern=json.dumps({"detail-type": ["CarSold"]}))
    with EventWaiter.connect(server.url, account=account) as waiter:
        sold = waiter.subscribe("CarSold", detail={"n": 2})
        publish(server, account, "CarSold", {"n": 1})
        with pytest.raises(EventNotSeen, match="It was published, and nobody got it: idle matches, without a target"):
            sold.next(timeout=0.1)


def test_a_type_that_may_be_meant_is_named(server: Server, account: str) -> None:
    with EventWaiter.connect(server.url, account=account) as events:
        approved = events.subscribe("PurchaseAproved")
        publish(server, account, "PurchaseApproved", {})
        with pytest.raises(EventNotSeen, match=r"on bus default\. Did you mean PurchaseApproved\?"):
            approved.next(timeout=0.1)


def test_any_event_reads_well(server: Server, account: str) -> None:
    with EventWaiter.connect(server.url, account=account) as events:
        anything = events.subscribe()
        with pytest.raises(EventNotSeen, match=r"^no event within 0\.1 s on bus default\."):
            anything.next(timeout=0.1)
        with pytest.raises(EventNotSeen, match=r"^0 of 2 events within"):
            anything.collect(2, timeout=0.1)
        publish(server, account, "CarSold", {})
        with pytest.raises(UnexpectedEvent, match=r"^Any event was not to be published, but was:"):
            anything.none_within(5)


def test_it_is_said_that_only_the_first_thousand_events_were_looked_at(server: Server, account: str) -> None:
    entry = {"Source": "uk.co.cars", "DetailType": "PhotoTaken", "Detail": "{}"}
    with EventWaiter.connect(server.url, account=account) as events:
        sold = events.subscribe("CarSold")
        for _ in range(101):
            server.client("events", account).put_events(Entries=[entry] * 10)
        with pytest.raises(EventNotSeen) as failure:
            sold.next(timeout=0.1)
    assert "Published since the subscription: more than the 1,000 events that were looked at." in told(failure)
    assert "1000 x uk.co.cars PhotoTaken" in told(failure)


def test_names_can_neither_drive_a_terminal_nor_begin_a_line(server: Server, account: str) -> None:
    name = "Car\n::error::\x1b[31mSold\x9b\u202e"
    with EventWaiter.connect(server.url, account=account) as events:
        sold = events.subscribe(name, detail={"n": [2]})
        publish(server, account, name, {"n": 1, "\x7f\u202e": "\x9b"})
        with pytest.raises(EventNotSeen) as failure:
            sold.next(timeout=0.1)
    lines = str(failure.value).split("\n")
    assert all(line.isprintable() for line in lines)
    assert not [line for line in lines if line.startswith("::")]
    assert "Car\\n::error::\\u001b[31mSold\\u009b\\u202e" in lines[0]
