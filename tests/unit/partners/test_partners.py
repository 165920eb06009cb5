"""Event sources that nobody takes end by themselves, whether the server was up or not."""

from __future__ import annotations

import pytest

from eventyard.clock import ManualClock
from eventyard.errors import Conflict, NotFound
from eventyard.partners import ACTIVE, DELETED, PENDING, Partners
from eventyard.stores.memory import MemoryStore, open_memory

REGION, PARTNER, ACCOUNT, OTHER = "us-east-1", "111111111111", "222222222222", "333333333333"
NAME = "aws.partner/parts.example/orders/1"
FORTNIGHT = 14 * 86_400


class Yard:
    """Partners on a memory store and a manual clock. ``buses``: those that are there."""

    def __init__(self, store: MemoryStore) -> None:
        self.store = store
        self.clock = ManualClock()
        self.buses: set[str] = set()
        self.partners = self._open()

    async def restart(self) -> None:
        self.partners = self._open()
        await self.partners.load()

    async def matched(self) -> None:
        source = await self.partners.create(REGION, PARTNER, ACCOUNT, NAME)
        self.buses.add(source.bus)
        await self.partners.activate(REGION, ACCOUNT, NAME)

    def _open(self) -> Partners:
        return Partners(self.store.catalog, self.clock, self.buses.__contains__)


@pytest.fixture
async def yard() -> Yard:
    return Yard(await open_memory())


@pytest.mark.parametrize("restarted", [False, True])
async def test_an_offer_that_nobody_takes_ends_after_two_weeks(yard: Yard, restarted: bool) -> None:
    await yard.partners.create(REGION, PARTNER, ACCOUNT, NAME)
    await yard.clock.advance(FORTNIGHT - 1)
    assert yard.partners.find(REGION, ACCOUNT, NAME).state == PENDING
    with pytest.raises(Conflict):
        await yard.partners.create(REGION, OTHER, OTHER, NAME)
    await yard.clock.advance(1)
    if restarted:
        await yard.restart()
    assert yard.partners.list(REGION, ACCOUNT) == yard.partners.offers(REGION, PARTNER, NAME) == []
    await yard.partners.create(REGION, OTHER, OTHER, NAME)
    await yard.restart()
    with pytest.raises(NotFound):
        yard.partners.find(REGION, ACCOUNT, NAME)
    assert yard.partners.offer(REGION, OTHER, NAME).account == OTHER


@pytest.mark.parametrize("restarted", [False, True])
async def test_a_source_that_stays_deactivated_is_deleted_after_two_weeks(yard: Yard, restarted: bool) -> None:
    await yard.matched()
    await yard.clock.advance(10 * FORTNIGHT)
    assert yard.partners.find(REGION, ACCOUNT, NAME).state == ACTIVE
    await yard.partners.deactivate(REGION, ACCOUNT, NAME)
    await yard.clock.advance(FORTNIGHT)
    if restarted:
        await yard.restart()
    assert yard.partners.find(REGION, ACCOUNT, NAME).state == DELETED
    with pytest.raises(NotFound):
        yard.partners.offer(REGION, PARTNER, NAME)
    with pytest.raises(Conflict):
        await yard.partners.activate(REGION, ACCOUNT, NAME)


async def test_an_offer_that_is_made_again_is_activated_by_whoever_kept_the_bus(yard: Yard) -> None:
    await yard.matched()
    await yard.partners.delete(REGION, PARTNER, ACCOUNT, NAME)
    await yard.partners.create(REGION, PARTNER, ACCOUNT, NAME)
    assert yard.partners.find(REGION, ACCOUNT, NAME).state == PENDING
    await yard.partners.activate(REGION, ACCOUNT, NAME)
    assert yard.partners.offer(REGION, PARTNER, NAME).state == ACTIVE


async def test_an_offer_to_another_account_leaves_the_first_ones_deleted_source_alone(yard: Yard) -> None:
    await yard.matched()
    await yard.partners.delete(REGION, PARTNER, ACCOUNT, NAME)
    await yard.partners.create(REGION, PARTNER, OTHER, NAME)
    await yard.restart()
    assert yard.partners.find(REGION, ACCOUNT, NAME).state == DELETED
    assert yard.partners.offer(REGION, PARTNER, NAME).account == OTHER
