"""Each operator on the examples of the user guide, and on what the documentation says between the lines."""

from __future__ import annotations

import json
from typing import Any

import pytest

from eventyard.pattern import Matcher, explain, matches, parse

ABSENT: Any = object()

CASES: list[tuple[Any, list[Any], list[Any]]] = [
    (["New York"], ["New York", ["Paris", "New York"]], ["new york", None, ABSENT, [], {}]),
    ([""], [""], [None, ABSENT]),
    ([None], [None], ["", 0, False, ABSENT]),
    ([True], [True], [1, "true", False]),
    ([1], [1], [True, "1", 2, 1.0]),
    ([300], [300], [301, "300", 300.0]),
    ([300.5], [300.5], [300, 301.5]),
    ([9007199254740993], [9007199254740993], [9007199254740992, 9007199254740994]),
    ([{"prefix": "us-"}], ["us-east-1", "us-"], ["eu-us-", None, 1, "US-", ABSENT]),
    ([{"prefix": ""}], ["", "x"], [None, 1, ABSENT]),
    ([{"prefix": {"equals-ignore-case": "EventB"}}], ["eventbridge", "EVENTB"], ["event"]),
    ([{"suffix": ".png"}], ["a.png", ".png"], ["a.PNG", "png"]),
    ([{"suffix": {"equals-ignore-case": ".png"}}], ["a.PNG", "a.pNg"], ["a.jpg"]),
    ([{"equals-ignore-case": "alice"}], ["Alice", "ALICE"], ["alice ", None]),
    ([{"wildcard": "dir/*.png"}], ["dir/a.png", "dir/.png", "dir/b/c.png"], ["dir.png", "dir/a.jpg"]),
    ([{"wildcard": "a\\*b\\\\*"}], ["a*b\\", "a*b\\c"], ["axb\\", "a*b"]),
    ([{"wildcard": "ab*ba"}], ["abba", "abxba"], ["aba"]),
    (
        [{"anything-but": "initializing"}],
        ["running", None, 1, False, ["initializing", "x"]],
        ["initializing", ABSENT, []],
    ),
    ([{"anything-but": 123}], [124, "123", True, 123.0], [123]),
    ([{"anything-but": ["stopped", "overloaded"]}], ["running"], ["stopped", "overloaded"]),
    ([{"anything-but": [100, 200, 300]}], [101], [100, 300]),
    ([{"anything-but": {"equals-ignore-case": "initializing"}}], ["running"], ["INITIALIZING"]),
    ([{"anything-but": {"equals-ignore-case": ["initializing", "stopped"]}}], ["running"], ["Stopped"]),
    ([{"anything-but": {"prefix": "init"}}], ["running", None], ["initializing"]),
    ([{"anything-but": {"suffix": [".txt", ".rtf"]}}], ["a.png"], ["a.rtf"]),
    ([{"anything-but": {"wildcard": "*/lib/*"}}], ["/bin/x", 7], ["/usr/lib/x"]),
    ([{"numeric": ["=", 3.018e2]}], [301.8], [301, "301.8"]),
    ([{"numeric": [">", 0, "<=", 5]}], [5, 0.1], [0, 5.1, True, None]),
    ([{"numeric": ["<", 10]}], [-5e9, 9.99], [10, -5.1e9]),
    ([{"cidr": "10.0.0.0/24"}], ["10.0.0.0", "10.0.0.255"], ["10.0.1.0", "10.0.0", "", "::1", 10]),
    ([{"cidr": "2001:db8::/32"}], ["2001:db8::1", "2001:DB8:ffff::"], ["2001:db9::", "10.0.0.1"]),
    ([{"exists": True}], [None, "", 0, [1]], [ABSENT, [], {}, {"a": 1}]),
    ([{"exists": False}], [ABSENT, [], {}, {"a": 1}], [None, "", [1]]),
    ([{"exists": False}, "free"], [ABSENT, "free"], ["paid"]),
    (["a", {"prefix": "b"}, {"numeric": [">", 5]}], ["a", "bc", 6], ["c", 5]),
]


def body(value: Any) -> bytes:
    return json.dumps({"detail": {} if value is ABSENT else {"field": value}}).encode()


@pytest.mark.parametrize(("tests", "yes", "no"), CASES, ids=[json.dumps(case[0]) for case in CASES])
def test_operator_matches_what_the_documentation_says(tests: Any, yes: list[Any], no: list[Any]) -> None:
    pattern = parse(json.dumps({"detail": {"field": tests}}))
    matcher = Matcher()
    matcher.add("rule", pattern)
    for values, expected in ((yes, True), (no, False)):
        for value in values:
            assert matches(pattern, body(value)) is expected, value
            assert matcher.match(body(value)) == (["rule"] if expected else []), value
            assert explain(pattern, body(value)).matched is expected, value


