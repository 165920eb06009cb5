"""What is valid under a schema is valid under its conversion; where nothing was left out, also the other way round."""

from __future__ import annotations

from typing import Any

import jsonschema_rs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eventyard.contract.dialects import Converted, LeftOut, from_openapi, to_draft4, to_openapi
from eventyard.errors import InvalidRequest
from tests.unit.contract.schemas import older, schemas, values

_thorough = settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))


def _valid(schema: dict[str, Any], value: Any, kind: Any = jsonschema_rs.Draft4Validator) -> bool:
    return bool(kind(schema, offline=True, validate_formats=False).is_valid(value))


def _latest(schema: dict[str, Any], value: Any) -> bool:
    return _valid(schema, value, jsonschema_rs.Draft202012Validator)


@_thorough
@given(schemas(), st.lists(values, min_size=1, max_size=6))
def test_draft_4_lets_through_what_the_original_does(schema: dict[str, Any], instances: list[Any]) -> None:
    made = to_draft4(schema)
    jsonschema_rs.meta.validate(made.schema)
    for value in instances:
        before, after = _latest(schema, value), _valid(made.schema, value)
        assert after or not before
        assert made.left_out or before == after


@_thorough
@given(schemas(), st.lists(values, min_size=1, max_size=6))
def test_openapi_lets_through_what_the_original_does(schema: dict[str, Any], instances: list[Any]) -> None:
    made = to_openapi(schema)
    back = from_openapi(_document(made)).schema
    for value in instances:
        before, after = _latest(schema, value), _valid(back, value)
        assert after or not before
        assert made.left_out or before == after


@pytest.mark.parametrize(
    ("draft", "uri", "kind"),
    [
        (4, "http://json-schema.org/draft-04/schema#", jsonschema_rs.Draft4Validator),
        (6, "http://json-schema.org/draft-06/schema#", jsonschema_rs.Draft6Validator),
        (7, "http://json-schema.org/draft-07/schema#", jsonschema_rs.Draft7Validator),
        (2019, "https://json-schema.org/draft/2019-09/schema", jsonschema_rs.Draft201909Validator),
    ],
)
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(schema=schemas(), instances=st.lists(values, min_size=1, max_size=6))
def test_older_drafts_are_read_as_they_were_meant(
    draft: int, uri: str, kind: Any, schema: dict[str, Any], instances: list[Any]
) -> None:
    old = {"$schema": uri, **older(schema, draft)}
    made, opened = to_draft4(old), to_openapi(old)
    back = from_openapi(_document(opened)).schema
    for value in instances:
        before = _valid(old, value, kind)
        for after, left_out in ((_valid(made.schema, value), made.left_out), (_valid(back, value), opened.left_out)):
            assert after or not before
            assert left_out or before == after


@given(schemas(), values)
@settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
def test_converting_again_changes_nothing(schema: dict[str, Any], value: Any) -> None:
    once = to_draft4(schema)
    twice = to_draft4(once.schema)
    assert not twice.left_out
    assert _valid(once.schema, value) == _valid(twice.schema, value)


def test_what_drafts_spell_otherwise_is_spelt_as_draft_4_does() -> None:
    made = to_draft4({
        "$id": "https://schema.example.com/lot",
        "type": "object",
        "examples": [{}],
        "$comment": "for us",
        "properties": {
            "kind": {"const": "car"},
            "price": {"type": "number", "exclusiveMinimum": 0},
            "place": {"prefixItems": [{"type": "number"}, {"type": "number"}], "items": False},
            "seller": {"$ref": "#/$defs/party"},
        },
        "$defs": {"party": {"type": "string"}},
        "x-owner": "buying",
    })  # fmt: skip
    assert made.left_out == ()
    assert made.schema == {
        "$schema": "http://json-schema.org/draft-04/schema#",
        "id": "https://schema.example.com/lot",
        "type": "object",
        "properties": {
            "kind": {"enum": ["car"]},
            "price": {"type": "number", "minimum": 0, "exclusiveMinimum": True},
            "place": {"items": [{"type": "number"}, {"type": "number"}], "additionalItems": False},
            "seller": {"$ref": "#/definitions/party"},
        },
        "definitions": {"party": {"type": "string"}},
        "x-owner": "buying",
    }


def test_what_cannot_be_said_is_left_out_and_named() -> None:
    made = to_draft4(
        {"properties": {"a": {"contains": {}, "maxContains": 2}}, "not": {"propertyNames": {"maxLength": 1}}}
    )
    assert made.left_out == (
        LeftOut("#/properties/a", "maxContains"),
        LeftOut("#/not", "propertyNames"),
        LeftOut("#", "not"),
    )
    assert "not" not in made.schema


