"""Samples are valid, different, at the limits, and refused by name where they can't be made."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from eventyard.contract import Contract, Repository, Validator, from_files, read_repository
from eventyard.contracts.samples import Sampler, samples
from eventyard.errors import Unsupported

CARS = read_repository(Path(__file__).parents[3] / "examples/cars/contracts")
TREE = {
    "$ref": "#/$defs/tree",
    "$defs": {
        "tree": {
            "type": "object",
            "required": ["value", "children"],
            "properties": {
                "value": {"type": "integer"},
                "children": {"type": "array", "items": {"$ref": "#/$defs/tree"}},
            },
        }
    },
}
EXPRESSION = {
    "$ref": "#/$defs/term",
    "$defs": {
        "term": {
            "anyOf": [
                {
                    "type": "object",
                    "required": ["left", "right"],
                    "properties": {"left": {"$ref": "#/$defs/term"}, "right": {"$ref": "#/$defs/term"}},
                },
                {"type": "integer"},
            ]
        }
    },
}
DRAFT_4, DRAFT_7 = "http://json-schema.org/draft-04/schema#", "http://json-schema.org/draft-07/schema#"


@pytest.mark.parametrize("contract", CARS.contracts, ids=lambda it: f"{it.type}.{it.version}")
def test_samples_of_the_example_keep_their_contract(contract: Contract) -> None:
    check = CARS.validator(contract)
    made = samples(contract, CARS, 60, seed=3)
    assert len(made) == 60
    assert [each for each in made if not check.is_valid(each)] == []


def test_the_same_seed_makes_the_same_samples() -> None:
    contract = CARS.find("OrderPlaced")
    assert samples(contract, CARS, 20, seed=5) == samples(contract, CARS, 20, seed=5)
    assert samples(contract, CARS, 20, seed=5) != samples(contract, CARS, 20, seed=6)


def test_the_first_has_every_member_and_the_second_only_what_is_required() -> None:
    first, second, third, *_ = samples(CARS.find("PreparationFinished"), CARS, 10)
    assert set(first) == {"vrm", "points_checked", "work", "cost", "mot_until"}
    assert set(second) == {"vrm", "points_checked", "work", "cost"}
    assert (second["points_checked"], third["points_checked"]) == (150, 300)
    assert second["work"] == []


def test_optional_members_come_and_go() -> None:
    made = samples(CARS.find("LotSelected"), CARS, 50)
    assert {tuple(name for name in ("vin", "mileage") if name in each) for each in made} == {
        (),
        ("vin",),
        ("mileage",),
        ("vin", "mileage"),
    }


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object", "properties": {"a": {}, "b": {}}, "oneOf": [{"required": ["a"]}, {"required": ["b"]}]},
        {"anyOf": [{"type": "string", "minLength": 5}, {"type": "integer", "multipleOf": 7}]},
        {
            "required": ["kind"],
            "properties": {"kind": {"enum": ["a", "b"]}},
            "if": {"properties": {"kind": {"const": "a"}}},
            "then": {"required": ["x"]},
            "else": {"properties": {"x": False}},
        },
        TREE,
        EXPRESSION,
        {"type": "array", "items": {"enum": [1, 2, 3]}, "uniqueItems": True, "minItems": 3},
        {"type": "array", "prefixItems": [{"type": "string"}, {"type": "integer"}], "items": False, "minItems": 2},
        {"type": "array", "contains": {"const": 7}, "minContains": 2, "items": {"type": "integer", "maximum": 10}},
        {"type": "object", "minProperties": 3, "propertyNames": {"pattern": "^[a-z]{3}$"}},
        {"patternProperties": {"^x-": {"type": "integer"}}, "additionalProperties": False, "minProperties": 1},
        {"type": "object", "additionalProperties": {"type": "number"}, "maxProperties": 1},
        {
            "allOf": [{"properties": {"a": {"type": "string"}}}, {"properties": {"b": {"type": "integer"}}}],
            "required": ["a", "b"],
            "unevaluatedProperties": False,
        },
        {"type": "number", "multipleOf": 0.01, "minimum": 0.005, "maximum": 0.02},
        {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 0.001},
        {"type": "string", "pattern": "^[a-z]+$", "minLength": 50, "maxLength": 52},
        {"type": "string", "pattern": r"^(foo|bar)+-[0-9]{2,}\.\w?$"},
        {"type": "string", "pattern": "(a+)+$", "maxLength": 10},
        {"allOf": [{"type": "string", "pattern": "^a"}, {"pattern": "z$"}]},
        {"type": "string", "format": "date", "pattern": "^2027-"},
        {"not": {"type": "integer"}, "type": ["integer", "string"]},
        {"dependentRequired": {"a": ["b"]}, "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}}},
        {"dependentSchemas": {"a": {"required": ["c"], "properties": {"c": {"const": 1}}}}, "properties": {"a": {}}},
        {"$schema": DRAFT_4, "type": "integer", "minimum": 0, "exclusiveMinimum": True, "maximum": 3},
        {
            "$schema": DRAFT_7,
            "definitions": {"a": {"$id": "#foo", "type": "integer"}},
            "required": ["x", "y"],
            "properties": {"x": {"$ref": "#foo", "type": "string"}, "y": {"$ref": "#/definitions/a"}},
        },
        {"$schema": DRAFT_7, "type": "array", "items": [{"type": "string"}], "additionalItems": False, "minItems": 1},
        {"enum": [{"a": 1}, [2], None]},
        True,
        {},
    ],
    ids=lambda it: str(it)[:40],
)
def test_every_keyword_is_kept(schema: Any) -> None:
    check = Validator(schema)
    made = Sampler(schema, {}, seed=1).many(30)
    assert made
    assert [each for each in made if not check.is_valid(each)] == []


FORMATS = (
    "date date-time time duration email idn-email hostname idn-hostname ipv4 ipv6 uri uri-reference iri iri-reference",
    "uuid uri-template json-pointer relative-json-pointer regex",
)


@pytest.mark.parametrize("form", " ".join(FORMATS).split())
def test_every_format_can_be_made(form: str) -> None:
    schema = {"type": "string", "format": form}
    check = Validator(schema)
    assert not all(map(check.is_valid, ("", "\\", "(", "%", "~", "{", "a b"))), "the library checks it"
    made = Sampler(schema, {}).many(5)
    assert len(made) == 5
    assert all(map(check.is_valid, made))


@pytest.mark.parametrize(
    ("schema", "word"),
    [
        (False, "false allows nothing"),
        ({"type": "integer", "minimum": 5, "maximum": 4}, "no number lies between"),
        ({"allOf": [{"type": "string"}, {"type": "integer"}]}, "types exclude each other"),
        ({"type": "string", "pattern": "^(?i)abc$"}, r"it has \(\?i"),
        ({"type": "string", "pattern": r"\bfoo\b"}, r"it has \\b"),
        ({"type": "string", "pattern": "[a-z&&[^b]]"}, "a class inside of a class"),
        ({"required": ["b"], "additionalProperties": False}, "false allows nothing"),
        ({"type": "string", "minLength": 2_000_000}, "longer than any that is made"),
        ({"type": "string", "const": 1}, "type, const"),
        (
            {"$ref": "#/$defs/n", "$defs": {"n": {"required": ["n"], "properties": {"n": {"$ref": "#/$defs/n"}}}}},
            "an end",
        ),
    ],
)
def test_what_cannot_be_made_is_refused_by_name(schema: Any, word: str) -> None:
    with pytest.raises(Unsupported, match=word):
        Sampler(schema, {}).many(3)


def test_a_schema_of_endless_size_is_refused_soon() -> None:
    schema: dict[str, Any] = {"type": "integer"}
    for _ in range(6):
        schema = {"type": "array", "minItems": 1_000, "items": schema}
    began = time.monotonic()
    with pytest.raises(Unsupported, match="too large"):
        Sampler(schema, {}).one()
    assert time.monotonic() - began < 20


def test_undescribed_members_come_only_when_asked_for() -> None:
    repository = _of('{"type": "object", "properties": {"a": {"type": "integer"}}}')
    (contract,) = repository.contracts
    names = {name for each in samples(contract, repository, 50) for name in each}
    wild = {name for each in samples(contract, repository, 50, undescribed=True) for name in each}
    assert names == {"a"}
    assert wild > names


def test_a_detail_is_always_an_object() -> None:
    repository = _of('{"title": "anything"}')
    assert all(isinstance(each, dict) for each in samples(repository.contracts[0], repository, 5))


def _of(schema: str) -> Repository:
    text = f"# Sold\n```yaml\ntype: Sold\npublisher: sales\n```\nSold.\n## Schema\n```json\n{schema}\n```\n"
    return from_files({"sold.md": text})


def test_members_that_are_described_fill_up_the_least_number_before_others() -> None:
    schema = {"type": "object", "minProperties": 2, "properties": {"a": {}, "b": {}, "c": {}}}
    assert all(each.keys() <= {"a", "b", "c"} for each in Sampler(schema, {}).many(20))