@pytest.mark.parametrize(
    ("pattern", "event", "expected"),
    [
        ('{"a":{"b":[1],"c":[2]}}', '{"a":[{"b":1,"c":3},{"b":0,"c":2}]}', False),
        ('{"a":{"b":[1],"c":[2]}}', '{"a":[{"b":0},{"b":1,"c":2}]}', True),
        ('{"a":{"b":[1]},"c":[2]}', '{"a":[{"b":1}],"c":[3,2]}', True),
        ('{"a":{"b":[1]}}', '{"a":[[{"b":[0,1]}]]}', True),
        ('{"a.b":[1]}', '{"a.b":1}', True),
        ('{"a.b":[1]}', '{"a":{"b":1}}', False),
        ('{"a":["x"],"a":["y"]}', '{"a":"y"}', True),
        ('{"a":["x"],"a":["y"]}', '{"a":"x"}', False),
        ('{"a":["y"]}', '{"a":"x","a":"y"}', True),
        ('{"a":["y"]}', '{"a":["y"],"a":"x"}', False),
        ('{"$or":[{"a":[1]},{"b":{"$or":[{"c":[2]},{"d":[3]}]}}]}', '{"b":{"d":3}}', True),
        ('{"$or":[{"a":[1]},{"b":{"$or":[{"c":[2]},{"d":[3]}]}}]}', '{"b":{"d":2}}', False),
        ('{"x":["y"],"$or":[{"a":[1]},{"b":[2]}]}', '{"a":1}', False),
        ('{"":[1],"\\"\\\\\\n":[2]}', '{"":1,"\\"\\\\\\n":2}', True),
        ('{"a":[1]}', '{"a":null}', False),
        ('{"a":{"b":[{"exists":false}]}}', '{"a":null}', True),
    ],
)
def test_structure_matches_as_documented(pattern: str, event: str, expected: bool) -> None:
    parsed = parse(pattern)
    matcher = Matcher()
    matcher.add("rule", parsed)
    assert matches(parsed, event.encode()) is expected
    assert bool(matcher.match(event.encode())) is expected


def test_hostile_wildcard_takes_linear_time() -> None:
    pattern = parse('{"a":[{"wildcard":"*a*b*a*b*a*b*a*b*c"}]}')
    event = json.dumps({"a": "ab" * 100_000 + "d"}).encode()
    assert not matches(pattern, event)


def test_text_of_a_pattern_never_becomes_code() -> None:
    evil = "\"'); raise SystemExit #\n\\"
    pattern = parse(json.dumps({evil: [evil, {"prefix": evil}, {"anything-but": evil}]}))
    matcher = Matcher()
    matcher.add("rule", pattern)
    assert matcher.match(json.dumps({evil: evil}).encode()) == ["rule"]


def test_replaced_and_removed_patterns_match_no_more() -> None:
    matcher = Matcher()
    matcher.add("rule", parse('{"a":[1]}'))
    matcher.add("rule", parse('{"a":[2]}'))
    assert matcher.match(b'{"a":1}') == []
    assert matcher.match(b'{"a":2}') == ["rule"]
    matcher.remove("rule")
    matcher.remove("never added")
    assert matcher.match(b'{"a":2}') == []
    assert len(matcher) == 0


def test_rules_on_resources_match_beside_rules_on_values() -> None:
    matcher = Matcher()
    matcher.add("array", parse('{"resources":[{"prefix":"arn:a"}],"source":["x"]}'))
    matcher.add("value", parse('{"source":["x"]}'))
    matcher.add("either", parse('{"$or":[{"resources":["arn:b"]},{"source":["x"]}]}'))
    assert set(matcher.match(b'{"source":"x","resources":["arn:b","arn:ab"]}')) == {"array", "value", "either"}
    assert set(matcher.match(b'{"source":["x"],"resources":[]}')) == {"value", "either"}
    assert matcher.match(b'{"source":"y","resources":["arn:b"]}') == ["either"]


def test_explanation_names_the_first_failing_condition() -> None:
    pattern = parse('{"source":["shop"],"detail":{"n":[{"numeric":[">",1,"<",5]}]}}')
    found = explain(pattern, b'{"source":"shop","detail":{"n":9}}')
    assert (found.path, found.operator, found.expected, found.actual) == ("detail.n", "numeric", "> 1 and < 5", "9")
    assert str(found) == "detail.n: expected numeric > 1 and < 5, but the event has 9"
    assert "absent" in str(explain(pattern, b'{"source":"shop"}'))


def test_explanation_tells_of_different_array_elements() -> None:
    found = explain(parse('{"a":{"b":[1],"c":[2]}}'), b'{"a":[{"b":1,"c":3},{"b":0,"c":2}]}')
    assert (found.path, found.matched) == ("a.c", False)
    assert "different array element" in str(found)


