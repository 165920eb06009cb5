"""What the services do together, told by their events."""

from __future__ import annotations

import json
from collections.abc import Iterator
from uuid import uuid4

import boto3
import pytest
from services import Service, buying, delivery, finance

from eventyard.waiter import BlockingWaiter


@pytest.fixture
def company(eventyard_environment: dict[str, str]) -> Iterator[None]:
    with (
        Service("buying", ["LotSelected"], buying),
        Service("finance", ["PurchaseApproved"], finance),
        Service("delivery", ["PurchaseApproved"], delivery),
    ):
        yield


@pytest.fixture
def vrm() -> str:
    """A car of its own for each test: so tests can run side by side on one bus."""
    return uuid4().hex[:7].upper()


def select_lot(**lot: object) -> None:
    client = boto3.client("events")
    client.put_events(Entries=[{"Source": "auction", "DetailType": "LotSelected", "Detail": json.dumps(lot)}])
    client.close()


def test_a_car_that_is_bought_is_delivered(company: None, blocking_event_waiter: BlockingWaiter, vrm: str) -> None:
    flow = blocking_event_waiter.subscribe(detail={"vrm": vrm})
    select_lot(vrm=vrm, price=9_500)
    events = flow.sequence(["LotSelected", "PurchaseApproved", "DeliveryScheduled"])
    assert events[-1].detail["slot"] == "Friday morning"


def test_a_refused_card_is_told(company: None, blocking_event_waiter: BlockingWaiter, vrm: str) -> None:
    failed = blocking_event_waiter.subscribe("PaymentFailed", where=lambda e: e.detail["vrm"] == vrm)
    select_lot(vrm=vrm, price=9_500, card="refused")
    assert failed.next(timeout=5).detail["reason"] == "card refused"


def test_a_car_that_is_too_expensive_is_not_delivered(
    company: None, blocking_event_waiter: BlockingWaiter, vrm: str
) -> None:
    declined = blocking_event_waiter.subscribe("PurchaseDeclined", detail={"vrm": vrm})
    scheduled = blocking_event_waiter.subscribe("DeliveryScheduled", detail={"vrm": vrm})
    select_lot(vrm=vrm, price=45_000)
    declined.next()
    scheduled.none_within(0.5)
