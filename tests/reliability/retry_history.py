"""Plays a plan on the real engine, and writes down what the outside saw: attempts, dead letters, starts and ends.

It judges nothing: that is the law's business (``retry_law``).
"""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from eventyard.errors import TryAgain
from eventyard.stores.memory import open_memory
from eventyard.target import DELIVERED, Delivery, Outcome, Permanent, Retry
from tests.unit.bus.yard import Yard

from .retry_plan import HOUR, End, Place, Plan
from .virtual_time import START, LoopClock, run_virtually

DEAD = "arn:aws:sqs:us-east-1:123456789012:dead"
HANG = 5.0
_LONGEST = 80 * HOUR


@dataclass
class Attempt:
    """``end`` and ``answer`` are None for one that the end of the engine cut off."""

    start: float
    end: float | None = None
    answer: Outcome | None = None


@dataclass(frozen=True)
class Letter:
    at: float
    attributes: Mapping[str, str]


@dataclass(frozen=True)
class Life:
    """One engine, from its start to its end. ``crashed``: it was given no time to write anything."""

    start: float
    end: float
    crashed: bool


@dataclass
class History:
    """By (target, number of the event). ``published``: ms since the loop's start, by number."""

    plan: Plan
    published: dict[int, float] = field(default_factory=dict)
    attempts: dict[tuple[str, int], list[Attempt]] = field(default_factory=dict)
    letters: dict[tuple[str, int], list[Letter]] = field(default_factory=dict)
    lives: list[Life] = field(default_factory=list)
    fates: dict[tuple[str, int], tuple[str, int]] = field(default_factory=dict)
    unsettled: int = 0
    tries: int = 0


def _now() -> float:
    return asyncio.get_running_loop().time()


class _Target:
    """A target that does what its place is in the mood for."""

    place = None
    batch_size = 10

    def __init__(self, place: Place, history: History, tried: asyncio.Condition) -> None:
        self._place = place
        self._history = history
        self._tried = tried

    async def deliver(self, batch: Sequence[Delivery]) -> Sequence[Outcome]:
        attempts = []
        for item in batch:
            attempt = Attempt(_now())
            number = json.loads(item.payload)["detail"]["n"]
            self._history.attempts.setdefault((self._place.name, number), []).append(attempt)
            attempts.append(attempt)
        if self._place.mood == "hangs":
            await asyncio.sleep(HANG)
        for attempt in attempts:
            self._history.tries += 1
            attempt.answer, attempt.end = self._answer(f"try {self._history.tries}"), _now()
        async with self._tried:
            self._tried.notify_all()
        return [attempt.answer for attempt in attempts if attempt.answer is not None]

    def _answer(self, message: str) -> Outcome:
        place, now = self._place, _now()
        if place.mood in ("heals", "flaps") and place.is_up(now):
            return DELIVERED
        if place.mood == "leaves" and place.is_up(now):
            return Permanent("NO_RESOURCE", message)
        if place.mood == "moody" and place.luck.random() < 0.05:
            return DELIVERED
        if place.mood == "busy" and place.luck.random() < 0.3:
            return Retry("THROTTLING", message, place.luck.uniform(0, 2000))
        if place.mood == "shut" and place.luck.random() < 0.5:
            return Retry("CIRCUIT_OPEN", message, place.luck.uniform(1, 300), called=False)
        return Retry("SERVER_ERROR", message)


class _House(Yard):
    """One engine over a store that outlives it."""

    def __init__(self, store: Any, history: History, tried: asyncio.Condition) -> None:
        self._history = history
        self._tried = tried
        super().__init__(store, clock=LoopClock())  # type: ignore[arg-type]  # a clock all the same

    def _target(self, arn: str, parameters: Mapping[str, Any]) -> Any:
        name = arn.rpartition(":")[2]
        place = next(each for each in self._history.plan.places if each.name == name)
        return _Target(place, self._history, self._tried)

    async def _bury(self, arn: str, payload: bytes, attributes: Mapping[str, str]) -> bool:
        if self._history.plan.letters_are_full(_now()):
            raise TryAgain("the disk is full", "InternalFailure")
        key = (attributes["TARGET_ARN"].rpartition(":")[2], json.loads(payload)["detail"]["n"])
        self._history.letters.setdefault(key, []).append(Letter(_now(), dict(attributes)))
        return True


def play(plan: Plan) -> History:
    """Run ``plan`` until nothing is left to be tried again."""
    random.seed(plan.seed)  # the jitter
    return run_virtually(_play(plan))


async def _play(plan: Plan) -> History:
    history, tried = History(plan), asyncio.Condition()
    store = await open_memory()
    ends = list(plan.ends)
    publishing = list(enumerate(plan.publishing))
    while True:
        house = await _House(store, history, tried).start()
        if not history.lives:
            for place in plan.places:
                spec = {"max_attempts": place.policy.attempts, "max_age": place.policy.age}
                letters = {"dead_letter_arn": DEAD} if place.letters else {}
                await house.rule(place.name, {"source": ["cars"]}, place.name, **spec, **letters)
        began = _now()
        chores = [asyncio.ensure_future(_publish(house, history, publishing))]
        end = ends.pop(0) if ends else None
        await (_settled(house, publishing) if end is None else _ended(end, history, tried))
        crashed = end is not None and end.crash
        history.lives.append(Life(began, _now(), crashed))
        for chore in chores:
            chore.cancel()
        if not crashed:
            await house.engine.close()
        await _cancel_all()
        if end is None:
            break
        await asyncio.sleep(end.away)
    history.unsettled = sum(count for count, _ in (await store.progress.backlog()).values())
    for fate in await store.progress.fates(limit=10_000):
        if fate.subscriber and fate.outcome != "retrying":
            [(_, event)] = await store.log.read(fate.bus, fate.position - 1, 1)
            number = json.loads(event.body)["detail"]["n"]
            history.fates[fate.subscriber.rpartition("#")[2], number] = (fate.outcome, fate.attempts)
    return history


async def _publish(house: _House, history: History, publishing: list[tuple[int, float]]) -> None:
    while publishing:
        number, at = publishing[0]
        await asyncio.sleep(max(at - _now(), 0))
        del publishing[0]
        history.published[number] = house.clock.now() / 1000 - START / 1000
        await house.publish(number)


async def _ended(end: End, history: History, tried: asyncio.Condition) -> None:
    """Return when it is time for ``end``; also if nothing is tried any more."""
    if end.at is not None:
        await asyncio.sleep(max(end.at - _now(), 0.001))
        return
    wanted = history.tries + end.after
    try:
        async with asyncio.timeout(20 * HOUR), tried:
            await tried.wait_for(lambda: history.tries >= wanted)
    except TimeoutError:
        return
    await asyncio.sleep(end.delay)


async def _settled(house: _House, publishing: list[tuple[int, float]]) -> None:
    while _now() < _LONGEST + 100 * HOUR:
        await asyncio.sleep(600)
        if not publishing and not await house.store.progress.backlog() and not house.engine.lags():
            return


async def _cancel_all() -> None:
    """What kill -9 leaves of a process: nothing, not even what a cancelled task still wants to begin."""
    loop = asyncio.get_running_loop()

    def refuse(loop: asyncio.AbstractEventLoop, work: Any, **more: Any) -> Any:
        work.close()
        raise asyncio.CancelledError

    loop.set_task_factory(refuse)
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
    loop.set_task_factory(None)
