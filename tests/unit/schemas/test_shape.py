"""Shapes: whatever was joined fits, in any order and however often, and nothing grows without end."""

from __future__ import annotations

import itertools
from functools import reduce
from typing import Any

import jsonschema_rs
import msgspec
import orjson
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eventyard.contract.dialects import from_openapi
from eventyard.schemas.content import LONGEST, check
from eventyard.schemas.resources import OPENAPI
from eventyard.schemas.shape import ANYTHING, DEEPEST, Shape, join, pruned, shape_of, size
from eventyard.schemas.written import document, strict

_names = st.sampled_from(("id", "price", "lines", "1HGCM82633A004352", "WVWZZZ1JZ3W386752")) | st.text(max_size=3)
_texts = st.sampled_from((
    "2026-11-01T00:00:00Z", "2026-11-01", "a@example.com", "https://example.com", "10.0.0.1", "::1",
    "6a7e8feb-b491-4cf7-a9f1-bf3703467718", "OPEN", "SHIPPED",
)) | st.text(max_size=8)  # fmt: skip
_values: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(1 << 63), (1 << 63) - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | _texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_names, inner, max_size=5),
    max_leaves=12,
)
_details = st.dictionaries(_names, _values, max_size=6)
_some = st.lists(_details, min_size=1, max_size=5)
_slow = settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))


def _all(details: list[dict[str, Any]]) -> Shape:
    return reduce(join, map(shape_of, details))


def _fits(schema: Any, value: Any) -> bool:
    return bool(jsonschema_rs.Draft202012Validator(schema, validate_formats=True, offline=True).is_valid(value))


@_slow
@given(_some)
def test_all_that_was_joined_is_valid(details: list[dict[str, Any]]) -> None:
    details = [orjson.loads(orjson.dumps(detail)) for detail in details]
    shape = _all(details)
    content = document("shop", "Order Placed", shape)
    check(OPENAPI, content)
    drafted = from_openapi(msgspec.json.decode(content), "OrderPlaced").schema
    for detail in details:
        assert _fits(strict(shape), detail)
        assert jsonschema_rs.Draft4Validator(drafted, validate_formats=True, offline=True).is_valid(detail)


@_slow
@given(_some, _details)
def test_what_is_valid_adds_nothing_to_the_structure(details: list[dict[str, Any]], more: dict[str, Any]) -> None:
    more = orjson.loads(orjson.dumps(more))
    shape = _all(details)
    if _fits(strict(shape), more):
        grown = join(shape, shape_of(more))
        # A format may be lost that the schema does not name because it names another.
        assert _without_formats(strict(grown)) == _without_formats(strict(shape))


@_slow
@given(_some.flatmap(lambda details: st.tuples(st.just(details), st.permutations(details))))
def test_the_order_does_not_matter(both: tuple[list[dict[str, Any]], list[dict[str, Any]]]) -> None:
    assert strict(_all(both[0])) == strict(_all(both[1]))


@_slow
@given(_some)
def test_the_same_again_changes_nothing(details: list[dict[str, Any]]) -> None:
    assert strict(_all(details * 3)) == strict(_all(details))


@_slow
@given(_some, st.integers(1, 4))
def test_a_pruned_shape_still_fits(details: list[dict[str, Any]], levels: int) -> None:
    details = [orjson.loads(orjson.dumps(detail)) for detail in details]
    shape = pruned(_all(details), levels)
    assert all(_fits(strict(shape), detail) for detail in details)


def test_a_member_that_was_always_there_is_required() -> None:
    shape = _all([{"a": 1, "b": 1}, {"a": 2}])
    assert strict(shape)["required"] == ["a"]


def test_few_values_become_an_enum_when_they_were_seen_often() -> None:
    statuses = itertools.cycle(("OPEN", "SHIPPED", "CLOSED"))
    details = [{"status": next(statuses)} for _ in range(99)]
    assert "enum" not in strict(_all(details))["properties"]["status"]
    assert strict(_all([*details, {"status": "OPEN"}]))["properties"]["status"]["enum"] == ["CLOSED", "OPEN", "SHIPPED"]


def test_a_value_that_was_there_once_makes_no_enum() -> None:
    details = [*({"status": "OPEN"} for _ in range(200)), {"status": "yesterday"}]
    assert "enum" not in strict(_all(details))["properties"]["status"]


def test_an_enum_that_was_refuted_does_not_come_back() -> None:
    shape = _all([{"status": status} for status in ("OPEN", "CLOSED") for _ in range(60)])
    refuted = join(shape, shape_of({"status": "LOST"}))
    assert "enum" not in strict(refuted)["properties"]["status"]
    later = reduce(join, [shape_of({"status": "OPEN"})] * 500, refuted)
    assert "enum" not in strict(later)["properties"]["status"]


def test_a_constant_is_no_enum() -> None:
    assert "enum" not in strict(_all([{"currency": "GBP"}] * 500))["properties"]["currency"]


def test_an_object_whose_names_are_data_becomes_a_map() -> None:
    shape = _all([{"prices": {f"1HGCM82633A0{number:05}": number}} for number in range(20)])
    assert strict(shape)["properties"]["prices"] == {"type": "object", "additionalProperties": {"type": "integer"}}


def test_distinct_names_are_bounded() -> None:
    shape = _all([{f"name{'x' * (number % 7)}{chr(97 + number % 26)}{number}": 1} for number in range(3_000)])
    assert size(shape) < 300


def test_levels_are_bounded() -> None:
    value: Any = 1
    for _ in range(200):
        value = {"inner": value}
    assert size(shape_of(value)) == DEEPEST + 1
    assert shape_of(value, 0) == ANYTHING


def test_a_document_stays_within_what_a_registry_takes() -> None:
    wide = {f"field-{a}": {f"part-{b}": {f"leaf-{c}": "x" for c in range(25)} for b in range(25)} for a in range(8)}
    content = document("shop", "Wide", shape_of(wide))
    assert len(content) <= LONGEST
    check(OPENAPI, content)


def test_a_shape_survives_being_stored() -> None:
    shape = _all([{"a": [{"b": None}], "at": "2026-11-01T00:00:00Z"}, {"a": [], "at": "x", "m": True, "n": 1.5}])
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(shape), type=Shape) == shape


def _without_formats(schema: Any) -> Any:
    if isinstance(schema, dict):
        return {name: _without_formats(value) for name, value in schema.items() if name != "format"}
    return [_without_formats(value) for value in schema] if isinstance(schema, list) else schema
