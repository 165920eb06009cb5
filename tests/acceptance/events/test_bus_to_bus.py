"""Buses as targets of rules, through boto3: what arrives, who may send, and how far an event gets."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.events.yards import Process, Yard
from tests.acceptance.refusal import refused
from tests.acceptance.waiting import until

EVERYTHING = '{"source": ["cars"]}'


class Place(Yard):
    """An account in one region whose buses send events on to others and to queues."""

    def __init__(self, process: Process, account: str, region: str = "eu-west-1") -> None:
        self.region = region
        self.queues: dict[str, str] = {}
        super().__init__(process, account)

    def connect(self) -> None:
        self.events = self.process.client("events", self.account, self.region)
        self.sqs = self.process.client("sqs", self.account, self.region)

    def bus(self, name: str) -> str:
        if name != "default":
            self.events.create_event_bus(Name=name)
        return f"arn:aws:events:{self.region}:{self.account}:event-bus/{name}"

    def queue(self, name: str) -> str:
        """The ARN of a queue that may be there already."""
        self.queues[name] = self.sqs.create_queue(QueueName=name)["QueueUrl"]
        return f"arn:aws:sqs:{self.region}:{self.account}:{name}"

    def send_on(self, bus: str, target: str, **more: Any) -> str:
        """A rule on ``bus`` for all events; what it can't deliver goes to the queue "dead"."""
        rule = f"to-{target.rpartition(':')[2].replace('/', '-')}"
        arn: str = self.events.put_rule(Name=rule, EventBusName=bus, EventPattern=EVERYTHING)["RuleArn"]
        spec = {"Id": "1", "Arn": target, "DeadLetterConfig": {"Arn": self.queue("dead")}} | more
        self.events.put_targets(Rule=rule, EventBusName=bus, Targets=[spec])
        return arn

    def collect(self, bus: str, name: str) -> None:
        """A queue that gets what ``bus`` receives."""
        self.send_on(bus, self.queue(name))

    def publish(self, bus: str, *numbers: int) -> None:
        for start in range(0, len(numbers), 10):
            entries = [
                {
                    "Source": "cars",
                    "DetailType": "LotSelected",
                    "Detail": json.dumps({"n": n}),
                    "Resources": ["vin:1"],
                    "EventBusName": bus,
                }
                for n in numbers[start : start + 10]
            ]
            assert self.events.put_events(Entries=entries)["FailedEntryCount"] == 0

    def next(self, name: str) -> dict[str, Any]:
        """The next event in a queue."""
        event: dict[str, Any] = json.loads(self._receive(name, 15, 1)[0]["Body"])
        return event

    def drain(self, name: str) -> list[dict[str, Any]]:
        """The messages that are in a queue."""
        found: list[dict[str, Any]] = []
        while messages := self._receive(name, 0, 10):
            found += messages
        return found

    def dead_letter(self) -> dict[str, str]:
        return self.dead(self.queues["dead"])

    def _receive(self, name: str, wait: int, most: int) -> list[dict[str, Any]]:
        answer = self.sqs.receive_message(
            QueueUrl=self.queues[name], WaitTimeSeconds=wait, MaxNumberOfMessages=most, MessageAttributeNames=["All"]
        )
        found: list[dict[str, Any]] = answer.get("Messages", [])
        for message in found:
            self.sqs.delete_message(QueueUrl=self.queues[name], ReceiptHandle=message["ReceiptHandle"])
        return found


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    process = Process(tmp_path_factory.mktemp("buses") / "data")
    yield process
    assert process.stop() == 0


@pytest.fixture
def here(process: Process) -> Place:
    return Place(process, process.yard().account)


@pytest.fixture
def there(process: Process) -> Place:
    """Another account in the same region."""
    return Place(process, process.yard().account)


def test_event_arrives_on_another_bus_as_it_was_published(here: Place) -> None:
    a, b = here.bus("a"), here.bus("b")
    here.send_on(a, b)
    here.collect(a, "on-a")
    here.collect(b, "on-b")
    here.publish(a, 1)
    event = here.next("on-b")
    assert event == here.next("on-a")
    assert (event["account"], event["region"], event["resources"]) == (here.account, "eu-west-1", ["vin:1"])


def test_event_in_another_region_differs_in_its_id_alone(process: Process, here: Place) -> None:
    abroad = Place(process, here.account, "us-east-1")
    a, b = here.bus("a"), abroad.bus("b")
    here.send_on(a, b)
    here.collect(a, "on-a")
    abroad.collect(b, "on-b")
    here.publish(a, 1)
    original, copy = here.next("on-a"), abroad.next("on-b")
    assert copy.pop("id") != original.pop("id")
    assert copy == original
    assert copy["region"] == "eu-west-1"


