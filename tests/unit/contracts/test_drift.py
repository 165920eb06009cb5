"""What is declared against what is there: events, publishers, subscribers and rules."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date
from typing import Any

import pytest

from eventyard.contract import Repository, from_files
from eventyard.contracts.attribution import service_of
from eventyard.contracts.conventions import conventions
from eventyard.contracts.drift import Receiver, Seen, counted, drift

from .documents import VIN, document, sold

TODAY = date(2026, 11, 25)
DAY = 86_400_000
GOOD = {"vin": "1C6RD7LT4CS156097"}


def repository(*documents: str) -> Repository:
    found = from_files({"vin.json": json.dumps(VIN), **{f"{at}.md": text for at, text in enumerate(documents)}})
    assert all(each.contract for each in found.documents)
    return found


SALES = repository(document(sold(), None, GOOD))


def seen(kind: str = "CarSold", source: str = "uk.co.cars", bus: str = "default", last: int = 0) -> Seen:
    return Seen(bus, source, kind, 3, 0, last)


def receiver(service: str | None = "finance", pattern: Any = None, **more: Any) -> Receiver:
    text = json.dumps(pattern or {"detail-type": ["CarSold"]})
    return Receiver(**{"bus": "default", "rule": "r", "target": "arn:q", "pattern": text, "service": service, **more})


def found(
    known: Repository, events: Sequence[Seen] | None, receivers: Sequence[Receiver] | None, *buses: str
) -> list[tuple[str, str, str]]:
    there = drift(known, events, receivers, buses or ["default"], TODAY)
    return [(each.kind, each.event, each.who) for each in there]


def test_what_is_as_declared_is_no_drift() -> None:
    assert found(SALES, [seen()], [receiver(delivered=True)]) == []


def test_events_that_nobody_declared_are_found() -> None:
    assert found(SALES, [seen(), seen("CarStolen")], None) == [
        ("undeclared-event", "uk.co.cars@CarStolen", "uk.co.cars")
    ]


def test_events_of_the_platform_need_no_documents() -> None:
    assert found(SALES, [seen(), seen("Scheduled Event", "aws.events")], None) == []
    assert found(SALES, [seen(), seen("ContractViolated", "eventyard.contracts")], None) == []


def test_a_declared_event_of_another_source_has_an_undeclared_publisher() -> None:
    assert found(SALES, [seen(), seen(source="shop")], None) == [("undeclared-publisher", "shop@CarSold", "shop")]


def test_events_that_were_never_seen_are_found_on_the_buses_that_were_looked_at() -> None:
    other = repository(document(sold()), document(sold(), {"type": "CarBought", "bus": "cars"}))
    assert found(other, [], None) == [("never-seen", "uk.co.cars@CarSold", "sales")]
    assert found(other, [], None, "cars") == [("never-seen", "uk.co.cars@CarBought", "sales")]


def test_an_event_past_its_sunset_need_not_be_seen_and_must_not_be() -> None:
    old = repository(document(sold(), {"sunset": "2026-11-01"}))
    assert found(old, [], None) == []
    before = seen(last=20_000 * DAY)
    assert found(old, [before], None) == []
    after = seen(last=(date(2026, 11, 2) - date(1970, 1, 1)).days * DAY)
    assert found(old, [after], None) == [("past-sunset", "uk.co.cars@CarSold", "sales")]


def test_an_event_on_another_bus_is_found() -> None:
    assert found(SALES, [seen(bus="cars"), seen()], None, "cars", "default") == [
        ("wrong-bus", "uk.co.cars@CarSold", "sales")
    ]


def test_a_declared_subscriber_without_a_rule_is_found() -> None:
    assert found(SALES, None, []) == [("missing-rule", "uk.co.cars@CarSold", "finance")]


def test_whether_a_rule_lets_an_event_through_is_tried_with_the_examples() -> None:
    wanted = receiver(pattern={"detail": {"vin": [{"prefix": "1C6"}]}})
    assert found(SALES, None, [wanted]) == []
    (idle, missing) = drift(SALES, None, [receiver(pattern={"detail": {"vin": [{"prefix": "W"}]}})], ["default"], TODAY)
    assert (idle.kind, missing.kind) == ("idle-rule", "missing-rule")
    assert "detail.vin" in missing.message  # why not


def test_a_contract_without_examples_is_tried_with_what_is_made_up() -> None:
    assert found(repository(document(sold())), None, [receiver(pattern={"detail": {"vin": [{"exists": True}]}})]) == []


def test_a_disabled_rule_is_none() -> None:
    (missing,) = drift(SALES, None, [receiver(enabled=False)], ["default"], TODAY)
    assert (missing.kind, missing.message) == ("missing-rule", "rule r is disabled")


def test_a_rule_on_another_bus_is_none() -> None:
    elsewhere = receiver(bus="cars")
    kinds = [(each.kind, each.message) for each in drift(SALES, None, [elsewhere], ["default", "cars"], TODAY)]
    assert ("missing-rule", "rule r is on cars") in kinds


def test_undeclared_subscribers_and_targets_of_nobody_are_found() -> None:
    there = [receiver(), receiver("crm"), receiver(None, target="arn:unknown")]
    assert found(SALES, None, there) == [
        ("undeclared-subscriber", "uk.co.cars@CarSold", "crm"),
        ("unknown-subscriber", "uk.co.cars@CarSold", "arn:unknown"),
    ]


def test_a_subscriber_of_any_version_is_declared() -> None:
    both = repository(document(sold(), None, GOOD), document(sold(), {"version": 2, "subscribers": ["crm"]}, GOOD))
    assert found(both, None, [receiver(), receiver("crm")]) == []


def test_another_bus_as_target_is_no_subscriber() -> None:
    forwarding = receiver(None, target="arn:aws:events:us-east-1:123456789012:event-bus/other")
    assert found(SALES, None, [receiver(), forwarding]) == []


def test_a_target_that_was_never_sent_what_came_is_found() -> None:
    assert found(SALES, [seen()], [receiver(delivered=False)]) == [("never-received", "uk.co.cars@CarSold", "finance")]
    assert [kind for kind, *_ in found(SALES, [], [receiver(delivered=False)])] == ["never-seen"]
    assert found(SALES, [seen()], [receiver(delivered=None)]) == []


SERVICES = ("delivery", "delivery-plus", "finance")


@pytest.mark.parametrize(
    ("target", "rule", "tags", "service"),
    [
        ("arn:aws:sqs:eu-west-1:123456789012:delivery-events", "r", {}, "delivery"),
        ("arn:aws:sqs:eu-west-1:123456789012:delivery-plus-events.fifo", "r", {}, "delivery-plus"),
        ("arn:aws:sqs:eu-west-1:123456789012:deliveryevents", "r", {}, None),
        ("arn:aws:lambda:eu-west-1:123456789012:function:finance_book", "r", {}, "finance"),
        ("arn:aws:events:eu-west-1:123456789012:api-destination/finance/0123", "r", {}, "finance"),
        ("arn:aws:kinesis:eu-west-1:123456789012:stream/finance", "r", {}, "finance"),
        ("arn:aws:sqs:eu-west-1:123456789012:queue", "finance-pays", {}, "finance"),
        ("arn:aws:sqs:eu-west-1:123456789012:delivery", "r", {"service": "crm"}, "crm"),
        ("arn:aws:sqs:eu-west-1:123456789012:ledger-9", "r", {"service": "crm"}, "finance"),
        ("arn:aws:sqs:eu-west-1:123456789012:queue", "r", {}, None),
    ],
)
def test_a_target_is_a_services_by_pattern_tag_or_name(
    target: str, rule: str, tags: dict[str, str], service: str | None
) -> None:
    assert service_of(target, rule, tags, SERVICES, {"arn:aws:sqs:*:*:ledger-*": "finance"}) == service


def test_targets_stand_in_contracts_yml() -> None:
    assert conventions("targets:\n  arn:aws:sqs:*:*:ledger-*: finance\n").targets == {
        "arn:aws:sqs:*:*:ledger-*": "finance"
    }
    (wrong,) = conventions("services: [sales]\ntargets:\n  arn:aws:sqs:*:*:x: finance\n").findings
    assert (wrong.line, wrong.message) == (3, "finance is not among the services.")
    (wrong,) = conventions("targets:\n  ledger: finance\n").findings
    assert "arn:aws:sqs" in wrong.message


def test_events_of_files_are_counted() -> None:
    event = {"source": "s", "detail-type": "T", "time": "1970-01-01T00:00:01Z"}
    texts = [json.dumps(event | more).encode() for more in ({}, {"time": "1970-01-01T00:00:03Z"}, {"source": "t"})]
    assert counted(texts, "b") == [Seen("b", "s", "T", 2, 1_000, 3_000), Seen("b", "t", "T", 1, 1_000, 1_000)]
