"""Constraint errors in AWS's words."""

from __future__ import annotations

from typing import Any

import pytest

from eventyard.errors import InvalidRequest
from eventyard.wire.service import load_model
from eventyard.wire.validation import make_validator


def problems(operation: str, params: dict[str, Any], service: str = "events") -> str:
    validate = make_validator(load_model(service).operation_model(operation).input_shape)
    with pytest.raises(InvalidRequest) as caught:
        validate(params)
    assert caught.value.code == "ValidationException"
    return caught.value.message


def test_missing_member() -> None:
    text = "1 validation error detected: Value null at 'name' failed to satisfy constraint: Member must not be null"
    assert problems("PutRule", {}) == text


def test_several_problems_become_one_message() -> None:
    assert problems("PutRule", {"Name": "", "State": "OFF"}) == (
        "3 validation errors detected: "
        "Value '' at 'name' failed to satisfy constraint: "
        "Member must satisfy regular expression pattern: [\\.\\-_A-Za-z0-9]+; "
        "Value '' at 'name' failed to satisfy constraint: Member must have length greater than or equal to 1; "
        "Value 'OFF' at 'state' failed to satisfy constraint: Member must satisfy enum value set: "
        "[ENABLED, DISABLED, ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS]"
    )


def test_members_of_lists_are_numbered_from_one() -> None:
    text = problems("PutTargets", {"Rule": "r", "Targets": [{"Id": "a", "Arn": "b"}, {"Id": "x" * 65, "Arn": "b"}]})
    assert f"Value '{'x' * 65}' at 'targets.2.member.id' failed to satisfy constraint: Member must have length" in text
    assert "Value null at 'targets.1.member.arn'" in problems("PutTargets", {"Rule": "r", "Targets": [{"Id": "a"}]})


def test_too_many_entries_are_shown_as_java_would() -> None:
    text = problems("PutEvents", {"Entries": [{"Source": "a"}] * 11})
    assert text.startswith("1 validation error detected: Value '[PutEventsRequestEntry(time=null, source=a, resources=")
    assert text.endswith("at 'entries' failed to satisfy constraint: Member must have length less than or equal to 10")


def test_values_of_an_enum_are_named_in_the_order_of_aws() -> None:
    text = problems("UpdateApiDestination", {"Name": "a", "HttpMethod": "X"})
    assert text.endswith("enum value set: [HEAD, POST, PATCH, DELETE, PUT, GET, OPTIONS]")


def test_ranges() -> None:
    text = problems("ListRules", {"Limit": 101})
    assert text.endswith(
        "Value '101' at 'limit' failed to satisfy constraint: Member must have value less than or equal to 100"
    )


def test_simple_members_are_reported_with_their_list() -> None:
    text = problems("UntagResource", {"ResourceARN": "arn:aws:events", "TagKeys": ["a", ""]})
    assert "Value '[a, ]' at 'tagKeys' failed to satisfy constraint: Member must satisfy constraint: [" in text
    assert "Member must have length greater than or equal to 1" in text


@pytest.mark.parametrize("service", ["events", "sts", "pipes", "scheduler", "schemas"])
def test_every_operation_of_a_model_can_be_compiled(service: str) -> None:
    model = load_model(service)
    for name in model.operation_names:
        shape = model.operation_model(name).input_shape
        if shape is not None:
            make_validator(shape)
