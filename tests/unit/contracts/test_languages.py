"""Whether one regular expression matches only what another one does: exactly, as the validator's engine sees it."""

from __future__ import annotations

import random
from itertools import islice

import pytest
from hypothesis import given, settings

from eventyard.contract import Validator
from eventyard.contracts.compatibility.languages import escapes
from eventyard.contracts.samples.pattern import Chars, Pattern
from eventyard.errors import Unsupported

from .test_pattern import patterns


def first(published: str, accepted: str, least: int = 0, most: int | None = None) -> str | None:
    return next(escapes(published, accepted, least, most), None)


@pytest.mark.parametrize(
    ("published", "accepted"),
    [
        ("^[a-c]+$", "^[a-z]+$"),
        ("^[0-9]{3}$", r"^\d+$"),
        (r"^\d{3}$", "^[0-9][0-9][0-9]$"),
        ("^(ab|cd)*$", "^([a-d]{2})*$"),
        ("^abc", "a"),
        ("^(?:GB|FR)[0-9]{1,12}$", "^[A-Z]{2}[0-9]{1,13}$"),
        ("^[^a]$", r"^([b-z]|[^a-z])$"),
        ("^a{0,1000}$", "^a*$"),
        ("^(a|b)*$", "^(a*b*)*$"),
        ("^$", "^a?$"),
    ],
)
def test_what_is_contained_has_no_text_that_escapes(published: str, accepted: str) -> None:
    assert first(published, accepted) is None


@pytest.mark.parametrize(
    ("published", "accepted", "text"),
    [
        ("^[a-z]+$", "^[a-c]+$", "d"),
        ("^[A-Z]{17}$", "^[A-HJ-NPR-Z]{17}$", None),
        ("^a{1,1000}$", "^a{1,999}$", "a" * 1000),
        ("^[A-Z]{2}$", "^[A-Z]{1}[A-Y]$", "AZ"),
        ("a", "^a", "Aa"),
        (r"^\s$", r"^[ \t\n]$", None),
        ("^.$", r"^[ -~]$", None),
        ("^a?$", "^a$", ""),
    ],
)
def test_what_is_not_contained_is_shown_by_a_text(published: str, accepted: str, text: str | None) -> None:
    found = first(published, accepted)
    assert found is not None
    assert text is None or found == text
    assert Validator({"pattern": published}).is_valid(found)
    assert not Validator({"pattern": accepted}).is_valid(found)


def test_lengths_beside_a_pattern_count() -> None:
    assert first("^[a-z]+$", "^[a-z]{3,5}$", 3, 5) is None
    assert first("^[a-z]+$", "^[a-z]{3,5}$", 3, 6) == "aaaaaa"
    assert first("^[a-z]*$", "^[a-z]{1,5}$", 2) == "aaaaaa"


@settings(max_examples=300, deadline=None)
@given(patterns, patterns)
def test_both_answers_hold_before_the_engine(published: str, accepted: str) -> None:
    sent, taken = Validator({"pattern": published}), Validator({"pattern": accepted})
    try:
        found = list(islice(escapes(published, accepted), 5))
    except Unsupported:
        return
    for text in found:
        assert (sent.is_valid(text), taken.is_valid(text)) == (True, False), text
    if not found:
        made = [Pattern(published).text(random.Random(seed), seed) for seed in range(20)]
        assert all(taken.is_valid(text) for text in made if sent.is_valid(text))


@pytest.mark.parametrize(
    "pattern", [r"\d", r"\D", r"\w", r"\W", r"\s", r"\S", ".", "[^a-z]", r"[\d_]", r"[^\s]", r"[^\W]"]
)
def test_classes_have_the_characters_that_the_engine_gives_them(pattern: str) -> None:
    check = Validator({"pattern": f"^{pattern}$"}).is_valid
    node = Pattern(pattern).node
    assert isinstance(node, Chars) or hasattr(node, "nodes")
    chars = node if isinstance(node, Chars) else node.nodes[0]  # type: ignore[union-attr]
    assert isinstance(chars, Chars)
    assert chars.exact is not None
    edges = {edge + step for low, high in chars.exact for edge in (low, high) for step in (-1, 0, 1)}
    for number in (edges | set(range(0x3100)) | set(range(0xFE00, 0x10000))) - set(range(0xD800, 0xE000)):
        if 0 <= number <= 0x10FFFF:
            assert check(chr(number)) == any(low <= number <= high for low, high in chars.exact), hex(number)


@pytest.mark.parametrize("pattern", ["(?i)a", r"^\p{L}+$", r"\bfoo", "^(((a{1,99}){1,99}){1,99})$"])
def test_what_cannot_be_compared_is_refused_by_name(pattern: str) -> None:
    with pytest.raises(Unsupported, match="pattern"):
        first(pattern, "^a$")
    with pytest.raises(Unsupported, match="pattern"):
        first("^a$", pattern)
