"""Scheduled rules: what they fire, to whom, and that a restart neither loses nor repeats a moment."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from typing import Any

import msgspec
import pytest
from structlog.testing import capture_logs

from eventyard.bus import ScheduledRules, Timetable
from eventyard.bus.resources import Rule, TargetSpec
from eventyard.clock import ManualClock, settle
from eventyard.errors import TryAgain
from eventyard.event import Event
from eventyard.names import rule_arn
from eventyard.store import Store
from eventyard.stores.memory import MemoryStore, open_memory
from eventyard.target import Retry

from .yard import BUS, Box, Yard

DAY = 86_400


class Clocked(Yard):
    """A yard with a timetable. ``stuck``: publishing never ends, before or after the append."""

    def __init__(self, store: Store, clock: ManualClock | None = None) -> None:
        super().__init__(store, clock=clock)
        self.stuck = ""
        self.full = 0
        self.timetable = Timetable(store.catalog, store.log, self._publish, self.clock)
        self.scheduled = ScheduledRules(self.directory, self.timetable, self.engine, self.clock)

    async def start(self) -> Clocked:
        await self.directory.load()
        await self.timetable.load()
        self.scheduled.load()
        await self.engine.start()
        self.timetable.start()
        return self

    async def stop(self) -> None:
        await self.timetable.close()
        await self.engine.close()

    async def restart(self, seconds_down: float = 0) -> Clocked:
        """Stop in the middle of whatever is going on; a new yard on the same store."""
        await self.stop()
        await self.clock.advance(seconds_down)
        again = Clocked(self.store, self.clock)
        again.boxes = self.boxes
        await again.start()
        await self.clock.advance(0)
        return again

    async def every(self, schedule: str, *boxes: str, name: str = "tick", **more: Any) -> None:
        arn = rule_arn(BUS, name)
        rule = Rule(bus=BUS, name=name, arn=arn, created=self.clock.now(), created_by="1", schedule=schedule)
        await self.directory.put_rule(msgspec.structs.replace(rule, **more))
        await self.directory.put_targets(BUS, name, [TargetSpec(id=box, arn=box) for box in boxes])
        await settle()

    async def _publish(self, where: str, events: Sequence[Event]) -> None:
        if self.stuck == "before":
            await asyncio.Future()
        if self.full:
            self.full -= 1
            raise TryAgain("Rate exceeded.")
        await self.publisher.publish(where, events)
        if self.stuck == "after":
            await asyncio.Future()


@pytest.fixture
async def store() -> AsyncIterator[MemoryStore]:
    opened = await open_memory()
    yield opened
    await opened.close()


def times(box: Box) -> list[str]:
    return [json.loads(item.payload)["time"] for item in box.got]


async def test_rule_fires_to_its_own_targets_only(store: MemoryStore) -> None:
    yard = await Clocked(store).start()
    await yard.rule("all", {"source": ["aws.events"]}, "other")
    await yard.every("rate(1 minute)", "mine")
    await yard.clock.advance(150)
    got = [json.loads(item.payload) for item in yard.boxes["mine"].got]
    assert len(got) == 2
    assert got[0] == got[1] | {"id": got[0]["id"], "time": "2023-11-14T22:14:20Z"}
    assert got[0]["detail-type"] == "Scheduled Event"
    assert got[0]["source"] == "aws.events"
    assert got[0]["resources"] == [rule_arn(BUS, "tick")]
    assert got[0]["detail"] == {}
    keys = ["version", "id", "detail-type", "source", "account", "time", "region", "resources", "detail"]
    assert list(got[0]) == keys
    assert not yard.box("other").got
    await yard.stop()


async def test_cron_is_in_utc(store: MemoryStore) -> None:
    yard = await Clocked(store).start()
    await yard.every("cron(0 9 ? * MON-FRI *)", "mine")
    await yard.clock.advance(4 * DAY)
    assert times(yard.boxes["mine"]) == ["2023-11-15T09:00:00Z", "2023-11-16T09:00:00Z", "2023-11-17T09:00:00Z"]
    await yard.stop()


async def test_rule_with_pattern_and_schedule_gets_both(store: MemoryStore) -> None:
    yard = await Clocked(store).start()
    await yard.every("rate(1 hour)", "mine", pattern='{"source":["cars"]}')
    await yard.publish(1)
    await yard.clock.advance(3600)
    assert [json.loads(item.payload)["source"] for item in yard.boxes["mine"].got] == ["cars", "aws.events"]
    await yard.stop()


async def test_disabled_rule_fires_nothing_and_makes_up_for_nothing(store: MemoryStore) -> None:
    yard = await Clocked(store).start()
    await yard.every("rate(1 hour)", "mine")
    await yard.disable("tick")
    await yard.clock.advance(5 * 3600)
    await yard.enable("tick")
    yard = await yard.restart()
    await yard.clock.advance(1800)
    assert times(yard.boxes["mine"]) == []
    await yard.clock.advance(1800)
    assert len(times(yard.boxes["mine"])) == 1
    await yard.stop()


async def test_deleted_rule_and_removed_target_fire_nothing(store: MemoryStore) -> None:
    yard = await Clocked(store).start()
    await yard.every("rate(1 hour)", "one", "two")
    await yard.directory.remove_targets(BUS, "tick", ["one"])
    await yard.clock.advance(3600)
    await yard.directory.remove_targets(BUS, "tick", ["two"])
    await yard.directory.delete_rule(BUS, "tick")
    await yard.clock.advance(3 * 3600)
    assert "one" not in yard.boxes or not yard.boxes["one"].got
    assert len(yard.boxes["two"].got) == 1
    assert await store.catalog.load("firing") == {}
    await yard.stop()


async def test_changed_schedule_counts_from_the_change(store: MemoryStore) -> None:
    yard = await Clocked(store).start()
    await yard.every("rate(1 day)", "mine")
    await yard.clock.advance(3 * 3600)
    await yard.every("rate(1 hour)", "mine")
    await yard.clock.advance(3600)
    assert len(yard.boxes["mine"].got) == 1
    await yard.stop()


@pytest.mark.parametrize("stuck", ["", "before", "after"])
async def test_no_moment_is_lost_or_repeated_over_a_restart(store: MemoryStore, stuck: str) -> None:
    yard = await Clocked(store).start()
    await yard.every("rate(1 minute)", "mine")
    await yard.clock.advance(61)
    yard.stuck = stuck
    await yard.clock.advance(60)
    yard = await yard.restart()
    await yard.clock.advance(60)
    await settle()
    assert times(yard.boxes["mine"]) == ["2023-11-14T22:14:20Z", "2023-11-14T22:15:20Z", "2023-11-14T22:16:20Z"]
    await yard.stop()


async def test_moments_missed_while_down_fire_within_a_day(store: MemoryStore) -> None:
    yard = await Clocked(store).start()
    await yard.every("rate(6 hours)", "mine")
    yard = await yard.restart(seconds_down=3 * DAY)
    await settle()
    fired = times(yard.boxes["mine"])
    assert len(fired) == 5
    assert fired[-1] == "2023-11-17T22:13:20Z"
    await yard.stop()


async def test_what_is_left_out_is_told(store: MemoryStore) -> None:
    yard = await Clocked(store).start()
    await yard.every("rate(6 hours)", "mine")
    with capture_logs() as logs:
        yard = await yard.restart(seconds_down=3 * DAY)
    told = [entry for entry in logs if entry["log_level"] == "warning"]
    assert [(entry["schedules"], entry["first"]) for entry in told] == [(1, "2023-11-15T04:13:20Z")]
    await yard.stop()


async def test_missed_moment_that_is_too_old_for_a_target_is_its_dead_letter(store: MemoryStore) -> None:
    yard = await Clocked(store).start()
    await yard.every("rate(1 hour)", "mine")
    strict = TargetSpec(id="strict", arn="strict", max_age=600, dead_letter_arn="dead")
    await yard.directory.put_targets(BUS, "tick", [strict])
    yard = await yard.restart(seconds_down=5_400)
    await settle()
    assert len(yard.boxes["mine"].got) == 1
    assert yard.boxes["strict"].got == []
    ((queue, payload, said),) = yard.dead
    assert (queue, json.loads(payload)["time"]) == ("dead", "2023-11-14T23:13:20Z")
    assert (said["EXHAUSTED_RETRY_CONDITION"], said["RETRY_ATTEMPTS"]) == ("MaximumEventAgeInSeconds", "0")
    await yard.stop()


async def test_full_store_holds_firing_up_and_loses_nothing(store: MemoryStore) -> None:
    yard = await Clocked(store).start()
    await yard.every("rate(1 minute)", "mine")
    yard.full = 3
    await yard.clock.advance(130)
    assert len(times(yard.boxes["mine"])) == 2
    await yard.stop()


async def test_failed_delivery_is_retried_after_a_restart(store: MemoryStore) -> None:
    yard = await Clocked(store).start()
    await yard.every("rate(1 hour)", "mine")
    yard.boxes["mine"].always = Retry("DOWN", "down")
    await yard.clock.advance(3601)
    yard.boxes["mine"].always = Box().always
    yard = await yard.restart()
    await yard.clock.advance(1200)
    assert times(yard.boxes["mine"]) == ["2023-11-14T23:13:20Z"]
    await yard.stop()
