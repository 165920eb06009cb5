"""What happens at the used-car company, and who wants to know. Pure: the same seed tells the same story."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import msgspec


class Listener(msgspec.Struct, frozen=True):
    """A service with a queue and a rule."""

    name: str
    pattern: dict[str, Any]
    transform: dict[str, Any] | None = None


LISTENERS = [
    Listener("logistics", {"detail-type": ["DeliveryScheduled", "DeliveryCancelled"]}),
    Listener("finance", {"detail-type": ["PurchaseApproved", "PurchaseInvoiceReceived", {"prefix": "Payment"}]}),
    Listener(
        "fraud-watch",
        {"detail-type": ["PaymentFailed"], "detail": {"amount": [{"numeric": [">", 20_000]}]}},
        {
            "InputPathsMap": {"vrm": "$.detail.vrm", "amount": "$.detail.amount"},
            "InputTemplate": '{"alert": "Payment of <amount> for <vrm> failed", "rule": <aws.events.rule-name>}',
        },
    ),
    Listener("capture", {"source": [{"prefix": "uk.co.cars."}]}),
]
#: A rule whose queue is deleted before the story starts: its events end in a dead-letter queue.
BROKEN = Listener("old-crm", {"detail-type": ["LotSelected"], "detail": {"make": ["Volvo"]}})


def tell(cars: int, seed: int = 7) -> Iterator[dict[str, Any]]:
    """The entries of PutEvents, in order."""
    dice = random.Random(seed)
    for number in range(cars):
        vrm = f"{dice.choice('ABCDEFGHJKLMNOP')}{dice.choice('ABCDEFGH')}{dice.randint(10, 70)} {number:04d}"
        amount = dice.randrange(3_000, 45_000, 250)
        car = {"vrm": vrm, "make": dice.choice(["Audi", "Ford", "Kia", "Volvo", "Skoda"]), "amount": amount}
        yield _entry("buying", "LotSelected", car)
        yield _entry("buying", "PurchaseApproved", car | {"approved_by": dice.choice(["Ada", "Grace", "Edsger"])})
        yield _entry("buying", "PurchaseInvoiceReceived", car | {"invoice": f"INV-{number:06d}"})
        yield _entry("sales", "PaymentAttempted", car)
        if dice.random() < 0.12:
            yield _entry("sales", "PaymentFailed", car | {"reason": dice.choice(["card declined", "time-out"])})
            continue
        yield _entry("delivery", "DeliveryScheduled", car | {"slot": f"2026-12-{dice.randint(1, 24):02d}"})
        if dice.random() < 0.05:
            yield _entry("delivery", "DeliveryCancelled", car | {"reason": "the customer moved"})


def wants(listener: str, entry: dict[str, Any], detail: dict[str, Any]) -> bool:
    """Whether an event is for ``listener``: told apart from the patterns, to check the bus against."""
    kind = entry["DetailType"]
    if listener == "logistics":
        return kind in ("DeliveryScheduled", "DeliveryCancelled")
    if listener == "finance":
        return kind in ("PurchaseApproved", "PurchaseInvoiceReceived", "PaymentAttempted", "PaymentFailed")
    if listener == "fraud-watch":
        return kind == "PaymentFailed" and int(detail["amount"]) > 20_000
    if listener == "old-crm":
        return kind == "LotSelected" and str(detail["make"]) == "Volvo"
    return listener == "capture"


def _entry(service: str, detail_type: str, detail: dict[str, Any]) -> dict[str, Any]:
    return {
        "Source": f"uk.co.cars.{service}",
        "DetailType": detail_type,
        "Detail": msgspec.json.encode(detail).decode(),
    }