def test_explanation_of_or_follows_the_branch_that_got_furthest() -> None:
    found = explain(parse('{"$or":[{"a":[1]},{"b":[2],"c":[{"cidr":"10.0.0.7/8"}]}]}'), b'{"a":0,"b":2,"c":"x"}')
    assert (found.path, found.expected) == ("c", '"10.0.0.0/8"')


@pytest.mark.parametrize(
    "text", ["300", "300.0", "3.0e2", "3.0E2", "-300", "0.1", "1e99", "123456789012345678901234567890"]
)
def test_numbers_equal_only_what_is_written_the_same(text: str) -> None:
    pattern = parse(f'{{"a":[{text}]}}')
    matcher = Matcher()
    matcher.add("rule", pattern)
    for other in ("300", "300.0", "3.0e2", "3.0E2", "-300", "0.1", "0.10", "123456789012345678901234567890"):
        event = b'{"a":%s}' % other.encode()
        assert matcher.match(event) == (["rule"] if other == text else [])
        assert matches(pattern, event) is (other == text)
        assert explain(pattern, event).matched is (other == text)


def test_numeric_compares_values_however_they_are_written() -> None:
    matcher = Matcher()
    matcher.add("range", parse('{"a":[{"numeric":["=",3.0e2]}]}'))
    matcher.add("exact", parse('{"a":[300]}'))
    assert set(matcher.match(b'{"a":300}')) == {"range", "exact"}
    assert matcher.match(b'{"a":300.0}') == ["range"]
    assert matcher.match(b'{"a":3e2}') == ["range"]


def test_explanation_shows_numbers_as_they_are_written() -> None:
    assert (
        str(explain(parse('{"a":[300.0]}'), b'{"a":[3.0e2,300]}'))
        == "a: expected equals 300.0, but the event has [3.0e2, 300]"
    )


@pytest.mark.parametrize(("opening", "closing"), [('{"x":', "}"), ("[", "]")])
@pytest.mark.parametrize("depth", [10, 800, 1000])
def test_events_match_however_deep_they_are_nested(opening: str, closing: str, depth: int) -> None:
    deep = f'{{"detail":{{"a":1,"deep":{opening * (depth - 1)}7{closing * (depth - 1)}}}}}'.encode()
    matcher = Matcher()
    pattern = parse('{"detail":{"a":[1]}}')
    matcher.add("beside", pattern)
    assert matcher.match(deep) == ["beside"]
    inside = parse('{"detail":{"a":[1],"deep":[7]}}')
    matcher.add("inside", inside)
    in_array = opening == "["
    assert set(matcher.match(deep)) == ({"beside", "inside"} if in_array else {"beside"})
    assert matches(inside, deep) is in_array
    assert explain(inside, deep).matched is in_array


def test_index_follows_rules_that_become_quite_others() -> None:
    matcher = Matcher()
    for number in range(300):
        matcher.add(number, parse(json.dumps({"state": ["s"], "a": [str(number % 7)]})))
        assert (number in matcher.match(body_of(state="s", a=str(number % 7)))) is True
    for number in range(300, 3000):
        matcher.add(number, parse(json.dumps({"b": [str(number)], "c": [{"numeric": [">", number]}]})))
        if number % 100 == 0:
            assert matcher.match(body_of(b=str(number), c=number + 1, a=[])) == [number]
            assert matcher.match(body_of(b=str(number), c=number + 1)) == [number]
            assert matcher.match(body_of(b=str(number), c=number)) == []
    for number in range(2990):
        matcher.remove(number)
    assert matcher.match(body_of(b="2995", c=3000)) == [2995]
    assert matcher.match(body_of(b="2985", c=3000, state="s", a="1")) == []
    for number in range(2990, 3000):
        matcher.remove(number)
    assert matcher.match(body_of(b="2995", c=3000)) == []
    assert len(matcher) == 0


def body_of(**fields: Any) -> bytes:
    return json.dumps(fields).encode()


def test_a_field_can_be_a_value_in_one_rule_and_an_object_in_another() -> None:
    matcher = Matcher()
    matcher.add("value", parse('{"a":[{"exists":true}]}'))
    matcher.add("object", parse('{"a":{"b":[1]}}'))
    assert matcher.match(b'{"a":{"b":1}}') == ["object"]
    assert matcher.match(b'{"a":1}') == ["value"]
    matcher.remove("value")
    assert matcher.match(b'{"a":{"b":1}}') == ["object"]
    matcher.add("again", parse('{"a":{"b":[1.50]}}'))
    assert matcher.match(b'{"a":{"b":1.50}}') == ["again"]


def test_more_fields_than_one_decoder_holds() -> None:
    matcher = Matcher()
    for number in range(1000):
        matcher.add(number, parse(json.dumps({"detail": {f"field {number}": ["x"]}})))
    for number in (0, 399, 400, 999):
        assert matcher.match(json.dumps({"detail": {f"field {number}": "x"}}).encode()) == [number]
