"""Records of asynchronous invocations, as they arrive where they were sent."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.functions.test_functions import Yard, noted
from tests.acceptance.refusal import refused
from tests.acceptance.waiting import until


class Mail:
    """A queue, and what is in it."""

    def __init__(self, connect: Callable[[str], Any], name: str) -> None:
        self._sqs = connect("sqs")
        self.url = self._sqs.create_queue(QueueName=name)["QueueUrl"]
        names = ["QueueArn"]
        self.arn = self._sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=names)["Attributes"]["QueueArn"]

    def one(self) -> dict[str, Any]:
        answer = self._sqs.receive_message(QueueUrl=self.url, WaitTimeSeconds=15, MessageAttributeNames=["All"])
        (message,) = answer["Messages"]
        self._sqs.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])
        return dict(message)


@pytest.fixture
def yard(connect: Callable[[str], Any]) -> Yard:
    return Yard(connect)


def later(yard: Yard, name: str, event: Any) -> None:
    payload = json.dumps(event).encode()
    yard.functions.invoke(FunctionName=name, InvocationType="Event", Payload=payload)["Payload"].close()


def test_a_success_is_told_to_a_queue_as_lambda_tells_it(yard: Yard) -> None:
    arn, mail = yard.make("echo"), Mail(yard.connect, "done")
    yard.functions.put_function_event_invoke_config(
        FunctionName="echo", DestinationConfig={"OnSuccess": {"Destination": mail.arn}}
    )
    later(yard, "echo", {"vrm": "AB12 CDE"})
    record = json.loads(mail.one()["Body"])
    assert list(record) == [
        "version", "timestamp", "requestContext", "requestPayload", "responseContext", "responsePayload"
    ]  # fmt: skip
    assert record["version"] == "1.0"
    assert record["requestPayload"] == {"vrm": "AB12 CDE"}
    assert record["responsePayload"]["event"] == {"vrm": "AB12 CDE"}
    assert record["responseContext"] == {"statusCode": 200, "executedVersion": "$LATEST"}
    context = record["requestContext"]
    assert context == {
        "requestId": record["responsePayload"]["request"], "functionArn": f"{arn}:$LATEST", "condition": "Success",
        "approximateInvokeCount": 1,
    }  # fmt: skip


def test_a_failure_is_told_to_a_topic_and_the_event_to_the_dead_letter_topic(yard: Yard) -> None:
    mail = {name: Mail(yard.connect, name) for name in ("dead", "failed")}
    sns = yard.connect("sns")
    topics = {name: sns.create_topic(Name=name)["TopicArn"] for name in mail}
    for name, topic in topics.items():
        raw = {"RawMessageDelivery": "true"}
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=mail[name].arn, Attributes=raw)
    yard.make("fail", DeadLetterConfig={"TargetArn": topics["dead"]})
    yard.functions.put_function_event_invoke_config(
        FunctionName="fail", MaximumRetryAttempts=0, DestinationConfig={"OnFailure": {"Destination": topics["failed"]}}
    )
    later(yard, "fail", [1])
    record = json.loads(mail["failed"].one()["Body"])
    assert record["requestContext"]["condition"] == "RetriesExhausted"
    assert record["requestContext"]["approximateInvokeCount"] == 1
    assert record["responseContext"]["functionError"] == "Unhandled"
    assert record["responsePayload"]["errorMessage"] == "no such car"
    assert record["requestPayload"] == [1]
    dead = mail["dead"].one()
    assert dead["Body"] == "[1]"
    assert dead["MessageAttributes"]["RequestID"]["StringValue"] == record["requestContext"]["requestId"]


def test_a_bus_and_another_function_can_be_told(yard: Yard, account: str, tmp_path: Path) -> None:
    arn, mail, events = yard.make("echo"), Mail(yard.connect, "seen"), yard.connect("events")
    bus = events.create_event_bus(Name="told")["EventBusArn"]
    events.put_rule(Name="r", EventBusName="told", EventPattern='{"source": ["lambda"]}')
    events.put_targets(Rule="r", EventBusName="told", Targets=[{"Id": "q", "Arn": mail.arn}])
    yard.functions.put_function_event_invoke_config(
        FunctionName="echo", DestinationConfig={"OnSuccess": {"Destination": bus}}
    )
    later(yard, "echo", 1)
    event = json.loads(mail.one()["Body"])
    assert event["detail-type"] == "Lambda Function Invocation Result - Success"
    assert event["resources"] == [f"{arn}:$LATEST", bus]
    assert event["detail"]["requestPayload"] == 1
    notes = tmp_path / "notes"
    note = yard.make("note", Environment={"Variables": {"NOTES": str(notes)}})
    changed = yard.functions.update_function_event_invoke_config(
        FunctionName="echo", DestinationConfig={"OnSuccess": {"Destination": note}}
    )
    assert changed["DestinationConfig"] == {"OnSuccess": {"Destination": note}, "OnFailure": {}}
    later(yard, "echo", 2)
    (record,) = until(lambda: noted(notes))
    assert record["requestPayload"] == 2
    listed = yard.functions.list_function_event_invoke_configs(FunctionName="echo")["FunctionEventInvokeConfigs"]
    assert [one["FunctionArn"] for one in listed] == [f"{arn}:$LATEST"]
    yard.functions.delete_function_event_invoke_config(FunctionName="echo")
    with refused("ResourceNotFoundException"):
        yard.functions.get_function_event_invoke_config(FunctionName="echo")


@pytest.mark.parametrize(
    "destination", ["arn:aws:s3:::bucket", "arn:aws:sqs:us-east-1:{}:q.fifo", "arn:aws:sqs:us-east-1:999999999999:q"]
)
def test_destinations_that_can_not_be_had_are_refused_by_name(yard: Yard, account: str, destination: str) -> None:
    yard.make("echo")
    with refused("InvalidParameterValueException"):
        yard.functions.put_function_event_invoke_config(
            FunctionName="echo", DestinationConfig={"OnFailure": {"Destination": destination.format(account)}}
        )
