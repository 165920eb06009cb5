"""Made-up messages go into the forms of the example contracts and come out as they were."""

from __future__ import annotations

import pytest

from eventyard.contract import Contract, Repository
from tests.unit.forms.contracts import ALL, CARS, EVERYTHING, form

sampling = pytest.importorskip("eventyard.contracts.samples", reason="there are no samples from contracts yet")


@pytest.mark.parametrize("undescribed", [False, True])
@pytest.mark.parametrize(
    ("repository", "contract"),
    [*((CARS, contract) for contract in CARS.contracts), (ALL, EVERYTHING)],
    ids=lambda each: each.type if isinstance(each, Contract) else "",
)
def test_a_sample_comes_out_as_it_went_in(repository: Repository, contract: Contract, undescribed: bool) -> None:
    one = form(repository, contract)
    for sample in sampling.samples(contract, repository, 30, 1, undescribed):
        entered = one.read(one.fill(sample))
        assert entered.message == sample
        assert entered.valid
