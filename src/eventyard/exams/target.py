"""The exam of a target: each ``exam_*`` takes a :class:`Place`, empty and with its server up, and asserts a behaviour.

``exams_of`` says which of them a place can sit: one that can't be killed is not asked what happens then.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

import msgspec

from eventyard.event import envelope, new_ids
from eventyard.plugin import OpenTarget
from eventyard.target import DELIVERED, Delivery, Permanent, Retry

#: Seconds that targets have in exams where something hangs.
SHORT = 1.5
_NOW = 1_760_000_000_000


class Traits(msgspec.Struct, frozen=True, kw_only=True):
    """What there is to examine. ``mortal``: the server can be killed, and ``hangs``: frozen. ``lasting``: it still has
    after a kill what it took before. ``dedups``: see :class:`~eventyard.plugin.TargetKind`. ``largest``: bytes of a
    payload that it takes; ``limited``: it refuses one twice as large. ``counts``: it can say how many connections it
    has."""

    mortal: bool = False
    hangs: bool = False
    lasting: bool = True
    dedups: bool = False
    largest: int = 200_000
    limited: bool = False
    refuses: bool = False
    counts: bool = False


class Place(Protocol):
    """A place to deliver to, and what the examiner needs to know of it."""

    traits: Traits

    def target(self, seconds: float) -> OpenTarget:
        """A new target for the place, whose deliveries have so many seconds."""
        ...

    async def received(self, least: int) -> Sequence[bytes]:
        """All payloads that are there; waits until there are ``least``, where the place is slow to show them."""
        ...

    def refused(self) -> Delivery:
        """A delivery that the place refuses for good (``refuses``)."""
        ...

    async def connections(self) -> int:
        """How many the place has from targets."""
        ...

    async def kill(self) -> None: ...

    async def start(self) -> None: ...

    async def freeze(self) -> None: ...

    async def thaw(self) -> None: ...


Exam = Callable[[Place], Awaitable[None]]


def deliveries(count: int, size: int = 300) -> list[Delivery]:
    """``count`` deliveries of events with about ``size`` bytes."""
    made = []
    for number, id in enumerate(new_ids(count, _NOW)):
        detail = msgspec.json.encode({"number": number, "vin": f"VIN{number:05d}", "padding": "x" * max(size - 300, 0)})
        body = envelope(
            id=id,
            detail_type="LotSelected",
            source="uk.co.cazoo",
            account="123456789012",
            time="2026-11-24T00:00:00Z",
            region="us-east-1",
            resources=(),
            detail=detail,
        )
        made.append(Delivery(id, body, event=body, rule="arn:aws:events:us-east-1:123456789012:rule/lots"))
    return made


class _Head(msgspec.Struct):
    id: str


def _ids(payloads: Sequence[bytes]) -> list[str]:
    return [msgspec.json.decode(payload, type=_Head).id for payload in payloads]


def _sent(batch: Sequence[Delivery]) -> list[str]:
    return [item.event_id for item in batch]


async def _until_delivered(target: OpenTarget, batch: Sequence[Delivery], seconds: float = 60) -> int:
    """Deliver what is to be tried again until nothing is; says how often that was."""
    left, rounds = list(batch), 0
    async with asyncio.timeout(seconds):
        while left:
            outcomes = await target.deliver(left)
            assert len(outcomes) == len(left)
            assert not [one for one in outcomes if isinstance(one, Permanent)]
            left = [item for item, one in zip(left, outcomes, strict=True) if one != DELIVERED]
            rounds += 1
            await asyncio.sleep(0.05 if left else 0)
    return rounds


async def exam_a_full_batch_has_an_outcome_each_and_is_there(place: Place) -> None:
    target = place.target(15)
    batch = deliveries(target.batch_size)
    assert list(await target.deliver(batch)) == [DELIVERED] * len(batch)
    payloads = await place.received(len(batch))
    assert sorted(_ids(payloads)) == sorted(_sent(batch))
    assert sorted(payloads) == sorted(item.payload for item in batch), "a payload must arrive as it was"
    await target.close()


async def exam_an_empty_batch_is_nothing(place: Place) -> None:
    target = place.target(15)
    assert list(await target.deliver([])) == []
    assert list(await place.received(0)) == []
    await target.close()


async def exam_a_target_that_was_never_used_closes(place: Place) -> None:
    await place.target(15).close()


async def exam_a_refused_event_fails_alone(place: Place) -> None:
    target = place.target(15)
    good = deliveries(2)
    outcomes = list(await target.deliver([good[0], place.refused(), good[1]]))
    assert len(outcomes) == 3
    assert outcomes[0] == outcomes[2] == DELIVERED
    assert isinstance(outcomes[1], Permanent)
    assert outcomes[1].code
    assert outcomes[1].message
    assert sorted(_ids(await place.received(2))) == sorted(_sent(good))
    await target.close()


async def exam_a_large_payload_arrives_whole(place: Place) -> None:
    target = place.target(15)
    batch = deliveries(2, place.traits.largest)
    assert list(await target.deliver(batch)) == [DELIVERED] * 2
    assert sorted(await place.received(2)) == sorted(item.payload for item in batch)
    await target.close()


async def exam_a_payload_too_large_fails_alone(place: Place) -> None:
    target = place.target(15)
    small, huge = deliveries(1), deliveries(1, 2 * place.traits.largest)
    outcomes = list(await target.deliver([*huge, *small]))
    assert len(outcomes) == 2
    assert isinstance(outcomes[0], Permanent)
    assert outcomes[1] == DELIVERED
    assert _ids(await place.received(1)) == _sent(small)
    await target.close()


async def exam_calls_side_by_side_use_few_connections(place: Place) -> None:
    target = place.target(15)
    batch = deliveries(60)
    parts = [batch[at : at + 3] for at in range(0, 60, 3)]
    outcomes = await asyncio.gather(*(target.deliver(part) for part in parts))
    assert [one for part in outcomes for one in part] == [DELIVERED] * 60
    assert sorted(_ids(await place.received(60))) == sorted(_sent(batch))
    if place.traits.counts:
        assert 1 <= await place.connections() <= 4
    await target.close()


async def exam_closing_lets_go_of_everything(place: Place) -> None:
    before = asyncio.all_tasks()
    target = place.target(15)
    assert list(await target.deliver(deliveries(3))) == [DELIVERED] * 3
    await target.close()
    async with asyncio.timeout(2):
        while asyncio.all_tasks() - before or (place.traits.counts and await place.connections()):  # noqa: ASYNC110 - nothing tells of tasks that end
            await asyncio.sleep(0.01)


async def exam_what_comes_again_is_there_once(place: Place) -> None:
    target = place.target(15)
    batch = deliveries(10)
    for _ in range(2):
        assert list(await target.deliver(batch)) == [DELIVERED] * 10
    assert sorted(_ids(await place.received(10))) == sorted(_sent(batch))
    await target.close()


async def exam_a_server_that_hangs_is_left_after_its_time(place: Place) -> None:
    target = place.target(SHORT)
    first, second = deliveries(1), deliveries(5)
    await _until_delivered(target, first)
    await place.freeze()
    async with asyncio.timeout(SHORT + 2):
        outcomes = await target.deliver(second)
    assert len(outcomes) == 5
    assert all(isinstance(one, Retry) for one in outcomes)
    await place.thaw()
    await _until_delivered(target, second)
    found = _ids(await place.received(6))
    assert set(found) == {*_sent(first), *_sent(second)}
    if place.traits.dedups:
        assert len(found) == 6
    await target.close()


async def exam_a_server_killed_in_mid_stream_loses_nothing(place: Place) -> None:
    target = place.target(3 * SHORT)
    batch = deliveries(600)
    parts = [batch[at : at + 20] for at in range(0, 600, 20)]
    again = 0
    for at, part in enumerate(parts):
        if at == 10:
            work = asyncio.ensure_future(_until_delivered(target, part))
            await place.kill()
            outcomes = await target.deliver(parts[at + 1])
            assert len(outcomes) == 20
            assert all(isinstance(one, Retry) and one.code and one.message for one in outcomes), "it is only away"
            await place.start()
            again += await work
        else:
            again += await _until_delivered(target, part)
    kept = parts if place.traits.lasting else parts[11:]
    wanted = {item.event_id for part in kept for item in part}
    found = _ids(await place.received(len(wanted)))
    assert wanted <= set(found) <= set(_sent(batch))
    extra = len(found) - len(set(found))
    assert extra == 0 if place.traits.dedups else extra <= 20 * (again - len(parts) + 1)
    await target.close()


def exams_of(traits: Traits) -> list[Exam]:
    """The exams that a place with ``traits`` can sit."""
    found: list[Exam] = [
        exam_a_full_batch_has_an_outcome_each_and_is_there,
        exam_an_empty_batch_is_nothing,
        exam_a_target_that_was_never_used_closes,
        exam_a_large_payload_arrives_whole,
        exam_calls_side_by_side_use_few_connections,
        exam_closing_lets_go_of_everything,
    ]
    if traits.refuses:
        found.append(exam_a_refused_event_fails_alone)
    if traits.limited:
        found.append(exam_a_payload_too_large_fails_alone)
    if traits.dedups:
        found.append(exam_what_comes_again_is_there_once)
    if traits.mortal:
        found.append(exam_a_server_killed_in_mid_stream_loses_nothing)
    if traits.hangs:
        found.append(exam_a_server_that_hangs_is_left_after_its_time)
    return found
