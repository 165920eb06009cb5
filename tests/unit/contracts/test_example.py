"""The used-car company's contracts, which everybody reads first."""

from __future__ import annotations

from pathlib import Path

from eventyard.cli.demo.story import tell
from eventyard.contract import read_repository

CARS = Path(__file__).parents[3] / "examples/cars/contracts"


def test_it_has_a_contract_for_everything_that_happens_in_the_demo() -> None:
    cars = read_repository(CARS)
    happenings = list(tell(200))
    assert {each.kind for each in happenings} > {"LotSelected", "PaymentFailed", "DeliveryCancelled"}
    for each in happenings:
        contract = cars.find(each.kind, f"uk.co.cars.{each.service}")
        assert cars.validator(contract).violations(each.detail) == []


def test_it_has_a_dozen_events_and_one_of_them_in_two_versions() -> None:
    contracts = read_repository(CARS).contracts
    assert len({contract.name for contract in contracts}) >= 12
    assert [c.version for c in contracts if c.type == "OrderPlaced"] == [1, 2]
