"""What a burst brings to one place goes there in one delivery; everybody else's place is their own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest

from eventyard.clock import settle
from eventyard.stores.memory import MemoryStore
from eventyard.target import DELIVERED, Delivery, Outcome, Permanent
from tests.unit.bus.yard import BUS, Box, Yard

CARS = {"source": ["cars"]}
ONE = "arn:aws:sqs:us-east-1:123456789012:one"


class Gate(Box):
    """Delivers when it is open, to a place that others share."""

    def __init__(self, place: str | None = "one") -> None:
        super().__init__(100)
        self.place = place
        self.open = asyncio.Event()
        self.open.set()

    async def deliver(self, batch: Sequence[Delivery]) -> Sequence[Outcome]:
        await self.open.wait()
        return await super().deliver(batch)


@pytest.fixture
async def yard() -> AsyncIterator[Yard]:
    yard = await Yard(MemoryStore()).start()
    yield yard
    for box in yard.boxes.values():
        if isinstance(box, Gate):
            box.open.set()
    await yard.engine.close()


async def test_what_many_rules_bring_to_one_place_goes_there_in_one_delivery(yard: Yard) -> None:
    yard.boxes[ONE] = gate = Gate()
    for n in range(5):
        await yard.rule(f"rule-{n}", CARS, "one")
    await yard.publish(1, 2)
    assert gate.batches == [10]
    assert sorted(gate.numbers) == [1] * 5 + [2] * 5


async def test_a_place_that_is_not_shared_is_called_for_each_subscriber(yard: Yard) -> None:
    yard.boxes[ONE] = gate = Gate(place=None)
    for n in range(5):
        await yard.rule(f"rule-{n}", CARS, "one")
    await yard.publish(1, 2)
    assert gate.batches == [2] * 5


async def test_a_delivery_takes_no_more_than_the_target_does_and_everybody_in_turn(yard: Yard) -> None:
    yard.boxes[ONE] = gate = Gate()
    gate.batch_size = 3
    await yard.rule("a", CARS, "one")
    await yard.rule("b", CARS, "one")
    await yard.publish(*range(4))
    assert gate.batches == [3, 3, 2]
    assert sorted(gate.numbers) == sorted([*range(4)] * 2)
    assert gate.numbers[3:6].count(0) == 1  # the other rule's turn came before the first one's rest


async def test_each_event_of_a_shared_delivery_has_its_own_outcome(yard: Yard) -> None:
    yard.boxes[ONE] = gate = Gate()
    await yard.rule("a", CARS, "one", dead_letter_arn="dlq")
    await yard.rule("b", CARS, "one")
    gate.answers = [DELIVERED, Permanent("NO", "not this one"), DELIVERED, DELIVERED]
    await yard.publish(1, 2)
    assert [(arn, attributes["RULE_ARN"][-1]) for arn, _, attributes in yard.dead] == [("dlq", "a")]
    assert sorted(gate.numbers) == [1, 1, 2]


async def test_removing_one_of_two_that_share_a_delivery_costs_the_other_nothing(yard: Yard) -> None:
    yard.boxes[ONE] = gate = Gate()
    await yard.rule("a", CARS, "one")
    await yard.rule("b", CARS, "one")
    gate.open.clear()
    await yard.publish(1)
    await yard.publish(2)
    removing = asyncio.create_task(yard.directory.remove_targets(BUS, "a", ["one"]))
    await settle()
    gate.open.set()
    await settle(200)
    await removing
    await yard.publish(3)
    assert gate.numbers == [1, 1, 2, 3]


async def test_a_target_that_is_changed_gets_what_still_waits_and_the_old_one_nothing_more(yard: Yard) -> None:
    yard.boxes[ONE] = gate = Gate()
    await yard.rule("a", CARS, "one")
    gate.open.clear()
    await yard.publish(1)
    await yard.publish(2)
    other = Gate(place="two")
    yard.boxes[ONE] = other
    await yard.rule("a", CARS, "one")
    gate.open.set()
    await settle(200)
    assert (gate.numbers, other.numbers) == ([1], [2])


async def test_a_place_that_hangs_holds_back_nobody_elses(yard: Yard) -> None:
    yard.boxes[ONE] = gate = Gate()
    gate.open.clear()
    await yard.rule("a", CARS, "one")
    await yard.rule("b", CARS, "two")
    await yard.publish(1, 2, 3)
    assert yard.box("two").numbers == [1, 2, 3]
    assert gate.numbers == []


@pytest.mark.parametrize("hanging", [5, 1], ids=["everybody", "one"])
async def test_all_inboxes_together_hold_no_more_than_they_may_and_nothing_is_passed_over(
    yard: Yard, monkeypatch: pytest.MonkeyPatch, hanging: int
) -> None:
    monkeypatch.setattr("eventyard.bus.lane.HOLD", 20_000)  # about a hundred events
    gates = [yard.boxes.setdefault(f"{ONE}-{n}", Gate(place=str(n))) for n in range(5)]
    for n, gate in enumerate(gates):
        gate.batch_size = 3
        if n < hanging:
            gate.open.clear()
        await yard.rule(f"rule-{n}", CARS, f"one-{n}")
    for start in range(0, 300, 10):
        await yard.publish(*range(start, start + 10))
        await yard.clock.advance(0.3)
        assert sum(subscriber.waiting for subscriber in yard.engine._by_name.values()) < 200
    assert all(sorted(gate.numbers) == [*range(300)] for gate in gates[hanging:])
    for gate in gates:
        gate.open.set()
    await yard.publish(300)
    for _ in range(40):
        await yard.clock.advance(1)
    assert all(sorted(gate.numbers) == [*range(301)] for gate in gates)
