"""Policies of queues: what is refused, and what AddPermission and RemovePermission make of them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from eventyard.errors import EventyardError, InvalidRequest, LimitExceeded
from eventyard.queues import with_permission, without_permission
from tests.unit.queues.conftest import Yard

QUEUE = "arn:aws:sqs:eu-west-1:123456789012:q"
ALLOW: dict[str, Any] = {"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": QUEUE}


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ([], "1 to 20 statements"),
        ([ALLOW] * 21, "1 to 20 statements"),
        ("text", "must be a JSON object"),
        (ALLOW | {"Effect": "allow"}, "Allow or Deny"),
        (ALLOW | {"Principal": "somebody"}, "Principal"),
        (ALLOW | {"Principal": {"AWS": [f"{n:012d}" for n in range(51)]}}, "maximum allowed is 50"),
        (ALLOW | {"Action": []}, "Action"),
        (ALLOW | {"Action": 1}, "Action must be a text"),
        (ALLOW | {"Action": ["sqs:SendMessage"] * 8}, "8 Actions were found, maximum allowed is 7."),
        (ALLOW | {"Action": "sns:Publish"}, "out of service scope"),
        (ALLOW | {"Condition": {"StringEquals": {f"aws:k{n}": "x" for n in range(11)}}}, "maximum allowed is 10"),
        (ALLOW | {"Condition": []}, "Condition"),
        (ALLOW | {"Sid": "x" * 8192}, "8192 bytes"),
    ],
)
async def test_bad_policy_is_refused(yard: Yard, statement: Any, reason: str) -> None:
    with pytest.raises(InvalidRequest, match=reason) as caught:
        await yard.make("q", {"Policy": json.dumps({"Version": "2012-10-17", "Statement": statement})})
    assert caught.value.code == "InvalidAttributeValue"


@pytest.mark.parametrize("action", ["*", "SQS:*", "sqs:Send*", ["sqs:SendMessage", "SQS:ReceiveMessage"]])
async def test_good_policy_is_kept_as_it_is(yard: Yard, action: Any) -> None:
    text = json.dumps({"Version": "2012-10-17", "Statement": ALLOW | {"Action": action}})
    q = await yard.make("q", {"Policy": text})
    assert yard.queues.get(q).attributes["Policy"] == text


def test_permissions_come_and_go() -> None:
    one = with_permission(None, QUEUE, "one", ["111122223333"], ["SendMessage"])
    two = with_permission(one, QUEUE, "two", ["111122223333", "444455556666"], ["SendMessage", "ReceiveMessage"])
    first, second = json.loads(two)["Statement"]
    assert first["Principal"] == {"AWS": "arn:aws:iam::111122223333:root"}
    assert second["Action"] == ["SQS:SendMessage", "SQS:ReceiveMessage"]
    assert without_permission(two, QUEUE, "two") == one
    assert without_permission(one, QUEUE, "one") == ""


@pytest.mark.parametrize(
    ("label", "accounts", "actions", "message"),
    [
        (
            "there",
            ["111122223333"],
            ["SendMessage"],
            "Value there for parameter Label is invalid. Reason: Already exists.",
        ),
        ("a b", ["111122223333"], ["SendMessage"], None),
        ("x" * 81, ["111122223333"], ["SendMessage"], None),
        ("x", ["1111"], ["SendMessage"], "Value 1111 for parameter PrincipalId is invalid. Reason: Unable to verify."),
        (
            "x",
            ["111122223333"],
            ["AddPermission"],
            "Value SQS:AddPermission for parameter ActionName is invalid. Reason: Only the queue owner is allowed to "
            "invoke this action.",
        ),
        ("x", [], ["SendMessage"], "The request must contain the parameter AWSAccountIds."),
        ("x", ["111122223333"], [], "The request must contain the parameter Actions."),
        ("x", ["111122223333"], ["SendMessage"] * 8, "8 Actions were found, maximum allowed is 7."),
    ],
)
def test_bad_permission_is_refused(label: str, accounts: list[str], actions: list[str], message: str | None) -> None:
    policy = with_permission(None, QUEUE, "there", ["111122223333"], ["SendMessage"])
    with pytest.raises(EventyardError) as caught:
        with_permission(policy, QUEUE, label, accounts, actions)
    assert message in (None, caught.value.message)


def test_a_queue_has_twenty_permissions_at_most() -> None:
    policy: str | None = None
    for number in range(20):
        policy = with_permission(policy, QUEUE, f"{number}", ["111122223333"], ["SendMessage"])
    with pytest.raises(LimitExceeded) as caught:
        with_permission(policy, QUEUE, "one-more", ["111122223333"], ["SendMessage"])
    assert caught.value.code == "OverLimit"


def test_absent_permission_is_not_removed() -> None:
    with pytest.raises(InvalidRequest, match="can't find label on existing policy"):
        without_permission(None, QUEUE, "x")
