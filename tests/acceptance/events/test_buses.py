"""Event buses, their tags and their policies through a real client."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.acceptance.events.conftest import REGION
from tests.acceptance.refusal import refused


def without_metadata(answer: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in answer.items() if name != "ResponseMetadata"}


def test_default_bus_is_there_from_the_start(events: Any, account: str) -> None:
    answer = without_metadata(events.describe_event_bus())
    assert set(answer) == {"Name", "Arn", "CreationTime", "LastModifiedTime"}
    assert answer["Arn"] == f"arn:aws:events:{REGION}:{account}:event-bus/default"
    assert events.describe_event_bus(Name=answer["Arn"])["Name"] == "default"


def test_settings_are_described_as_given(events: Any, account: str) -> None:
    settings = {
        "Description": "Orders",
        "KmsKeyIdentifier": "alias/key",
        "DeadLetterConfig": {"Arn": f"arn:aws:sqs:{REGION}:{account}:dead"},
        "LogConfig": {"IncludeDetail": "FULL", "Level": "OFF"},
    }
    created = without_metadata(events.create_event_bus(Name="orders", **settings))
    arn = f"arn:aws:events:{REGION}:{account}:event-bus/orders"
    assert created == {"EventBusArn": arn, **settings}
    described = without_metadata(events.describe_event_bus(Name="orders"))
    assert datetime.now(UTC) - described.pop("CreationTime") < timedelta(minutes=1)
    assert datetime.now(UTC) - described.pop("LastModifiedTime") < timedelta(minutes=1)
    assert described == {"Name": "orders", "Arn": arn, **settings}


def test_update_changes_what_is_given_and_unsets_what_is_empty(events: Any) -> None:
    events.create_event_bus(Name="orders", Description="Orders", LogConfig={"Level": "OFF"})
    updated = without_metadata(events.update_event_bus(Name="orders", KmsKeyIdentifier="alias/key"))
    assert updated["Description"] == "Orders"
    assert updated["KmsKeyIdentifier"] == "alias/key"
    updated = without_metadata(events.update_event_bus(Name="orders", Description="", KmsKeyIdentifier=""))
    assert set(updated) == {"Arn", "Name", "LogConfig"}
    with refused("ResourceNotFoundException", "Event bus absent does not exist."):
        events.update_event_bus(Name="absent")


@pytest.mark.parametrize("level", ["INFO", "ERROR", "TRACE"])
def test_logging_is_refused_by_name_and_nothing_is_changed(events: Any, level: str) -> None:
    with pytest.raises(events.exceptions.ClientError, match="LogConfig with a Level other than OFF"):
        events.create_event_bus(Name="orders", LogConfig={"Level": level})
    assert [bus["Name"] for bus in events.list_event_buses()["EventBuses"]] == ["default"]
    events.create_event_bus(Name="orders", LogConfig={"Level": "OFF"})
    with pytest.raises(events.exceptions.ClientError, match="LogConfig with a Level other than OFF"):
        events.update_event_bus(Name="orders", Description="new", LogConfig={"Level": level})
    assert "Description" not in events.describe_event_bus(Name="orders")


def test_names_are_unique_and_checked(events: Any) -> None:
    events.create_event_bus(Name="orders")
    with refused("ResourceAlreadyExistsException", "Event bus orders already exists."):
        events.create_event_bus(Name="orders")
    with refused("ResourceAlreadyExistsException", "Event bus default already exists."):
        events.create_event_bus(Name="default")
    with refused("ValidationException", "Event bus name must not contain '/'."):
        events.create_event_bus(Name="a/b")
    with refused("ValidationException"):
        events.create_event_bus(Name="a b")
    with refused("ValidationException"):
        events.create_event_bus(Name="dead", DeadLetterConfig={"Arn": "arn:aws:sns:eu-west-1:1:topic"})


def test_number_of_buses_is_limited(events: Any) -> None:
    for number in range(4):
        events.create_event_bus(Name=f"bus{number}")
    with refused("LimitExceededException", "The requested resource exceeds the maximum number allowed."):
        events.create_event_bus(Name="bus4")


def test_deleting(events: Any) -> None:
    events.create_event_bus(Name="orders")
    events.put_rule(Name="rule", EventBusName="orders", EventPattern='{"source":["a"]}')
    with refused("ValidationException", "Cannot delete event bus orders since it has rules."):
        events.delete_event_bus(Name="orders")
    events.delete_rule(Name="rule", EventBusName="orders")
    events.delete_event_bus(Name="orders")
    events.delete_event_bus(Name="orders")
    with refused("ResourceNotFoundException", "Event bus orders does not exist."):
        events.describe_event_bus(Name="orders")
    with refused("ValidationException", "Cannot delete event bus default."):
        events.delete_event_bus(Name="default")


def test_list_in_pages(events: Any) -> None:
    for name in ("b", "a1", "a2", "a3"):
        events.create_event_bus(Name=name, Description=name)
    first = events.list_event_buses(Limit=3)
    second = events.list_event_buses(Limit=3, NextToken=first["NextToken"])
    assert [bus["Name"] for bus in first["EventBuses"] + second["EventBuses"]] == ["a1", "a2", "a3", "b", "default"]
    assert "NextToken" not in second
    assert set(first["EventBuses"][0]) == {"Name", "Arn", "Description", "CreationTime", "LastModifiedTime"}
    assert [bus["Name"] for bus in events.list_event_buses(NamePrefix="a")["EventBuses"]] == ["a1", "a2", "a3"]


def test_a_token_of_something_else_is_refused(events: Any) -> None:
    events.create_event_bus(Name="b")
    token = events.list_event_buses(Limit=1)["NextToken"]
    for operation in (
        lambda: events.list_event_buses(NextToken="nonsense"),
        lambda: events.list_event_buses(NextToken="AAAA"),
        lambda: events.list_rules(NextToken=token),
    ):
        with refused("ValidationException", "Parameter NextToken is not valid."):
            operation()


def test_buses_belong_to_account(events: Any, connect: Callable[..., Any]) -> None:
    events.create_event_bus(Name="ours")
    other = connect("300000000002")
    assert [bus["Name"] for bus in other.list_event_buses()["EventBuses"]] == ["default"]


def test_tags_of_buses_and_rules(events: Any) -> None:
    bus = events.create_event_bus(Name="orders", Tags=[{"Key": "a", "Value": "1"}])["EventBusArn"]
    pattern = '{"source":["a"]}'
    rule = events.put_rule(Name="rule", EventBusName="orders", EventPattern=pattern, Tags=[{"Key": "a", "Value": "1"}])[
        "RuleArn"
    ]
    plain = events.put_rule(Name="plain", EventPattern=pattern)["RuleArn"]
    assert events.list_tags_for_resource(ResourceARN=plain)["Tags"] == []
    for arn in (bus, rule):
        events.tag_resource(ResourceARN=arn, Tags=[{"Key": "b", "Value": ""}, {"Key": "a", "Value": "2"}])
        assert events.list_tags_for_resource(ResourceARN=arn)["Tags"] == [
            {"Key": "a", "Value": "2"},
            {"Key": "b", "Value": ""},
        ]
        events.untag_resource(ResourceARN=arn, TagKeys=["a", "absent"])
        assert events.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "b", "Value": ""}]
        with refused("LimitExceededException"):
            events.tag_resource(ResourceARN=arn, Tags=[{"Key": str(n), "Value": ""} for n in range(50)])
        with refused("ValidationException"):
            events.tag_resource(ResourceARN=arn, Tags=[{"Key": "aws:x", "Value": ""}])
    with refused("ResourceNotFoundException", "Rule absent does not exist on EventBus orders."):
        events.list_tags_for_resource(ResourceARN=rule.replace("/rule", "/absent").replace(":/absent", ":rule"))
    with refused("ResourceNotFoundException", "Event bus absent does not exist."):
        events.tag_resource(ResourceARN=bus.replace("orders", "absent"), Tags=[])
    with refused("ValidationException"):
        events.untag_resource(ResourceARN="rule", TagKeys=["a"])


def test_permissions_statement_by_statement(events: Any, account: str) -> None:
    events.put_permission(Action="events:PutEvents", Principal="111122223333", StatementId="one")
    events.put_permission(
        Action="events:PutEvents",
        Principal="*",
        StatementId="two",
        Condition={"Type": "StringEquals", "Key": "aws:PrincipalOrgID", "Value": "o-1"},
    )
    arn = f"arn:aws:events:{REGION}:{account}:event-bus/default"
    policy = json.loads(events.describe_event_bus()["Policy"])
    shared = {"Effect": "Allow", "Action": "events:PutEvents", "Resource": arn}
    assert policy == {
        "Version": "2012-10-17",
        "Statement": [
            {"Sid": "one", "Principal": {"AWS": "arn:aws:iam::111122223333:root"}, **shared},
            {
                "Sid": "two",
                "Principal": "*",
                "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-1"}},
                **shared,
            },
        ],
    }
    events.put_permission(Action="events:PutEvents", Principal="444455556666", StatementId="one")
    assert len(json.loads(events.describe_event_bus()["Policy"])["Statement"]) == 2
    events.remove_permission(StatementId="one")
    with refused("ResourceNotFoundException", "Statement with the provided id does not exist."):
        events.remove_permission(StatementId="one")
    events.remove_permission(StatementId="two")
    assert "Policy" not in events.describe_event_bus()
    with refused("ResourceNotFoundException", "EventBus does not have a policy."):
        events.remove_permission(StatementId="two")


def test_permissions_as_a_whole_policy(events: Any) -> None:
    events.create_event_bus(Name="orders")
    policy = json.dumps(
        {"Statement": {"Sid": "x", "Effect": "Allow", "Principal": "*", "Action": "events:*", "Resource": "*"}}
    )
    events.put_permission(EventBusName="orders", Policy=policy)
    assert events.describe_event_bus(Name="orders")["Policy"] == policy
    events.remove_permission(EventBusName="orders", RemoveAllPermissions=True)
    events.remove_permission(EventBusName="orders", RemoveAllPermissions=True)
    assert "Policy" not in events.describe_event_bus(Name="orders")


@pytest.mark.parametrize(
    ("code", "params"),
    [
        ("ValidationException", {}),
        ("ValidationException", {"Action": "events:PutRule", "Principal": "*", "StatementId": "x"}),
        ("ValidationException", {"Policy": "{"}),
        ("ValidationException", {"Policy": "{}"}),
        ("ValidationException", {"Policy": "{}", "StatementId": "x"}),
        (
            "PolicyLengthExceededException",
            {"Policy": '{"Statement":{"Effect":"Allow","Action":"%s"}}' % ("x" * 10240)},
        ),
        (
            "ResourceNotFoundException",
            {"EventBusName": "absent", "Action": "events:PutEvents", "Principal": "*", "StatementId": "x"},
        ),
    ],
)
def test_wrong_permissions_are_refused(events: Any, code: str, params: dict[str, Any]) -> None:
    with refused(code):
        events.put_permission(**params)


def test_who_am_i(connect: Callable[..., Any], account: str) -> None:
    answer = without_metadata(connect(account, "sts").get_caller_identity())
    assert answer == {"UserId": account, "Account": account, "Arn": f"arn:aws:iam::{account}:root"}
