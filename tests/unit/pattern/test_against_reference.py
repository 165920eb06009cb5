"""The index, the single evaluation and the explanation agree with the slow reference on anything.

``PATTERN_EXAMPLES`` makes the runs longer."""

from __future__ import annotations

import json
import os
import re
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from eventyard.pattern import Matcher, explain, matches, parse

from . import reference


def _examples(usual: int) -> int:
    """So many in the suite; ``PATTERN_EXAMPLES=20000`` for a long run."""
    return int(os.environ.get("PATTERN_EXAMPLES", usual))


texts = st.sampled_from(["a", "b", "A", "ab", "aab", "abab", "ba", "", "10.0.0.1", "10.1.0.1", "::1", "É"])
numbers = st.sampled_from(
    [0, 1, "#1.0#", "#1e0#", "#1.0E+0#", 2, -1, 1.5, "#15e-1#", 5_000_000_001, 2**53 + 1, 2.0**53, 2**70]
)
scalars = st.one_of(texts, numbers, st.booleans(), st.none())
keys = st.sampled_from(["a", "b", "resources", "a.b"])
affixes = st.sampled_from(["a", "b", "ab", "A", "é"])


def folding(operand: st.SearchStrategy[str]) -> st.SearchStrategy[Any]:
    return operand | operand.map(lambda text: {"equals-ignore-case": text})


def one_or_list(operand: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return operand | st.lists(operand, min_size=1, max_size=3)


wildcards = st.sampled_from(["*", "a*", "*b", "a*b", "*a*b*", "ab", "a*a*b", "b*a"])
positive = st.one_of(
    folding(affixes).map(lambda x: {"prefix": x}),
    folding(affixes).map(lambda x: {"suffix": x}),
    st.just({"prefix": ""}),
    affixes.map(lambda x: {"equals-ignore-case": x}),
    wildcards.map(lambda x: {"wildcard": x}),
    st.sampled_from(["10.0.0.0/24", "10.0.0.0/8", "::/64"]).map(lambda x: {"cidr": x}),
    st.sampled_from([[">", 0], ["<=", 1.5], ["=", 1], [">=", 1, "<", 2], [">", -1, "<=", 5e9]]).map(
        lambda x: {"numeric": x}
    ),
    st.booleans().map(lambda x: {"exists": x}),
)
negative = st.one_of(
    one_or_list(texts),
    one_or_list(numbers),
    one_or_list(affixes).map(lambda x: {"prefix": x}),
    one_or_list(affixes).map(lambda x: {"suffix": x}),
    one_or_list(affixes).map(lambda x: {"equals-ignore-case": x}),
    one_or_list(wildcards).map(lambda x: {"wildcard": x}),
).map(lambda x: {"anything-but": x})
conditions = st.lists(st.one_of(scalars, scalars, positive, negative), min_size=1, max_size=3)


def objects(children: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    plain = st.dictionaries(keys, children, min_size=1, max_size=3)
    choice = st.tuples(plain, st.lists(plain, min_size=2, max_size=3)).map(lambda x: {**x[0], "$or": x[1]})
    return plain | plain | choice


patterns = objects(st.recursive(conditions, objects, max_leaves=4))
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3),
    max_leaves=6,
)
events = st.dictionaries(keys, values, max_size=4)


def dumps(value: Any) -> str:
    """Numbers between marks are written as they stand there."""
    return re.sub('"#([^"#]*)#"', r"\1", json.dumps(value, ensure_ascii=False))


def body(event: Any) -> bytes:
    return dumps(event).encode()


@settings(max_examples=_examples(40), deadline=None)
@given(
    st.lists(patterns, min_size=1, max_size=30),
    st.lists(events, min_size=1, max_size=6),
    st.lists(st.integers(0, 39), max_size=10),
    st.integers(1, 4),
)
def test_many_rules_match_as_the_reference_says(
    wanted: list[Any], given_events: list[Any], removed: list[int], few: int
) -> None:
    texts = [dumps(each) for each in wanted]
    matcher = Matcher(few=few)
    live: dict[int, str] = {}

    def check() -> None:
        for event in given_events:
            found = matcher.match(body(event))
            assert len(found) == len(set(found))
            assert set(found) == {key for key, text in live.items() if reference.matches(text, body(event))}

    half = len(texts) // 2
    for start, end in ((0, half), (half, len(texts))):
        for key in range(start, end):
            matcher.add(key, parse(texts[key]))
            live[key] = texts[key]
        check()
        for key in removed:
            matcher.remove(key)
            live.pop(key, None)
        check()
    matcher.add(0, parse(texts[-1]))
    live[0] = texts[-1]
    check()


