"""Reads the oracle's books after everything has come to rest, and says which promises were broken.

Believes nothing that the server says about itself: only intents, answers and received messages, and the plain-Python
meaning of each rule. ``python -m tests.reliability.checker FOLDER --kills N`` checks the books of an earlier run.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .topology import ROUTES, Intent

#: The attributes that EventBridge gives a dead-lettered event ("Using dead-letter queues", EventBridge user guide).
DEAD_LETTER_ATTRIBUTES = ("RULE_ARN", "TARGET_ARN", "ERROR_CODE", "ERROR_MESSAGE")


@dataclass
class Report:
    """The counts of a run, and each broken promise in a sentence."""

    intents: int = 0
    acknowledged: int = 0
    refused: int = 0
    unanswered: int = 0
    unanswered_but_delivered: int = 0
    receipts: int = 0
    redelivered: int = 0  #: a second message for the same event and target: the bus delivered twice
    received_again: int = 0  #: the same message received again: its deletion was cut off
    lost: list[str] = field(default_factory=list)
    phantoms: list[str] = field(default_factory=list)
    corrupt: list[str] = field(default_factory=list)
    excess: list[str] = field(default_factory=list)
    unsettled: list[str] = field(default_factory=list)

    @property
    def faults(self) -> list[str]:
        return [*self.lost, *self.phantoms, *self.corrupt, *self.excess, *self.unsettled]

    def __str__(self) -> str:
        counts = (
            f"{self.intents} intents: {self.acknowledged} acknowledged, {self.refused} refused, "
            f"{self.unanswered} cut off (of which {self.unanswered_but_delivered} exist); "
            f"{self.receipts} receipts: {self.redelivered} redelivered, {self.received_again} received again"
        )
        shown = "".join(f"\n  {fault}" for fault in self.faults[:20])
        return f"{counts}; {len(self.faults)} faults{shown}"


class Books:
    """The three files, read."""

    def __init__(self, folder: Path) -> None:
        self.intents = {
            it["number"]: Intent(it["number"], it["kind"], it["amount"], it["digest"])
            for it in _lines(folder, "intent")
        }
        self.ids: dict[int, str] = {}
        self.refused: dict[int, str] = {}
        for answer in _lines(folder, "ack"):
            if "error" in answer:
                self.refused[answer["number"]] = answer["error"]
            else:
                self.ids[answer["number"]] = answer["id"]
        #: (number, queue) -> the records of the messages received
        self.receipts: dict[tuple[int, str], list[dict[str, Any]]] = defaultdict(list)
        for receipt in _lines(folder, "receipts"):
            self.receipts[receipt["number"], receipt["queue"]].append(receipt)


def _lines(folder: Path, book: str) -> Iterator[dict[str, Any]]:
    with (folder / f"{book}.jsonl").open() as file:
        for line in file:
            yield json.loads(line)


def check(folder: Path, *, kills: int, in_flight: int) -> Report:
    """Check the books in ``folder``. ``in_flight``: deliveries that one kill may repeat; without kills none may."""
    books = Books(folder)
    report = Report(intents=len(books.intents), acknowledged=len(books.ids), refused=len(books.refused))
    delivered = {number for number, _ in books.receipts}
    unanswered = books.intents.keys() - books.ids.keys() - books.refused.keys()
    report.unanswered, report.unanswered_but_delivered = len(unanswered), len(unanswered & delivered)
    _no_loss(books, report)
    for (number, queue), receipts in books.receipts.items():
        report.receipts += len(receipts)
        _no_phantom(books, number, queue, receipts, report)
        _integrity(books, number, queue, receipts, report)
        _dead_letter(number, queue, receipts, report)
    _bounded_duplicates(books, kills * in_flight, report)
    return report


def _no_loss(books: Books, report: Report) -> None:
    """I1: an acknowledged event is in the queue of every route that it matches."""
    for number, event_id in books.ids.items():
        intent = books.intents.get(number)
        for route in ROUTES:
            if intent and route.matches(intent) and (number, route.queue) not in books.receipts:
                report.lost.append(f"I1 lost: event {number} ({event_id}) never reached {route.queue}")


def _no_phantom(books: Books, number: int, queue: str, receipts: list[dict[str, Any]], report: Report) -> None:
    """I2: whatever arrives was meant, was not refused, matches its rule, and has the one id that it was given."""
    intent = books.intents.get(number)
    route = next((route for route in ROUTES if route.queue == queue), None)
    if intent is None:
        report.phantoms.append(f"I2 phantom: nobody meant event {number} in {queue}")
    elif number in books.refused:
        report.phantoms.append(f"I2 phantom: event {number} was refused ({books.refused[number]}), yet is in {queue}")
    elif route is None or not route.matches(intent):
        report.phantoms.append(f"I2 phantom: event {number} does not match the rule of {queue}")
    ids = {receipt["id"] for receipt in receipts} | ({books.ids[number]} if number in books.ids else set())
    if len(ids) > 1:
        report.phantoms.append(f"I2 phantom: event {number} in {queue} has more than one id: {sorted(ids)}")


def _integrity(books: Books, number: int, queue: str, receipts: list[dict[str, Any]], report: Report) -> None:
    """I3: the detail is the producer's text, byte for byte."""
    intent = books.intents.get(number)
    if intent and any(receipt["digest"] != intent.digest for receipt in receipts):
        report.corrupt.append(f"I3 corrupt: event {number} in {queue} has another detail than was published")


def _dead_letter(number: int, queue: str, receipts: list[dict[str, Any]], report: Report) -> None:
    """I5: one end for each delivery: dead-lettered events say why, delivered ones don't."""
    doomed = any(route.queue == queue and route.doomed for route in ROUTES)
    for receipt in receipts:
        attributes = receipt.get("attributes", {})
        missing = [name for name in DEAD_LETTER_ATTRIBUTES if not attributes.get(name)]
        if doomed and missing:
            report.unsettled.append(f"I5 end: event {number} in {queue} lacks {missing}")
        elif not doomed and "ERROR_CODE" in attributes:
            report.unsettled.append(f"I5 end: event {number} in {queue} is a dead letter")


def _bounded_duplicates(books: Books, bound: int, report: Report) -> None:
    """I4: second deliveries only after kills, and no more than was in flight."""
    per_queue: Counter[str] = Counter()
    for (_, queue), receipts in books.receipts.items():
        messages = len({receipt["message"] for receipt in receipts})
        per_queue[queue] += messages - 1
        report.received_again += len(receipts) - messages
    report.redelivered = per_queue.total()
    if report.redelivered > bound:
        report.excess.append(
            f"I4 duplicates: {report.redelivered} second deliveries, {bound} allowed: {dict(per_queue)}"
        )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--kills", type=int, default=0)
    parser.add_argument("--in-flight", type=int, default=1000)
    options = parser.parse_args()
    report = check(options.folder, kills=options.kills, in_flight=options.in_flight)
    print(report)
    return 1 if report.faults else 0


if __name__ == "__main__":
    sys.exit(main())
