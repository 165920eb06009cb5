"""Reads the oracle's books after everything has come to rest, and says which promises were broken.

Believes nothing that the server says about itself: only intents, answers and received messages, and the plain-Python
meaning of each rule and schedule. ``python -m tests.reliability.checker FOLDER`` checks the books of an earlier run.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from .books import Books, Replay
from .topology import RETRIES, ROUTES, Intent, Route

#: The attributes that EventBridge gives a dead-lettered event ("Using dead-letter queues", EventBridge user guide).
DEAD_LETTER_ATTRIBUTES = ("RULE_ARN", "TARGET_ARN", "ERROR_CODE", "ERROR_MESSAGE")
#: Deliveries that one kill may repeat: what was settled since the ledger was last flushed (docs/reliability.md).
IN_FLIGHT = 500


@dataclass
class Report:
    """The counts of a run, and each broken promise in a sentence."""

    intents: int = 0
    acknowledged: int = 0
    refused: int = 0
    unanswered: int = 0
    unanswered_but_delivered: int = 0
    receipts: int = 0
    received_again: int = 0  #: the same message received again: its deletion was cut off
    retried: int = 0  #: events that the sink took after it had refused them
    exhausted: int = 0  #: events that came to the dead-letter queue after all their tries
    moments: int = 0
    replays: int = 0
    replayed: int = 0
    #: for each kill, how many deliveries were made again because of it
    forgotten: list[int] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    phantoms: list[str] = field(default_factory=list)
    corrupt: list[str] = field(default_factory=list)
    excess: list[str] = field(default_factory=list)
    unsettled: list[str] = field(default_factory=list)

    @property
    def faults(self) -> list[str]:
        return [*self.lost, *self.phantoms, *self.corrupt, *self.excess, *self.unsettled]

    @property
    def redelivered(self) -> int:
        """Second messages for the same event and place: the bus delivered twice."""
        return sum(self.forgotten)

    def __str__(self) -> str:
        counts = (
            f"{self.intents} intents: {self.acknowledged} acknowledged, {self.refused} refused, "
            f"{self.unanswered} cut off (of which {self.unanswered_but_delivered} exist); {self.receipts} receipts, "
            f"{self.received_again} received again; {self.retried} retried, {self.exhausted} exhausted; "
            f"{self.moments} moments; {self.replayed} replayed in {self.replays} replays; "
            f"{self.redelivered} redelivered after {len(self.forgotten)} kills, "
            f"at most {max(self.forgotten, default=0)} after one"
        )
        shown = "".join(f"\n  {fault}" for fault in self.faults[:20])
        return f"{counts}; {len(self.faults)} faults{shown}"


def check(folder: Path, *, in_flight: int = IN_FLIGHT) -> Report:
    """Check the books in ``folder``. ``in_flight``: deliveries that one kill may repeat; a stop may repeat none."""
    books = Books(folder)
    report = Report(intents=len(books.intents), acknowledged=len(books.ids), refused=len(books.refused))
    delivered = {number for number, _ in books.receipts}
    unanswered = books.intents.keys() - books.ids.keys() - books.refused.keys()
    report.unanswered, report.unanswered_but_delivered = len(unanswered), len(unanswered & delivered)
    _no_loss(books, report)
    _nothing_replayed_is_lost(books, report)
    for (number, place), receipts in books.receipts.items():
        report.receipts += len(receipts)
        _no_phantom(books, number, place, receipts, report)
        _integrity(books, number, place, receipts, report)
        _dead_letter(number, place, receipts, report)
    _bounded_duplicates(books, in_flight, report)
    _bounded_tries(books, report)
    _moments(books, report)
    _archive(books, report)
    return report


def _no_loss(books: Books, report: Report) -> None:
    """I1: an acknowledged event is at the place of every route that it matches."""
    for number, event_id in books.ids.items():
        intent = books.intents.get(number)
        for route in ROUTES:
            if intent and not route.replays and route.matches(intent) and (number, route.place) not in books.receipts:
                report.lost.append(f"I1 lost: event {number} ({event_id}) never reached {route.place}")


def _nothing_replayed_is_lost(books: Books, report: Report) -> None:
    """I1 for replays: what was acknowledged before one was started, and is of its window, comes again."""
    acknowledged = list(books.ids)
    for name, replay in books.replays.items():
        if not replay.answered or replay.error:
            continue
        report.replays += 1
        for number in acknowledged[: replay.acknowledged]:
            intent = books.intents[number]
            for route in ROUTES:
                if route.replays and replay.covers(intent) and route.matches(intent):
                    report.replayed += 1
                    if (number, route.at(name)) not in books.receipts:
                        report.lost.append(f"I1 lost: event {number} of replay {name} never reached {route.place}")


def _no_phantom(books: Books, number: int, place: str, receipts: list[dict[str, Any]], report: Report) -> None:
    """I2: whatever arrives was meant, was not refused, matches its rule, and has the one id that it was given. What a
    replay brings comes from its window, and to the rule that it names only."""
    intent = books.intents.get(number)
    route, replay = _route(books, place)
    if intent is None:
        report.phantoms.append(f"I2 phantom: nobody meant event {number} in {place}")
    elif number in books.refused:
        report.phantoms.append(f"I2 phantom: event {number} was refused ({books.refused[number]}), yet is in {place}")
    elif not _belongs(intent, place, route, replay):
        report.phantoms.append(f"I2 phantom: event {number} does not match the rule of {place}")
    ids = {receipt["id"] for receipt in receipts} | ({books.ids[number]} if number in books.ids else set())
    if len(ids) > 1:
        report.phantoms.append(f"I2 phantom: event {number} in {place} has more than one id: {sorted(ids)}")


def _route(books: Books, place: str) -> tuple[Route | None, Replay | None]:
    where, _, replay = place.partition("/")
    return next((route for route in ROUTES if route.place == where), None), books.replays.get(replay)


def _belongs(intent: Intent, place: str, route: Route | None, replay: Replay | None) -> bool:
    if route is None or not route.matches(intent):
        return False
    if not route.replays:
        return "/" not in place
    return replay is not None and replay.error is None and replay.covers(intent)


def _integrity(books: Books, number: int, place: str, receipts: list[dict[str, Any]], report: Report) -> None:
    """I3: the detail is the producer's text, byte for byte."""
    intent = books.intents.get(number)
    if intent and any(receipt["digest"] != intent.digest for receipt in receipts):
        report.corrupt.append(f"I3 corrupt: event {number} in {place} has another detail than was published")


