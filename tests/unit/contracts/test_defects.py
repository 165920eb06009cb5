"""Defects are wrong in one way each, and say in which."""

from __future__ import annotations

from pathlib import Path

import pytest

from eventyard.contract import Contract, read_repository
from eventyard.contracts.samples import defects

CARS = read_repository(Path(__file__).parents[3] / "examples/cars/contracts")


@pytest.mark.parametrize("contract", CARS.contracts, ids=lambda it: f"{it.type}.{it.version}")
def test_each_breaks_the_contract_there_and_nowhere_else(contract: Contract) -> None:
    check = CARS.validator(contract)
    found = defects(contract, CARS)
    assert len({each.name for each in found}) == len(found) > 10
    for each in found:
        violations = check.violations(each.detail)
        assert violations
        assert all(violation.path.startswith(each.path) for violation in violations), each.name
        assert {violation.keyword for violation in violations} == {each.keyword}


def test_every_keyword_of_the_example_is_broken_once() -> None:
    keywords = {each.keyword for contract in CARS.contracts for each in defects(contract, CARS)}
    assert keywords == {
        *("required", "type", "additionalProperties", "enum", "pattern", "format", "uniqueItems"),
        *("minLength", "maxLength", "minimum", "maximum", "minItems", "maxItems"),
    }


def test_a_missing_member_is_named() -> None:
    names = [each.name for each in defects(CARS.find("PriceReduced"), CARS)]
    assert {"detail: without vrm", "detail: with unexpected_member", "/price: too large", "/was: null"} <= set(names)
