"""What is taken as the content of a schema, and what is refused, with a reason, at once and without fetching."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from eventyard.errors import InvalidRequest
from eventyard.schemas.content import check
from eventyard.schemas.regex import is_explosive
from eventyard.schemas.resources import DRAFT4, OPENAPI


def _refusal(type: Any, content: Any) -> str:
    started = time.process_time()
    with pytest.raises(InvalidRequest) as caught:
        check(type, content if isinstance(content, str) else json.dumps(content))
    assert time.process_time() - started < 2
    assert caught.value.code == "BadRequestException"
    return caught.value.message


def _document(**schemas: Any) -> dict[str, Any]:
    return {
        "openapi": "3.0.0",
        "info": {"version": "1.0.0", "title": "Event"},
        "paths": {},
        "components": {"schemas": schemas},
    }


def test_a_schema_of_draft_4_is_taken() -> None:
    schema = {
        "$schema": "http://json-schema.org/draft-04/schema#",
        "type": "object",
        "properties": {"vin": {"$ref": "#/definitions/vin"}, "kids": {"items": {"$ref": "#"}}},
        "definitions": {"vin": {"type": "string", "pattern": "^[A-HJ-NPR-Z0-9]{17}$"}},
    }
    assert check(DRAFT4, json.dumps(schema)) == schema


def test_an_openapi_document_is_taken() -> None:
    check(
        OPENAPI,
        json.dumps(
            _document(
                Tree={
                    "type": "object",
                    "properties": {"kids": {"type": "array", "items": {"$ref": "#/components/schemas/Tree"}}},
                }
            )
        ),
    )


def test_members_that_are_no_keywords_may_hold_anything() -> None:
    atoms = {"https://schema.example.com/atoms/slot": {"$ref": "https://schema.example.com/atoms/day", "pattern": "("}}
    check(DRAFT4, json.dumps({"type": "object", "x-eventyard-atoms": atoms, "x-eventyard-document": "# Text"}))


def test_a_property_may_be_called_like_a_keyword() -> None:
    check(DRAFT4, json.dumps({"properties": {"$ref": {"type": "string"}, "pattern": {"type": "string"}}}))


def test_five_megabytes_are_refused() -> None:
    assert "5000013 characters" in _refusal(DRAFT4, '{"title": "%s"}' % ("x" * (5_000_000)))


@pytest.mark.parametrize("content", ["", "[]", "{", "true", "openapi: 3.0.0", '{"a": NaN}'])
def test_what_is_no_json_object_is_refused(content: str) -> None:
    assert "is not a JSON object" in _refusal(DRAFT4, content)


def test_bottomless_nesting_is_refused() -> None:
    assert "levels" in _refusal(DRAFT4, '{"not":' * 12_000 + "{}" + "}" * 12_000)


@pytest.mark.parametrize(
    "reference", ["https://example.com/schema", "http://127.0.0.1:1/x", "file:///etc/passwd", "other.json#/a"]
)
def test_a_remote_reference_is_refused_and_not_fetched(reference: str) -> None:
    assert "nothing is fetched" in _refusal(DRAFT4, {"properties": {"a": {"$ref": reference}}})


def test_a_reference_that_leads_nowhere_is_refused() -> None:
    assert "leads nowhere" in _refusal(DRAFT4, {"$ref": "#/definitions/x"})
    assert "leads nowhere" in _refusal(OPENAPI, _document(A={"$ref": "#/components/schemas/B"}))


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "#"},
        {"allOf": [{"$ref": "#"}]},
        {
            "properties": {"a": {"$ref": "#/definitions/a"}},
            "definitions": {"a": {"anyOf": [{"$ref": "#/definitions/b"}]}, "b": {"not": {"$ref": "#/definitions/a"}}},
        },
        {"definitions": {"b": {"id": "http://x.example.com/b", "allOf": [{"$ref": "#"}]}}},
        {"id": "http://x.example.com/a", "oneOf": [{"$ref": "http://x.example.com/a"}]},
    ],
)  # fmt: skip
def test_a_schema_that_consists_of_itself_is_refused(schema: Any) -> None:
    assert "itself" in _refusal(DRAFT4, schema)


def test_a_long_chain_of_references_is_no_circle() -> None:
    chain = {f"d{number}": {"allOf": [{"$ref": f"#/definitions/d{number + 1}"}]} for number in range(900)}
    check(DRAFT4, json.dumps({"definitions": {**chain, "d900": {"type": "string"}}}))


@pytest.mark.parametrize(
    "pattern",
    ["(a+)+$", "(a*)*b", r"(\w+\s?)+$", "^(?:a+)+$", "(a|a)*b", r"(\w|\d)+", "(x+x+)+y", "(.*)+", "(a{1,})+",
     "((a+)?b?)*"],
)  # fmt: skip
def test_a_pattern_that_explodes_is_refused(pattern: str) -> None:
    assert is_explosive(pattern)
    assert "exponential time" in _refusal(DRAFT4, {"properties": {"a": {"pattern": pattern}}})
    assert "exponential time" in _refusal(DRAFT4, {"patternProperties": {pattern: {}}})


@pytest.mark.parametrize(
    "pattern",
    ["^[A-HJ-NPR-Z0-9]{17}$", r"([a-z]+\.)+[a-z]+", r"^\d{4}-\d{2}$", r"(.|\n)*", "(a|b)+", "^(?:[a-z0-9]+-)*[a-z]+$",
     r"[^@]+@[^@]+\.[a-z]{2,}", "^(GET|POST)$", r"\([0-9]+\)", "[()+*]+", "^([A-Z]{2}[0-9]{2}){1,3}$"],
)  # fmt: skip
def test_an_ordinary_pattern_is_taken(pattern: str) -> None:
    check(DRAFT4, json.dumps({"pattern": pattern}))


@pytest.mark.parametrize("pattern", ["(", "^(?=a)b", r"(a)\1", "((a{1,1000}){1,1000}){1,1000}"])
def test_a_pattern_that_cannot_run_in_linear_time_is_refused(pattern: str) -> None:
    message = _refusal(DRAFT4, {"pattern": pattern})
    assert "linear time" in message or "exponential time" in message or 'not a "regex"' in message


def test_too_many_patterns_are_refused() -> None:
    patterns = {f"p{number}": {"pattern": rf"^\w{{{number}}}$"} for number in range(2_000)}
    assert "different patterns" in _refusal(DRAFT4, {"properties": patterns})


def test_a_schema_that_breaks_its_metaschema_is_refused_with_the_place() -> None:
    assert "#/properties/a/type" in _refusal(DRAFT4, {"properties": {"a": {"type": "text"}}})
    assert "#/components/schemas/A/type" in _refusal(OPENAPI, _document(A={"type": ["string", "null"]}))
    assert "#/components/schemas/A" in _refusal(OPENAPI, _document(A={"type": "array"}))


def test_another_draft_is_refused_by_name() -> None:
    message = _refusal(DRAFT4, {"$schema": "https://json-schema.org/draft/2020-12/schema"})
    assert "2020-12" in message
    assert "only Draft 4" in message


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"openapi": "3.1.0"}, "'3.1.0'"),
        ({"swagger": "2.0", "openapi": None}, "openapi is None"),
        ({"info": {}}, "info"),
        ({"paths": None}, "paths"),
        ({"components": {}}, "components.schemas"),
        ({"components": {"schemas": {"a b": {}}}}, "'a b'"),
    ],
)
def test_what_is_no_openapi_document_is_refused_by_name(change: dict[str, Any], words: str) -> None:
    assert words in _refusal(OPENAPI, {**_document(A={}), **change})
