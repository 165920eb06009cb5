"""Topics as boto3 sees them: made, described, tagged, shared, deleted."""

from __future__ import annotations

import json

import pytest

from tests.acceptance.refusal import refused

from .conftest import Account


def test_topic_is_made_once_for_the_same_attributes(account: Account) -> None:
    arn = account.topic("orders", DisplayName="Orders")
    assert arn == f"arn:aws:sns:us-east-1:{account.number}:orders"
    assert account.topic("orders") == account.topic("orders", DisplayName="Orders") == arn
    with refused(
        "InvalidParameter", "Invalid parameter: Attributes Reason: Topic already exists with different attributes"
    ):
        account.topic("orders", DisplayName="Other")


def test_topic_is_described(account: Account) -> None:
    arn = account.topic("orders", DisplayName="Orders")
    account.subscribe(arn, account.queue())
    attributes = account.sns.get_topic_attributes(TopicArn=arn)["Attributes"]
    assert attributes["TopicArn"] == arn
    assert attributes["Owner"] == account.number
    assert attributes["DisplayName"] == "Orders"
    assert (attributes["SubscriptionsConfirmed"], attributes["SubscriptionsPending"]) == ("1", "0")
    assert json.loads(attributes["Policy"])["Statement"][0]["Resource"] == arn
    assert json.loads(attributes["EffectiveDeliveryPolicy"])["http"]["defaultHealthyRetryPolicy"]["numRetries"] == 3
    assert "FifoTopic" not in attributes


def test_attributes_are_changed_and_taken_away(account: Account) -> None:
    arn = account.topic()
    account.sns.set_topic_attributes(TopicArn=arn, AttributeName="DisplayName", AttributeValue="New <&> name")
    assert account.sns.get_topic_attributes(TopicArn=arn)["Attributes"]["DisplayName"] == "New <&> name"
    account.sns.set_topic_attributes(TopicArn=arn, AttributeName="DisplayName", AttributeValue="")
    assert account.sns.get_topic_attributes(TopicArn=arn)["Attributes"]["DisplayName"] == ""


def test_topics_are_listed_in_pages(account: Account) -> None:
    arns = sorted(account.topic(f"t{number}") for number in range(103))
    pages = [
        [topic["TopicArn"] for topic in page["Topics"]] for page in account.sns.get_paginator("list_topics").paginate()
    ]
    assert [len(page) for page in pages] == [100, 3]
    assert sorted(arn for page in pages for arn in page) == arns


def test_deleted_topic_is_gone_with_its_subscriptions(account: Account) -> None:
    arn = account.topic()
    account.subscribe(arn, account.queue())
    account.sns.delete_topic(TopicArn=arn)
    account.sns.delete_topic(TopicArn=arn)
    assert account.sns.list_topics()["Topics"] == []
    assert account.sns.list_subscriptions()["Subscriptions"] == []
    with refused("NotFound", "Topic does not exist"):
        account.sns.publish(TopicArn=arn, Message="x")


def test_topic_made_again_knows_nothing_of_the_first(account: Account) -> None:
    arn, queue = account.topic(), account.queue()
    account.subscribe(arn, queue)
    account.sns.publish(TopicArn=arn, Message="first")
    assert [one["Message"] for one in account.notifications(queue)] == ["first"]
    account.sns.delete_topic(TopicArn=arn)
    account.topic()
    account.sns.publish(TopicArn=arn, Message="nobody's")
    account.subscribe(arn, queue)
    account.sns.publish(TopicArn=arn, Message="second")
    assert [one["Message"] for one in account.notifications(queue)] == ["second"]


def test_tags_are_kept(account: Account) -> None:
    arn = account.sns.create_topic(Name="tagged", Tags=[{"Key": "team", "Value": "a"}])["TopicArn"]
    account.sns.tag_resource(ResourceArn=arn, Tags=[{"Key": "team", "Value": "b"}, {"Key": "cost", "Value": ""}])
    tags = account.sns.list_tags_for_resource(ResourceArn=arn)["Tags"]
    assert {tag["Key"]: tag["Value"] for tag in tags} == {"team": "b", "cost": ""}
    account.sns.untag_resource(ResourceArn=arn, TagKeys=["team", "absent"])
    assert account.sns.list_tags_for_resource(ResourceArn=arn)["Tags"] == [{"Key": "cost", "Value": ""}]
    with refused("ResourceNotFound", "Resource does not exist"):
        account.sns.list_tags_for_resource(ResourceArn=arn + "x")
    with refused("TagLimitExceeded"):
        account.sns.tag_resource(ResourceArn=arn, Tags=[{"Key": str(n), "Value": ""} for n in range(50)])


