"""The rate and the circuit breaker, on a clock that is moved by hand."""

from __future__ import annotations

import asyncio

from eventyard.clock import ManualClock, settle
from eventyard.targets.http.limits import Breaker, Rate


async def test_calls_are_spread_evenly() -> None:
    clock = ManualClock()
    rate = Rate(clock, 10)
    start, calls = clock.now(), list[int]()

    async def call() -> None:
        assert await rate.turn(60) is None
        calls.append(clock.now() - start)

    tasks = [asyncio.create_task(call()) for _ in range(25)]
    await settle()
    assert calls == [0]
    await clock.advance(1)
    assert len(calls) == 11
    await clock.advance(2)
    assert calls == [100 * number for number in range(25)]
    await asyncio.gather(*tasks)


async def test_a_pause_gives_no_burst() -> None:
    clock = ManualClock()
    rate = Rate(clock, 2)
    await rate.turn(0)
    await clock.advance(60)
    assert await rate.turn(0) is None
    assert await rate.turn(0) == 0.5


async def test_who_would_wait_too_long_takes_no_turn() -> None:
    clock = ManualClock()
    rate = Rate(clock, 1)
    await rate.turn(0)
    assert await rate.turn(0.5) == 1.0
    assert await rate.turn(0.5) == 1.0, "asking again has not made the queue longer"


def opened(clock: ManualClock) -> Breaker:
    breaker = Breaker(clock, failures=3, pause=10, longest=35)
    for _ in range(3):
        assert breaker.wait() is None
        breaker.failed()
    return breaker


def test_it_opens_after_failures_in_a_row_only() -> None:
    breaker = Breaker(ManualClock(), failures=3)
    for _ in range(5):
        breaker.failed()
        breaker.failed()
        breaker.succeeded()
    assert not breaker.is_open
    for _ in range(3):
        breaker.failed()
    assert breaker.is_open


async def test_open_it_lets_nobody_through_until_the_pause_is_over() -> None:
    clock = ManualClock()
    breaker = opened(clock)
    assert breaker.wait() == 10
    await clock.advance(9)
    assert breaker.wait() == 1
    await clock.advance(1)
    assert breaker.wait() is None


async def test_one_probe_decides() -> None:
    clock = ManualClock()
    breaker = opened(clock)
    await clock.advance(10)
    assert breaker.wait() is None
    assert breaker.wait() is not None, "the probe is out"
    breaker.succeeded()
    assert [breaker.wait() for _ in range(3)] == [None] * 3


async def test_a_failed_probe_doubles_the_pause_up_to_the_longest() -> None:
    clock = ManualClock()
    breaker = opened(clock)
    for pause in (20, 35, 35):
        await clock.advance(breaker.left)
        assert breaker.wait() is None
        breaker.failed()
        assert breaker.left == pause
    await clock.advance(35)
    breaker.wait()
    breaker.succeeded()
    for _ in range(3):
        breaker.failed()
    assert breaker.left == 10, "after a success the pauses begin anew"


async def test_a_probe_that_was_given_up_leaves_the_place_to_another() -> None:
    clock = ManualClock()
    breaker = opened(clock)
    await clock.advance(10)
    assert breaker.wait() is None
    breaker.abandoned()
    assert breaker.wait() is None


async def test_calls_from_before_it_opened_do_not_lengthen_the_pause() -> None:
    clock = ManualClock()
    breaker = opened(clock)
    breaker.failed()
    breaker.failed()
    assert breaker.left == 10
