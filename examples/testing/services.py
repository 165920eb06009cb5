"""Three services on one bus. Each has a queue, a rule that fills it, and a function that may answer with events."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from typing import Any

import boto3

Detail = dict[str, Any]
Said = Iterator[tuple[str, Detail]]

LIMIT = 20_000


def buying(type: str, lot: Detail) -> Said:
    if lot["price"] <= LIMIT:
        yield "PurchaseApproved", {"vrm": lot["vrm"], "price": lot["price"], "card": lot.get("card", "good")}
    else:
        yield "PurchaseDeclined", {"vrm": lot["vrm"], "reason": f"more than {LIMIT}"}


def finance(type: str, purchase: Detail) -> Said:
    yield "PaymentAttempted", {"vrm": purchase["vrm"]}
    if purchase["card"] == "refused":
        yield "PaymentFailed", {"vrm": purchase["vrm"], "reason": "card refused"}


def delivery(type: str, purchase: Detail) -> Said:
    yield "DeliveryScheduled", {"vrm": purchase["vrm"], "slot": "Friday morning"}


class Service:
    """``hears``: the types that ``work`` is called for. It runs from ``with`` to the block's end."""

    def __init__(self, name: str, hears: list[str], work: Callable[[str, Detail], Said]) -> None:
        self._name, self._hears, self._work = name, hears, work
        self._events, self._sqs = boto3.client("events"), boto3.client("sqs")
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name)

    def __enter__(self) -> Service:
        self._url = self._sqs.create_queue(QueueName=self._name)["QueueUrl"]
        asked = self._sqs.get_queue_attributes(QueueUrl=self._url, AttributeNames=["QueueArn"])
        self._events.put_rule(Name=self._name, EventPattern=json.dumps({"detail-type": self._hears}))
        target = {"Id": "queue", "Arn": asked["Attributes"]["QueueArn"]}
        self._events.put_targets(Rule=self._name, Targets=[target])
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        self._events.close()
        self._sqs.close()

    def _run(self) -> None:
        while not self._stop.is_set():
            got = self._sqs.receive_message(QueueUrl=self._url, WaitTimeSeconds=1, MaxNumberOfMessages=10)
            for message in got.get("Messages", []):
                event = json.loads(message["Body"])
                for type, detail in self._work(event["detail-type"], event["detail"]):
                    entry = {"Source": f"uk.co.cars.{self._name}", "DetailType": type, "Detail": json.dumps(detail)}
                    self._events.put_events(Entries=[entry])
                self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=message["ReceiptHandle"])