def test_bus_of_another_account_must_let_the_sender_in(here: Place, there: Place) -> None:
    a, b = here.bus("a"), there.bus("b")
    rule = here.send_on(a, b)
    there.collect(b, "on-b")
    here.publish(a, 1)
    letter = here.dead_letter()
    assert (letter["ERROR_CODE"], letter["RETRY_ATTEMPTS"]) == ("NO_PERMISSIONS", "0")
    assert (letter["RULE_ARN"], letter["TARGET_ARN"]) == (rule, b)
    there.events.put_permission(
        EventBusName="b", Action="events:PutEvents", Principal=here.account, StatementId="sender"
    )
    here.publish(a, 2)
    event = there.next("on-b")
    assert event["detail"] == {"n": 2}
    assert event["account"] == here.account


@pytest.mark.parametrize(
    ("condition", "passes"),
    [
        ({"ArnLike": {"aws:SourceArn": "arn:aws:events:eu-west-1:*:rule/a/to-*"}}, True),
        ({"ArnEquals": {"aws:SourceArn": "arn:aws:events:us-east-1:*:*"}}, False),
        ({"StringEquals": {"events:detail-type": "LotSelected"}}, True),
        ({"StringEquals": {"events:source": "ships"}}, False),
    ],
)
def test_conditions_are_held_to(here: Place, there: Place, condition: dict[str, Any], passes: bool) -> None:
    a, b = here.bus("a"), there.bus("b")
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": here.account},
        "Action": "events:PutEvents",
        "Resource": b,
        "Condition": condition,
    }
    there.events.put_permission(
        EventBusName="b", Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    )
    here.send_on(a, b)
    there.collect(b, "on-b")
    here.publish(a, 1)
    if passes:
        assert there.next("on-b")["detail"] == {"n": 1}
    else:
        assert here.dead_letter()["ERROR_CODE"] == "NO_PERMISSIONS"


def test_event_for_a_bus_that_is_gone_is_a_dead_letter_at_once(here: Place) -> None:
    a, b = here.bus("a"), here.bus("b")
    here.send_on(a, b)
    here.events.delete_event_bus(Name="b")
    here.publish(a, 1)
    letter = here.dead_letter()
    assert (letter["ERROR_CODE"], letter["RETRY_ATTEMPTS"]) == ("NO_RESOURCE", "0")
    assert letter["ERROR_MESSAGE"] == "Event bus b does not exist."


def test_what_came_from_a_bus_is_not_sent_on_to_a_third(process: Process, here: Place) -> None:
    abroad = Place(process, here.account, "us-east-1")
    a, b, c, far = here.bus("a"), here.bus("b"), here.bus("c"), abroad.bus("far")
    here.send_on(a, b)
    here.send_on(b, c)
    here.send_on(b, far)
    here.collect(c, "on-c")
    here.publish(a, 1)
    letters = [here.dead_letter(), here.dead_letter()]
    assert {letter["ERROR_CODE"] for letter in letters} == {"THIRD_ACCOUNT_HOP_DETECTED", "THIRD_REGION_HOP_DETECTED"}
    message = next(letter["ERROR_MESSAGE"] for letter in letters if letter["TARGET_ARN"] == c)
    assert message == ("The event was sent on from bus to bus once, which is the limit; its way would be a -> b -> c.")
    here.publish(b, 2)  # what is published on the second bus itself still gets to the third
    assert here.next("on-c")["detail"] == {"n": 2}


def test_a_cycle_stops_and_is_named(process: Process, here: Place) -> None:
    a, b = here.bus("a"), here.bus("b")
    here.send_on(a, b)
    assert "send events round" not in _logged(process, here.account)
    here.send_on(b, a)
    assert f"{b} -> {a} -> {b}" in _logged(process, "send events round")
    here.collect(a, "on-a")
    here.publish(a, 1)
    letter = here.dead_letter()
    assert letter["ERROR_CODE"] == "THIRD_ACCOUNT_HOP_DETECTED"
    assert letter["ERROR_MESSAGE"].endswith("its rules send it round in a cycle: a -> b -> a.")
    assert "a -> b -> a" in _logged(process, "an event is not sent on")
    assert here.next("on-a")["detail"] == {"n": 1}
    assert here.drain("on-a") == []


