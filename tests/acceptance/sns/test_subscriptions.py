"""Subscriptions as boto3 sees them: made, confirmed, described, refused, ended."""

from __future__ import annotations

import json
import urllib.request
from typing import Any

import pytest

from tests.acceptance.refusal import refused

from .conftest import Account

#: What a queue needs to get anything from a topic of another account.
FROM_TOPICS = json.dumps(
    {
        "Statement": {
            "Effect": "Allow",
            "Principal": {"Service": "sns.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": "*",
            "Condition": {"ArnLike": {"aws:SourceArn": "arn:aws:sns:*:*:topic"}},
        }
    }
)


def test_subscribing_again_answers_with_the_same_subscription(account: Account) -> None:
    topic, queue = account.topic(), account.queue()
    arn = account.subscribe(topic, queue, RawMessageDelivery="true")
    assert arn.rpartition(":")[0] == topic
    assert account.subscribe(topic, queue) == account.subscribe(topic, queue, RawMessageDelivery="true") == arn
    with refused(
        "InvalidParameter",
        "Invalid parameter: Attributes Reason: Subscription already exists with different attributes",
    ):
        account.subscribe(topic, queue, RawMessageDelivery="false")
    account.sns.publish(TopicArn=topic, Message="once")
    account.sns.publish(TopicArn=topic, Message="end")
    assert sorted(message["Body"] for message in account.receive(queue, 2)) == ["end", "once"]


def test_subscription_is_described(account: Account) -> None:
    topic, queue = account.topic(), account.queue()
    policy = '{"car": {"make": ["opel"]}}'
    arn = account.subscribe(topic, queue, FilterPolicy=policy, FilterPolicyScope="MessageBody")
    attributes = account.sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]
    assert attributes == {
        "SubscriptionArn": arn,
        "TopicArn": topic,
        "Protocol": "sqs",
        "Endpoint": queue,
        "Owner": account.number,
        "SubscriptionPrincipal": f"arn:aws:iam::{account.number}:root",
        "ConfirmationWasAuthenticated": "true",
        "PendingConfirmation": "false",
        "RawMessageDelivery": "false",
        "FilterPolicy": policy,
        "FilterPolicyScope": "MessageBody",
    }


def test_subscriptions_are_listed(account: Account) -> None:
    topic, second = account.topic(), account.topic("second")
    arns = sorted(account.subscribe(topic, account.queue(f"q{number}")) for number in range(101))
    last = account.subscribe(second, account.queue("q0"))
    pages = account.sns.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic)
    assert [one["SubscriptionArn"] for page in pages for one in page["Subscriptions"]] == arns
    every = account.sns.get_paginator("list_subscriptions").paginate()
    assert {one["SubscriptionArn"] for page in every for one in page["Subscriptions"]} == {*arns, last}
    with refused("InvalidParameter", "Invalid parameter: NextToken"):
        account.sns.list_subscriptions(NextToken="nonsense")


def test_ended_subscription_receives_nothing(account: Account) -> None:
    topic, queue, other = account.topic(), account.queue(), account.queue("other")
    arn = account.subscribe(topic, queue)
    account.subscribe(topic, other)
    account.sns.unsubscribe(SubscriptionArn=arn)
    account.sns.publish(TopicArn=topic, Message="x")
    assert len(account.receive(other)) == 1
    url = account.sqs.get_queue_url(QueueName="queue")["QueueUrl"]
    assert "Messages" not in account.sqs.receive_message(QueueUrl=url)
    with refused("NotFound", "Subscription does not exist"):
        account.sns.unsubscribe(SubscriptionArn=arn)


def test_queue_of_another_account_has_to_confirm(account: Account, other: Account) -> None:
    topic, queue = account.topic(), other.queue(Policy=FROM_TOPICS)
    answer = account.sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue)
    assert answer["SubscriptionArn"] == "pending confirmation"
    assert account.sns.list_subscriptions()["Subscriptions"][0]["SubscriptionArn"] == "PendingConfirmation"
    account.sns.publish(TopicArn=topic, Message="too early")
    (request,) = other.notifications(queue)
    assert (request["Type"], request["TopicArn"]) == ("SubscriptionConfirmation", topic)
    with refused("InvalidParameter", "Invalid parameter: Token"):
        other.sns.confirm_subscription(TopicArn=topic, Token="guessed")
    arn = other.sns.confirm_subscription(TopicArn=topic, Token=request["Token"])["SubscriptionArn"]
    assert account.subscribe(topic, queue) == arn
    account.sns.publish(TopicArn=topic, Message="now")
    assert [one["Message"] for one in other.notifications(queue)] == ["now"]
    attributes = account.sns.get_topic_attributes(TopicArn=topic)["Attributes"]
    assert (attributes["SubscriptionsConfirmed"], attributes["SubscriptionsPending"]) == ("1", "0")


def test_subscription_is_confirmed_and_ended_by_visiting_the_urls(account: Account, other: Account) -> None:
    topic, queue = account.topic(), other.queue(Policy=FROM_TOPICS)
    account.sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue)
    (request,) = other.notifications(queue)
    with urllib.request.urlopen(request["SubscribeURL"]) as answer:
        assert b"<ConfirmSubscriptionResult><SubscriptionArn>arn:aws:sns:" in answer.read()
    account.sns.publish(TopicArn=topic, Message="now")
    (document,) = other.notifications(queue)
    with urllib.request.urlopen(document["UnsubscribeURL"]) as answer:
        assert answer.status == 200
    assert account.sns.list_subscriptions()["Subscriptions"] == []


