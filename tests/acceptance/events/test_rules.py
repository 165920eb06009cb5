"""Rules, targets and pattern tests through a real client."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.acceptance.events.conftest import REGION
from tests.acceptance.refusal import refused

PATTERN = '{"source": ["shop"]}'
QUEUE = f"arn:aws:sqs:{REGION}:123456789012:queue"
TOO_MANY = "The requested resource exceeds the maximum number allowed."


def without_metadata(answer: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in answer.items() if name != "ResponseMetadata"}


def test_rule_is_described_as_put(events: Any, account: str) -> None:
    arn = events.put_rule(
        Name="rule",
        EventPattern=PATTERN,
        ScheduleExpression="rate(5 minutes)",
        State="DISABLED",
        Description="All of the shop",
        RoleArn="arn:aws:iam::123456789012:role/any",
    )["RuleArn"]
    assert arn == f"arn:aws:events:{REGION}:{account}:rule/rule"
    summary = {
        "Name": "rule",
        "Arn": arn,
        "EventPattern": PATTERN,
        "ScheduleExpression": "rate(5 minutes)",
        "State": "DISABLED",
        "Description": "All of the shop",
        "RoleArn": "arn:aws:iam::123456789012:role/any",
        "EventBusName": "default",
    }
    assert without_metadata(events.describe_rule(Name="rule")) == {**summary, "CreatedBy": account}
    assert without_metadata(events.list_rules()) == {"Rules": [summary]}


def test_replaced_rule_loses_what_is_left_out_but_not_its_targets(events: Any) -> None:
    events.put_rule(Name="rule", EventPattern=PATTERN, Description="Old", State="DISABLED")
    events.put_targets(Rule="rule", Targets=[{"Id": "1", "Arn": QUEUE}])
    arn = events.put_rule(Name="rule", ScheduleExpression="rate(1 day)")["RuleArn"]
    described = without_metadata(events.describe_rule(Name="rule"))
    assert set(described) == {"Name", "Arn", "ScheduleExpression", "State", "EventBusName", "CreatedBy"}
    assert (described["Arn"], described["State"]) == (arn, "ENABLED")
    assert len(events.list_targets_by_rule(Rule="rule")["Targets"]) == 1


def test_rule_on_a_bus_carries_its_name(events: Any, account: str) -> None:
    bus = events.create_event_bus(Name="orders")["EventBusArn"]
    arn = events.put_rule(Name="rule", EventBusName=bus, EventPattern=PATTERN)["RuleArn"]
    assert arn == f"arn:aws:events:{REGION}:{account}:rule/orders/rule"
    assert events.describe_rule(Name="rule", EventBusName="orders")["EventBusName"] == "orders"
    with refused("ResourceNotFoundException", "Rule rule does not exist on EventBus default."):
        events.describe_rule(Name="rule")


def test_enabling_and_disabling(events: Any) -> None:
    events.put_rule(Name="rule", EventPattern=PATTERN)
    events.disable_rule(Name="rule")
    assert events.describe_rule(Name="rule")["State"] == "DISABLED"
    events.enable_rule(Name="rule")
    assert events.describe_rule(Name="rule")["State"] == "ENABLED"


@pytest.mark.parametrize(
    ("code", "message", "params"),
    [
        ("ValidationException", "Parameter(s) EventPattern or ScheduleExpression must be specified.", {}),
        (
            "ValidationException",
            "Parameter ScheduleExpression is not valid.",
            {"ScheduleExpression": "rate(1 minutes)"},
        ),
        (
            "ValidationException",
            "ScheduleExpression is supported only on the default event bus.",
            {"ScheduleExpression": "rate(1 minute)", "EventBusName": "orders"},
        ),
        (
            "ResourceNotFoundException",
            "Event bus absent does not exist.",
            {"EventPattern": PATTERN, "EventBusName": "absent"},
        ),
        ("InvalidEventPatternException", None, {"EventPattern": '{"source": "shop"}'}),
        ("InvalidEventPatternException", None, {"EventPattern": "{"}),
        ("ValidationException", None, {"EventPattern": '{"source": ["%s"]}' % ("x" * 4096)}),
        ("ValidationException", None, {"EventPattern": PATTERN, "State": "ON"}),
    ],
)
def test_wrong_rules_are_refused(events: Any, code: str, message: str | None, params: dict[str, Any]) -> None:
    events.create_event_bus(Name="orders")
    with refused(code, message):
        events.put_rule(Name="rule", **params)
    assert events.list_rules()["Rules"] == []


def test_absent_rule(events: Any) -> None:
    message = "Rule absent does not exist on EventBus default."
    for operation in (
        lambda: events.describe_rule(Name="absent"),
        lambda: events.enable_rule(Name="absent"),
        lambda: events.disable_rule(Name="absent"),
        lambda: events.put_targets(Rule="absent", Targets=[{"Id": "1", "Arn": QUEUE}]),
        lambda: events.remove_targets(Rule="absent", Ids=["1"]),
        lambda: events.list_targets_by_rule(Rule="absent"),
    ):
        with refused("ResourceNotFoundException", message):
            operation()
    events.delete_rule(Name="absent")


def test_absent_bus(events: Any) -> None:
    for operation in (
        lambda: events.describe_rule(Name="rule", EventBusName="absent"),
        lambda: events.enable_rule(Name="rule", EventBusName="absent"),
        lambda: events.delete_rule(Name="rule", EventBusName="absent"),
        lambda: events.list_rules(EventBusName="absent"),
        lambda: events.list_rule_names_by_target(TargetArn=QUEUE, EventBusName="absent"),
        lambda: events.list_targets_by_rule(Rule="rule", EventBusName="absent"),
    ):
        with refused("ResourceNotFoundException", "Event bus absent does not exist."):
            operation()


def test_rule_with_targets_is_not_deleted(events: Any) -> None:
    events.put_rule(Name="rule", EventPattern=PATTERN)
    events.put_targets(Rule="rule", Targets=[{"Id": "1", "Arn": QUEUE}])
    with refused("ValidationException", "Rule can't be deleted since it has targets."):
        events.delete_rule(Name="rule")
    answer = without_metadata(events.remove_targets(Rule="rule", Ids=["1", "absent"]))
    assert answer == {"FailedEntryCount": 0, "FailedEntries": []}
    events.delete_rule(Name="rule", Force=True)
    assert events.list_rules()["Rules"] == []


def test_list_rules_in_pages_while_they_are_deleted(events: Any) -> None:
    names = [f"rule-{number:02d}" for number in range(12)]
    for name in names:
        events.put_rule(Name=name, EventPattern=PATTERN)
    with refused("LimitExceededException", TOO_MANY):
        events.put_rule(Name="one-too-many", EventPattern=PATTERN)
    events.put_rule(Name=names[0], EventPattern=PATTERN)
    seen, params = [], {"Limit": 5}
    while True:
        answer = events.list_rules(**params)
        for rule in answer["Rules"]:
            seen.append(rule["Name"])
            events.delete_rule(Name=rule["Name"])
        if "NextToken" not in answer:
            break
        params["NextToken"] = answer["NextToken"]
    assert seen == names


def test_list_rules_by_prefix(events: Any) -> None:
    for name in ("a1", "b1", "a2"):
        events.put_rule(Name=name, EventPattern=PATTERN)
    assert [rule["Name"] for rule in events.list_rules(NamePrefix="a")["Rules"]] == ["a1", "a2"]


def test_rule_names_by_target(events: Any) -> None:
    for name in ("c", "a", "b", "other"):
        events.put_rule(Name=name, EventPattern=PATTERN)
        arn = QUEUE + "2" if name == "other" else QUEUE
        events.put_targets(Rule=name, Targets=[{"Id": "1", "Arn": arn}])
    first = events.list_rule_names_by_target(TargetArn=QUEUE, Limit=2)
    assert first["RuleNames"] == ["a", "b"]
    second = events.list_rule_names_by_target(TargetArn=QUEUE, Limit=2, NextToken=first["NextToken"])
    assert without_metadata(second) == {"RuleNames": ["c"]}
    assert events.list_rule_names_by_target(TargetArn=QUEUE + "3")["RuleNames"] == []


def test_targets_are_listed_as_put(events: Any) -> None:
    events.put_rule(Name="rule", EventPattern=PATTERN)
    targets = [
        {"Id": "1", "Arn": QUEUE, "RoleArn": "arn:aws:iam::123456789012:role/r", "InputPath": "$.detail"},
        {"Id": "2", "Arn": QUEUE + ".fifo", "SqsParameters": {"MessageGroupId": "g"}, "Input": '{"a": 1}'},
        {
            "Id": "3",
            "Arn": QUEUE,
            "InputTransformer": {"InputPathsMap": {"id": "$.detail.id"}, "InputTemplate": '{"id": <id>}'},
            "DeadLetterConfig": {"Arn": QUEUE + "-dead"},
            "RetryPolicy": {"MaximumRetryAttempts": 0, "MaximumEventAgeInSeconds": 60},
        },
        {"Id": "4", "Arn": QUEUE, "RetryPolicy": {"MaximumRetryAttempts": 185}},
    ]
    answer = without_metadata(events.put_targets(Rule="rule", Targets=targets))
    assert answer == {"FailedEntryCount": 0, "FailedEntries": []}
    assert without_metadata(events.list_targets_by_rule(Rule="rule")) == {"Targets": targets}
    first = events.list_targets_by_rule(Rule="rule", Limit=3)
    second = events.list_targets_by_rule(Rule="rule", Limit=3, NextToken=first["NextToken"])
    assert first["Targets"] + second["Targets"] == targets


def test_target_of_the_same_id_is_replaced_and_a_sixth_is_refused(events: Any) -> None:
    events.put_rule(Name="rule", EventPattern=PATTERN)
    events.put_targets(Rule="rule", Targets=[{"Id": str(number), "Arn": QUEUE} for number in range(5)])
    events.put_targets(Rule="rule", Targets=[{"Id": "0", "Arn": QUEUE + "2"}])
    assert events.list_targets_by_rule(Rule="rule")["Targets"][0] == {"Id": "0", "Arn": QUEUE + "2"}
    with refused("LimitExceededException", TOO_MANY):
        events.put_targets(Rule="rule", Targets=[{"Id": "5", "Arn": QUEUE}])


@pytest.mark.parametrize(
    ("message", "params"),
    [
        ("Parameter nonsense is not valid. Reason: Provided Arn is not in correct format.", {"Arn": "nonsense"}),
        (
            "Parameter arn:aws:glue:eu-west-1:1:x is not valid. Reason: This server can't deliver to a target of glue.",
            {"Arn": "arn:aws:glue:eu-west-1:1:x"},
        ),
        (
            "Parameter arn:aws:events:eu-west-1:1:api-destination/x/y is not valid. Reason: This server delivers to "
            "events only in the account and region of the event bus.",
            {"Arn": "arn:aws:events:eu-west-1:1:api-destination/x/y", "RoleArn": "arn:aws:iam::1:role/r"},
        ),
        ("Parameter(s) SqsParameters must be specified for target: t.", {"Arn": QUEUE + ".fifo"}),
        (
            "RoleArn is required for target arn:aws:states:eu-west-1:1:stateMachine:x.",
            {"Arn": "arn:aws:states:eu-west-1:1:stateMachine:x"},
        ),
        (
            "Only one of Input, InputPath, or InputTransformer must be provided for target t.",
            {"Arn": QUEUE, "Input": "{}", "InputPath": "$.detail"},
        ),
        (
            "InputTemplate for target t contains invalid placeholder b.",
            {"Arn": QUEUE, "InputTransformer": {"InputPathsMap": {"a": "$.a"}, "InputTemplate": '"<b>"'}},
        ),
        (None, {"Arn": QUEUE, "DeadLetterConfig": {"Arn": "arn:aws:sns:eu-west-1:1:topic"}}),
        (None, {"Arn": QUEUE, "RetryPolicy": {"MaximumRetryAttempts": 186}}),
        (None, {"Arn": QUEUE, "RetryPolicy": {"MaximumEventAgeInSeconds": 86401}}),
        (None, {"Arn": QUEUE, "Id": "a b"}),
    ],
)
def test_targets_that_cannot_work_are_refused(events: Any, message: str | None, params: dict[str, Any]) -> None:
    events.put_rule(Name="rule", EventPattern=PATTERN)
    with refused("ValidationException", message):
        events.put_targets(Rule="rule", Targets=[{"Id": "t", **params}])
    assert events.list_targets_by_rule(Rule="rule")["Targets"] == []


EVENT = {"id": "1", "account": "1", "source": "shop", "time": "t", "region": "r", "detail-type": "Order"}


def test_event_is_tested_against_a_pattern(events: Any) -> None:
    assert events.test_event_pattern(EventPattern=PATTERN, Event=json.dumps(EVENT))["Result"] is True
    assert events.test_event_pattern(EventPattern='{"source": ["x"]}', Event=json.dumps(EVENT))["Result"] is False
    with refused("InvalidEventPatternException"):
        events.test_event_pattern(EventPattern='{"source": "x"}', Event=json.dumps(EVENT))


@pytest.mark.parametrize(
    "event",
    ["", "{", "[]", *(json.dumps({k: v for k, v in EVENT.items() if k != name}) for name in EVENT)],
)
def test_tested_event_must_be_complete(events: Any, event: str) -> None:
    with refused("ValidationException", "Parameter Event is not valid."):
        events.test_event_pattern(EventPattern=PATTERN, Event=event)


def test_rules_on_a_bus_of_another_account_are_created_by_the_caller(
    events: Any, connect: Callable[..., Any], account: str
) -> None:
    owner = connect("300000000003")
    bus = owner.create_event_bus(Name="theirs")["EventBusArn"]
    with refused("AccessDeniedException"):
        events.put_rule(Name=f"rule-{account}", EventBusName=bus, EventPattern=PATTERN)
    rules = f"arn:aws:events:{REGION}:300000000003:rule/theirs/*"
    allow = {"Effect": "Allow", "Principal": {"AWS": account}, "Action": "events:*", "Resource": rules}
    owner.put_permission(EventBusName="theirs", Policy=json.dumps({"Statement": allow}))
    arn = events.put_rule(Name=f"rule-{account}", EventBusName=bus, EventPattern=PATTERN)["RuleArn"]
    assert arn.startswith(f"arn:aws:events:{REGION}:300000000003:rule/theirs/")
    assert events.describe_rule(Name=f"rule-{account}", EventBusName=bus)["CreatedBy"] == account


def test_only_so_many_rules_of_a_bus_hold_wildcards(events: Any) -> None:
    plain, inner = '{"a":[{"wildcard":"x*"}]}', '{"a":[{"anything-but":{"wildcard":"x*"}}]}'
    events.put_rule(Name="one", EventPattern=plain)
    events.put_rule(Name="two", EventPattern=inner)
    events.put_rule(Name="two", EventPattern=plain)
    events.put_rule(Name="none", EventPattern='{"wildcard":["wildcard"]}')
    with refused("LimitExceededException", TOO_MANY):
        events.put_rule(Name="three", EventPattern=inner)
    events.delete_rule(Name="one")
    events.put_rule(Name="three", EventPattern=inner)


def test_pattern_is_as_long_as_the_quota_at_most(events: Any) -> None:
    events.put_rule(Name="rule", EventPattern='{"a":["' + "x" * 2038 + '"]}')
    with refused("LimitExceededException", "The event pattern is longer than 2048 characters."):
        events.put_rule(Name="rule", EventPattern='{"a":["' + "x" * 2039 + '"]}')