def test_permission_lets_another_account_publish(account: Account, other: Account) -> None:
    arn = account.topic()
    with refused("AuthorizationError"):
        other.sns.publish(TopicArn=arn, Message="x")
    account.sns.add_permission(TopicArn=arn, Label="them", AWSAccountId=[other.number], ActionName=["Publish"])
    assert other.sns.publish(TopicArn=arn, Message="x")["MessageId"]
    with refused("AuthorizationError"):
        other.sns.delete_topic(TopicArn=arn)
    with refused("InvalidParameter", "Invalid parameter: Statement already exists"):
        account.sns.add_permission(TopicArn=arn, Label="them", AWSAccountId=[other.number], ActionName=["Publish"])
    account.sns.remove_permission(TopicArn=arn, Label="them")
    with refused("AuthorizationError"):
        other.sns.publish(TopicArn=arn, Message="x")


def test_data_protection_policy_that_would_have_to_be_kept_to_is_refused_by_name(account: Account) -> None:
    arn = account.topic()
    statement = {"Sid": "s", "DataDirection": "Inbound", "Principal": ["*"], "DataIdentifier": []}
    for operation in ("Audit", "Deidentify", "Deny"):
        policy = json.dumps({"Statement": [{**statement, "Operation": {operation: {}}}]})
        sentence = (
            f"Auditing, blocking or masking sensitive data (the operation {operation} of a data protection policy) is "
            "not supported by this server."
        )
        with refused("UnsupportedOperationException", sentence):
            account.sns.put_data_protection_policy(ResourceArn=arn, DataProtectionPolicy=policy)
    nothing = json.dumps({"Name": "empty", "Version": "2021-06-01", "Statement": []})
    account.sns.put_data_protection_policy(ResourceArn=arn, DataProtectionPolicy=nothing)
    assert account.sns.get_data_protection_policy(ResourceArn=arn)["DataProtectionPolicy"] == nothing


@pytest.mark.parametrize(
    ("name", "attributes", "message"),
    [
        ("no spaces", {}, "Invalid parameter: Topic Name"),
        ("standard.fifo", {}, "Invalid parameter: Topic Name"),
        ("x" * 257, {}, "Invalid parameter: Topic Name"),
        ("plain", {"FifoTopic": "true"}, None),
        ("plain", {"Nonsense": "1"}, None),
        ("plain", {"ContentBasedDeduplication": "true"}, None),
        ("plain", {"Policy": "{"}, None),
        ("plain", {"SignatureVersion": "3"}, None),
    ],
)
def test_bad_topic_is_refused(account: Account, name: str, attributes: dict[str, str], message: str | None) -> None:
    with refused("InvalidParameter", message):
        account.topic(name, **attributes)


@pytest.mark.parametrize(
    ("operation", "parameters"),
    [
        ("get_sms_attributes", {}),
        ("list_platform_applications", {}),
        ("create_platform_application", {"Name": "a", "Platform": "GCM", "Attributes": {}}),
        ("check_if_phone_number_is_opted_out", {"phoneNumber": "+12025550123"}),
        ("publish", {"PhoneNumber": "+12025550123", "Message": "x"}),
        ("publish", {"TargetArn": "arn:aws:sns:us-east-1:123456789012:endpoint/GCM/app/1", "Message": "x"}),
        ("create_topic", {"Name": "a", "Attributes": {"TracingConfig": "Active"}}),
        ("create_topic", {"Name": "a", "Attributes": {"SQSSuccessFeedbackRoleArn": "arn:aws:iam::1:role/r"}}),
    ],
)
def test_what_this_server_does_not_do_is_refused_by_name(
    account: Account, operation: str, parameters: dict[str, object]
) -> None:
    with refused("UnsupportedOperationException"):
        getattr(account.sns, operation)(**parameters)


@pytest.mark.parametrize(
    ("arn", "message"),
    [
        ("nonsense", "Invalid parameter: TopicArn Reason: An ARN must have at least 6 elements, not 1"),
        ("arn:aws:sqs:us-east-1:123456789012:queue", "Invalid parameter: TopicArn"),
    ],
)
def test_what_is_no_topic_arn_is_refused(account: Account, arn: str, message: str) -> None:
    with refused("InvalidParameter", message):
        account.sns.get_topic_attributes(TopicArn=arn)
