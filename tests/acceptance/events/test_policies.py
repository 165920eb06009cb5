"""A bus's resource policy decides what other accounts may do."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.acceptance.refusal import refusal, refused

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
        {"Condition": {"StringEquals": {"events:source": "${aws:Nothing}"}}},
        {"Condition": {"ForSomeValues:StringEquals": {"events:source": "a"}}},
        {"Condition": {"ForAnyValue:StringEqualsIfExists": {"events:source": "a"}}},
        {"Condition": {"StringLike": {"aws:UserAgent": "*"}}},
        {"Condition": {"IpAddress": {"aws:SourceIp": "home"}}},
        {"Condition": {"NumericLessThan": {"aws:EpochTime": "soon"}}},
        {"Condition": {"DateLessThan": {"aws:CurrentTime": "soon"}}},
        {"Condition": {"Bool": {"aws:ViaAWSService": "perhaps"}}},
        {"Condition": {"Null": {"events:source": "perhaps"}}},
        {"Principal": {"AWS": "nobody"}},
        {"Principal": {"AWS": f"arn:aws:iam::{OTHER}:user/bob"}},
        {"Principal": {"AWS": f"arn:aws:iam::{OTHER}:role/*"}},
        {"Principal": {"Federated": "example.com"}},
        {"Principal": {"Service": "*"}},
        {"NotPrincipal": "*"},
        {"NotAction": "events:PutRule"},
        {"Action": "PutEvents"},
        {"Effect": "Maybe"},
        {"Colour": "red"},
    ],
)
def test_policies_that_could_not_be_held_to_are_refused(events: Any, account: str, change: dict[str, Any]) -> None:
    policy = json.dumps({"Version": "2012-10-17", "Statement": [{**_statement(account), **change}]})
    code, message = refusal(events.put_permission, Policy=policy)
    assert code == "ValidationException"
    assert message.startswith("Parameter Policy is not valid. Reason: ")
    assert "Policy" not in events.describe_event_bus()


def test_only_callers_from_there_are_let_in(events: Any, connect: Callable[..., Any], account: str) -> None:
    insecure = {"Bool": {"aws:SecureTransport": "false"}}
    deny = {**_statement(account, "Deny"), "Principal": "*", "Condition": insecure}
    for network, code in (("127.0.0.0/8", None), ("10.0.0.0/8", "AccessDeniedException")):
        allow = {**_statement(account), "Condition": {"IpAddress": {"aws:SourceIp": network}}}
        _set(events, allow, deny)
        assert _put(connect(OTHER), _bus(account)) == code
        assert _put(events, "default") is None


def test_two_statements_of_one_sid_are_refused(events: Any, account: str) -> None:
    with refused("ValidationException", "Parameter Policy is not valid. Reason: Two statements have the same Sid."):
        _set(events, _statement(account, Sid="a"), _statement(account, "Deny", Sid="a"))


def test_not_principal_spares_the_named_accounts(events: Any, connect: Callable[..., Any], account: str) -> None:
    deny = {key: value for key, value in _statement(account, "Deny").items() if key != "Principal"}
    _set(events, {**_statement(account), "Principal": "*"}, {**deny, "NotPrincipal": {"AWS": OTHER}})
    assert _put(connect(OTHER), _bus(account)) is None
    assert _put(connect("444455556666"), _bus(account)) == "AccessDeniedException"


def test_rules_of_others_are_held_to_the_conditions_on_what_they_match(
    events: Any, connect: Callable[..., Any], account: str
) -> None:
    other, bus = connect(OTHER), _bus(account)
    resource = f"arn:aws:events:{REGION}:{account}:rule/*"
    sources = {"ForAllValues:StringEquals": {"events:source": ["shop", "bank"]}, "Null": {"events:source": "false"}}
    _set(events, {**_statement(account, action="events:PutRule"), "Resource": resource, "Condition": sources})
    other.put_rule(Name="r", EventBusName=bus, EventPattern='{"source":["shop","bank"]}')
    for pattern in ('{"source":["shop","mill"]}', '{"source":[{"prefix":""}]}', '{"detail-type":["made"]}'):
        with refused("AccessDeniedException"):
            other.put_rule(Name="r", EventBusName=bus, EventPattern=pattern)


def test_rules_of_others_can_be_limited_to_who_made_them(
    events: Any, connect: Callable[..., Any], account: str
) -> None:
    other, bus = connect(OTHER), _bus(account)
    resource = f"arn:aws:events:{REGION}:{account}:rule/*"
    own = {"StringEquals": {"events:creatorAccount": "${aws:PrincipalAccount}"}}
    _set(events, {**_statement(account, action="events:*"), "Resource": resource, "Condition": own})
    events.put_rule(Name="theirs", EventPattern='{"source":["shop"]}')
    other.put_rule(Name="mine", EventBusName=bus, EventPattern='{"source":["shop"]}')
    other.disable_rule(Name="mine", EventBusName=bus)
    with refused("AccessDeniedException"):
        other.disable_rule(Name="theirs", EventBusName=bus)


def test_targets_of_others_are_held_to_the_condition_on_them(
    events: Any, connect: Callable[..., Any], account: str
) -> None:
    other, bus = connect(OTHER), _bus(account)
    resource = f"arn:aws:events:{REGION}:{account}:rule/*"
    queues = {"ForAllValues:ArnLike": {"events:TargetArn": f"arn:aws:sqs:*:{OTHER}:*"}}
    _set(events, {**_statement(account, action="events:Put*"), "Resource": resource, "Condition": queues})
    other.put_rule(Name="r", EventBusName=bus, EventPattern='{"source":["shop"]}')
    target = f"arn:aws:sqs:{REGION}:{OTHER}:q"
    other.put_targets(Rule="r", EventBusName=bus, Targets=[{"Id": "1", "Arn": target}])
    foreign = target.replace(OTHER, "444455556666")
    with refused("AccessDeniedException"):
        targets = [{"Id": "1", "Arn": target}, {"Id": "2", "Arn": foreign}]
        other.put_targets(Rule="r", EventBusName=bus, Targets=targets)


def test_members_of_an_organization_are_nobody_here(events: Any, connect: Callable[..., Any], account: str) -> None:
    condition = {"Type": "StringEquals", "Key": "aws:PrincipalOrgID", "Value": "o-1234567890"}
    events.put_permission(Action="events:PutEvents", Principal="*", StatementId="o", Condition=condition)
    assert _put(connect(OTHER), _bus(account)) == "AccessDeniedException"


def test_a_policy_holds_until_its_date(events: Any, connect: Callable[..., Any], account: str) -> None:
    until = {"DateLessThan": {"aws:CurrentTime": "2999-01-01T00:00:00Z"}}
    _set(events, _statement(account, Condition=until))
    assert _put(connect(OTHER), _bus(account)) is None
    _set(events, _statement(account, Condition={"DateLessThan": {"aws:CurrentTime": "2001-01-01"}}))
    assert _put(connect(OTHER), _bus(account)) == "AccessDeniedException"


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ({"Type": "StringLike"}, "Parameter Type is not valid. Reason: The only type is StringEquals."),
        ({"Key": "events:source"}, "Parameter Key is not valid. Reason: The only key is aws:PrincipalOrgID."),
    ],
)
def test_a_single_statement_takes_the_one_documented_condition(
    events: Any, condition: dict[str, str], message: str
) -> None:
    given = {"Type": "StringEquals", "Key": "aws:PrincipalOrgID", "Value": "o-1234567890"} | condition
    with refused("ValidationException", message):
        events.put_permission(Action="events:PutEvents", Principal="*", StatementId="o", Condition=given)
