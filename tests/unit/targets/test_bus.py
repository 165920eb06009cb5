"""A bus as a target: what it appends, what it refuses, and what travels with an event."""

from __future__ import annotations

import json
from collections.abc import Sequence

from eventyard.clock import ManualClock
from eventyard.errors import Forbidden, TryAgain
from eventyard.event import Event, beside, derived_id, envelope, new_ids, published_at
from eventyard.names import bus_arn, rule_arn
from eventyard.target import DELIVERED, Delivery, Permanent, Retry
from eventyard.targets.bus import BusTarget

A, B, C = (bus_arn("123456789012", "us-east-1", name) for name in "abc")
FAR = bus_arn("123456789012", "eu-west-1", "far")


class Yard:
    """The log of the target's bus. ``full``: whether there is no room. ``barred``: sources that may not come in."""

    def __init__(self) -> None:
        self.log: list[Event] = []
        self.full = False
        self.barred: set[str] = set()
        self.clock = ManualClock()

    def target(self, arn: str, hops: int = 1) -> BusTarget:
        return BusTarget(self._publish, self._admit, self.clock, arn, hops)

    def item(self, bus: str, source: str = "cars", path: Sequence[str] = (), trace: str | None = None) -> Delivery:
        now = self.clock.now()
        body = envelope(
            id=new_ids(1, now)[0],
            detail_type="LotSelected",
            source=source,
            account="123456789012",
            time="2026-11-24T00:00:00Z",
            region="us-east-1",
            resources=(),
            detail=b"{}",
        )
        return Delivery(Event(body, now).id, body, trace, body, rule_arn(bus, "on"), tuple(path))

    async def _publish(self, bus: str, events: Sequence[Event]) -> dict[int, str]:
        if self.full:
            raise TryAgain("No room.")
        self.log += events
        return {}

    def _admit(self, rule: str, bus: str, event: bytes) -> None:
        if json.loads(event)["source"] in self.barred:
            raise Forbidden("Not you.")


async def test_event_goes_on_as_it_is_with_its_header_and_its_way() -> None:
    yard = Yard()
    item = yard.item(B, path=[A], trace="Root=1-2")
    assert await yard.target(C, hops=2).deliver([item]) == [DELIVERED]
    (event,) = yard.log
    assert (event.body, event.header, event.path) == (item.event, "Root=1-2", (A, B))


async def test_refused_events_stand_in_their_places_and_the_others_go_on() -> None:
    yard = Yard()
    yard.barred.add("ships")
    batch = [yard.item(B, "ships"), yard.item(B), yard.item(B, path=[A])]
    first, second, third = await yard.target(C).deliver(batch)
    assert first == Permanent("NO_PERMISSIONS", "Not you.")
    assert second is DELIVERED
    assert isinstance(third, Permanent)
    assert [event.id for event in yard.log] == [batch[1].event_id]


async def test_without_room_only_what_could_go_on_is_tried_again() -> None:
    yard = Yard()
    yard.full = True
    first, second = await yard.target(C).deliver([yard.item(B, path=[A]), yard.item(B)])
    assert isinstance(first, Permanent)
    assert second == Retry("ThrottlingException", "No room.")


async def test_the_copy_in_another_region_has_the_same_new_id_each_time() -> None:
    yard = Yard()
    item = yard.item(A)
    target = yard.target(FAR)
    await target.deliver([item])
    await target.deliver([item])
    first, second = yard.log
    assert first.id == second.id == derived_id(item.event_id, FAR) != item.event_id
    assert published_at(first.id) == published_at(item.event_id)
    assert first.body.replace(first.id.encode(), item.event_id.encode()) == item.event


async def test_way_over_several_accounts_is_spelled_in_full() -> None:
    yard = Yard()
    (outcome,) = await yard.target(FAR).deliver([yard.item(B, path=[A])])
    assert outcome == Permanent(
        "THIRD_REGION_HOP_DETECTED",
        f"The event was sent on from bus to bus once, which is the limit; its way would be {A} -> {B} -> {FAR}.",
    )


def test_a_trace_header_can_not_pass_for_a_path() -> None:
    forged = Event(b"", 0, beside(f"Root=1\n{A}"))
    assert (forged.header, forged.path) == (f"Root=1 {A}", ())
    assert beside("Root=1") == "Root=1"
    assert beside(None) is None
    without = Event(b"", 0, beside(None, [A, B]))
    assert (without.header, without.path) == (None, (A, B))
