"""Targets in the house, and the one that the document on plug-ins shows, sit the exam of targets as far as it fits; and
targets that break their promises fail it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import pytest

from eventyard.clock import SystemClock
from eventyard.exams.target import Exam, Traits, deliveries, exams_of
from eventyard.plugin import OpenTarget
from eventyard.stores.memory import open_memory
from eventyard.target import DELIVERED, Delivery, Outcome, Permanent, Retry, Target
from eventyard.targets.http import Client, Guard, PostTarget, parse_networks
from eventyard.targets.queue import QueueTarget
from eventyard.targets.stream import StreamTarget
from tests.acceptance.events.endpoints import Endpoints
from tests.exams.places import opened, surroundings
from tests.unit.queues.conftest import Yard as QueueYard
from tests.unit.streams.conftest import Yard as StreamYard

_PLUGIN = re.compile(r"<!-- plug-in -->\n```python\n(.*?)```", re.DOTALL)
_PAGE = Path(__file__).parents[2] / "docs/targets-outside.md"


class _Lasting:
    """A target of the house, which has nothing to be closed."""

    place = None

    def __init__(self, target: Target, end: Callable[[], None] = lambda: None) -> None:
        self._target = target
        self._end = end
        self.batch_size = target.batch_size

    async def deliver(self, batch: Sequence[Delivery]) -> Sequence[Outcome]:
        return await self._target.deliver(batch) if batch else []

    async def close(self) -> None:
        self._end()


class HousePlace:
    """Nothing of it can be killed without its house."""

    traits = Traits()

    async def prepare(self, home: Path) -> None: ...

    async def end(self) -> None: ...

    def target(self, seconds: float) -> OpenTarget:
        raise NotImplementedError

    def refused(self) -> Delivery:
        raise NotImplementedError

    async def connections(self) -> int:
        raise NotImplementedError

    async def kill(self) -> None: ...

    async def start(self) -> None: ...

    async def freeze(self) -> None: ...

    async def thaw(self) -> None: ...


class QueuePlace(HousePlace):
    traits = Traits(limited=True, largest=600_000)

    async def prepare(self, home: Path) -> None:
        self._yard = QueueYard(await open_memory())
        self._arn = await self._yard.make()

    async def end(self) -> None:
        await self._yard.moves.close()
        await self._yard.queues.close()

    def target(self, seconds: float) -> OpenTarget:
        return _Lasting(QueueTarget(self._yard.queues.deliver, self._arn, {}))

    async def received(self, least: int) -> Sequence[bytes]:
        found: list[bytes] = []
        while bodies := await self._yard.receive(self._arn, 10, wait=0):
            found += [body.encode() for body in bodies]
        return found


class StreamPlace(HousePlace):
    traits = Traits(largest=1_000_000)

    async def prepare(self, home: Path) -> None:
        self._yard = StreamYard(await open_memory())
        self._stream = await self._yard.make()

    def target(self, seconds: float) -> OpenTarget:
        parameters = {"PartitionKeyPath": "$.detail.vin"}
        return _Lasting(StreamTarget(self._yard.streams.deliver, self._stream.arn, parameters))

    async def received(self, least: int) -> Sequence[bytes]:
        return [text.encode() for text in await self._yard.texts(self._stream)]


class PostPlace(HousePlace):
    async def prepare(self, home: Path) -> None:
        self._web = Endpoints()

    async def end(self) -> None:
        self._web.close()

    def target(self, seconds: float) -> OpenTarget:
        clock = SystemClock()
        client = Client(Guard(clock, parse_networks(["127.0.0.0/8"])), clock)
        return _Lasting(PostTarget(client, clock, f"{self._web.url}/ok", lambda item: ()), client.close)

    async def received(self, least: int) -> Sequence[bytes]:
        return [asked.body for asked in self._web.at("/ok")]


class PluginPlace(HousePlace):
    async def prepare(self, home: Path) -> None:
        (code,) = _PLUGIN.findall(_PAGE.read_text())
        names: dict[str, Any] = {"__name__": "plug_in"}
        exec(compile(code, "plug-in", "exec"), names)
        self._kind = names["KIND"]
        self._file = home / "lines"

    def target(self, seconds: float) -> OpenTarget:
        return opened(self._kind, {"path": str(self._file)}, surroundings(seconds))

    async def received(self, least: int) -> Sequence[bytes]:
        return self._file.read_bytes().splitlines() if self._file.exists() else []


PLACES: tuple[type[HousePlace], ...] = (QueuePlace, StreamPlace, PostPlace, PluginPlace)
SITTINGS = [(place, exam) for place in PLACES for exam in exams_of(place.traits)]


@pytest.mark.parametrize(
    ("kind", "exam"),
    SITTINGS,
    ids=[f"{kind.__name__}-{exam.__name__.removeprefix('exam_')}" for kind, exam in SITTINGS],
)
async def test_target(kind: type[Any], exam: Exam, tmp_path: Path) -> None:
    place = kind()
    await place.prepare(tmp_path)
    try:
        await exam(place)
    finally:
        await place.end()


# --- targets that must fail ------------------------------------------------------------------------------------------


class Crooked(HousePlace):
    """A place in memory with a target that breaks one promise."""

    traits = Traits(mortal=True, hangs=True, dedups=True, refuses=True, limited=True, counts=True, largest=10_000)

    def __init__(self, vice: str) -> None:
        self.vice = vice
        self.there: dict[str, list[bytes]] = {}
        self.up = True
        self.open = 0
        self.frozen = asyncio.Event()
        self.frozen.set()
        self.left: list[asyncio.Task[None]] = []

    def target(self, seconds: float) -> OpenTarget:
        return _Crooked(self, seconds)

    def refused(self) -> Delivery:
        [item] = deliveries(1, 100_000)
        return item

    async def received(self, least: int) -> Sequence[bytes]:
        return [payload for payloads in self.there.values() for payload in payloads]

    async def connections(self) -> int:
        return self.open

    async def kill(self) -> None:
        self.up = False
        if self.vice == "forgets":
            self.there.clear()

    async def start(self) -> None:
        self.up = True

    async def freeze(self) -> None:
        self.frozen.clear()

    async def thaw(self) -> None:
        self.frozen.set()


class _Crooked:
    batch_size = 20
    place = None

    def __init__(self, place: Crooked, seconds: float) -> None:
        self._at = place
        self._seconds = seconds
        self._open = 0

    async def deliver(self, batch: Sequence[Delivery]) -> Sequence[Outcome]:
        at, vice = self._at, self._at.vice
        if not at.up:
            away: Outcome = Permanent("GONE", "down") if vice == "gives up" else Retry("AWAY", "down")
            return [away] * len(batch)
        if vice == "opens many" or not self._open:
            self._open += 1
            at.open += 1
        if vice == "leaves a task":
            at.left.append(asyncio.ensure_future(asyncio.sleep(3600)))
        await asyncio.sleep(0)
        if not at.frozen.is_set():
            if vice == "hangs":
                await at.frozen.wait()
            return [Retry("TIMEOUT", "hangs")] * len(batch)
        outcomes: list[Outcome] = []
        for item in batch:
            if len(item.payload) > 15_000:
                outcomes.append(DELIVERED if vice == "takes all" else Permanent("LARGE", "too large"))
                continue
            known = at.there.setdefault(item.event_id, [])
            if not known or vice == "repeats":
                known.append(item.payload.replace(b":", b": ") if vice == "changes" else item.payload)
            outcomes.append(DELIVERED)
        if vice == "loses" and len(batch) > 2:
            at.there.pop(batch[-1].event_id)
        if vice == "miscounts":
            outcomes = outcomes[:-1]
        return outcomes[::-1] if vice == "mixes up" else outcomes

    async def close(self) -> None:
        if self._at.vice != "stays open":
            self._at.open -= self._open


EXAMS = {exam.__name__.removeprefix("exam_"): exam for exam in exams_of(Crooked.traits)}


async def failed(vice: str, names: Iterable[str] = EXAMS) -> set[str]:
    """Those of the exams that a target with ``vice`` fails."""
    found = set()
    for name in names:
        place = Crooked(vice)
        try:
            async with asyncio.timeout(10):
                await EXAMS[name](place)
        except (AssertionError, TimeoutError):
            found.add(name)
        finally:
            for task in place.left:
                task.cancel()
            await asyncio.gather(*place.left, return_exceptions=True)
    return found


async def test_a_target_that_keeps_its_promises_passes_all() -> None:
    assert await failed("none") == set()


@pytest.mark.parametrize(
    ("vice", "exam"),
    [
        ("loses", "a_full_batch_has_an_outcome_each_and_is_there"),
        ("changes", "a_full_batch_has_an_outcome_each_and_is_there"),
        ("miscounts", "a_full_batch_has_an_outcome_each_and_is_there"),
        ("mixes up", "a_payload_too_large_fails_alone"),
        ("takes all", "a_refused_event_fails_alone"),
        ("repeats", "what_comes_again_is_there_once"),
        ("gives up", "a_server_killed_in_mid_stream_loses_nothing"),
        ("hangs", "a_server_that_hangs_is_left_after_its_time"),
        ("opens many", "calls_side_by_side_use_few_connections"),
        ("stays open", "closing_lets_go_of_everything"),
        ("leaves a task", "closing_lets_go_of_everything"),
        ("forgets", "a_server_killed_in_mid_stream_loses_nothing"),
    ],
)
async def test_a_target_that_breaks_a_promise_fails(vice: str, exam: str) -> None:
    assert await failed(vice, [exam])