def test_a_replay_stops_where_the_original_did(here: Place) -> None:
    a, b, c = here.bus("a"), here.bus("b"), here.bus("c")
    here.send_on(a, b)
    here.send_on(b, c)
    archive = here.events.create_archive(ArchiveName=f"all-{here.account}", EventSourceArn=b)["ArchiveArn"]
    here.publish(a, 1)
    original = here.dead_letter()
    until(lambda: here.events.describe_archive(ArchiveName=f"all-{here.account}")["EventCount"] == 1)
    now = datetime.now(UTC)
    here.events.start_replay(
        ReplayName=f"again-{here.account}",
        EventSourceArn=archive,
        EventStartTime=now - timedelta(hours=1),
        EventEndTime=now + timedelta(hours=1),
        Destination={"Arn": b},
    )
    assert here.dead_letter() == original


def test_more_hops_may_be_allowed(tmp_path: Path) -> None:
    process = Process(tmp_path / "data", "--bus-hops", "3")
    here = Place(process, process.yard().account)
    a, b = here.bus("a"), here.bus("b")
    here.send_on(a, b)
    here.send_on(b, a)
    here.collect(a, "on-a")
    here.collect(b, "on-b")
    here.publish(a, 1)
    letter = here.dead_letter()
    assert letter["ERROR_MESSAGE"] == (
        "The event was sent on from bus to bus 3 times, which is the limit; "
        "its rules send it round in a cycle: a -> b -> a -> b -> a."
    )
    assert [here.next(queue)["detail"]["n"] for queue in ("on-a", "on-a", "on-b", "on-b")] == [1, 1, 1, 1]
    assert here.drain("on-a") + here.drain("on-b") == []
    assert process.stop() == 0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"Input": "{}"},
            "Parameter Input is not valid. Reason: Input is not available for a target that is an event bus.",
        ),
        (
            {"InputPath": "$.detail"},
            "Parameter InputPath is not valid. Reason: InputPath is not available for a target that is an event bus.",
        ),
        ({"InputTransformer": {"InputTemplate": '"x"'}}, None),
        ({"Arn": "arn:aws:events:eu-west-1:1:event-bus/b"}, None),
        ({"Arn": "arn:aws:events:eu-west-1:123456789012:event-bus/aws.partner/a.com/b/c"}, None),
    ],
)
def test_targets_that_no_bus_can_be_are_refused(here: Place, change: dict[str, Any], message: str | None) -> None:
    a, b = here.bus("a"), here.bus("b")
    with refused("ValidationException", message):
        here.send_on(a, b, **change)


def test_rule_can_not_send_events_to_its_own_bus(here: Place) -> None:
    a = here.bus("a")
    with refused("ValidationException"):
        here.send_on(a, a)


def test_bus_of_another_account_keeps_its_role_when_put_without_one(here: Place, there: Place) -> None:
    a, b, c = here.bus("a"), there.bus("b"), here.bus("c")
    role = f"arn:aws:iam::{here.account}:role/sender"
    for target, kept in ((b, role), (c, None)):
        here.send_on(a, target, RoleArn=role)
        here.send_on(a, target)
        rule = f"to-{target.rpartition(':')[2].replace('/', '-')}"
        (listed,) = here.events.list_targets_by_rule(Rule=rule, EventBusName="a")["Targets"]
        assert listed.get("RoleArn") == kept


def test_nothing_that_is_sent_on_is_lost_or_forgets_its_way_over_kill_9(tmp_path: Path) -> None:
    process = Process(tmp_path / "data")
    here = Place(process, process.yard().account)
    a, b = here.bus("a"), here.bus("b")
    here.send_on(a, b)
    back = here.send_on(b, a)
    here.collect(b, "on-b")
    everything = set(range(400))
    for start in (0, 200):
        here.publish(a, *range(start, start + 200))
        process.kill()
        process.start()
        here.connect()
        for name in here.queues:
            here.queue(name)
    on_b, dead = Counter[int](), list[dict[str, Any]]()

    def arrived() -> bool:
        on_b.update(json.loads(message["Body"])["detail"]["n"] for message in here.drain("on-b"))
        dead.extend(here.drain("dead"))
        return on_b.keys() == everything and {json.loads(m["Body"])["detail"]["n"] for m in dead} == everything

    until(arrived, 60)
    attributes = [message["MessageAttributes"] for message in dead]
    assert {each["RULE_ARN"]["StringValue"] for each in attributes} == {back}
    assert {each["ERROR_CODE"]["StringValue"] for each in attributes} == {"THIRD_ACCOUNT_HOP_DETECTED"}
    process.stop()


def _logged(process: Process, text: str) -> str:
    """The lines of the server's log that hold ``text``."""
    lines = Path(process.log.name).read_text().splitlines()
    return "\n".join(line for line in lines if text in line)