def _dead_letter(number: int, place: str, receipts: list[dict[str, Any]], report: Report) -> None:
    """I5: one end for each delivery: dead-lettered events say why, delivered ones don't. (That a delivery which
    belongs in the one place is not in the other as well is I2.)"""
    letter = next((route.letter for route in ROUTES if route.place == place), None)
    for receipt in receipts:
        attributes = receipt.get("attributes", {})
        missing = [name for name in DEAD_LETTER_ATTRIBUTES if not attributes.get(name)]
        if letter is None:
            if "ERROR_CODE" in attributes:
                report.unsettled.append(f"I5 end: event {number} in {place} is a dead letter")
        elif missing:
            report.unsettled.append(f"I5 end: event {number} in {place} lacks {missing}")
        elif wrong := {name: attributes.get(name) for name, text in letter.items() if attributes.get(name) != text}:
            report.unsettled.append(f"I5 end: event {number} in {place} says {wrong}, not {dict(letter)}")


def _bounded_duplicates(books: Books, in_flight: int, report: Report) -> None:
    """I4: a second delivery only after a kill that made the server forget the first, and few for each kill."""
    forgotten: Counter[int] = Counter()
    for what, receipts in (*books.receipts.items(), *books.firings.items()):
        sent = {receipt["message"]: receipt["sent"] for receipt in receipts}
        report.received_again += len(receipts) - len(sent)
        for first, second in pairwise(sorted(sent.values())):
            run = books.run_at(first)
            if run == books.run_at(second):
                report.excess.append(f"I4 duplicates: {what} was delivered twice, and no restart in between")
            else:
                forgotten[run] += 1
    for number, run in enumerate(books.runs):
        bound = in_flight if run.end == "kill" else 0
        if forgotten[number] > bound:
            report.excess.append(f"I4 duplicates: {forgotten[number]} after {run.end} {number}, {bound} allowed")
    report.forgotten = [forgotten[number] for number, run in enumerate(books.runs) if run.end == "kill"]


def _bounded_tries(books: Books, report: Report) -> None:
    """I6: what can't be delivered is tried as often as its rule says, and once more for each kill that made the server
    forget a try (docs/decisions/0007)."""
    for number, tries in books.tries.items():
        intent = books.intents.get(number)
        if intent is None:
            continue
        report.retried += intent.failures <= RETRIES and len(tries) > 1
        if intent.failures <= RETRIES:
            continue
        buried = (number, "exhausted-dead-letters") in books.receipts
        report.exhausted += buried
        most = RETRIES + 1 + _kills_between(books, tries)
        if len(tries) > most or (buried and len(tries) <= RETRIES):
            report.excess.append(
                f"I6 tries: event {number} was tried {len(tries)} times, {RETRIES + 1} to {most} allowed"
            )


def _kills_between(books: Books, moments: Sequence[int]) -> int:
    first, last = books.run_at(min(moments)), books.run_at(max(moments))
    return sum(run.end == "kill" for run in books.runs[first:last])


def _moments(books: Books, report: Report) -> None:
    """I7: every moment of every schedule is fired, once; none that is not one."""
    for name, schedule in books.schedules.items():
        for moment in schedule.due(books.until):
            report.moments += 1
            if (name, moment) not in books.firings:
                report.lost.append(f"I7 lost: {name} never fired for {moment}")
    for (name, moment), records in books.firings.items():
        known = books.schedules.get(name)
        if known is None or moment not in known.due(moment):
            report.phantoms.append(f"I7 phantom: {name} fired for {moment}, which is not due")
        firings = {record["firing"] for record in records}
        if len(firings) > 1:
            report.excess.append(f"I7 firings: {name} fired {len(firings)} times for {moment}")


def _archive(books: Books, report: Report) -> None:
    """I8: the archive counts each event that exists, and matches, once; and nothing that was replayed."""
    if books.archived is not None:
        held = sum(books.intents[number].archived for number in books.existing if number in books.intents)
        if books.archived < held:
            report.lost.append(f"I8 archive: it says that it has {books.archived} events, of {held}")
        elif books.archived > held:
            report.excess.append(f"I8 archive: it says that it has {books.archived} events, there are {held}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--in-flight", type=int, default=IN_FLIGHT, help="second deliveries allowed for each kill")
    options = parser.parse_args()
    report = check(options.folder, in_flight=options.in_flight)
    print(report)
    return 1 if report.faults else 0


if __name__ == "__main__":
    sys.exit(main())
