"""What happens at the used-car company, and who wants to know. Pure: the same seed tells the same story."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any

import msgspec


class Happening(msgspec.Struct, frozen=True):
    """One event before it is published. ``service``: the publisher."""

    service: str
    kind: str
    detail: dict[str, Any]


class Listener(msgspec.Struct, frozen=True):
    """A service with a queue, and a rule that fills it.

    ``wants``: what the rule's ``pattern`` means, in Python, to check the bus against. ``late``: the service is down
    while the first half of the story happens. ``gone``: its queue is deleted before the story starts."""

    name: str
    purpose: str
    pattern: dict[str, Any]
    wants: Callable[[Happening], bool]
    transform: dict[str, Any] | None = None
    late: bool = False
    gone: bool = False


DEAD_LETTERS = "dead-letters"

LISTENERS = [
    Listener(
        "logistics",
        "books transporters",
        {"detail-type": ["DeliveryScheduled", "DeliveryCancelled"]},
        lambda it: it.kind in ("DeliveryScheduled", "DeliveryCancelled"),
    ),
    Listener(
        "finance",
        "pays and is paid; down for the first half",
        {"detail-type": ["PurchaseApproved", "PurchaseInvoiceReceived", {"prefix": "Payment"}]},
        lambda it: it.kind in ("PurchaseApproved", "PurchaseInvoiceReceived", "PaymentAttempted", "PaymentFailed"),
        late=True,
    ),
    Listener(
        "notifications",
        "texts customers, from an input transformer",
        {"source": ["uk.co.cars.delivery"], "detail": {"slot": [{"exists": True}]}},
        lambda it: it.kind == "DeliveryScheduled",
        {
            "InputPathsMap": {"id": "$.id", "vrm": "$.detail.vrm", "make": "$.detail.make", "slot": "$.detail.slot"},
            "InputTemplate": '{"event": <id>, "text": "Your <make> <vrm> arrives on <slot>"}',
        },
    ),
    Listener(
        "fraud-watch",
        "failed payments above £20,000",
        {"detail-type": ["PaymentFailed"], "detail": {"amount": [{"numeric": [">", 20_000]}]}},
        lambda it: it.kind == "PaymentFailed" and it.detail["amount"] > 20_000,
    ),
    Listener(
        "capture",
        "everything, for the audit log",
        {"source": [{"prefix": "uk.co.cars."}]},
        lambda it: True,
    ),
    Listener(
        "old-crm",
        "its queue was deleted",
        {"detail-type": ["LotSelected"], "detail": {"make": ["Volvo"]}},
        lambda it: it.kind == "LotSelected" and it.detail["make"] == "Volvo",
        gone=True,
    ),
]


def tell(cars: int, seed: int = 7) -> Iterator[Happening]:
    """The life of ``cars`` cars, one after the other, from the auction to the customer's door."""
    dice = random.Random(seed)
    for number in range(cars):
        vrm = f"{dice.choice('ABCDEFGHJKLMNOP')}{dice.choice('ABCDEFGH')}{dice.randint(10, 70)} {number:04d}"
        amount = dice.randrange(3_000, 45_000, 250)
        car = {"vrm": vrm, "make": dice.choice(["Audi", "Ford", "Kia", "Volvo", "Skoda"]), "amount": amount}
        yield Happening("buying", "LotSelected", car)
        yield Happening("buying", "PurchaseApproved", car | {"approved_by": dice.choice(["Ada", "Grace", "Edsger"])})
        yield Happening("buying", "PurchaseInvoiceReceived", car | {"invoice": f"INV-{number:06d}"})
        yield Happening("sales", "PaymentAttempted", car)
        if dice.random() < 0.12:
            yield Happening("sales", "PaymentFailed", car | {"reason": dice.choice(["card declined", "time-out"])})
            continue
        yield Happening("delivery", "DeliveryScheduled", car | {"slot": f"2026-12-{dice.randint(1, 24):02d}"})
        if dice.random() < 0.05:
            yield Happening("delivery", "DeliveryCancelled", car | {"reason": "the customer moved"})
