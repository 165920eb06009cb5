"""Filter patterns: the examples of AWS's user guide, and what is refused."""

from __future__ import annotations

import json

import pytest

from eventyard.errors import InvalidRequest, Unsupported
from eventyard.loggroups import parse_filter

TRAIL = json.dumps(
    {
        "eventType": "UpdateTrail",
        "sourceIPAddress": "111.111.111.111",
        "arrayKey": ["value", "another value"],
        "objectList": [{"name": "a", "id": 1}, {"name": "b", "id": 2}],
        "SomeObject": None,
        "ThisFlag": True,
        "latency": 550.5,
    }
)
USERS = json.dumps(
    {
        "user": {"id": 1, "email": "John.Stiles@example.com"},
        "users": [{"id": 2, "email": "John.Doe@example.com"}, {"id": 3, "email": "Jane.Doe@example.com"}],
        "actions": ["GET", "PUT", "DELETE"],
        "coordinates": [[0, 1, 2], [4, 5, 6], [7, 8, 9]],
    }
)


def passes(pattern: str, message: str) -> bool:
    found = parse_filter(pattern)
    return found is None or found(message)


@pytest.mark.parametrize(
    ("pattern", "wanted"),
    [
        ("", "123"),
        ("ERROR", "12"),
        ("error", ""),
        ("?ERROR ?WARN", "123"),
        ("ERROR WARN", "1"),
        ("ERROR -WARN", "2"),
        ('ERROR - "WARN message"', "2"),
        ('"WARN message"', "13"),
        ('"ERROR message" message', "2"),
        ("-ERROR", "3"),
    ],
)
def test_terms(pattern: str, wanted: str) -> None:
    messages = {"1": "ERROR WARN message", "2": "ERROR message", "3": "WARN message"}
    assert "".join(name for name, message in messages.items() if passes(pattern, message)) == wanted


@pytest.mark.parametrize(
    "pattern",
    [
        '{ $.eventType = "UpdateTrail" }',
        "{ $.eventType = UpdateTrail }",
        "{ $.eventType = Update* }",
        "{$.eventType=*Trail}",
        "{ $.sourceIPAddress != 123.123.* }",
        '{ $.arrayKey[0] = "value" }',
        "{ $.objectList[1].id = 2 }",
        "{ $.SomeObject IS NULL }",
        "{ $.SomeOtherObject NOT EXISTS }",
        "{ $.ThisFlag IS TRUE }",
        "{ $.latency >= 500 }",
        "{ $.latency < 10e3 && $.latency > +550 }",
        "{ $.latency = * }",
    ],
)
def test_fields_of_the_guides_example(pattern: str) -> None:
    assert passes(pattern, TRAIL)


@pytest.mark.parametrize(
    "pattern",
    [
        '{ $.eventType != "UpdateTrail" }',
        "{ $.sourceIPAddress = 123.123.* }",
        "{ $.arrayKey = value }",
        "{ $.arrayKey != value }",
        "{ $.missing != value }",
        "{ $.arrayKey[7] = value }",
        "{ $.eventType > 1 }",
        "{ $.ThisFlag IS FALSE }",
        "{ $.SomeObject NOT EXISTS }",
        "{ $.missing IS NULL }",
        "{ $.ThisFlag > 0 }",
    ],
)
def test_fields_that_do_not_fit(pattern: str) -> None:
    assert not passes(pattern, TRAIL)
    assert not passes(pattern, "no JSON")
    assert not passes(pattern, "[1]")


@pytest.mark.parametrize(
    ("pattern", "fits"),
    [
        ('{ ($.user.id = 1) && ($.users[0].email = "John.Doe@example.com") }', True),
        ('{ ($.user.id = 2 && $.users[0].email = "nonmatch") || $.actions[2] = "GET" }', False),
        (
            '{ $.user.email = "John.Stiles@example.com" || $.coordinates[0][1] = nonmatch && $.actions[2] = nomatch }',
            True,
        ),
        (
            '{ ($.user.email = "John.Stiles@example.com" || $.coordinates[0][1] = nonmatch) && $.actions[2] = no }',
            False,
        ),
    ],
)
def test_compound_conditions_of_the_guide(pattern: str, fits: bool) -> None:
    assert passes(pattern, USERS) is fits


@pytest.mark.parametrize(
    "pattern",
    ["{", "{}", "{ $.a }", "{ $.a = }", "{ a = 1 }", "{ $.a = 1 && }", "{ ($.a = 1 }", "{ $.a < b }", "{ $.a IS 1 }",
     "{ $.a NOT 1 }", "{ $.a = 1 $.b = 2 }", '"open', "a.b", "{" + "(" * 60 + "$.a = 1" + ")" * 60 + "}"],
)  # fmt: skip
def test_wrong_patterns_are_refused(pattern: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        parse_filter(pattern)
    assert refused.value.code == "InvalidParameterException"


@pytest.mark.parametrize(
    ("pattern", "name"),
    [("[a, b]", "space-delimited"), ("%x.y%", "Regular"), ("{ $.a = %x% }", "Regular"), ("?a b", "Optional terms")],
)
def test_what_is_not_supported_is_named(pattern: str, name: str) -> None:
    with pytest.raises(Unsupported, match=name):
        parse_filter(pattern)
