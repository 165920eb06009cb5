"""Whatever is in the files: the lint ends with findings that have places, and samples are valid or refused by name.

``CONTRACT_EXAMPLES=20000`` for a long run."""

from __future__ import annotations

import json
import os
import random
import re
from contextlib import suppress
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eventyard.contract import from_files
from eventyard.contracts.conventions import conventions
from eventyard.contracts.lint import lint
from eventyard.contracts.samples import defects, samples
from eventyard.errors import Unsupported

from .broken_branch import CARS
from .test_differential import changed, places
from .test_lint import TODAY

EXAMPLES = int(os.environ.get("CONTRACT_EXAMPLES", 15))
EVENTS = [CARS / "events" / f"{name}.md" for name in ("order-placed", "photos-taken", "preparation-finished")]
FILES = {each.relative_to(CARS).as_posix(): each.read_text() for each in (*EVENTS, *CARS.glob("atoms/*.json"))}
SAID = (CARS / "contracts.yml").read_text()
_BLOCK = re.compile(r"```json\n(.*?)```", re.DOTALL)

_KEYWORDS = """
$ref $id $schema $defs type properties required items allOf anyOf oneOf not if then else enum const pattern format
minimum maximum multipleOf minLength maxLength minItems uniqueItems contains additionalProperties patternProperties
dependentSchemas dependentRequired propertyNames unevaluatedProperties default examples $dynamicRef prefixItems
description minProperties
"""
_TEXTS = """
# #/properties/vrm https://schema.example.com/atoms/vin string object integer array (?=a) ^[a-z]+$ date a.b
http://json-schema.org/draft-04/schema#
"""
KEYWORDS = _KEYWORDS.split()
VALUES = st.recursive(
    st.sampled_from([None, True, False, 0, -1, 0.5, 3, "", *_TEXTS.split()]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYWORDS), inner, max_size=3),
    max_leaves=8,
)


def mutated_json(draw: st.DrawFn, text: str) -> str:
    value: Any = json.loads(text)
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.sampled_from(list(places(value))))
        old = value
        for step in at:
            old = old[step]
        new = draw(st.just(...) | VALUES)
        if isinstance(old, dict) and draw(st.booleans()):
            new = {**old, draw(st.sampled_from(KEYWORDS)): draw(VALUES)}
        value = changed(value, at, new)
    return json.dumps(value, indent=2)


@st.composite
def changes(draw: st.DrawFn) -> dict[str, str]:
    """Some files of the example with changes: of values in their JSON, of lines, or of characters."""
    files: dict[str, str] = {}
    for name in draw(st.lists(st.sampled_from(sorted(FILES)), min_size=1, max_size=3, unique=True)):
        text = FILES[name]
        kind = draw(st.sampled_from(["json", "json", "lines", "characters"]))
        if kind == "json" and name.endswith(".json"):
            text = mutated_json(draw, text)
        elif kind == "json" and (blocks := list(_BLOCK.finditer(text))):
            block = draw(st.sampled_from(blocks))
            text = text[: block.start(1)] + mutated_json(draw, block[1]) + "\n" + text[block.end(1) :]
        elif kind == "lines":
            dice = random.Random(draw(st.integers()))
            lines = [line for line in text.splitlines() if dice.random() < 0.95]
            text = "\n".join(lines[dice.randrange(3) :])
        else:
            at = draw(st.integers(0, len(text)))
            text = text[:at] + draw(st.text(max_size=3)) + text[at + draw(st.integers(0, 3)) :]
        files[name] = text
    return files


@settings(
    max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
@given(changes())
def test_the_lint_always_ends_with_places(new: dict[str, str]) -> None:
    files = FILES | new
    for finding in lint(from_files(files), conventions(SAID), TODAY):
        text = SAID if finding.path == "contracts.yml" else files[finding.path]
        assert 1 <= finding.line <= max(1, text.count("\n") + 1), finding
        assert finding.column >= 1
        assert finding.message.endswith((".", "?", "!", "pened")), finding


@settings(
    max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
@given(changes())
def test_samples_are_valid_or_refused_by_name(new: dict[str, str]) -> None:
    repository = from_files(FILES | new)
    for contract in repository.contracts:
        check = repository.validator(contract)
        with suppress(Unsupported):
            made = samples(contract, repository, 8)
            assert all(check.is_valid(each) for each in made)
            assert not any(check.is_valid(each.detail) for each in defects(contract, repository))


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.text() | st.sampled_from(SAID.splitlines()).flatmap(lambda line: st.just(SAID.replace(line, line[::-1]))))
def test_conventions_are_always_read(said: str) -> None:
    for finding in conventions(said).findings:
        assert (finding.path, finding.rule) == ("contracts.yml", "bad-conventions")
