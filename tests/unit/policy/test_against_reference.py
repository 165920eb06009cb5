"""Policies decide as the slow reference says, whatever they hold. ``POLICY_EXAMPLES`` makes the runs longer."""

from __future__ import annotations

import base64
import json
import os
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from eventyard.policy import BUS, Request, parse_policy

from . import reference

EXAMPLES = int(os.environ.get("POLICY_EXAMPLES", "150"))

ACCOUNTS = ["111111111111", "222222222222"]
ROLE = "arn:aws:iam::111111111111:role/sender"
SERVICE = "events.amazonaws.com"
words = st.sampled_from(["a", "b", "A", "ab", "a*", "a?", "a$b", "", "${", "aab"])
arns = st.sampled_from(
    [
        "arn:aws:events:eu-west-1:111111111111:rule/a",
        "arn:aws:events:eu-west-1:111111111111:rule/a:b",
        "arn:aws:sqs:eu-west-1:222222222222:a",
    ]
)
arn_globs = st.sampled_from(
    [
        "arn:aws:events:*:111111111111:rule/*",
        "arn:*:rule/a",
        "arn:aws:events:eu-west-?:*:rule/a",
        "*",
        "arn:aws:*:*:${aws:PrincipalAccount}:*",
        "arn:aws:events:eu-west-1:111111111111:rule/a",
    ]
)
numbers = st.sampled_from(["0", "1", "1.0", "-1", "1e3", "1000", "10", "x"])
dates = st.sampled_from(["2026-11-24T00:00:00Z", "2026-11-24", "1795478400", "2026-11-24T01:00:00+01:00", "0", "x"])
addresses = st.sampled_from(["10.0.0.1", "10.1.0.1", "::1", "fd00::1", "x"])
globs = st.sampled_from(
    [
        "a",
        "b",
        "*",
        "a*",
        "*b",
        "?",
        "a?b",
        "*a*a*",
        "${aws:PrincipalAccount}",
        "${events:source}",
        "${*}",
        "a${*}",
        "a${?}",
        "a${$}b",
        "${events:nothing/at-all, 'a'}",
        "x${events:source, 'b'}",
        "${events:ManagedBy}",
        "",
    ]
).map(lambda text: text.replace("events:nothing/at-all", "aws:SourceVpc"))
either = st.sampled_from(["Equals", "NotEquals"])
orders = st.sampled_from(["Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals"])


def _tests(names: st.SearchStrategy[str], wanted: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[str, Any]]:
    return st.tuples(names, wanted | st.lists(wanted, min_size=1, max_size=3))


comparisons = st.one_of(
    _tests(either.map("String{}".format), globs),
    _tests(either.map("String{}IgnoreCase".format), globs),
    _tests(st.sampled_from(["StringLike", "StringNotLike"]), globs),
    _tests(st.sampled_from(["ArnLike", "ArnEquals", "ArnNotLike", "ArnNotEquals"]), arn_globs),
    _tests(orders.map("Numeric{}".format), numbers.filter(lambda x: x != "x") | st.integers(-1, 2)),
    _tests(orders.map("Date{}".format), dates.filter(lambda x: x != "x")),
    _tests(st.sampled_from(["IpAddress", "NotIpAddress"]), st.sampled_from(["10.0.0.0/8", "10.0.0.1", "::/0"])),
    _tests(st.just("Bool"), st.sampled_from(["true", "false", True, False])),
    _tests(st.just("BinaryEquals"), words.map(lambda x: base64.b64encode(x.encode()).decode())),
)
names = st.sampled_from(["events:source", "events:detail-type", "aws:SourceArn", "aws:TagKeys"])


@st.composite
def conditions(draw: st.DrawFn) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for _ in range(draw(st.integers(0, 2))):
        operator, wanted = draw(comparisons)
        prefix = draw(st.sampled_from(["", "", "ForAllValues:", "ForAnyValue:"]))
        suffix = draw(st.sampled_from(["", "", "IfExists"])) if prefix != "ForAnyValue:" else ""
        found.setdefault(prefix + operator + suffix, {})[draw(names)] = wanted
    if draw(st.integers(0, 3)) == 0:
        found["Null"] = {draw(names): draw(st.sampled_from(["true", "false", True, False, ["true", "false"]]))}
    return found


principals = st.one_of(
    st.just("*"),
    st.sampled_from([*ACCOUNTS, ROLE, "arn:aws:iam::111111111111:root", ["222222222222", ROLE]]).map(
        lambda name: {"AWS": name}
    ),
    st.just({"Service": SERVICE}),
    st.just({"AWS": ["111111111111", ROLE], "Service": [SERVICE]}),
)
actions = st.sampled_from(
    ["*", "events:*", "EVENTS:putevents", ["events:PutRule", "events:Describe*"], "events:Put?vents"]
)
resources = st.one_of(arn_globs, st.lists(arn_globs, min_size=1, max_size=2))


@st.composite
def statements(draw: st.DrawFn) -> dict[str, Any]:
    effect = draw(st.sampled_from(["Allow", "Deny"]))
    found: dict[str, Any] = {"Effect": effect, "Condition": draw(conditions())}
    if draw(st.booleans()):  # so that it often comes down to the conditions
        return {**found, "Principal": "*", "Action": "*", "Resource": "*"}
    found["NotPrincipal" if effect == "Deny" and draw(st.booleans()) else "Principal"] = draw(principals)
    found[draw(st.sampled_from(["Action", "Action", "NotAction"]))] = draw(actions)
    found[draw(st.sampled_from(["Resource", "Resource", "NotResource"]))] = draw(resources)
    return found


values = words | arns | numbers | dates | addresses | st.sampled_from(["true", "False"])
contexts = st.dictionaries(names.map(str.lower), values | st.lists(values, max_size=3), min_size=1, max_size=4)
asking = st.sampled_from([[ACCOUNTS[0]], [ACCOUNTS[1]], [ACCOUNTS[0], ROLE], [SERVICE]])


@settings(max_examples=EXAMPLES, deadline=None)
@given(
    st.lists(statements(), min_size=1, max_size=3),
    st.sampled_from(["2012-10-17", "2008-10-17", None]),
    asking,
    st.sampled_from(["events:PutEvents", "events:PutRule"]),
    arns,
    contexts,
)
def test_policies_decide_as_the_reference_says(
    given_statements: list[dict[str, Any]],
    version: str | None,
    who: list[str],
    action: str,
    resource: str,
    context: dict[str, Any],
) -> None:
    context["aws:principalaccount"] = "111111111111"
    policy: dict[str, Any] = {"Statement": given_statements}
    if version is not None:
        policy["Version"] = version
    keys = {key: value if isinstance(value, str) else tuple(value) for key, value in context.items()}
    decider = parse_policy(json.dumps(policy), BUS).decide(Request(tuple(who), action, resource, keys))
    found = None if decider is None else "Allow" if decider.allows else "Deny"
    assert found == reference.decide(policy, who, action, resource, context)
