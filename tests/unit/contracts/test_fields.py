"""Schemas as rows for people."""

from __future__ import annotations

from typing import Any

from eventyard.contracts.catalogue.fields import Field, fields

from .documents import VIN, VIN_URL, sold

ATOMS = {VIN_URL: VIN}


def rows(schema: Any, **settings: Any) -> dict[str, Field]:
    return {row.path: row for row in fields(schema, ATOMS, **settings)}


def test_a_member_has_its_type_meaning_rules_and_values() -> None:
    found = rows({
        "required": ["slot"],
        "properties": {
            "slot": {"type": "string", "format": "date", "description": "The day."},
            "window": {"enum": ["morning", None], "default": "morning"},
            "price": {"type": ["integer", "null"], "minimum": 0, "exclusiveMaximum": 10},
        },
    })  # fmt: skip
    assert (found["slot"].kind, found["slot"].required, found["slot"].description) == (
        "string (date)",
        True,
        "The day.",
    )
    assert (found["window"].values, found["window"].rules) == (('"morning"', "null"), ('"morning" if left out',))
    assert (found["price"].kind, found["price"].rules) == ("integer or null", ("at least 0", "less than 10"))


def test_an_atom_is_named_and_what_stands_beside_the_reference_comes_first() -> None:
    own = {"properties": {"vin": {"$ref": VIN_URL, "description": "Of the car that was sold."}}}
    assert rows(own)["vin"].description == "Of the car that was sold."
    found = rows(sold())["vin"]
    assert (found.atoms, found.kind, found.description) == ((VIN_URL,), "string", "Vehicle identification number")
    assert found.rules == ("like ^[A-HJ-NPR-Z0-9]{17}$",)


def test_nested_members_stand_below_with_their_path() -> None:
    line = {"type": "object", "properties": {"count": {"type": "integer"}}}
    found = rows({
        "properties": {"buyer": {"properties": {"name": {}}}, "lines": {"type": "array", "items": line}},
        "allOf": [{"properties": {"more": {"oneOf": [{"type": "null"}, line]}}}],
    })  # fmt: skip
    assert [(row.path, row.depth) for row in found.values()] == [
        ("buyer", 0),
        ("buyer.name", 1),
        ("lines", 0),
        ("lines[].count", 1),
        ("more", 0),
        ("more.count", 1),
    ]
    assert found["lines"].kind == "array of object"
    assert found["more"].kind == "null or object"


def test_personal_members_are_marked_with_all_inside_of_them() -> None:
    buyer = {"properties": {"buyer": {"properties": {"name": {}}}, "buyers": {}}}
    marked = {path: row.pii for path, row in rows(buyer, pii=["buyer"]).items()}
    assert marked == {"buyer": True, "buyer.name": True, "buyers": False}


def test_what_refers_to_itself_is_opened_once() -> None:
    found = rows({"properties": {"name": {}, "kids": {"type": "array", "items": {"$ref": "#"}}}})
    assert list(found) == ["name", "kids"]


def test_a_schema_that_is_no_object_has_no_rows() -> None:
    assert fields(True, {}) == []
    assert fields({"type": "string"}, {}) == []
