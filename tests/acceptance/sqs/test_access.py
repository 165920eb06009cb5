"""Queues of other accounts: only what their policies allow."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.acceptance.refusal import refusal, refused
from tests.acceptance.server import Server, new_account

Make = Callable[..., str]


@pytest.fixture
def stranger(server: Server) -> Any:
    return server.client("sqs", new_account())


def account(client: Any) -> str:
    return str(client._request_signer._credentials.access_key)


def arn(sqs: Any, url: str) -> str:
    return str(sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"])


def test_strangers_may_do_nothing(sqs: Any, make: Make, stranger: Any) -> None:
    url = make()
    queue = arn(sqs, url)
    who = f"arn:aws:iam::{account(stranger)}:root"
    with refused(
        "AccessDenied",
        f"User: {who} is not authorized to perform: sqs:sendmessage on resource: {queue} because no resource-based "
        "policy allows the sqs:sendmessage action",
    ):
        stranger.send_message(QueueUrl=url, MessageBody="x")
    calls: list[tuple[str, dict[str, Any]]] = [
        ("receive_message", {}),
        ("send_message_batch", {"Entries": [{"Id": "a", "MessageBody": "x"}]}),
        ("delete_message", {"ReceiptHandle": "x"}),
        ("delete_message_batch", {"Entries": [{"Id": "a", "ReceiptHandle": "x"}]}),
        ("change_message_visibility", {"ReceiptHandle": "x", "VisibilityTimeout": 1}),
        ("get_queue_attributes", {"AttributeNames": ["All"]}),
        ("set_queue_attributes", {"Attributes": {"DelaySeconds": "1"}}),
        ("purge_queue", {}),
        ("tag_queue", {"Tags": {"a": "b"}}),
        ("list_queue_tags", {}),
        ("list_dead_letter_source_queues", {}),
        ("add_permission", {"Label": "l", "AWSAccountIds": [account(stranger)], "Actions": ["*"]}),
        ("delete_queue", {}),
    ]
    for call, params in calls:
        assert refusal(getattr(stranger, call), QueueUrl=url, **params)[0] == "AccessDenied", call
    owner = {"QueueName": "queue", "QueueOwnerAWSAccountId": account(sqs)}
    assert refusal(stranger.get_queue_url, **owner)[0] == "AccessDenied"
    assert refusal(stranger.list_message_move_tasks, SourceArn=queue)[0] == "AccessDenied"
    assert refusal(stranger.start_message_move_task, SourceArn=queue)[0] == "AccessDenied"


def test_permission_lets_a_friend_in_also_with_batches(sqs: Any, make: Make, stranger: Any) -> None:
    url = make()
    sqs.add_permission(QueueUrl=url, Label="l", AWSAccountIds=[account(stranger)], Actions=["SendMessage"])
    stranger.send_message(QueueUrl=url, MessageBody="x")
    batch = stranger.send_message_batch(QueueUrl=url, Entries=[{"Id": "a", "MessageBody": "y"}])
    assert len(batch["Successful"]) == 1
    assert refusal(stranger.receive_message, QueueUrl=url)[0] == "AccessDenied"
    found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, MessageSystemAttributeNames=["SenderId"])
    assert {message["Attributes"]["SenderId"] for message in found["Messages"]} == {account(stranger)}
    sqs.remove_permission(QueueUrl=url, Label="l")
    assert refusal(stranger.send_message, QueueUrl=url, MessageBody="x")[0] == "AccessDenied"


def test_deny_wins_and_the_owners_actions_are_never_shared(sqs: Any, make: Make, stranger: Any) -> None:
    url = make()
    queue = arn(sqs, url)
    allow = {"Effect": "Allow", "Principal": "*", "Action": "sqs:*", "Resource": queue}
    deny = allow | {"Effect": "Deny", "Action": "sqs:ReceiveMessage"}
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps({"Statement": [allow, deny]})})
    stranger.send_message(QueueUrl=url, MessageBody="x")
    assert refusal(stranger.receive_message, QueueUrl=url)[0] == "AccessDenied"
    assert refusal(stranger.delete_queue, QueueUrl=url)[0] == "AccessDenied"


def test_condition_that_is_not_known_allows_nobody(sqs: Any, make: Make, stranger: Any) -> None:
    url = make()
    allow = {"Effect": "Allow", "Principal": "*", "Action": "sqs:*", "Resource": arn(sqs, url)}
    condition = {"StringLike": {"aws:UserAgent": "*"}}
    statement = {"Statement": allow | {"Condition": condition}}
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(statement)})
    assert refusal(stranger.send_message, QueueUrl=url, MessageBody="x")[0] == "AccessDenied"


def test_conditions_are_held_to_the_connection(sqs: Any, make: Make, stranger: Any) -> None:
    url = make()
    allow = {"Effect": "Allow", "Principal": "*", "Action": "sqs:*", "Resource": arn(sqs, url)}
    for condition, allowed in (
        ({"IpAddress": {"aws:SourceIp": "127.0.0.0/8"}}, True),
        ({"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}, False),
        ({"NotIpAddress": {"aws:SourceIp": "127.0.0.0/8"}}, False),
        ({"Bool": {"aws:SecureTransport": "true"}}, True),
        ({"Bool": {"aws:SecureTransport": "false"}}, False),
    ):
        statement = {"Statement": allow | {"Condition": condition}}
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(statement)})
        if allowed:
            stranger.send_message(QueueUrl=url, MessageBody="x")
        else:
            assert refusal(stranger.send_message, QueueUrl=url, MessageBody="x")[0] == "AccessDenied"


def test_deny_wins_over_the_owner_too_who_can_mend_it(sqs: Any, make: Make) -> None:
    url = make()
    sqs.send_message(QueueUrl=url, MessageBody="before")
    everything = {"Effect": "Deny", "Principal": "*", "Action": "sqs:*", "Resource": "*"}
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps({"Statement": everything | {"Sid": "no"}})})
    with refused(
        "AccessDenied",
        f"User: arn:aws:iam::{account(sqs)}:root is not authorized to perform: sqs:sendmessage on resource: "
        f"{arn(sqs, url)} with an explicit deny in a resource-based policy",
    ):
        sqs.send_message(QueueUrl=url, MessageBody="x")
    calls: list[tuple[str, dict[str, Any]]] = [
        ("send_message_batch", {"Entries": [{"Id": "a", "MessageBody": "x"}]}),
        ("receive_message", {}),
        ("delete_message", {"ReceiptHandle": "x"}),
        ("delete_message_batch", {"Entries": [{"Id": "a", "ReceiptHandle": "x"}]}),
        ("change_message_visibility", {"ReceiptHandle": "x", "VisibilityTimeout": 1}),
        ("purge_queue", {}),
        ("list_queue_tags", {}),
        ("delete_queue", {}),
    ]
    for call, params in calls:
        assert refusal(getattr(sqs, call), QueueUrl=url, **params)[0] == "AccessDenied", call
    sqs.remove_permission(QueueUrl=url, Label="no")
    assert [message["Body"] for message in sqs.receive_message(QueueUrl=url)["Messages"]] == ["before"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps({"Statement": everything})})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": ""})
    sqs.send_message(QueueUrl=url, MessageBody="after")


def test_owner_is_denied_only_what_the_statement_says(sqs: Any, make: Make) -> None:
    url = make()
    deny = {"Effect": "Deny", "Principal": "*", "Action": "sqs:*", "Resource": arn(sqs, url)}
    for condition, allowed in (
        ({"Bool": {"aws:SecureTransport": "false"}}, True),
        ({"StringNotEquals": {"aws:PrincipalAccount": account(sqs)}}, True),
        ({"ArnNotEquals": {"aws:SourceArn": "arn:aws:sns:us-east-1:123456789012:t"}}, False),
        ({"DateLessThan": {"aws:CurrentTime": "2020-01-01T00:00:00Z"}}, True),
        ({"StringEquals": {"sqs:Colour": "red"}}, False),
    ):
        policy = json.dumps({"Statement": deny | {"Condition": condition}})
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
        if allowed:
            sqs.send_message(QueueUrl=url, MessageBody="x")
            assert sqs.receive_message(QueueUrl=url)["Messages"]
        else:
            assert refusal(sqs.send_message, QueueUrl=url, MessageBody="x")[0] == "AccessDenied", condition
