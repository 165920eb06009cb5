"""Statements and conditions decide as IAM's reference says."""

from __future__ import annotations

import json
from typing import Any

import pytest

from eventyard.policy import BUS as KEYS
from eventyard.policy import Request, parse_policy

BUS = "arn:aws:events:eu-west-1:222222222222:event-bus/b"
BASE = {"Sid": "a", "Effect": "Allow", "Principal": "*", "Action": "events:PutEvents", "Resource": BUS}


def _decides(*statements: dict[str, Any], **keys: str) -> str | None:
    policy = parse_policy(json.dumps({"Statement": [{**BASE, **statement} for statement in statements]}), KEYS)
    decider = policy.decide(
        Request(("111111111111",), "events:PutEvents", BUS, {f"events:{k}": v for k, v in keys.items()})
    )
    return decider.sid if decider is not None else None


def test_a_denying_statement_decides_wherever_it_stands() -> None:
    deny = {"Sid": "b", "Effect": "Deny"}
    assert _decides({}, deny) == _decides(deny, {}) == "b"


@pytest.mark.parametrize(
    ("change", "applies"),
    [
        ({"Action": "EVENTS:put*"}, True),
        ({"Action": ["events:PutRule", "events:TagResource"]}, False),
        ({"Principal": {"AWS": "111111111111"}}, True),
        ({"Principal": {"AWS": ["arn:aws:iam::333333333333:root"]}}, False),
        ({"Principal": {"Service": "events.amazonaws.com"}}, False),
        ({"Resource": "arn:aws:events:*:222222222222:event-bus/?"}, True),
        ({"Resource": BUS + "c"}, False),
    ],
)
def test_each_part_of_a_statement_must_fit(change: dict[str, Any], applies: bool) -> None:
    assert (_decides(change) == "a") is applies


@pytest.mark.parametrize(
    ("operator", "wanted", "present", "absent"),
    [
        ("StringEquals", "shop", True, False),
        ("StringEquals", "Shop", False, False),
        ("StringEqualsIgnoreCase", "Shop", True, False),
        ("StringEqualsIfExists", "bank", False, True),
        ("StringNotEquals", "shop", False, True),
        ("StringNotEquals", ["bank", "shop"], False, True),
        ("StringNotLike", "b*", True, True),
        ("StringLike", "s?o*", True, False),
        ("Null", "true", False, True),
        ("Null", "false", True, False),
    ],
)
def test_operators_with_the_key_and_without(operator: str, wanted: Any, present: bool, absent: bool) -> None:
    statement = {"Condition": {operator: {"events:source": wanted}}}
    assert (_decides(statement, source="shop") == "a") is present
    assert (_decides(statement) == "a") is absent
