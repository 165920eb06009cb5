"""Every type of resource: made, left alone, changed, reduced to what it needs, replaced where it has to be, deleted."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from eventyard.resource import Join, Reference
from eventyard.stacks import KINDS
from tests.acceptance.stacks.driver import Driver, actions, stack

_ACCOUNT = Reference("AWS::AccountId", "Ref")
_ROLE = Join(("arn:aws:iam::", _ACCOUNT, ":role/some"))
_CODE = {"ZipFile": "def handler(event, context):\n    return 1\n"}
_FUNCTION = (
    "AWS::Lambda::Function",
    {"Runtime": "python3.11", "Handler": "index.handler", "Role": _ROLE, "Code": _CODE},
)


def _policy(effect: str, action: str, resource: Any = "*") -> dict[str, Any]:
    statement = {"Effect": effect, "Principal": "*", "Action": action, "Resource": resource}
    return {"Version": "2012-10-17", "Statement": [statement]}


class Case(msgspec.Struct):
    """``least``: what it needs. ``more``: with that it is made; ``other``: what is changed then. ``replacing``: what
    takes a replacement. ``beside``: what it refers to. ``back``: how it gets back to the least."""

    type: str
    least: dict[str, Any]
    more: dict[str, Any] = {}
    other: dict[str, Any] = {}
    replacing: dict[str, Any] = {}
    beside: dict[str, Any] = {}
    back: str = "change"


_QUEUE = {"queue": ("AWS::SQS::Queue", {}), "second": ("AWS::SQS::Queue", {})}
_BUS = {"bus": ("AWS::Events::EventBus", {}), "second": ("AWS::Events::EventBus", {})}
_TOPIC = {"topic": ("AWS::SNS::Topic", {}), "second": ("AWS::SNS::Topic", {}), "queue": ("AWS::SQS::Queue", {})}
_STREAM = {"stream": ("AWS::Kinesis::Stream", {"ShardCount": 1}), "second": ("AWS::Kinesis::Stream", {"ShardCount": 1})}
_CONNECTION = {
    "connection": (
        "AWS::Events::Connection",
        {
            "AuthorizationType": "BASIC",
            "AuthParameters": {"BasicAuthParameters": {"Username": "ada", "Password": "secret"}},
        },
    )
}
_REGISTRY = {"registry": ("AWS::EventSchemas::Registry", {})}
_INFO = '{"openapi": "3.0.0", "info": {"title": "A", "version": "1"}, "paths": {}, '
_SCHEMA = _INFO + '"components": {"schemas": {"A": {"type": "object"}}}}'

CASES = [
    Case(
        "AWS::Events::EventBus",
        {},
        {"Description": "one", "Tags": [{"Key": "team", "Value": "a"}]},
        {"Description": "two", "Tags": [{"Key": "team", "Value": "b"}]},
        {"Name": "other"},
    ),
    Case(
        "AWS::Events::EventBusPolicy",
        {"EventBusName": Reference("bus", "Ref"), "StatementId": "partner", "Action": "events:PutEvents"}
        | {"Principal": "111122223333"},
        {},
        {"Principal": "444455556666"},
        {"StatementId": "other"},
        _BUS,
    ),
    Case(
        "AWS::Events::Rule",
        {"EventPattern": {"source": ["a"]}, "EventBusName": Reference("bus", "Ref")},
        {
            "Description": "one",
            "State": "DISABLED",
            "Targets": [{"Id": "1", "Arn": Reference("queue", "Arn")}, {"Id": "2", "Arn": Reference("queue", "Arn")}],
            "Tags": [{"Key": "team", "Value": "a"}],
        },
        {
            "EventPattern": {"source": ["b"]},
            "Targets": [{"Id": "2", "Arn": Reference("queue", "Arn"), "Input": '{"a": 1}'}],
        },
        {"EventBusName": Reference("second", "Name")},
        {**_BUS, "queue": ("AWS::SQS::Queue", {})},
    ),
    Case(
        "AWS::Events::Archive",
        {"SourceArn": Reference("bus", "Arn")},
        {"Description": "one", "EventPattern": {"source": ["a"]}, "RetentionDays": 3},
        {"RetentionDays": "5", "EventPattern": {"source": ["b"]}},
        {"SourceArn": Reference("second", "Arn")},
        _BUS,
    ),
    Case(
        "AWS::Events::Connection",
        dict(_CONNECTION["connection"][1]),
        {"Description": "one"},
        {"AuthParameters": {"BasicAuthParameters": {"Username": "ada", "Password": "other"}}},
        {"Name": "other"},
    ),
    Case(
        "AWS::Events::ApiDestination",
        {
            "ConnectionArn": Reference("connection", "Arn"),
            "HttpMethod": "POST",
            "InvocationEndpoint": "https://example.com/a",
        },
        {"Description": "one", "InvocationRateLimitPerSecond": 5},
        {"HttpMethod": "PUT", "InvocationRateLimitPerSecond": 9},
        {"Name": "other"},
        _CONNECTION,
    ),
    Case(
        "AWS::Scheduler::Schedule",
        {
            "ScheduleExpression": "rate(1 hour)",
            "FlexibleTimeWindow": {"Mode": "OFF"},
            "Target": {"Arn": Reference("queue", "Arn"), "RoleArn": _ROLE},
        },
        {"Description": "one", "State": "DISABLED", "StartDate": "2030-01-01T00:00:00Z"},
        {"ScheduleExpression": "rate(2 hours)", "ScheduleExpressionTimezone": "Europe/London"},
        {"Name": "other"},
        _QUEUE,
    ),
    Case(
        "AWS::Scheduler::ScheduleGroup",
        {},
        {"Tags": [{"Key": "team", "Value": "a"}]},
        {"Tags": [{"Key": "team", "Value": "b"}, {"Key": "x", "Value": "y"}]},
        {"Name": "other"},
    ),
    Case(
        "AWS::Pipes::Pipe",
        {"Source": Reference("queue", "Arn"), "Target": Reference("topic", "Ref"), "RoleArn": _ROLE},
        {
            "Description": "one",
            "DesiredState": "STOPPED",
            "Tags": {"team": "a"},
        },
        {"Description": "two", "DesiredState": "RUNNING", "Tags": {"team": "b"}},
        {"Source": Reference("second", "Arn"), "SourceParameters": {"SqsQueueParameters": {"BatchSize": 3}}},
        {**_QUEUE, "topic": ("AWS::SNS::Topic", {})},
    ),
    Case(
        "AWS::EventSchemas::Registry",
        {},
        {"Description": "one", "Tags": [{"Key": "team", "Value": "a"}]},
        {"Description": "two", "Tags": []},
        {"RegistryName": "other"},
    ),
    Case(
        "AWS::EventSchemas::Schema",
        {"RegistryName": Reference("registry", "RegistryName"), "Type": "OpenApi3", "Content": _SCHEMA},
        {"Description": "one"},
        {"Content": _SCHEMA.replace('"1"', '"2"'), "Description": "two"},
        {"SchemaName": "other"},
        _REGISTRY,
    ),
    Case(
        "AWS::EventSchemas::Discoverer",
        {"SourceArn": Reference("bus", "Arn")},
        {"Description": "one"},
        {"Description": "two"},
        {"SourceArn": Reference("second", "Arn")},
        _BUS,
    ),
    Case(
        "AWS::EventSchemas::RegistryPolicy",
        {"RegistryName": Reference("registry", "RegistryName"), "Policy": _policy("Allow", "schemas:DescribeSchema")},
        {},
        {"Policy": _policy("Deny", "schemas:DescribeSchema")},
        {},
        _REGISTRY,
    ),
    Case(
        "AWS::SQS::Queue",
        {},
        {
            "VisibilityTimeout": 60,
            "DelaySeconds": "5",
            "Tags": [{"Key": "team", "Value": "a"}],
            "RedrivePolicy": {"deadLetterTargetArn": Reference("queue", "Arn"), "maxReceiveCount": 3},
        },
        {"VisibilityTimeout": 90, "Tags": [{"Key": "team", "Value": "b"}], "MessageRetentionPeriod": 100},
        {"FifoQueue": True},
        _QUEUE,
    ),
    Case(
        "AWS::SQS::QueuePolicy",
        {"Queues": [Reference("queue", "Ref")], "PolicyDocument": _policy("Allow", "sqs:SendMessage")},
        {},
        {"Queues": [Reference("second", "Ref")], "PolicyDocument": _policy("Deny", "sqs:SendMessage")},
        {},
        _QUEUE,
    ),
    Case(
        "AWS::SQS::QueueInlinePolicy",
        {"Queue": Reference("queue", "Ref"), "PolicyDocument": _policy("Allow", "sqs:SendMessage")},
        {},
        {"PolicyDocument": _policy("Deny", "sqs:SendMessage")},
        {"Queue": Reference("second", "Ref")},
        _QUEUE,
    ),
    Case(
        "AWS::SNS::Topic",
        {},
        {
            "DisplayName": "One",
            "Tags": [{"Key": "team", "Value": "a"}],
            "Subscription": [{"Protocol": "sqs", "Endpoint": Reference("queue", "Arn")}],
        },
        {"DisplayName": "Two", "Subscription": []},
        {"TopicName": "other"},
        _TOPIC,
    ),
    Case(
        "AWS::SNS::Subscription",
        {"TopicArn": Reference("topic", "Ref"), "Protocol": "sqs", "Endpoint": Reference("queue", "Arn")},
        {"FilterPolicy": {"kind": ["a"]}, "RawMessageDelivery": "true"},
        {"FilterPolicy": {"kind": ["b"]}, "FilterPolicyScope": "MessageBody"},
        {"TopicArn": Reference("second", "TopicArn")},
        _TOPIC,
    ),
    Case(
        "AWS::SNS::TopicPolicy",
        {
            "Topics": [Reference("topic", "Ref")],
            "PolicyDocument": _policy("Allow", "sns:Publish", Reference("topic", "Ref")),
        },
        {},
        {"PolicyDocument": _policy("Deny", "sns:Publish", Reference("topic", "Ref"))},
        {},
        _TOPIC,
    ),
    Case(
        "AWS::SNS::TopicInlinePolicy",
        {
            "TopicArn": Reference("topic", "Ref"),
            "PolicyDocument": _policy("Allow", "sns:Publish", Reference("topic", "Ref")),
        },
        {},
        {"PolicyDocument": _policy("Deny", "sns:Publish", Reference("topic", "Ref"))},
        {},
        _TOPIC,
    ),
    Case(
        "AWS::Kinesis::Stream",
        {"ShardCount": 1},
        {"RetentionPeriodHours": 48, "Tags": [{"Key": "team", "Value": "a"}]},
        {"ShardCount": 2, "RetentionPeriodHours": 30},
        {"Name": "other"},
    ),
    Case(
        "AWS::Kinesis::StreamConsumer",
        {"ConsumerName": "reader", "StreamARN": Reference("stream", "Arn")},
        {},
        {},
        {"StreamARN": Reference("second", "Arn")},
        _STREAM,
    ),
    Case(
        "AWS::KinesisFirehose::DeliveryStream",
        {"ExtendedS3DestinationConfiguration": {"BucketARN": "arn:aws:s3:::lake", "RoleARN": _ROLE}},
        {"Tags": [{"Key": "team", "Value": "a"}]},
        {
            "ExtendedS3DestinationConfiguration": {
                "BucketARN": "arn:aws:s3:::lake",
                "RoleARN": _ROLE,
                "Prefix": "cars/",
                "CompressionFormat": "GZIP",
            }
        },
        {"DeliveryStreamName": "other"},
        back="replace",
    ),
    Case(
        "AWS::Lambda::Function",
        dict(_FUNCTION[1]),
        {
            "Description": "one",
            "Timeout": 5,
            "Environment": {"Variables": {"AB": "1"}},
            "ReservedConcurrentExecutions": 2,
            "Tags": [{"Key": "team", "Value": "a"}],
        },
        {"Code": {"ZipFile": "handler = None\n"}, "Environment": {"Variables": {"AB": "2"}}, "Timeout": 9},
        {"FunctionName": "other"},
    ),
    Case(
        "AWS::Lambda::Permission",
        {
            "Action": "lambda:InvokeFunction",
            "FunctionName": Reference("function", "Ref"),
            "Principal": "events.amazonaws.com",
        },
        {},
        {},
        {"Principal": "sns.amazonaws.com"},
        {"function": _FUNCTION},
    ),
    Case(
        "AWS::Lambda::EventInvokeConfig",
        {"FunctionName": Reference("function", "Ref"), "Qualifier": "$LATEST", "MaximumRetryAttempts": 1},
        {"MaximumEventAgeInSeconds": 600},
        {"MaximumRetryAttempts": 0},
        {},
        {"function": _FUNCTION},
    ),
    Case(
        "AWS::Lambda::EventSourceMapping",
        {"FunctionName": Reference("function", "Arn"), "EventSourceArn": Reference("queue", "Arn")},
        {"BatchSize": 3, "FilterCriteria": {"Filters": [{"Pattern": '{"body": {"a": [1]}}'}]}},
        {"Enabled": False, "BatchSize": 5, "FunctionResponseTypes": ["ReportBatchItemFailures"]},
        {"EventSourceArn": Reference("second", "Arn")},
        {"function": _FUNCTION, **_QUEUE},
    ),
    Case(
        "Eventyard::Functions::Function",
        {"Path": "examples/serverless", "Handler": "handlers.on_success"},
        {"Timeout": 5, "Environment": {"STAGE": "test"}, "Concurrency": 2, "Tags": {"team": "a"}},
        {"Timeout": 7, "Environment": {"STAGE": "prod"}},
        {"Name": "other"},
    ),
    Case(
        "AWS::Logs::LogGroup",
        {},
        {"RetentionInDays": 7, "Tags": [{"Key": "team", "Value": "a"}]},
        {"RetentionInDays": 30, "Tags": [{"Key": "team", "Value": "b"}]},
        {"LogGroupName": "other"},
    ),
    Case(
        "Eventyard::Contracts::Policy",
        {"Bus": Reference("bus", "Ref"), "Registry": Reference("registry", "RegistryName"), "Mode": "warn"},
        {"Unknown": "warn"},
        {"Mode": "reject", "Unknown": "off"},
        {"Bus": Reference("second", "Ref")},
        {**_BUS, **_REGISTRY},
    ),
    Case(
        "Eventyard::Webhooks::Endpoint",
        {"Provider": "github", "Secrets": ["it is a secret to everybody"], "Bus": Reference("bus", "Ref")},
        {"DetailType": "github {type}", "Tolerance": 60, "Rate": 5},
        {"Secrets": ["another secret of this webhook"], "Rate": 7, "Headers": ["x-github-delivery"]},
        {"Name": "other"},
        _BUS,
    ),
    Case("AWS::IAM::Role", {"AssumeRolePolicyDocument": {}}, {}, {}, {"RoleName": "other"}),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.type)
def test_every_type_has_its_whole_life(driver: Driver, case: Case) -> None:
    stages: list[tuple[str, dict[str, Any]]] = [("create", case.least | case.more)]
    stages += [("change", case.least | case.more | case.other)] if case.other else []
    stages += [(case.back, case.least)] if case.more or case.other else []
    stages += [("replace", case.least | case.replacing)] if case.replacing else []
    for action, properties in stages:
        wanted = stack(**case.beside, it=(case.type, properties))
        outcome = driver.apply(wanted)
        assert outcome.well, outcome.failed
        assert [step.action for step in outcome.done if step.id == "it" and not step.leftover] == [action]
        again = driver.plan(wanted)
        assert not again.changing, [(step.id, step.changes) for step in again.steps if step.changing]
        assert not again.drift, again.drift
    entry = driver.record("s")[0].resources["it"]
    assert set(KINDS[case.type].attributes) - {"Policy"} <= entry.attributes.keys()
    assert driver.apply(stack(), prune=True).well
    assert not driver.record("s")[0].resources
    made = driver.apply(stack(**case.beside, it=(case.type, case.least)))
    assert made.well, "what was deleted can be made again"


def test_every_type_is_tried() -> None:
    others = {"AWS::IAM::Policy", "AWS::IAM::ManagedPolicy", "AWS::Events::Endpoint"}
    assert {case.type for case in CASES} == KINDS.keys() - others


def test_names_that_are_left_out_are_made_up(driver: Driver) -> None:
    long = "A" * 90
    wanted = stack(**{long: ("AWS::SQS::Queue", {"FifoQueue": True}), "B": ("AWS::Events::EventBus", {})})
    assert driver.apply(wanted).well
    names = [
        each.attributes.get("QueueName") or each.attributes["Name"] for each in driver.record("s")[0].resources.values()
    ]
    assert names[1] == "s-B"
    assert len(names[0]) == 80
    assert names[0].startswith("s-AAA")
    assert names[0].endswith(".fifo")
    assert not actions(driver.plan(wanted))
