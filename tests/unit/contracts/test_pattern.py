"""Texts that are made for a regular expression match it, as the validator's engine sees it."""

from __future__ import annotations

import random
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eventyard.contract import Validator
from eventyard.contracts.samples.pattern import Pattern
from eventyard.errors import Unsupported

ATOMS = ["a", "B", "7", " ", "-", "é", r"\.", r"\\", r"\d", r"\w", r"\s", r"\S", r"\x41", r"\u00e9", ".", "[a-f]"]
ATOMS += ["[^0-9]", r"[\w.-]", "[]a]"[1:], r"[A-Za-z_\-]", r"\p{Lu}"]
TIMES = ["", "", "?", "*", "+", "{2}", "{1,3}", "{2,}", "+?", "*?"]
repeated = st.tuples(st.sampled_from(ATOMS), st.sampled_from(TIMES)).map("".join)
sequels = st.lists(repeated, min_size=1, max_size=4).map("".join)
groups = st.tuples(
    st.sampled_from(["(", "(?:", "(?<name>"]), st.lists(sequels, min_size=1, max_size=3).map("|".join), st.just(")")
).map("".join)
grouped = st.tuples(groups, st.sampled_from(TIMES)).map("".join)
bodies = st.one_of(sequels, grouped, st.tuples(sequels, grouped).map("".join), st.tuples(grouped, sequels).map("".join))
patterns = st.tuples(st.sampled_from(["", "^"]), bodies, st.sampled_from(["", "$"])).map("".join)


@settings(max_examples=150, deadline=None)
@given(patterns, st.integers(0, 1_000), st.integers(0, 40))
def test_what_is_made_matches(pattern: str, seed: int, length: int) -> None:
    check = Validator({"pattern": pattern})
    made = Pattern(pattern).text(random.Random(seed), length)
    assert check.is_valid(made), (pattern, made)


def test_anchors_are_kept_and_what_is_open_is_filled() -> None:
    dice = random.Random(1)
    assert Pattern("^abc$").text(dice, 9) == "abc"
    assert Pattern("^abc").text(dice, 5) == "abcxx"
    assert Pattern("abc$").text(dice, 5) == "xxabc"
    assert Pattern(r"^abc\$").text(dice, 6) == "abc$xx"


def test_a_length_is_met_where_it_can_be() -> None:
    assert {len(Pattern("^(ab|cd)+-[0-9]$").text(random.Random(seed), 42)) for seed in range(60)} & {42}


@pytest.mark.parametrize(
    ("pattern", "what"),
    [
        ("(?i)a", "more than group"),
        ("(?=a)b", "more than group"),
        ("(?<!a)b", "more than group"),
        (r"(a)\1", r"\1"),
        (r"\bfoo", r"\b"),
        ("a^b", "not at its end"),
        ("^a|b$", "no group around"),
        ("[[:alpha:]]", "class inside of a class"),
        ("[a-z--b]", "class inside of a class"),
        ("a++", "repetition of a repetition"),
        ("*a", "nothing to repeat"),
        ("a{x}", "counts nothing"),
        ("(a", "not closed"),
        ("a)", "not opened"),
        ("[a", "not closed"),
        (r"\p{Greek}", "Greek"),
        ("[z-a]", "range z-a"),
        (r"\ud83d", "ud83d"),
        ("(?<name", "more than group"),
    ],
)
def test_what_texts_cannot_be_made_of_is_named(pattern: str, what: str) -> None:
    with pytest.raises(Unsupported) as refusal:
        Pattern(pattern).text(random.Random(1), 3)
    assert repr(pattern) in refusal.value.message
    assert what in refusal.value.message


def test_nested_repetitions_do_not_multiply() -> None:
    began = time.monotonic()
    made = Pattern("^((((a*)*)*)*b{1,1000}){1,1000}$").text(random.Random(3), 500)
    assert len(made) < 20_000
    assert time.monotonic() - began < 5