def test_a_one_of_with_something_left_out_becomes_an_any_of() -> None:
    schema = {"oneOf": [{"type": "object", "propertyNames": {"maxLength": 1}}, {"type": "object", "minProperties": 1}]}
    made = to_draft4(schema)
    assert _latest(schema, {"long": 1})
    assert _valid(made.schema, {"long": 1})
    assert LeftOut("#", "oneOf") in made.left_out


def test_atoms_are_brought_along() -> None:
    atoms = {
        "https://schema.example.com/atoms/vin": {"type": "string", "minLength": 17},
        "https://schema.example.com/atoms/slot": {
            "$id": "https://schema.example.com/atoms/slot",
            "properties": {"car": {"$ref": "vin"}, "day": {"$ref": "#/$defs/day"}},
            "$defs": {"day": {"type": "string"}},
        },
    }
    made = to_draft4({"properties": {"slot": {"$ref": "https://schema.example.com/atoms/slot"}}}, atoms)
    assert sorted(made.schema["definitions"]) == ["day", "slot", "vin"]
    assert not _valid(made.schema, {"slot": {"car": "short"}})
    assert not _valid(made.schema, {"slot": {"day": 1}})


def test_a_schema_may_contain_itself() -> None:
    tree = {"type": "object", "properties": {"kids": {"type": "array", "items": {"$ref": "#"}}, "n": {"const": 1}}}
    made = to_draft4(tree)
    assert _valid(made.schema, {"kids": [{"kids": [], "n": 1}]})
    assert not _valid(made.schema, {"kids": [{"kids": [{"n": 2}]}]})


def test_older_drafts_ignore_what_stands_beside_a_reference_and_what_they_do_not_know() -> None:
    made = to_draft4({
        "$schema": "http://json-schema.org/draft-06/schema#",
        "definitions": {"x": {"type": "string"}},
        "properties": {"a": {"$ref": "#/definitions/x", "minLength": 5}},
        "if": {"required": ["a"]},
        "then": {"required": ["b"]},
    })  # fmt: skip
    assert _valid(made.schema, {"a": "x"})


@pytest.mark.parametrize(
    "reference", ["https://elsewhere.example.com/x", "#/$defs/none", "#none", "file:///etc/passwd"]
)
def test_a_reference_that_leads_out_is_refused_and_not_followed(reference: str) -> None:
    with pytest.raises(InvalidRequest, match="Reference"):
        to_draft4({"properties": {"a": {"$ref": reference}}})


def test_a_schema_that_is_only_a_reference_to_itself_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="only to itself"):
        to_draft4({"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}})


def test_openapi_is_nullable_where_json_schema_has_null_among_the_types() -> None:
    made = to_openapi({"properties": {"a": {"type": ["string", "null"]}, "b": {"type": ["string", "integer", "null"]}}})
    assert made.schema["properties"]["a"] == {"type": "string", "nullable": True}
    back = from_openapi(_document(made)).schema
    assert _valid(back, {"a": None, "b": None})
    assert not _valid(back, {"b": True})


def test_an_openapi_document_becomes_one_schema_with_definitions() -> None:
    document = {
        "openapi": "3.0.0",
        "info": {"version": "1.0.0", "title": "OrderPlaced"},
        "paths": {},
        "components": {
            "schemas": {
                "AWSEvent": {
                    "type": "object",
                    "properties": {"detail": {"$ref": "#/components/schemas/OrderPlaced"}},
                    "x-amazon-events-source": "shop",
                },
                "OrderPlaced": {"type": "object", "properties": {"note": {"type": "string", "nullable": True}}},
            }
        },
    }
    assert from_openapi(document) == Converted({
        "$schema": "http://json-schema.org/draft-04/schema#",
        "title": "OrderPlaced",
        "type": "object",
        "properties": {"detail": {"$ref": "#/definitions/OrderPlaced"}},
        "x-amazon-events-source": "shop",
        "definitions": {"OrderPlaced": {"type": "object", "properties": {"note": {"type": ["string", "null"]}}}},
    })  # fmt: skip


def _document(made: Converted) -> dict[str, Any]:
    schema = dict(made.schema)
    components = schema.pop("definitions", {})
    return {"openapi": "3.0.0", "components": {"schemas": {"AWSEvent": schema, **components}}}
