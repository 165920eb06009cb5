"""The checker itself: right books pass, and each kind of broken promise is named."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .checker import Report, check
from .oracle import Oracle
from .topology import ROUTES, Intent

WHY = {"RULE_ARN": "arn:r", "TARGET_ARN": "arn:t", "ERROR_CODE": "NO_RESOURCE", "ERROR_MESSAGE": "gone"}


class Story:
    """Two hundred events, published and received as they should be, and the means to spoil that."""

    def __init__(self, folder: Path) -> None:
        self.oracle = Oracle(folder)
        chance = random.Random(3)
        self.entries = dict(self.oracle.intend(chance) for _ in range(200))
        self.refused = [number for number, entry in self.entries.items() if "DetailType" not in entry]
        for number in self.entries:
            failed = {"ErrorCode": "InvalidArgument"}
            self.oracle.answered(number, failed if number in self.refused else {"EventId": f"id-{number}"})

    def message(self, number: int, **changes: Any) -> dict[str, Any]:
        detail = changes.pop("detail", self.entries[number]["Detail"])
        body = f'{{"version":"0","id":"id-{number}","detail-type":"t","detail":{detail}}}'
        return {"MessageId": f"m-{number}", "Body": body, **changes}

    def receive_all(self, leave_out: tuple[int, str] | None = None) -> None:
        for number, entry in self.entries.items():
            fields = json.loads(entry["Detail"])
            intent = Intent(number, fields["kind"], fields["amount"], "")
            for route in ROUTES:
                if number not in self.refused and route.matches(intent) and (number, route.queue) != leave_out:
                    why = {name: {"StringValue": text} for name, text in WHY.items()} if route.doomed else {}
                    self.oracle.received_from(route.queue, self.message(number, MessageAttributes=why))

    def check(self, kills: int = 0) -> Report:
        self.oracle.close()
        return check(self.oracle.folder, kills=kills, in_flight=1)


@pytest.fixture
def story(tmp_path: Path) -> Iterator[Story]:
    story = Story(tmp_path)
    yield story
    story.oracle.close()


def number_of(story: Story, kind: str) -> int:
    return next(
        number
        for number, entry in story.entries.items()
        if json.loads(entry["Detail"])["kind"] == kind and number not in story.refused
    )


def test_right_books_have_no_faults(story: Story) -> None:
    story.receive_all()
    assert not story.oracle.owed
    report = story.check()
    assert report.faults == []
    assert report.acknowledged == 200 - len(story.refused)
    assert report.refused == len(story.refused) > 0


def test_a_missing_event_is_lost(story: Story) -> None:
    number = number_of(story, "order")
    story.receive_all(leave_out=(number, "orders"))
    assert story.oracle.owed == {(number, "orders")}
    assert [fault[:9] for fault in story.check().lost] == ["I1 lost: "]


def test_an_event_that_does_not_match_is_a_phantom(story: Story) -> None:
    story.receive_all()
    story.oracle.received_from("orders", story.message(number_of(story, "refund")))
    assert len(story.check().phantoms) == 1


def test_a_refused_event_that_arrives_is_a_phantom(story: Story) -> None:
    story.receive_all()
    story.oracle.received_from("everything", story.message(story.refused[0]))
    assert len(story.check().phantoms) == 1


def test_a_reserialised_detail_is_corrupt(story: Story) -> None:
    number = number_of(story, "order")
    story.receive_all(leave_out=(number, "orders"))
    detail = json.dumps(json.loads(story.entries[number]["Detail"]))
    story.oracle.received_from("orders", story.message(number, detail=detail))
    assert len(story.check().corrupt) == 1


def test_a_second_delivery_without_a_kill_is_one_too_many(story: Story) -> None:
    story.receive_all()
    story.oracle.received_from("orders", story.message(number_of(story, "order"), MessageId="another"))
    report = story.check()
    assert report.redelivered == 1
    assert len(report.excess) == 1


def test_a_second_delivery_after_a_kill_is_within_bounds(story: Story) -> None:
    story.receive_all()
    story.oracle.received_from("orders", story.message(number_of(story, "order"), MessageId="another"))
    assert story.check(kills=1).faults == []


def test_a_dead_letter_in_a_live_queue_has_two_ends(story: Story) -> None:
    story.receive_all()
    why = {name: {"StringValue": text} for name, text in WHY.items()}
    story.oracle.received_from("orders", story.message(number_of(story, "order"), MessageAttributes=why))
    assert len(story.check().unsettled) == 1


def test_a_dead_letter_that_does_not_say_why_is_a_fault(story: Story) -> None:
    number = number_of(story, "cancel")
    story.receive_all(leave_out=(number, "doomed-dead-letters"))
    story.oracle.received_from("doomed-dead-letters", story.message(number))
    assert len(story.check().unsettled) == 1
