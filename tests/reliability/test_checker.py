"""The checker itself: right books pass, and each kind of broken promise is named."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from .checker import Report, check
from .moments import MOMENTS, Schedule
from .oracle import Oracle
from .topology import RETRIES, ROUTES, Intent, Route

WHY = {"RULE_ARN": "arn:r", "TARGET_ARN": "arn:t", "ERROR_CODE": "SERVER_ERROR", "ERROR_MESSAGE": "gone"}
#: Seconds since the epoch: one life of the server, its end, and the next.
BEGAN, ENDED, OVER = 1_000, 2_000, 3_000
HOURLY = Schedule("hourly", 10_000, 3600)


class Story:
    """A thousand events, two schedules and a replay, all received as they should be, and the means to spoil that."""

    def __init__(self, folder: Path) -> None:
        self.oracle = Oracle(folder)
        chance = random.Random(3)
        self.entries = dict(self.oracle.intend(chance) for _ in range(1000))
        self.refused = [number for number, entry in self.entries.items() if "DetailType" not in entry]
        for number in self.entries:
            failed = {"ErrorCode": "InvalidArgument"}
            self.oracle.answered(number, failed if number in self.refused else {"EventId": f"id-{number}"})
        self.oracle.scheduled([Schedule("once", 15_000), HOURLY])
        time = min(intent.time for intent in self.intents.values())
        self.oracle.replay_asked("window", time, time + 60)
        self.oracle.replay_answered("window", None)

    @property
    def intents(self) -> dict[int, Intent]:
        return {intent.number: intent for intent in self.oracle.intents}

    def message(self, number: int, **changes: Any) -> dict[str, Any]:
        detail = changes.pop("detail", self.entries[number]["Detail"])
        body = f'{{"version":"0","id":"id-{number}","detail-type":"t","detail":{detail}}}'
        return {"MessageId": f"m-{number}", "Body": body, "Attributes": {"SentTimestamp": "1500000"}, **changes}

    def replayed(self, number: int, name: str = "window") -> dict[str, Any]:
        message = self.message(number)
        return message | {"Body": message["Body"].replace(',"detail"', f',"replay-name":"{name}","detail"')}

    def fire(self, schedule: str, moment: int, firing: str = "1") -> None:
        said = {"schedule": schedule, "moment": datetime.fromtimestamp(moment, UTC).isoformat(), "firing": firing}
        message = {"MessageId": f"{schedule} {moment} {firing}", "Attributes": {"SentTimestamp": "1500000"}}
        self.oracle.received_from(MOMENTS, message | {"Body": json.dumps(said)})

    def receive_all(self, leave_out: tuple[int, str] | None = None) -> None:
        for number, intent in self.intents.items():
            for route in ROUTES:
                if number not in self.refused and route.matches(intent) and (number, route.place) != leave_out:
                    self.receive(number, route)

    def receive(self, number: int, route: Route) -> None:
        if route.to == "sink":
            for tries in range(1, min(self.intents[number].failures, RETRIES) + 2):
                self.oracle.tried(number, tries, self.message(number)["Body"])
        if route.replays:
            self.oracle.received_from(route.place, self.replayed(number))
        elif route.place != "sink":
            why = (
                {name: {"StringValue": text} for name, text in (WHY | dict(route.letter)).items()}
                if route.letter
                else {}
            )
            self.oracle.received_from(route.place, self.message(number, MessageAttributes=why))

    def check(self, archived: int | None = None) -> Report:
        """At 20,000 (seconds) all is over; the one kill was at 2,000."""
        for moment in (10_000, 13_600, 17_200):
            self.fire("hourly", moment)
        self.fire("once", 15_000)
        held = sum(intent.archived for number, intent in self.intents.items() if number not in self.refused)
        self.oracle.ran(BEGAN, ENDED, "kill")
        self.oracle.ran(ENDED, OVER, "over")
        self.oracle.closing(20_000)
        self.oracle.closed(held if archived is None else archived)
        self.oracle.close()
        return check(self.oracle.folder, in_flight=1)


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
    assert report.acknowledged == 1000 - len(story.refused)
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


LATER = {"SentTimestamp": "2500000"}


def test_a_second_delivery_without_a_kill_is_one_too_many(story: Story) -> None:
    story.receive_all()
    story.oracle.received_from("orders", story.message(number_of(story, "order"), MessageId="another"))
    assert len(story.check().excess) == 1


def test_a_second_delivery_after_a_kill_is_within_bounds(story: Story) -> None:
    story.receive_all()
    story.oracle.received_from("orders", story.message(number_of(story, "order"), MessageId="b", Attributes=LATER))
    report = story.check()
    assert report.faults == []
    assert report.forgotten == [1]


def test_more_second_deliveries_than_a_kill_may_repeat_are_a_fault(story: Story) -> None:
    story.receive_all()
    number = number_of(story, "order")
    for queue in ("orders", "everything"):
        story.oracle.received_from(queue, story.message(number, MessageId="another", Attributes=LATER))
    assert len(story.check().excess) == 1


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


def test_a_dead_letter_that_does_not_say_what_was_exhausted_is_a_fault(story: Story) -> None:
    exhausted = next(route for route in ROUTES if route.place == "exhausted-dead-letters")
    number = next(n for n, intent in story.intents.items() if exhausted.matches(intent) and n not in story.refused)
    story.receive_all(leave_out=(number, exhausted.place))
    for tries in range(1, RETRIES + 2):
        story.oracle.tried(number, tries, "")
    why = {name: {"StringValue": text} for name, text in WHY.items()}
    story.oracle.received_from(exhausted.place, story.message(number, MessageAttributes=why))
    assert len(story.check().unsettled) == 1


def test_an_event_that_was_given_up_though_it_would_have_been_taken_has_the_wrong_end(story: Story) -> None:
    taken = next(route for route in ROUTES if route.place == "sink")
    number = next(n for n, intent in story.intents.items() if taken.matches(intent) and n not in story.refused)
    story.receive_all(leave_out=(number, "sink"))
    why = {name: {"StringValue": text} for name, text in WHY.items()}
    letter = {"EXHAUSTED_RETRY_CONDITION": {"StringValue": "MaximumRetryAttempts"}}
    letter["RETRY_ATTEMPTS"] = {"StringValue": str(RETRIES)}
    story.oracle.received_from("exhausted-dead-letters", story.message(number, MessageAttributes=why | letter))
    report = story.check()
    assert (len(report.lost), len(report.phantoms)) == (1, 1)


def test_a_try_too_many_is_a_fault(story: Story) -> None:
    story.receive_all()
    number = next(n for n, intent in story.intents.items() if intent.failures > RETRIES and n not in story.refused)
    for _ in range(RETRIES + 2):
        story.oracle.tried(number, 1, "")
    assert len(story.check().excess) == 1


def test_a_moment_that_was_skipped_is_lost(story: Story) -> None:
    story.receive_all()
    story.oracle.scheduled([Schedule("forgotten", 19_999), Schedule("later", 20_001)])
    assert len(story.check().lost) == 1


def test_a_moment_that_was_fired_twice_is_one_too_many(story: Story) -> None:
    story.receive_all()
    story.fire("once", 15_000, firing="2")
    assert [fault for fault in story.check().excess if "I7" in fault] == ["I7 firings: once fired 2 times for 15000"]


def test_a_moment_that_is_not_due_is_a_phantom(story: Story) -> None:
    story.receive_all()
    story.fire("hourly", 13_601)
    assert len(story.check().phantoms) == 1


def test_an_event_of_the_window_that_is_not_replayed_is_lost(story: Story) -> None:
    number = number_of(story, "order")
    story.receive_all(leave_out=(number, "again"))
    assert story.oracle.owed == {(number, "again/window")}
    assert len(story.check().lost) == 1


def test_a_replay_that_reaches_another_rule_is_a_phantom(story: Story) -> None:
    story.receive_all()
    story.oracle.received_from("orders", story.replayed(number_of(story, "order")))
    assert len(story.check().phantoms) == 1


def test_an_event_from_outside_the_window_is_a_phantom(story: Story) -> None:
    story.receive_all()
    story.oracle.replay_asked("empty", 1, 2)
    story.oracle.replay_answered("empty", None)
    story.oracle.received_from("again", story.replayed(number_of(story, "order"), "empty"))
    assert len(story.check().phantoms) == 1


def test_a_live_event_where_only_replays_belong_is_a_phantom(story: Story) -> None:
    story.receive_all()
    story.oracle.received_from("again", story.message(number_of(story, "order")))
    assert len(story.check().phantoms) == 1


@pytest.mark.parametrize("archived", [1, 999])
def test_an_archive_that_has_not_what_it_should_is_a_fault(story: Story, archived: int) -> None:
    story.receive_all()
    assert len(story.check(archived).faults) == 1
