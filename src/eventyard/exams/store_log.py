"""The exam of an event log; see :mod:`eventyard.exams.store`."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from eventyard.event import Event
from eventyard.store import Bounds, Store


def events(count: int, start: int = 0, size: int = 100) -> list[Event]:
    """``count`` events of ``size`` bytes, ingested at ``start``, ``start + 1`` ..."""
    return [Event(f"{number:0{size}d}".encode(), number) for number in range(start, start + count)]


class Following:
    """A follower that remembers what it was handed."""

    def __init__(self) -> None:
        self.seen: dict[str, list[tuple[int, Event]]] = {}
        self._more = asyncio.Event()

    def __call__(self, bus: str, first: int, batch: Sequence[Event]) -> None:
        self.seen.setdefault(bus, []).extend(enumerate(batch, first))
        self._more.set()

    async def caught_up(self, bus: str, count: int) -> list[tuple[int, Event]]:
        async with asyncio.timeout(10):
            while len(self.seen.get(bus, [])) < count:
                self._more.clear()
                await self._more.wait()
        return self.seen[bus]


async def exam_events_are_read_as_they_were_appended(store: Store) -> None:
    first = [Event(b'{"a":"\xc3\xa4"}', 5, "Root=1-2"), Event(b"", 6), Event(b"\x00\xff", 7)]
    assert await store.log.append("bus", first) == 1
    assert await store.log.append("bus", events(2, 8)) == 4
    assert await store.log.read("bus", 0, 10) == list(enumerate([*first, *events(2, 8)], 1))
    assert await store.log.read("bus", 3, 1) == [(4, events(1, 8)[0])]
    assert await store.log.read("bus", 5, 10) == []
    assert await store.log.read("other", 0, 10) == []


async def exam_buses_do_not_share_positions(store: Store) -> None:
    assert await store.log.append("one", events(3)) == 1
    assert await store.log.append("two", events(1)) == 1
    assert await store.log.bounds() == {"one": Bounds(1, 3, 300), "two": Bounds(1, 1, 100)}


async def exam_a_large_append_is_whole(store: Store) -> None:
    batch = events(1_234)
    assert await store.log.append("bus", batch) == 1
    assert await store.log.read("bus", 0, 2_000) == list(enumerate(batch, 1))


async def exam_a_read_stops_at_its_limits(store: Store) -> None:
    await store.log.append("bus", events(10, size=100))
    assert len(await store.log.read("bus", 0, 4)) == 4
    assert 2 <= len(await store.log.read("bus", 0, 10, size=250)) <= 3
    assert len(await store.log.read("bus", 0, 10, size=1)) == 1, "a read must get somewhere"
    assert await store.log.read("bus", 0, 0) == []


async def exam_fifty_appenders_leave_no_gap(store: Store) -> None:
    async def appender(number: int) -> list[tuple[int, Event]]:
        mine: list[tuple[int, Event]] = []
        for turn in range(10):
            batch = [Event(f"{number}/{turn}/{at}".encode(), 1) for at in range(number % 4 + 1)]
            mine += enumerate(batch, await store.log.append("bus", batch))
        return mine

    following = Following()
    store.log.follow(following)
    answered = sorted(
        [each for part in await asyncio.gather(*map(appender, range(50))) for each in part], key=lambda each: each[0]
    )
    assert [position for position, _ in answered] == list(range(1, len(answered) + 1))
    assert await store.log.read("bus", 0, 10_000) == answered
    assert await following.caught_up("bus", len(answered)) == answered


async def exam_the_follower_comes_after_the_answer(store: Store) -> None:
    following, answered = Following(), 0

    async def append(number: int) -> None:
        nonlocal answered
        await store.log.append("bus", events(1, number))
        answered += 1

    def follower(bus: str, first: int, batch: Sequence[Event]) -> None:
        following(bus, first, batch)
        early.extend(position for position, _ in following.seen[bus] if position > answered)

    early: list[int] = []
    store.log.follow(follower)
    for number in range(10):
        await append(number)
    await asyncio.gather(*[append(number) for number in range(10, 20)])
    await following.caught_up("bus", 20)
    assert not early


async def exam_a_cancelled_append_is_still_followed(store: Store) -> None:
    following = Following()
    store.log.follow(following)
    waiting = asyncio.create_task(store.log.append("bus", events(1)))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    assert await store.log.append("bus", events(1, 1)) == 2
    assert await following.caught_up("bus", 2) == await store.log.read("bus", 0, 10)


async def exam_events_are_located_by_time(store: Store) -> None:
    assert await store.log.locate("bus", 5) == 1
    await store.log.append("bus", [Event(b"x", time) for time in (10, 20, 20, 30)])
    assert [await store.log.locate("bus", time) for time in (0, 10, 11, 20, 21, 30, 31)] == [1, 1, 2, 2, 4, 4, 5]
    await store.log.trim("bus", older_than=20)
    assert await store.log.locate("bus", 0) == 2
    await store.log.append("bus", [Event(b"x", 5)])
    assert await store.log.locate("bus", 30) == 4, "a clock that was set back must not hide events"


async def exam_a_trim_forgets_the_oldest(store: Store) -> None:
    await store.log.append("bus", events(100))
    assert await store.log.trim("bus") == Bounds(1, 100, 10_000)
    assert await store.log.trim("bus", older_than=10) == Bounds(11, 100, 9_000)
    assert await store.log.trim("bus", max_size=2_050) == Bounds(81, 100, 2_000)
    assert await store.log.trim("bus", max_size=2_000) == Bounds(81, 100, 2_000)
    assert await store.log.trim("bus", older_than=5, max_size=1_999) == Bounds(82, 100, 1_900)
    assert (await store.log.read("bus", 0, 1))[0][0] == 82
    assert (await store.log.read("bus", 90, 1))[0][0] == 91


async def exam_positions_go_on_after_everything_was_trimmed(store: Store) -> None:
    await store.log.append("bus", events(7))
    assert await store.log.trim("bus", max_size=0) == Bounds(8, 7, 0)
    assert await store.log.bounds() == {"bus": Bounds(8, 7, 0)}
    assert await store.log.locate("bus", 0) == 8
    assert await store.log.append("bus", events(2)) == 8
    assert [position for position, _ in await store.log.read("bus", 0, 10)] == [8, 9]
    assert await store.log.trim("nobody", max_size=0) == Bounds(1, 0, 0)


async def exam_a_wiped_store_is_empty(store: Store) -> None:
    await store.log.append("bus", events(7))
    await store.wipe()
    assert await store.log.bounds() == {}
    assert await store.log.read("bus", 0, 10) == []
    assert await store.log.append("bus", events(1)) >= 1
    assert len(await store.log.read("bus", 0, 10)) == 1


LOG_EXAMS = (
    exam_events_are_read_as_they_were_appended,
    exam_buses_do_not_share_positions,
    exam_a_large_append_is_whole,
    exam_a_read_stops_at_its_limits,
    exam_fifty_appenders_leave_no_gap,
    exam_the_follower_comes_after_the_answer,
    exam_a_cancelled_append_is_still_followed,
    exam_events_are_located_by_time,
    exam_a_trim_forgets_the_oldest,
    exam_positions_go_on_after_everything_was_trimmed,
    exam_a_wiped_store_is_empty,
)
