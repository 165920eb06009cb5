"""What names and texts from elsewhere look like before people."""

from __future__ import annotations

import json

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventyard.cli.line import line
from eventyard.text import blotted, did_you_mean, limited, printable, printable_lines


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("CarSold", "CarSold"),
        ("Grüße 東京 😀 e\u0301 \u200d", "Grüße 東京 😀 e\u0301 \u200d"),
        ("a\n::error::b\r\n", "a\\n::error::b\\r\\n"),
        ("\x1b[31mred\x9b0m", "\\u001b[31mred\\u009b0m"),
        ("a\u202egrocer\u2066", "a\\u202egrocer\\u2066"),
        ("a\u2028b\x00\x7f\t", "a\\u2028b\\u0000\\u007f\\t"),
        ("\ud800", "\\ud800"),
    ],
)
def test_what_can_not_be_seen_is_shown_escaped(text: str, shown: str) -> None:
    assert printable(text) == shown


@given(st.text())
def test_any_text_is_one_line_and_json_that_is_shown_is_still_the_same_json(text: str) -> None:
    assert len(printable(text).splitlines()) <= 1
    assert json.loads(printable(json.dumps(text, ensure_ascii=False))) == text
    assert len(blotted(text)) == len(text)
    assert printable_lines(text).split("\n") == [printable(each) for each in text.split("\n")]


def test_a_near_name_is_offered_and_a_far_one_is_not() -> None:
    assert did_you_mean("PurchaseAproved", ["CarSold", "PurchaseApproved"]) == " Did you mean PurchaseApproved?"
    assert did_you_mean("x", ["CarSold"]) == ""
    assert did_you_mean("a\x1bb", ["a\x1bc", "zzz"]) == " Did you mean a\\u001bc?"


def test_the_line_of_an_event_in_tail_is_one_line() -> None:
    event = {"id": "0" * 36, "detail-type": "Car\nSold\x1b[2J", "source": "cars\u202e", "time": "2026-11-25T00:00:00Z"}
    text = line(orjson.dumps(event | {"detail": {"\x9b": "\x7f"}}), ("rule",)).plain
    assert text.isprintable()
    assert "Car\\nSold\\u001b[2J" in text


@pytest.mark.parametrize(
    ("words", "value", "said"),
    [
        ("at least {} characters", 1, "at least 1 character"),
        ("at least {} characters", 2, "at least 2 characters"),
        ("at most {} items", 0, "at most 0 items"),
        ("{} or more", 1, "1 or more"),
        ("like {}", "x+s", "like x+s"),
    ],
)
def test_limit_of_one_is_told_in_the_singular(words: str, value: object, said: str) -> None:
    assert limited(words, value) == said
