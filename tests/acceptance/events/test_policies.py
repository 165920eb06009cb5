"""A bus's resource policy decides what other accounts may do."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.acceptance.refusal import refused

from .conftest import REGION, Yard

OTHER = "111122223333"


def _bus(account: str) -> str:
    return f"arn:aws:events:{REGION}:{account}:event-bus/default"


def _statement(account: str, effect: str = "Allow", action: str = "events:PutEvents", **more: Any) -> dict[str, Any]:
    return {"Effect": effect, "Principal": {"AWS": OTHER}, "Action": action, "Resource": _bus(account), **more}


def _set(events: Any, *statements: dict[str, Any]) -> None:
    events.put_permission(Policy=json.dumps({"Version": "2012-10-17", "Statement": statements}))


def _put(client: Any, bus: str, source: str = "shop") -> str | None:
    entry = {"Source": source, "DetailType": "made", "Detail": "{}", "EventBusName": bus}
    return client.put_events(Entries=[entry])["Entries"][0].get("ErrorCode")  # type: ignore[no-any-return]  # boto3's client is untyped


def test_another_account_publishes_only_with_permission(
    events: Any, connect: Callable[..., Any], account: str, yard: Yard
) -> None:
    other, bus = connect(OTHER), _bus(account)
    assert _put(other, bus) == "AccessDeniedException"
    assert not [name for name, _ in yard.published if name == bus]
    events.put_permission(Action="events:PutEvents", Principal=OTHER, StatementId="x")
    assert _put(other, bus) is None
    assert len([name for name, _ in yard.published if name == bus]) == 1
    events.remove_permission(StatementId="x")
    assert _put(other, bus) == "AccessDeniedException"


def test_condition_on_source_is_held_to(events: Any, connect: Callable[..., Any], account: str) -> None:
    _set(events, _statement(account, Condition={"StringEquals": {"events:source": "shop"}}))
    assert _put(connect(OTHER), _bus(account)) is None
    assert _put(connect(OTHER), _bus(account), "bank") == "AccessDeniedException"


def test_explicit_deny_wins_also_over_the_own_account(events: Any, connect: Callable[..., Any], account: str) -> None:
    deny = _statement(account, "Deny", Condition={"StringLike": {"events:source": "b*"}})
    _set(events, _statement(account), {**deny, "Principal": "*"})
    assert _put(connect(OTHER), _bus(account)) is None
    assert _put(connect(OTHER), _bus(account), "bank") == "AccessDeniedException"
    assert _put(events, "default", "bank") == "AccessDeniedException"
    assert _put(events, "default", "shop") is None


def test_rules_of_another_account_need_permission(events: Any, connect: Callable[..., Any], account: str) -> None:
    other, bus = connect(OTHER), _bus(account)
    rule = {"Name": "r", "EventBusName": bus, "EventPattern": '{"source":["shop"]}'}
    with refused("AccessDeniedException"):
        other.put_rule(**rule)
    resource = f"arn:aws:events:{REGION}:{account}:rule/*"
    _set(events, {**_statement(account, action="events:P*Rule"), "Resource": resource})
    other.put_rule(**rule)
    assert events.describe_rule(Name="r")["Name"] == "r"
    with refused("AccessDeniedException"):
        other.list_targets_by_rule(Rule="r", EventBusName=bus)
    with refused("AccessDeniedException"):
        other.tag_resource(ResourceARN=f"arn:aws:events:{REGION}:{account}:rule/r", Tags=[{"Key": "a", "Value": "b"}])


@pytest.mark.parametrize(
    "change",
    [
        {"Condition": {"StringSame": {"events:source": "a"}}},
        {"Condition": {"StringEquals": {"events:nothing": "a"}}},
        {"Condition": {"StringEquals": {"events:source": "${aws:PrincipalAccount}"}}},
        {"Condition": {"ForAllValues:StringEquals": {"events:source": "a"}}},
        {"Principal": {"AWS": "nobody"}},
        {"Effect": "Maybe"},
        {"Colour": "red"},
    ],
)
def test_policies_that_could_not_be_held_to_are_refused(events: Any, account: str, change: dict[str, Any]) -> None:
    with refused("ValidationException"):
        _set(events, {**_statement(account), **change})
    assert "Policy" not in events.describe_event_bus()
