"""jsonschema-rs, which everything is validated with, against jsonschema, on the schemas of the example.

Where they differ the tests say so: jsonschema reads ``$`` as Python does (before a newline at the end, too; ECMA 262
and jsonschema-rs don't), takes almost anything for an email address, and wants the seconds of a time below 60.
``CONTRACT_EXAMPLES=20000`` for a long run."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from eventyard.contract import Contract, Validator, read_repository
from eventyard.contracts.samples import Sampler, defects, samples

from .broken_branch import CARS

REPOSITORY = read_repository(CARS)
CONTRACTS = {f"{each.type}.{each.version}": each for each in REPOSITORY.contracts}
ATOMS = dict(REPOSITORY.atoms)
FORMATS = jsonschema.Draft202012Validator.FORMAT_CHECKER


def plain(schema: Any) -> Any:
    """Without formats, and without the dialect, by which jsonschema would leave the oracle for its own class."""
    if isinstance(schema, dict):
        return {name: plain(each) for name, each in schema.items() if name not in ("format", "$schema")}
    return [plain(each) for each in schema] if isinstance(schema, list) else schema


def as_ecma(validator: Any, pattern: str, instance: Any, schema: Any) -> Iterator[jsonschema.ValidationError]:
    if isinstance(instance, str) and not re.search(re.sub(r"\$$", r"\\Z", pattern), instance):
        yield jsonschema.ValidationError("pattern")


Oracle = jsonschema.validators.extend(jsonschema.Draft202012Validator, {"pattern": as_ecma})


@cache
def both(name: str) -> tuple[Validator, Any]:
    schema = plain(CONTRACTS[name].schema)
    atoms = {url: plain(atom) for url, atom in ATOMS.items()}
    registry = Registry().with_resources((url, DRAFT202012.create_resource(atom)) for url, atom in atoms.items())
    return Validator(schema, atoms), Oracle(schema, registry=registry)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


def places(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield at
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, each in inner:
        yield from places(each, (*at, step))


def changed(value: Any, at: tuple[Any, ...], new: Any) -> Any:
    """``value`` with ``new`` at ``at``; without what is there if ``new`` is ``...``."""
    if not at:
        return value if new is ... else new
    step, rest = at[0], at[1:]
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    left = [
        (key, changed(each, rest, new) if key == step else each)
        for key, each in inner
        if not (key == step and not rest and new is ...)
    ]
    return dict(left) if isinstance(value, dict) else [each for _, each in left]


@st.composite
def mutated(draw: st.DrawFn) -> tuple[str, Any]:
    """A sample of some event with up to three changes at places that it has."""
    name = draw(st.sampled_from(sorted(CONTRACTS)))
    contract = CONTRACTS[name]
    value = Sampler(contract.schema, ATOMS, draw(st.integers(0, 10_000))).one()
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.sampled_from(list(places(value))))
        old = value
        for step in at:
            old = old[step]
        near = st.just(...) | JSON
        if isinstance(old, str):
            near |= st.sampled_from([f"{old}\n", f" {old}", old.lower(), old * 2, old[:-1], f"{old}é"])
        elif isinstance(old, dict):
            near |= st.dictionaries(st.text(max_size=4), JSON, max_size=1).map(lambda more, old=old: {**old, **more})
        elif isinstance(old, list):
            near |= st.just(old * 2)
        elif isinstance(old, int | float) and old is not None:
            near |= st.sampled_from([old + 1, old - 1, float(old), old + 0.5, -old, old * 10**6, 2**64, -(2**64)])
        value = changed(value, at, draw(near))
    return name, value


@settings(
    max_examples=int(os.environ.get("CONTRACT_EXAMPLES", 150)),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(mutated())
def test_both_take_and_refuse_the_same_details(case: tuple[str, Any]) -> None:
    name, detail = case
    ours, theirs = both(name)
    assert ours.is_valid(detail) == theirs.is_valid(detail)
    assert ours.is_valid(detail) == (ours.violations(detail) == [])


@pytest.mark.parametrize("contract", CONTRACTS.values(), ids=CONTRACTS.keys())
def test_both_agree_on_samples_and_on_defects(contract: Contract) -> None:
    registry = Registry().with_resources((url, DRAFT202012.create_resource(atom)) for url, atom in ATOMS.items())
    theirs = Oracle(contract.schema, registry=registry, format_checker=FORMATS)
    for sample in samples(contract, REPOSITORY, 50):
        assert theirs.is_valid(sample)
    for defect in defects(contract, REPOSITORY):
        assert not theirs.is_valid(defect.detail) or defect.keyword == "format", defect.name


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("date", "2026-02-28"),
        ("date", "2026-02-29"),
        ("date", "2026-2-28"),
        ("date-time", "2026-11-25T10:00:00Z"),
        ("date-time", "2026-11-25t10:00:00.123+01:00"),
        ("date-time", "2026-11-25 10:00:00Z"),
        ("date-time", "2026-11-25T10:00:00"),
        ("date-time", "2026-11-25T24:00:00Z"),
        ("email", "ada@example.com"),
        ("email", "ada"),
        ("uri", "https://images.example.com/a.jpg"),
        ("uri", "a.jpg"),
        ("uri", "https://[example"),
    ],
)
def test_both_agree_on_the_formats_of_the_example(form: str, text: str) -> None:
    schema = {"format": form}
    theirs = jsonschema.Draft202012Validator(schema, format_checker=FORMATS)
    assert Validator(schema).is_valid(text) == theirs.is_valid(text)


@pytest.mark.parametrize(
    ("form", "text", "ours"),
    [
        ("email", "ada@", False),
        ("email", "@example.com", False),
        ("email", "a b@example.com", False),
        ("date-time", "1990-12-31T23:59:60Z", True),  # a leap second
    ],
)
def test_where_they_differ_on_formats_ours_keeps_the_standard(form: str, text: str, ours: bool) -> None:
    schema = {"format": form}
    theirs = jsonschema.Draft202012Validator(schema, format_checker=FORMATS)
    assert Validator(schema).is_valid(text) is ours
    assert theirs.is_valid(text) is not ours


def test_the_dollar_is_the_end_and_not_a_newline_before_it() -> None:
    schema = {"pattern": "^[a-z]+$"}
    assert not Validator(schema).is_valid("a\n")
    assert jsonschema.Draft202012Validator(schema).is_valid("a\n")
