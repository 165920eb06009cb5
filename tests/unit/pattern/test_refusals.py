"""Patterns AWS refuses are refused in its words."""

from __future__ import annotations

import json

import pytest

from eventyard.errors import InvalidPattern
from eventyard.pattern import parse

REFUSED = [
    ("", "Unexpected end-of-input"),
    ("nonsense", "Unexpected character ('n')"),
    ('{"a":[1]} x', "Unexpected character ('x')"),
    ('{"a":[1],}', "was expecting double-quote"),
    ('{"a" [1]}', "was expecting a colon"),
    ('{"a":[01]}', "was expecting comma to separate Array entries"),
    ('{"a":[NaN]}', "Unexpected character ('N')"),
    ('{"a":[1e999]}', "out of range"),
    ('{"a":["\\ud800"]}', "surrogate"),
    ("[]", "Filter is not an object"),
    ('"x"', "Filter is not an object"),
    ("{}", "Empty objects are not allowed"),
    ('{"a":{}}', "Empty objects are not allowed"),
    ('{"a":[]}', "Empty arrays are not allowed"),
    ('{"source":"x"}', '"source" must be an object or an array'),
    ('{"a":[[1]]}', "Match value must be String, number, true, false, or null"),
    ('{"a":[{"foo":1}]}', "Unrecognized match type foo"),
    ('{"a":[{"prefix":"a","suffix":"b"}]}', "Only one key allowed in match expression"),
    ('{"a":[{"prefix":1}]}', "prefix match pattern must be a string"),
    ('{"a":[{"prefix":["a"]}]}', "prefix match pattern must be a string"),
    ('{"a":[{"cidr":1}]}', "prefix match pattern must be a string"),
    ('{"a":[{"prefix":{"suffix":"a"}}]}', "Unsupported prefix pattern: suffix"),
    ('{"a":[{"suffix":null}]}', "suffix match pattern must be a string"),
    ('{"a":[{"equals-ignore-case":1}]}', "equals-ignore-case match pattern must be a string"),
    ('{"a":[{"wildcard":1}]}', "wildcard match pattern must be a string"),
    ('{"a":[{"wildcard":"a**b"}]}', "Consecutive wildcard characters at pos 1"),
    ('{"a":[{"wildcard":"a\\\\b"}]}', "Invalid escape character at pos 1"),
    ('{"a":[{"exists":"yes"}]}', "exists match pattern must be either true or false."),
    ('{"a":[{"numeric":5}]}', "Value of numeric must be an array."),
    ('{"a":[{"numeric":[]}]}', "Invalid member in numeric match"),
    ('{"a":[{"numeric":["~",5]}]}', "Unrecognized numeric range operator: ~"),
    ('{"a":[{"numeric":[">","5"]}]}', "Value of > must be numeric"),
    ('{"a":[{"numeric":[">"]}]}', "Missing numeric operand"),
    ('{"a":[{"numeric":[">",5,"<",5]}]}', "Bottom must be less than top"),
    ('{"a":[{"numeric":["<",5,">",1]}]}', "Bad numeric range operator: >"),
    ('{"a":[{"numeric":["=",5,"<",6]}]}', "Bad numeric range operator: <"),
    ('{"a":[{"numeric":[">",1,"<",6,"<",7]}]}', "Too many elements in numeric expression"),
    ('{"a":[{"numeric":[">",5000000001]}]}', "Value must be between -5.0E9 and 5.0E9, inclusive"),
    ('{"a":[{"anything-but":[]}]}', "Empty arrays are not allowed"),
    ('{"a":[{"anything-but":["a",1]}]}', "mixed type is not supported"),
    ('{"a":[{"anything-but":null}]}', "Value of anything-but must be an array or single string/number value."),
    ('{"a":[{"anything-but":{"prefix":""}}]}', "Null prefix/suffix not allowed"),
    ('{"a":[{"anything-but":{"suffix":["a",""]}}]}', "Null prefix/suffix not allowed"),
    ('{"a":[{"anything-but":{"numeric":["=",1]}}]}', "Unsupported anything-but pattern: numeric"),
    ('{"$or":[{"a":[1]}]}', "at least 2 Objects in $or relationship"),
    ('{"$or":[]}', "Empty arrays are not allowed"),
    ('{"$or":{"a":[1]}}', '"$or" must be an array of objects'),
    ('{"$or":[1,2]}', "only objects in an $or relationship"),
]


@pytest.mark.parametrize(("text", "reason"), REFUSED)
def test_invalid_pattern_is_refused_with_reason_and_location(text: str, reason: str) -> None:
    with pytest.raises(InvalidPattern) as caught:
        parse(text)
    message = caught.value.message
    assert message.startswith("Event pattern is not valid. Reason: ")
    assert reason in message
    assert f'\n at [Source: (String)"{text}"; line: 1, column: ' in message
    assert caught.value.code == "InvalidEventPatternException"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{"a":[{"cidr":"10.0.0.0"}]}', "Malformed CIDR, one '/' required"),
        ('{"a":[{"cidr":"10.0.0.0/x"}]}', "Malformed CIDR, mask bits must be an integer"),
        ('{"a":[{"cidr":"10.0.0.0/33"}]}', "Malformed CIDR, mask bits must be in the range 0 to 32"),
        ('{"a":[{"cidr":"10.0.0/8"}]}', "Nonstandard IP address: 10.0.0"),
        (json.dumps({"a": [{"wildcard": "*:" * 12}]}), "Rule is too complex - try using fewer wildcard characters"),
    ],
)
def test_cidr_and_complexity_are_refused_without_location(text: str, reason: str) -> None:
    with pytest.raises(InvalidPattern) as caught:
        parse(text)
    assert caught.value.message.startswith(f"Event pattern is not valid. Reason: {reason}")
    assert "at [Source" not in caught.value.message


def test_location_counts_lines_and_columns() -> None:
    with pytest.raises(InvalidPattern, match="line: 2, column: 11"):
        parse('{\n "a": "xy"}')


def test_a_thousand_combinations_pass_and_more_are_refused() -> None:
    choice = [{"a": [1]}] * 10
    three = {"x": {"$or": choice}, "y": {"$or": choice}, "z": {"$or": choice}}
    assert len(parse(json.dumps(three)).branches) == 1000
    with pytest.raises(InvalidPattern, match="Rule is too complex"):
        parse(json.dumps({**three, "$or": [{"b": [1]}, {"c": [1]}]}))


def test_deep_nesting_is_refused_not_overflowed() -> None:
    with pytest.raises(InvalidPattern, match="too deeply"):
        parse('{"a":' * 5000)


def test_few_stars_and_plain_empty_prefix_are_valid() -> None:
    assert parse('{"a":[{"wildcard":"*a*b*"},{"prefix":""}]}').branches
