"""Functions as subscribers of topics: they get the event that AWS documents, signed."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import pytest

from tests.acceptance.refusal import refused
from tests.acceptance.server import Server
from tests.acceptance.waiting import until

from .conftest import Account
from .test_http import verify

CODE = """
import json, os

def handler(event, context):
    with open(os.environ["NOTES"], "a") as notes:
        notes.write(json.dumps(event) + "\\n")
"""


def make(server: Server, account: Account, notes: Path) -> str:
    """A function that writes down its events; its ARN."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("code.py", CODE)
    made = server.client("lambda", account.number).create_function(
        FunctionName="note",
        Runtime="python3.11",
        Role="arn:aws:iam::123456789012:role/any",
        Handler="code.handler",
        Code={"ZipFile": file.getvalue()},
        Environment={"Variables": {"NOTES": str(notes)}},
    )
    return str(made["FunctionArn"])


def test_function_gets_what_is_published(server: Server, account: Account, tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    topic = account.topic()
    arn = account.sns.subscribe(TopicArn=topic, Protocol="lambda", Endpoint=make(server, account, notes))
    sent = account.sns.publish(
        TopicArn=topic, Message="sold", MessageAttributes={"make": {"DataType": "String", "StringValue": "opel"}}
    )
    until(lambda: notes.exists() and notes.read_text().endswith("\n"), 60)
    (record,) = json.loads(notes.read_text())["Records"]
    sns = record.pop("Sns")
    assert record == {
        "EventSource": "aws:sns",
        "EventVersion": "1.0",
        "EventSubscriptionArn": arn["SubscriptionArn"],
    }
    assert sns["MessageId"] == sent["MessageId"]
    assert (sns["Type"], sns["Subject"], sns["Message"], sns["TopicArn"]) == ("Notification", None, "sold", topic)
    assert sns["MessageAttributes"] == {"make": {"Type": "String", "Value": "opel"}}
    assert sns["UnsubscribeUrl"].endswith(arn["SubscriptionArn"])
    verify(
        {name: value for name, value in sns.items() if value is not None} | {"SigningCertURL": sns["SigningCertUrl"]}
    )


@pytest.mark.parametrize("resource", ["function", "function:", "function:a b", "layer:f"])
def test_what_is_no_function_is_refused(account: Account, resource: str) -> None:
    endpoint = f"arn:aws:lambda:us-east-1:{account.number}:{resource}"
    with refused("InvalidParameter", "Invalid parameter: Lambda endpoint ARN"):
        account.sns.subscribe(TopicArn=account.topic(), Protocol="lambda", Endpoint=endpoint)


def test_functions_get_no_raw_messages_and_nothing_from_fifo_topics(account: Account) -> None:
    endpoint = f"arn:aws:lambda:us-east-1:{account.number}:function:f"
    raw = {"RawMessageDelivery": "true"}
    with refused(
        "InvalidParameter",
        "Invalid parameter: Attributes Reason: Delivery protocol [lambda] does not support raw message delivery.",
    ):
        account.sns.subscribe(TopicArn=account.topic(), Protocol="lambda", Endpoint=endpoint, Attributes=raw)
    fifo = account.topic("t.fifo", FifoTopic="true")
    with refused("InvalidParameter"):
        account.sns.subscribe(TopicArn=fifo, Protocol="lambda", Endpoint=endpoint)


def test_message_for_a_function_that_is_gone_is_dead_lettered(account: Account) -> None:
    topic, dead = account.topic(), account.queue("dead")
    account.sns.subscribe(
        TopicArn=topic,
        Protocol="lambda",
        Endpoint=f"arn:aws:lambda:us-east-1:{account.number}:function:gone",
        Attributes={"RedrivePolicy": json.dumps({"deadLetterTargetArn": dead})},
    )
    account.sns.publish(TopicArn=topic, Message="x")
    (letter,) = account.receive(dead)
    assert json.loads(letter["Body"])["Message"] == "x"
