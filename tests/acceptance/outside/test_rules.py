"""Rules, schedules and pipes whose targets are outside, from boto3's request to a real NATS server."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.acceptance.outside.conftest import Yard
from tests.acceptance.server import Server, new_account
from tests.acceptance.waiting import until


@pytest.fixture
def stream(yard: Yard, nats: Any) -> str:
    """A stream of the test's own that takes what is published below its name."""
    name = f"lots{yard.account}"
    asyncio.run(nats.make(name, [f"{name}.>"]))
    return name


def found(nats: Any, stream: str, count: int) -> list[tuple[str, dict[str, Any]]]:
    """Subject and message of all in ``stream``, once there are ``count``."""
    messages = until(lambda: len(got := asyncio.run(nats.messages(stream))) >= count and got, 60)
    return [(subject, json.loads(data)) for subject, data, _ in messages]


def test_an_event_reaches_a_subject_that_it_names_itself(yard: Yard, nats: Any, stream: str) -> None:
    arn = yard.target("lots", "nats", url=nats.url, subject=f"{stream}.<$.source>.<$.detail.vin>")
    yard.rule(arn)
    event_id = yard.put(vin="VIN1", price=7)
    [(subject, event)] = found(nats, stream, 1)
    assert subject == f"{stream}.cars.VIN1"
    assert (event["id"], event["detail"]) == (event_id, {"vin": "VIN1", "price": 7})


def test_two_rules_for_one_place_do_not_lose_each_others_messages(yard: Yard, nats: Any, stream: str) -> None:
    arn = yard.target("lots", "nats", url=nats.url, subject=f"{stream}.all")
    yard.rule(arn, "whole")
    yard.rule(arn, "part", InputPath="$.detail")
    yard.rule(arn, "same")
    event_id = yard.put(vin="VIN1")
    messages = [message for _, message in found(nats, stream, 3)]
    assert sorted(message.get("id", "") for message in messages) == ["", event_id, event_id]


def test_a_target_may_be_made_after_its_rule_and_changed(yard: Yard, nats: Any, stream: str) -> None:
    yard.rule(f"arn:aws:events:us-east-1:{yard.account}:target/lots")
    yard.target("lots", "nats", url=nats.url, subject=f"{stream}.one")
    yard.put(vin="VIN1")
    found(nats, stream, 1)
    yard.target("lots", "nats", url=nats.url, subject=f"{stream}.two")
    yard.put(vin="VIN2")
    assert [subject for subject, _ in found(nats, stream, 2)] == [f"{stream}.one", f"{stream}.two"]


def test_what_can_not_be_delivered_is_dead_lettered_with_its_reason(yard: Yard, nats: Any, stream: str) -> None:
    url, queue = yard.queue("dead")
    arn = yard.target("lots", "nats", url=nats.url, subject=f"{stream}.<$.detail.vin>")
    yard.rule(arn, DeadLetterConfig={"Arn": queue})
    yard.put(colour="red")
    letter = yard.letter(url)
    assert letter is not None
    told = {name: value["StringValue"] for name, value in letter["MessageAttributes"].items()}
    assert (told["ERROR_CODE"], told["ERROR_MESSAGE"]) == (
        "SDK_CLIENT_ERROR",
        "The event has nothing at $.detail.vin.",
    )
    yard.page("DELETE", "/lots")
    yard.put(vin="VIN1")
    yard.client("sqs").delete_message(QueueUrl=url, ReceiptHandle=letter["ReceiptHandle"])
    letter = yard.letter(url)
    assert letter is not None
    assert letter["MessageAttributes"]["ERROR_CODE"]["StringValue"] == "NO_RESOURCE"
    assert letter["MessageAttributes"]["TARGET_ARN"]["StringValue"] == arn


def test_a_schedule_and_a_pipe_lead_there_too(yard: Yard, nats: Any, stream: str) -> None:
    arn = yard.target("lots", "nats", url=nats.url, subject=f"{stream}.all")
    role = f"arn:aws:iam::{yard.account}:role/any"
    yard.client("scheduler").create_schedule(
        Name="soon",
        ScheduleExpression=f"at({datetime.now(UTC) + timedelta(seconds=1):%Y-%m-%dT%H:%M:%S})",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": arn, "RoleArn": role, "Input": '{"from": "schedule"}'},
    )
    url, queue = yard.queue("source")
    yard.client("pipes").create_pipe(
        Name="piped", Source=queue, Target=arn, RoleArn=role, TargetParameters={"InputTemplate": '{"from": "<$.body>"}'}
    )
    yard.client("sqs").send_message(QueueUrl=url, MessageBody="pipe")
    messages = [message["from"] for _, message in found(nats, stream, 2)]
    assert sorted(messages) == ["pipe", "schedule"]


def test_other_accounts_and_unknown_kinds_are_refused(yard: Yard) -> None:
    events = yard.client("events")
    events.put_rule(Name="all", EventPattern='{"source": ["cars"]}')
    arn = f"arn:aws:events:us-east-1:{new_account()}:target/lots"
    with pytest.raises(ClientError, match="only in the account and region of the event bus"):
        events.put_targets(Rule="all", Targets=[{"Id": "1", "Arn": arn}])
    arn = f"arn:aws:states:us-east-1:{yard.account}:stateMachine:m"
    with pytest.raises(ClientError, match="can't deliver to AWS Step Functions state machine"):
        events.put_targets(Rule="all", Targets=[{"Id": "1", "Arn": arn, "RoleArn": "arn:aws:iam::1:role/any"}])


def test_events_of_an_outage_arrive_once_it_is_over(tmp_path: Any, nats: Any) -> None:
    """The place is killed while events are published, and the server itself, too."""
    server = Server(tmp_path)
    yard = Yard(server, "111122223333")
    asyncio.run(nats.make("outage", ["outage"]))
    try:
        yard.rule(yard.target("lots", "nats", url=nats.url, subject="outage"))
        ids = yard.put_all([{"number": number} for number in range(10)])
        nats.kill()
        ids += yard.put_all([{"number": number} for number in range(10, 20)])
        until(lambda: yard.page("GET", "/lots")["deliveries"]["retry"] > 0)
        server.kill()
        nats.start()
        server.start()
        ids += yard.put_all([{"number": number} for number in range(20, 30)])
        messages = found(nats, "outage", 30)
        assert sorted(message["id"] for _, message in messages) == sorted(ids), "each once: JetStream knows them"
    finally:
        server.stop()