@settings(max_examples=_examples(120), deadline=None)
@given(patterns, events)
def test_one_pattern_matches_and_is_explained_as_the_reference_says(wanted: Any, event: Any) -> None:
    text = dumps(wanted)
    expected = reference.matches(text, body(event))
    pattern = parse(text)
    assert matches(pattern, body(event)) is expected
    explanation = explain(pattern, body(event))
    assert explanation.matched is expected
    assert expected or explanation.path
    assert str(explanation)


@settings(max_examples=_examples(30), deadline=None)
@given(
    st.lists(
        st.fixed_dictionaries(
            {"a": st.lists(texts, min_size=1, max_size=2)},
            optional={"b": conditions, "c": st.dictionaries(st.sampled_from(["a", "b"]), conditions, min_size=1)},
        ),
        min_size=30,
        max_size=80,
    ),
    st.lists(
        st.fixed_dictionaries(
            {"a": texts, "b": scalars, "c": st.dictionaries(st.sampled_from(["a", "b"]), scalars, max_size=2)}
        ),
        min_size=1,
        max_size=10,
    ),
)
def test_envelope_like_rules_match_as_the_reference_says(wanted: list[Any], given_events: list[Any]) -> None:
    matcher = Matcher()
    for key, each in enumerate(wanted):
        matcher.add(key, parse(dumps(each)))
    for event in given_events:
        expected = {key for key, each in enumerate(wanted) if reference.matches(dumps(each), body(event))}
        assert set(matcher.match(body(event))) == expected


bounds = st.integers(-20, 20) | st.floats(-20, 20) | st.sampled_from([-5e9, 5e9, 4_999_999_999, 0.1, 1e-13])
ranges = st.one_of(
    st.tuples(st.sampled_from(["<", "<=", ">", ">=", "="]), bounds).map(list),
    st.tuples(st.sampled_from([">", ">="]), bounds, st.sampled_from(["<", "<="]), bounds)
    .filter(lambda x: x[1] < x[3])
    .map(list),
).map(lambda x: {"numeric": x})
blocks = st.tuples(st.sampled_from(["10.0.0.0", "10.129.0.7", "::", "2001:db8::"]), st.integers(0, 32)).map(
    lambda x: {"cidr": f"{x[0]}/{x[1]}"}
)
words = st.text(st.sampled_from("ab*"), min_size=1, max_size=6).filter(lambda x: "**" not in x)
crowd = st.one_of(
    ranges,
    blocks,
    words.map(lambda x: {"wildcard": x}),
    words.map(lambda x: {"anything-but": x}),
    words.map(lambda x: {"anything-but": {"wildcard": x}}),
    st.booleans().map(lambda x: {"exists": x}),
    st.integers(-20, 20),
)
crowded = st.lists(
    st.fixed_dictionaries(
        {"a": st.lists(crowd, min_size=1, max_size=2)}, optional={"b": st.lists(crowd, min_size=1, max_size=2)}
    ),
    min_size=10,
    max_size=60,
)
leaf = bounds | st.text(st.sampled_from("ab"), max_size=9) | st.sampled_from(["10.129.0.9", "2001:db8::1", None, True])


@settings(max_examples=_examples(40), deadline=None)
@given(
    crowded,
    st.lists(st.dictionaries(st.sampled_from(["a", "b"]), leaf | st.lists(leaf, max_size=2)), min_size=1, max_size=8),
    st.lists(st.integers(0, 59), max_size=60),
    st.integers(1, 4),
)
def test_crowds_of_one_operator_match_as_the_reference_says(
    wanted: list[Any], given_events: list[Any], removed: list[int], few: int
) -> None:
    matcher = Matcher(few=few)
    live: dict[int, str] = {}

    def check() -> None:
        for event in given_events:
            found = matcher.match(body(event))
            assert set(found) == {key for key, text in live.items() if reference.matches(text, body(event))}

    for key, each in enumerate(wanted):
        live[key] = dumps(each)
        matcher.add(key, parse(live[key]))
        if key in (3, 20):
            check()
    check()
    for number, key in enumerate(removed):
        matcher.remove(key)
        live.pop(key, None)
        if number % 8 == 7:
            check()
    check()
