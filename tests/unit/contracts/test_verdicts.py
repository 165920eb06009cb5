"""Verdicts on two versions of a schema: proven, or shown, or honest about being neither."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eventyard.contracts.compatibility import Direction, Side, Verdict, judge
from eventyard.contracts.compatibility.walk import changes

from .generated import changed, instances, schemas

TEXT = {"type": "string"}
ATOM = "https://schema.example.com/atoms/vin"


def side(schema: Any, atom: Any = None, examples: list[Any] | None = None) -> Side:
    atoms = {ATOM: {"$id": ATOM, "$schema": "https://json-schema.org/draft/2020-12/schema", **atom}} if atom else {}
    return Side.made(schema, atoms, examples or [])


def both(old: Any, new: Any) -> tuple[Verdict, Verdict]:
    return judge("subscribers", side(old), side(new)), judge("publishers", side(old), side(new))


def outcomes(old: Any, new: Any) -> tuple[str, str]:
    subscribers, publishers = both(old, new)
    return subscribers.outcome, publishers.outcome


def members(required: list[str], **properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": required}


def closed(required: list[str], **properties: Any) -> dict[str, Any]:
    return {**members(required, **properties), "additionalProperties": False}


FINE, BROKEN = "compatible", "breaking"


@pytest.mark.parametrize(
    ("old", "new", "subscribers", "publishers"),
    [
        pytest.param(closed([], a=TEXT), closed(["a"], a=TEXT), FINE, BROKEN, id="required member"),
        pytest.param(closed(["a"], a=TEXT), closed([], a=TEXT), BROKEN, FINE, id="optional member"),
        pytest.param(closed([], a=TEXT), closed([], a=TEXT, b=TEXT), BROKEN, FINE, id="new member, closed"),
        pytest.param(closed([], a=TEXT, b=TEXT), closed([], a=TEXT), FINE, BROKEN, id="member gone, closed"),
        pytest.param(members([], a=TEXT), members([], a=TEXT, b=TEXT), FINE, BROKEN, id="new member, open"),
        pytest.param(members([], a=TEXT), closed([], a=TEXT), FINE, BROKEN, id="closed to others"),
        pytest.param(
            members([], a={"type": "number"}), members([], a={"type": "integer"}), FINE, BROKEN, id="narrower"
        ),
        pytest.param(members([], a={"type": "integer"}), members([], a={"type": "number"}), BROKEN, FINE, id="wider"),
        pytest.param({"enum": ["x", "y"]}, {"enum": ["x"]}, FINE, BROKEN, id="value gone"),
        pytest.param({"enum": ["x"]}, {"enum": ["x", "y"]}, BROKEN, FINE, id="new value"),
        pytest.param({"const": 1}, {"enum": [1]}, FINE, FINE, id="const as enum"),
        pytest.param({"maximum": 5}, {"maximum": 4}, FINE, BROKEN, id="tighter bound"),
        pytest.param({"type": "string", "maxLength": 5}, TEXT, BROKEN, FINE, id="bound gone"),
        pytest.param(TEXT, {"type": "string", "format": "date"}, FINE, BROKEN, id="new format"),
        pytest.param(TEXT, {"type": "string", "pattern": "^[a-z]+$"}, FINE, BROKEN, id="new pattern"),
        pytest.param({"type": "array", "items": TEXT}, {"type": "array"}, BROKEN, FINE, id="any items"),
        pytest.param(
            {"anyOf": [TEXT, {"type": "null"}]}, {"type": ["null", "string"]}, FINE, FINE, id="said otherwise"
        ),
        pytest.param({"oneOf": [TEXT]}, {"oneOf": [TEXT, {"type": "null"}]}, BROKEN, FINE, id="new alternative"),
        pytest.param(
            {"if": members(["a"], a={"const": 1}), "then": {"required": ["b"]}},
            {"if": members(["a"], a={"const": 1}), "then": {"required": ["b", "c"]}},
            FINE,
            BROKEN,
            id="then more",
        ),
        pytest.param({"type": "string"}, {"not": {"type": "string"}}, BROKEN, BROKEN, id="opposite"),
        pytest.param(True, {"type": "string"}, FINE, BROKEN, id="no longer anything"),
        pytest.param({}, True, FINE, FINE, id="anything"),
    ],
)
def test_known_changes_get_their_verdict(old: Any, new: Any, subscribers: str, publishers: str) -> None:
    assert outcomes(old, new) == (subscribers, publishers)


def test_a_changed_atom_is_a_change_of_what_refers_to_it() -> None:
    schema = members([], v={"$ref": ATOM})
    old, new = side(schema, {"type": "string", "maxLength": 17}), side(schema, {"type": "string", "maxLength": 11})
    assert judge("subscribers", old, new).outcome == "compatible"
    verdict = judge("publishers", old, new)
    assert verdict.outcome == "breaking"
    assert [each.path for each in verdict.violations] == ["/v"]


def test_places_of_an_array_are_told_whatever_dialect_says_them() -> None:
    old = {"$schema": "http://json-schema.org/draft-07/schema#", "items": [{"type": "string"}]}
    new = {"$schema": "https://json-schema.org/draft/2020-12/schema", "prefixItems": [{"type": "integer"}]}
    assert [change.path for change in changes(old, new)] == ["/0"]


def test_what_stands_beside_a_reference_counts() -> None:
    old, new = ({"$ref": ATOM, "pattern": f"^{letter}"} for letter in "ab")
    atom = {"type": "string", "pattern": "^.{2}$"}
    assert judge("publishers", side(old, atom), side(new, atom)).outcome == "breaking"


def test_a_schema_that_refers_to_itself_is_the_same_as_itself() -> None:
    tree = {"type": "object", "properties": {"kids": {"type": "array", "items": {"$ref": "#"}}}}
    assert outcomes(tree, {**tree, "title": "Tree"}) == ("compatible", "compatible")


def test_a_schema_that_refers_to_itself_can_break() -> None:
    def tree(**more: Any) -> dict[str, Any]:
        return {"type": "object", "properties": {"kids": {"type": "array", "items": {"$ref": "#"}}, **more}}

    verdict = judge("publishers", side(tree(name=TEXT)), side(tree(name={"type": "integer"})))
    assert verdict.outcome == "breaking"


def test_what_cannot_be_decided_is_said_to_be_so_with_how_much_was_tried_and_why() -> None:
    # Every text that the one takes the other takes, too, but nobody here can prove it.
    verdict = judge("publishers", side({"pattern": "^(?i)[a-c]+$"}), side({"pattern": "^(?i)[a-z]+$"}))
    assert verdict.outcome == "undecided"
    assert verdict.tried > 20
    assert verdict.why is not None
    assert "a group that does more than group" in verdict.why


@pytest.mark.parametrize(
    ("old", "new", "subscribers", "publishers"),
    [
        ("^[a-c]+$", "^[a-z]+$", BROKEN, FINE),
        (r"^\d{4}$", "^[0-9][0-9][0-9]{2}$", FINE, FINE),
        ("^[A-Z]{17}$", "^[A-HJ-NPR-Z]{17}$", FINE, BROKEN),
        ("^a{1,1000}$", "^a{1,999}$", FINE, BROKEN),
        ("^[a-m]+$", "^[k-z]+$", BROKEN, BROKEN),
    ],
)
def test_a_changed_pattern_is_decided_by_what_it_matches(old: str, new: str, subscribers: str, publishers: str) -> None:
    def schema(pattern: str) -> dict[str, Any]:
        return closed(["a"], a={"type": "array", "items": {"type": "string", "pattern": pattern}}, b=TEXT)

    assert outcomes(schema(old), schema(new)) == (subscribers, publishers)


def test_lengths_beside_a_pattern_count() -> None:
    bounded = {"type": "string", "pattern": "^[a-z]+$", "minLength": 3, "maxLength": 5}
    assert outcomes(bounded, {"type": "string", "pattern": "^[a-z]{3,5}$"}) == ("undecided", "compatible")


def test_other_dialects_are_compared_by_instances_alone() -> None:
    old = {"$schema": "http://json-schema.org/draft-07/schema#", "type": "object", "required": ["a"]}
    fine, broken = {"type": "object", "required": ["a"]}, {"type": "object", "required": ["a", "b"]}
    assert judge("publishers", side(old), side(fine)).outcome == "undecided"
    assert judge("publishers", side(old), side(broken)).outcome == "breaking"


def test_dynamic_references_are_compared_by_the_examples_and_what_is_near_to_them() -> None:
    def listed(**more: Any) -> dict[str, Any]:
        return {"$dynamicAnchor": "node", "properties": {"next": {"$dynamicRef": "#node"}, **more}, "required": ["a"]}

    old, new = side(listed(a=TEXT), examples=[{"a": "x"}]), side(listed(a={"type": "null"}), examples=[{"a": None}])
    assert judge("publishers", old, new).counterexample == {"a": "x"}


def test_a_counterexample_is_an_example_with_one_thing_wrong() -> None:
    example = {"vin": "1C6RD7LT4CS156097", "price": 9500}
    old = Side.made(members(["vin", "price"], vin=TEXT, price={"type": "integer"}, note=TEXT), {}, [example])
    new = Side.made(members(["vin", "price"], vin=TEXT, price={"type": "integer"}, note={"const": "!"}), {}, [example])
    verdict = judge("publishers", old, new)
    assert {**verdict.counterexample, "note": ""} == {**example, "note": ""}
    assert [each.path for each in verdict.violations] == ["/note"]


def test_it_is_told_when_only_members_that_nobody_named_break() -> None:
    added = judge("publishers", side(members([], a=TEXT)), side(members([], a=TEXT, b=TEXT)))
    assert (added.outcome, added.undeclared_only) == ("breaking", True)
    narrowed = judge("publishers", side(members([], a=TEXT)), side(members([], a={"const": "x"})))
    assert (narrowed.outcome, narrowed.undeclared_only) == ("breaking", False)


def test_the_same_comparison_gives_the_same_counterexample() -> None:
    def once() -> Verdict:
        return judge("publishers", side({"type": "string"}), side({"type": "string", "pattern": "^[a-c]{3}$"}))

    assert once() == once()


DIRECTIONS: tuple[Direction, ...] = ("subscribers", "publishers")


@given(schemas())
@settings(max_examples=150, deadline=None)
def test_every_schema_gets_along_with_itself(schema: dict[str, Any]) -> None:
    assert outcomes(schema, schema) == ("compatible", "compatible")


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_a_verdict_survives_generated_instances(data: st.DataObject) -> None:
    old = data.draw(schemas(), "old")
    new = data.draw(changed(old), "new")
    before, after = side(old), side(new)
    for direction in DIRECTIONS:
        published, accepted = (new, old) if direction == "subscribers" else (old, new)
        verdict = judge(direction, before, after)
        if verdict.outcome == "breaking":
            # Python's own implementation agrees with the counter-example.
            assert _valid(published, verdict.counterexample)
            assert not _valid(accepted, verdict.counterexample)
            assert verdict.violations
        elif verdict.outcome == "compatible":
            for _ in range(20):
                instance = data.draw(instances(published), "instance")
                assert not _valid(published, instance) or _valid(accepted, instance)


def _valid(schema: dict[str, Any], instance: Any) -> bool:
    return bool(jsonschema.Draft202012Validator(schema).is_valid(instance))


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_a_widened_schema_breaks_no_publisher(data: st.DataObject) -> None:
    old = data.draw(schemas(), "old")
    new = {"anyOf": [old, data.draw(schemas(), "other")]}
    assert judge("publishers", side(old), side(new)).outcome != "breaking"