def test_every_token_that_was_sent_confirms_and_does_so_again(account: Account, other: Account) -> None:
    topic, queue = account.topic(), other.queue(Policy=FROM_TOPICS)
    tokens: list[str] = []
    for _ in range(2):
        account.sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue)
        (request,) = other.notifications(queue)
        tokens.append(request["Token"])
    assert tokens[0] != tokens[1]
    arns = {
        other.sns.confirm_subscription(TopicArn=topic, Token=token)["SubscriptionArn"] for token in (*tokens, *tokens)
    }
    assert arns == {account.subscribe(topic, queue)}
    account.sns.unsubscribe(SubscriptionArn=arns.pop())
    for token in tokens:
        with refused("InvalidParameter", "Invalid parameter: Token"):
            other.sns.confirm_subscription(TopicArn=topic, Token=token)


def test_own_subscription_is_not_ended_by_strangers(account: Account, other: Account) -> None:
    topic = account.topic()
    arn = account.subscribe(topic, account.queue())
    with refused("AuthorizationError"):
        other.sns.unsubscribe(SubscriptionArn=arn)
    with refused("AuthorizationError"):
        other.sns.get_subscription_attributes(SubscriptionArn=arn)
    with refused("AuthorizationError"):
        other.sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=other.queue())


@pytest.mark.parametrize("protocol", ["application", "sms", "email", "email-json"])
def test_protocol_that_is_not_served_is_refused_by_name(account: Account, protocol: str) -> None:
    with refused(
        "UnsupportedOperationException",
        f"Delivery by the protocol {protocol} is not supported by this server: use sqs, lambda, http, https or "
        "firehose.",
    ):
        account.sns.subscribe(TopicArn=account.topic(), Protocol=protocol, Endpoint="x")


@pytest.mark.parametrize(
    ("attributes", "message"),
    [
        ({"FilterPolicy": "{"}, "Invalid parameter: FilterPolicy: failed to parse JSON."),
        ({"FilterPolicy": '{"a": "b"}'}, None),
        ({"FilterPolicy": '{"a": [{"like": "b"}]}'}, None),
        (
            {"FilterPolicy": '{"a": {"b": ["c"]}}'},
            "Invalid parameter: FilterPolicy: Filter policy scope MessageAttributes does not support nested filter "
            "policy",
        ),
        (
            {"FilterPolicy": json.dumps({key: ["x"] for key in "abcdef"})},
            "Invalid parameter: FilterPolicy: Filter policy can not have more than 5 keys",
        ),
        (
            {"FilterPolicy": json.dumps({"a": list(range(16)), "b": list(range(10))})},
            "Invalid parameter: FilterPolicy: Filter policy is too complex",
        ),
        (
            {"FilterPolicy": json.dumps({"a": {"b": list(range(76))}}), "FilterPolicyScope": "MessageBody"},
            "Invalid parameter: FilterPolicy: Filter policy is too complex",
        ),
        ({"FilterPolicyScope": "Everything"}, None),
        ({"RawMessageDelivery": "maybe"}, None),
        ({"RedrivePolicy": "[]"}, "Invalid parameter: RedrivePolicy: must be a JSON object."),
        ({"RedrivePolicy": "{}"}, "Invalid parameter: RedrivePolicy: deadLetterTargetArn is an invalid arn"),
        ({"DeliveryPolicy": "{}"}, None),
        ({"Nonsense": "x"}, None),
    ],
)
def test_bad_subscription_is_refused(account: Account, attributes: dict[str, str], message: str | None) -> None:
    with refused("InvalidParameter", message):
        account.subscribe(account.topic(), account.queue(), **attributes)
    assert account.sns.list_subscriptions()["Subscriptions"] == []


@pytest.mark.parametrize("named", ["", "queue", "arn:aws:lambda:us-east-1:123456789012:function:f"])
def test_what_is_no_queue_is_refused(account: Account, named: str) -> None:
    with refused("InvalidParameter", "Invalid parameter: SQS endpoint ARN"):
        account.sns.subscribe(TopicArn=account.topic(), Protocol="sqs", Endpoint=named)


def test_fifo_queue_is_not_subscribed_to_a_standard_topic(account: Account) -> None:
    with refused("InvalidParameter"):
        account.subscribe(account.topic(), account.queue("q.fifo", FifoQueue="true"))


def test_scope_can_not_be_changed_under_a_nested_filter(account: Account) -> None:
    arn = account.subscribe(
        account.topic(), account.queue(), FilterPolicy='{"a": {"b": ["c"]}}', FilterPolicyScope="MessageBody"
    )
    change: dict[str, Any] = {"SubscriptionArn": arn, "AttributeName": "FilterPolicyScope"}
    with refused("InvalidParameter"):
        account.sns.set_subscription_attributes(**change, AttributeValue="MessageAttributes")
    scope = account.sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]["FilterPolicyScope"]
    assert scope == "MessageBody"
