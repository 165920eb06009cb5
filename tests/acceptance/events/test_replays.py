"""Replays through boto3: what comes again, what is refused, and kill -9 in the middle."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.acceptance.refusal import refused
from tests.acceptance.server import Server
from tests.acceptance.waiting import until

NOW = datetime.now(UTC)
WINDOW = {"EventStartTime": NOW - timedelta(hours=1), "EventEndTime": NOW + timedelta(hours=1)}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    house = Server(tmp_path_factory.mktemp("replays"))
    yield house
    house.stop()


class Place:
    """An account with an archive of everything, and a rule ``r`` with a queue."""

    def __init__(self, house: Server, account: str) -> None:
        self.house, self.account = house, account
        self.bus = f"arn:aws:events:us-east-1:{account}:event-bus/default"
        self.archive = f"arn:aws:events:us-east-1:{account}:archive/all"
        self.connect()
        self.events.create_archive(ArchiveName="all", EventSourceArn=self.bus)
        self.url = self.rule("r")

    def connect(self) -> None:
        self.events = self.house.client("events", self.account)
        self.sqs = self.house.client("sqs", self.account)

    def rule(self, name: str) -> str:
        url: str = self.sqs.create_queue(QueueName=name)["QueueUrl"]
        self.events.put_rule(Name=name, EventPattern='{"source": ["cars"]}')
        arn = f"arn:aws:sqs:us-east-1:{self.account}:{name}"
        self.events.put_targets(Rule=name, Targets=[{"Id": "q", "Arn": arn}])
        return url

    def put(self, *numbers: int, **more: Any) -> None:
        for start in range(0, len(numbers), 10):
            entries = [
                {"Source": "cars", "DetailType": "LotSelected", "Detail": json.dumps({"n": n})} | more
                for n in numbers[start : start + 10]
            ]
            assert self.events.put_events(Entries=entries)["FailedEntryCount"] == 0

    def start(self, name: str = "again", **more: Any) -> dict[str, Any]:
        asked = {"EventSourceArn": self.archive, "Destination": {"Arn": self.bus}} | WINDOW | more
        answer: dict[str, Any] = self.events.start_replay(ReplayName=name, **asked)
        return answer

    def done(self, name: str = "again") -> dict[str, Any]:
        active = {"STARTING", "RUNNING", "CANCELLING"}
        found: dict[str, Any] = until(
            lambda: (now := self.events.describe_replay(ReplayName=name))["State"] not in active and now, 30
        )
        return found

    def take(self, enough: int, url: str | None = None) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        url, end = url or self.url, time.monotonic() + 20
        while len(found) < enough and time.monotonic() < end:
            answer = self.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1)
            for message in answer.get("Messages", ()):
                found.append(json.loads(message["Body"]))
                self.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return found


@pytest.fixture
def place(house: Server, account: str) -> Place:
    return Place(house, account)


def test_replayed_events_come_again_with_the_name_of_the_replay(place: Place) -> None:
    other = place.rule("other")
    place.put(1)
    place.put(2, Time=NOW - timedelta(hours=2))
    originals = {event["detail"]["n"]: event for event in place.take(2)}
    place.take(2, other)
    started = place.start(
        Destination={"Arn": place.bus, "FilterArns": [place.bus.replace("event-bus/default", "rule/r")]}
    )
    assert started["State"] == "STARTING"
    assert started["ReplayArn"] == f"arn:aws:events:us-east-1:{place.account}:replay/again"
    (event,) = place.take(1)
    assert event == originals[1] | {"replay-name": "again"}
    found = place.done()
    assert found["State"] == "COMPLETED"
    assert found["EventLastReplayedTime"].strftime("%Y-%m-%dT%H:%M:%SZ") == event["time"]
    assert found["ReplayEndTime"] >= found["ReplayStartTime"]
    assert found["Destination"]["FilterArns"]
    (listed,) = place.events.list_replays()["Replays"]
    assert (listed["ReplayName"], listed["State"], "ReplayArn" in listed) == ("again", "COMPLETED", False)
    assert "Messages" not in place.sqs.receive_message(QueueUrl=other)
    assert place.events.describe_archive(ArchiveName="all")["EventCount"] == 2


def test_replay_goes_on_after_kill_9(place: Place) -> None:
    count = 1500

    def waiting() -> int:
        answer = place.sqs.get_queue_attributes(QueueUrl=place.url, AttributeNames=["ApproximateNumberOfMessages"])
        return int(answer["Attributes"]["ApproximateNumberOfMessages"])

    place.put(*range(count))
    until(lambda: place.events.describe_archive(ArchiveName="all")["EventCount"] == count)
    until(lambda: waiting() == count)
    place.sqs.purge_queue(QueueUrl=place.url)
    place.start()
    states = []
    for _ in range(2):
        time.sleep(0.05)
        states.append(place.events.describe_replay(ReplayName="again")["State"])
        place.house.kill()
        place.house.start()
        place.connect()
    assert states[0] != "COMPLETED", "the server must die in the middle"
    assert place.done()["State"] == "COMPLETED"
    place.url = place.sqs.get_queue_url(QueueName="r")["QueueUrl"]
    until(lambda: waiting() >= count)
    got = Counter(event["detail"]["n"] for event in place.take(waiting()))
    assert set(got) == set(range(count)), "each event of the window comes"
    assert max(got.values()) <= 3, "again only what was under way when the server died, which it did twice"
    assert sum(got.values()) < 2 * count


def test_replays_are_listed_in_pages_by_one_filter(place: Place) -> None:
    for name in ("b", "a1", "a2"):
        place.start(name)
        place.done(name)

    def names(**more: Any) -> list[str]:
        return [one["ReplayName"] for one in place.events.list_replays(**more)["Replays"]]

    assert names() == ["a1", "a2", "b"]
    assert names(NamePrefix="a") == ["a1", "a2"]
    assert names(State="COMPLETED") == ["a1", "a2", "b"]
    assert names(State="RUNNING") == []
    assert names(EventSourceArn=place.archive) == ["a1", "a2", "b"]
    assert names(NextToken=place.events.list_replays(Limit=2)["NextToken"]) == ["b"]
    with refused("ValidationException"):
        names(NamePrefix="a", State="RUNNING")


def test_what_cannot_be_replayed_is_refused(place: Place) -> None:
    place.start()
    with refused("ResourceAlreadyExistsException", "Replay again already exists."):
        place.start()
    with refused("ValidationException"):
        place.start("x", EventSourceArn=f"{place.archive}-absent")
    invalid = "Parameter {} is not valid. Reason: {}"
    with refused("ValidationException", invalid.format("EventEndTime", "EventStartTime must be before EventEndTime.")):
        place.start("x", EventEndTime=WINDOW["EventStartTime"])
    with refused("ResourceNotFoundException", "Event bus default2 does not exist."):
        place.start("x", Destination={"Arn": f"{place.bus}2"})
    with refused("ValidationException", invalid.format("Destination.Arn", "Must contain an event bus ARN.")):
        place.start("x", Destination={"Arn": place.archive})
    other = place.events.create_event_bus(Name="other")["EventBusArn"]
    with refused("ValidationException", invalid.format("Destination.Arn", "Cross event bus replay is not permitted.")):
        place.start("x", Destination={"Arn": other})
    with refused("ResourceNotFoundException"):
        place.start("x", Destination={"Arn": place.bus, "FilterArns": [f"{place.archive}/absent"]})
    with refused("ResourceNotFoundException", "Replay x does not exist."):
        place.events.describe_replay(ReplayName="x")
    with refused("ResourceNotFoundException", "Replay x does not exist."):
        place.events.cancel_replay(ReplayName="x")
    place.done()
    with refused("IllegalStatusException", "Replay again is not in a valid state for this operation."):
        place.events.cancel_replay(ReplayName="again")


def test_cancelled_replay_ends(place: Place) -> None:
    place.put(*range(300))
    place.start()
    assert place.events.cancel_replay(ReplayName="again")["State"] == "CANCELLING"
    assert place.done()["State"] == "CANCELLED"
