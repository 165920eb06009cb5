"""When schedules fire, what their targets get, and that restarts neither lose nor repeat anything."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from eventyard.bus import BusFirings, Directory, Engine, Publisher, Timetable
from eventyard.clock import ManualClock, settle
from eventyard.errors import Conflict, InvalidRequest, NotFound
from eventyard.event import iso_seconds
from eventyard.schedules import Group, Schedule, Schedules, group_arn, schedule_arn
from eventyard.store import Change, Store
from eventyard.stores.memory import MemoryStore, open_memory
from eventyard.target import Delivered, Delivery, Outcome, Permanent, Retry

ACCOUNT, REGION = "123456789012", "us-east-1"
ARN = schedule_arn(ACCOUNT, REGION, "default", "s")
START = 1_700_000_000_000  # 2023-11-14T22:13:20Z
MINUTE, HOUR, DAY = 60, 3_600, 86_400


class Box:
    """A target that notes what it gets and when."""

    batch_size = 10
    place = None

    def __init__(self, clock: ManualClock) -> None:
        self.clock = clock
        self.got: list[tuple[str, str]] = []
        self.answer: Outcome = Delivered()
        self.tries = 0

    async def deliver(self, batch: list[Delivery]) -> list[Outcome]:
        self.tries += len(batch)
        if isinstance(self.answer, Delivered):
            self.got += [(iso_seconds(self.clock.now()), item.payload.decode()) for item in batch]
        return [self.answer] * len(batch)

    @property
    def times(self) -> list[str]:
        return [time for time, _ in self.got]


class Place:
    """Schedules with everything that they need, on a store that may have lived before."""

    def __init__(self, store: Store, clock: ManualClock, box: Box) -> None:
        self.store, self.clock, self.box = store, clock, box
        self.dead: list[str] = []
        self.said: list[Mapping[str, str]] = []
        directory = Directory(store.catalog, clock)
        self.engine = Engine(store.log, store.progress, directory, clock, self._target, self._bury, keep="failures")
        self.timetable = Timetable(store.catalog, store.log, Publisher(store.log).publish, clock)
        publisher = Publisher(store.log)
        firings = BusFirings(
            self.timetable,
            self.engine,
            store.log,
            store.progress,
            self._target,
            self._bury,
            publisher.append,
            clock,
        )
        self.schedules = Schedules(store.catalog, clock, firings, lambda name, moment, window: window // 2)

    async def start(self) -> Place:
        await self.timetable.load()
        await self.schedules.load()
        await self.engine.start()
        self.timetable.start()
        await self.clock.advance(0)
        return self

    async def stop(self) -> None:
        await self.timetable.close()
        await self.engine.close()

    async def restart(self, seconds_down: float = 0) -> Place:
        await self.stop()
        await self.clock.advance(seconds_down)
        return await Place(self.store, self.clock, self.box).start()

    def schedule(self, expression: str, **more: Any) -> Schedule:
        now = self.clock.now()
        target = {"Arn": "arn:aws:sqs:us-east-1:123456789012:q", "Input": "<aws.scheduler.scheduled-time>"}
        made = Schedule(
            arn=ARN, name="s", group="default", created=now, modified=now, since=now - 1, expression=expression,
            target=target | more.pop("target", {}),
        )  # fmt: skip
        return msgspec.structs.replace(made, **more)

    def _target(self, arn: str, parameters: Mapping[str, Any]) -> Box:
        return self.box

    async def _bury(self, arn: str, payload: bytes, attributes: Mapping[str, str]) -> bool:
        self.dead.append(payload.decode())
        self.said.append(attributes)
        return True


@pytest.fixture
async def store() -> AsyncIterator[MemoryStore]:
    opened = await open_memory()
    yield opened
    await opened.close()


@pytest.fixture
async def place(store: MemoryStore) -> Place:
    clock = ManualClock(START)
    return await Place(store, clock, Box(clock)).start()


def millis(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 1000


async def test_rate_starts_at_once_and_goes_on(place: Place) -> None:
    await place.schedules.create(place.schedule("rate(5 minutes)"))
    await place.clock.advance(11 * MINUTE)
    assert place.box.times == ["2023-11-14T22:13:20Z", "2023-11-14T22:18:20Z", "2023-11-14T22:23:20Z"]
    await place.stop()


async def test_start_and_end_bound_what_is_fired(place: Place) -> None:
    bounds = {"start": millis("2023-11-15T00:00:00"), "end": millis("2023-11-15T02:00:00")}
    await place.schedules.create(place.schedule("rate(1 hour)", **bounds))
    await place.clock.advance(DAY)
    assert place.box.times == ["2023-11-15T00:00:00Z", "2023-11-15T01:00:00Z", "2023-11-15T02:00:00Z"]
    await place.stop()


async def test_cron_and_at_follow_their_time_zone(place: Place) -> None:
    await place.schedules.create(place.schedule("cron(0 9 * * ? *)", timezone="America/New_York"))
    other = schedule_arn(ACCOUNT, REGION, "default", "t")
    once = place.schedule("at(2023-11-15T09:30:00)", timezone="Europe/Berlin", arn=other, name="t")
    await place.schedules.create(once)
    await place.clock.advance(DAY)
    assert place.box.times == ["2023-11-15T08:30:00Z", "2023-11-15T14:00:00Z"]
    await place.stop()


async def test_flexible_window_delays_and_keeps_the_scheduled_time(place: Place) -> None:
    await place.schedules.create(place.schedule("at(2023-11-15T00:00:00)", flexible=10))
    await place.clock.advance(DAY)
    assert place.box.got == [("2023-11-15T00:05:00Z", "2023-11-15T00:00:00Z")]
    await place.stop()


async def test_target_gets_a_notification_without_an_input(place: Place) -> None:
    await place.schedules.create(place.schedule("at(2023-11-15T00:00:00)", target={"Input": None}))
    await place.clock.advance(DAY)
    got = json.loads(place.box.got[0][1])
    assert (got["source"], got["detail-type"], got["resources"]) == ("aws.scheduler", "Scheduled Event", [ARN])
    assert (got["time"], got["detail"], got["account"]) == ("2023-11-15T00:00:00Z", "{}", ACCOUNT)
    await place.stop()


async def test_keywords_of_the_input_are_replaced(place: Place) -> None:
    text = "<aws.scheduler.schedule-arn> <aws.scheduler.execution-id> <aws.scheduler.execution-id> <other>"
    await place.schedules.create(place.schedule("rate(1 day)", target={"Input": text}))
    await place.clock.advance(1)
    arn, execution, again, other = place.box.got[0][1].split()
    assert (arn, execution, other, len(execution)) == (ARN, again, "<other>", 16)
    await place.stop()


async def test_target_is_told_which_attempt_it_is(place: Place) -> None:
    target = {"Input": "try <aws.scheduler.attempt-number> of <aws.scheduler.scheduled-time>"}
    place.box.answer = Retry("DOWN", "down", after=1.0)
    await place.schedules.create(place.schedule("at(2023-11-15T00:00:00)", target=target))
    await place.clock.advance(millis("2023-11-15T00:00:00") // 1000 - START // 1000 + 1)
    tries = place.box.tries
    assert tries > 0
    place.box.answer = Delivered()
    await place.clock.advance(HOUR)
    assert [text for _, text in place.box.got] == [f"try {tries + 1} of 2023-11-15T00:00:00Z"]
    await place.stop()


async def test_disabled_schedule_fires_nothing_and_makes_up_for_nothing(place: Place) -> None:
    await place.schedules.create(place.schedule("rate(1 hour)", state="DISABLED"))
    await place.clock.advance(3 * HOUR + 1800)
    await place.schedules.update(place.schedule("rate(1 hour)"))
    place = await place.restart()
    await place.clock.advance(1799)
    assert place.box.times == []
    await place.clock.advance(1)
    assert place.box.times == ["2023-11-15T02:13:20Z"]
    await place.stop()


async def test_update_of_the_target_keeps_the_timing(place: Place) -> None:
    await place.schedules.create(place.schedule("rate(1 hour)"))
    await place.clock.advance(1800)
    await place.schedules.update(place.schedule("rate(1 hour)", target={"Input": "new"}))
    await place.clock.advance(1800)
    assert place.box.got == [("2023-11-14T22:13:20Z", "2023-11-14T22:13:20Z"), ("2023-11-14T23:13:20Z", "new")]
    await place.stop()


async def test_deleted_schedule_fires_no_more(place: Place) -> None:
    await place.schedules.create(place.schedule("rate(1 hour)"))
    await place.clock.advance(1)
    await place.schedules.delete(ARN)
    place = await place.restart()
    await place.clock.advance(DAY)
    assert len(place.box.got) == 1
    with pytest.raises(NotFound, match="Schedule s does not exist"):
        place.schedules.find(ARN)
    assert await place.store.catalog.load("firing") == {}
    await place.stop()


async def test_restart_repeats_nothing_and_makes_up_for_what_was_missed(place: Place) -> None:
    await place.schedules.create(place.schedule("rate(1 hour)"))
    await place.clock.advance(HOUR)
    place = await place.restart(seconds_down=2 * HOUR)
    place = await place.restart()
    await place.clock.advance(HOUR)
    assert [payload for _, payload in place.box.got] == [f"2023-11-{day}" for day in (
        "14T22:13:20Z", "14T23:13:20Z", "15T00:13:20Z", "15T01:13:20Z", "15T02:13:20Z"
    )]  # fmt: skip
    await place.stop()


async def test_missed_moments_beyond_the_retry_window_are_not_delivered(place: Place) -> None:
    retry = {"RetryPolicy": {"MaximumEventAgeInSeconds": 5400}}
    await place.schedules.create(place.schedule("rate(1 hour)", target=retry))
    await place.clock.advance(1)
    place = await place.restart(seconds_down=5 * HOUR)
    assert [payload for _, payload in place.box.got] == [
        "2023-11-14T22:13:20Z", "2023-11-15T02:13:20Z", "2023-11-15T03:13:20Z"
    ]  # fmt: skip
    await place.stop()


async def test_missed_moments_that_are_too_old_are_dead_letters_once(place: Place) -> None:
    target = {"RetryPolicy": {"MaximumEventAgeInSeconds": 60}, "DeadLetterConfig": {"Arn": "arn:aws:sqs:::dead"}}
    await place.schedules.create(place.schedule("at(2023-11-14T22:13:25)", target=target, after_completion="DELETE"))
    place = await place.restart(seconds_down=70)
    again = await place.restart(seconds_down=HOUR)
    assert (place.box.tries, place.dead, again.dead) == (0, ["2023-11-14T22:13:25Z"], [])
    assert dict(place.said[0], EXECUTION_ID="") == {
        "SCHEDULE_ARN": ARN,
        "SCHEDULED_TIME": "2023-11-14T22:13:25Z",
        "EXECUTION_ID": "",
        "TARGET_ARN": "arn:aws:scheduler:::aws-sdk:sqs:sendMessage",
        "IS_PAYLOAD_TRUNCATED": "false",
        "RETRY_ATTEMPTS": "0",
        "ERROR_CODE": "EXPIRED",
        "ERROR_MESSAGE": "It was due at 2023-11-14T22:13:25Z, and could not be delivered in time.",
        "EXHAUSTED_RETRY_CONDITION": "MaximumEventAgeInSeconds",
    }
    await again.schedules.sweep()
    assert again.schedules.get(ARN) is None
    await again.stop()


async def test_only_moment_is_a_dead_letter_however_long_ago_it_was(place: Place) -> None:
    target = {"DeadLetterConfig": {"Arn": "arn:aws:sqs:::dead"}}
    await place.schedules.create(place.schedule("at(2023-11-14T22:13:25)", target=target))
    place = await place.restart(seconds_down=30 * DAY)
    assert (place.box.tries, place.dead) == (0, ["2023-11-14T22:13:25Z"])
    await place.stop()


async def test_missed_moment_without_a_dead_letter_queue_is_dropped_and_that_is_kept(place: Place) -> None:
    target = {"RetryPolicy": {"MaximumEventAgeInSeconds": 60}}
    await place.schedules.create(place.schedule("at(2023-11-14T22:13:25)", target=target))
    place = await place.restart(seconds_down=70)
    await place.engine.ledger.flush()
    (fate,) = await place.store.progress.fates(subscriber=ARN)
    assert (fate.outcome, fate.attempts, fate.error_code) == ("dropped", 0, "EXPIRED")
    await place.stop()


async def test_age_counts_from_the_end_of_the_wait_and_not_from_the_start_of_the_server(place: Place) -> None:
    target = {"RetryPolicy": {"MaximumEventAgeInSeconds": 600}, "DeadLetterConfig": {"Arn": "arn:aws:sqs:::dead"}}
    await place.schedules.create(place.schedule("at(2023-11-14T22:20:00)", target=target, flexible=10))
    place.box.answer = Retry("DOWN", "down")
    place = await place.restart(seconds_down=21 * MINUTE)  # it was due at 22:25:00, and it is 22:34:20
    await place.clock.advance(1)
    assert place.box.tries > 0
    assert place.dead == []
    await place.clock.advance(MINUTE)
    assert place.said[0]["EXHAUSTED_RETRY_CONDITION"] == "MaximumEventAgeInSeconds"
    await place.stop()


async def test_what_is_delivered_again_is_not_too_old_also_if_it_was_missed(place: Place) -> None:
    target = {"RetryPolicy": {"MaximumEventAgeInSeconds": 60}, "DeadLetterConfig": {"Arn": "arn:aws:sqs:::dead"}}
    await place.schedules.create(place.schedule("at(2023-11-14T22:13:25)", target=target))
    place = await place.restart(seconds_down=70)
    await place.schedules.again(ARN, place.dead[0], millis("2023-11-14T22:13:25"))
    await place.clock.advance(1)
    assert [payload for _, payload in place.box.got] == ["2023-11-14T22:13:25Z"]
    await place.stop()


async def test_failed_delivery_is_tried_again_and_ends_in_the_dead_letter_queue(place: Place) -> None:
    target = {"RetryPolicy": {"MaximumRetryAttempts": 2}, "DeadLetterConfig": {"Arn": "arn:aws:sqs:::dead"}}
    place.box.answer = Retry("DOWN", "down")
    await place.schedules.create(place.schedule("at(2023-11-15T00:00:00)", target=target))
    await place.clock.advance(DAY)
    assert (place.box.tries, len(place.dead)) == (3, 1)
    assert place.dead == ["2023-11-15T00:00:00Z"]
    assert re.fullmatch("[0-9a-f]{16}", place.said[0]["EXECUTION_ID"])
    assert dict(place.said[0], EXECUTION_ID="") == {
        "SCHEDULE_ARN": ARN,
        "SCHEDULED_TIME": "2023-11-15T00:00:00Z",
        "EXECUTION_ID": "",
        "TARGET_ARN": "arn:aws:scheduler:::aws-sdk:sqs:sendMessage",
        "IS_PAYLOAD_TRUNCATED": "false",
        "RETRY_ATTEMPTS": "2",
        "ERROR_CODE": "DOWN",
        "ERROR_MESSAGE": "down",
        "EXHAUSTED_RETRY_CONDITION": "MaximumRetryAttempts",
    }
    place.box.answer = Permanent("NO_RESOURCE", "gone")
    await place.schedules.update(place.schedule("rate(1 day)", target=target))
    await place.clock.advance(1)
    assert (place.box.tries, len(place.dead)) == (4, 2)
    assert place.said[1]["ERROR_CODE"] == "AWS.SimpleQueueService.NonExistentQueue"
    assert "EXHAUSTED_RETRY_CONDITION" not in place.said[1]
    await place.stop()


async def test_dead_letter_holds_what_the_last_attempt_would_have_given_and_no_more_than_fits(place: Place) -> None:
    target = {"RetryPolicy": {"MaximumRetryAttempts": 1}, "DeadLetterConfig": {"Arn": "arn:aws:sqs:::dead"}}
    place.box.answer = Retry("DOWN", "down")
    long = "<aws.scheduler.attempt-number>" + "ö" * 150_000
    await place.schedules.create(place.schedule("at(2023-11-15T00:00:00)", target=target | {"Input": long}))
    await place.clock.advance(DAY)
    assert place.dead[0].startswith("2öö")
    assert 240 << 10 < len(place.dead[0].encode()) <= 248 << 10
    assert place.said[0]["IS_PAYLOAD_TRUNCATED"] == "true"
    await place.stop()


async def test_what_was_given_up_is_delivered_again_and_survives_a_restart(place: Place) -> None:
    moment = millis("2023-11-15T00:00:00")
    await place.schedules.create(place.schedule("at(2023-11-15T00:00:00)"))
    await place.clock.advance(DAY)
    place.box.answer = Retry("DOWN", "down")
    await place.schedules.again(ARN, "once more", moment, dry_run=True)
    await place.schedules.again(ARN, "once more", moment)
    await place.clock.advance(0.5)
    assert place.box.tries == 2
    place = await place.restart(seconds_down=HOUR)
    place.box.answer = Delivered()
    await place.clock.advance(HOUR)
    assert [payload for _, payload in place.box.got] == ["2023-11-15T00:00:00Z", "once more"]
    with pytest.raises(NotFound):
        await place.schedules.again(f"{ARN}x", "once more", moment)
    await place.stop()


async def test_notification_is_delivered_again_as_it_was_and_can_not_be_changed(place: Place) -> None:
    made = place.schedule("at(2023-11-15T00:00:00)", target={"Input": None})
    await place.schedules.create(made)
    await place.clock.advance(DAY)
    first = place.box.got[0][1]
    with pytest.raises(InvalidRequest, match="no Input that could be replaced"):
        await place.schedules.again(ARN, "other", millis("2023-11-15T00:00:00"))
    await place.schedules.again(ARN, first, millis("2023-11-15T00:00:00"))
    await place.clock.advance(1)
    again = place.box.got[1][1]
    assert json.loads(again) | {"id": ""} == json.loads(first) | {"id": ""}
    await place.stop()


async def test_completed_schedule_is_deleted_only_once_its_delivery_is_settled(place: Place) -> None:
    place.box.answer = Retry("DOWN", "down")
    await place.schedules.create(place.schedule("at(2023-11-15T00:00:00)", after_completion="DELETE"))
    await place.schedules.sweep()
    await place.clock.advance(2 * HOUR)
    await place.schedules.sweep()
    assert place.schedules.get(ARN) is not None
    place.box.answer = Delivered()
    place = await place.restart()
    await place.clock.advance(HOUR)
    assert [payload for _, payload in place.box.got] == ["2023-11-15T00:00:00Z"]
    await place.schedules.sweep()
    assert place.schedules.get(ARN) is None
    await place.stop()


async def test_completed_schedule_stays_unless_it_is_to_go(place: Place) -> None:
    await place.schedules.create(place.schedule("at(2023-11-15T00:00:00)"))
    await place.clock.advance(DAY)
    await place.schedules.sweep()
    assert place.schedules.get(ARN) is not None
    await place.stop()


async def test_group_goes_with_its_schedules(place: Place) -> None:
    arn = group_arn(ACCOUNT, REGION, "g")
    await place.schedules.create_group(Group(arn=arn, name="g", created=1, modified=1))
    inside = schedule_arn(ACCOUNT, REGION, "g", "s")
    await place.schedules.create(place.schedule("rate(1 hour)", arn=inside, group="g"))
    await settle()
    await place.schedules.delete_group(arn)
    place = await place.restart()
    await place.clock.advance(DAY)
    assert len(place.box.got) <= 1
    with pytest.raises(NotFound, match="Schedule group g does not exist"):
        place.schedules.list(arn)
    await place.stop()


async def test_same_request_with_the_same_token_is_the_same_schedule(place: Place) -> None:
    made = place.schedule("rate(1 hour)", token="t")
    await place.schedules.create(made)
    await place.clock.advance(5)
    await place.schedules.create(place.schedule("rate(1 hour)", token="t"))
    for other in (place.schedule("rate(2 hours)", token="t"), place.schedule("rate(1 hour)", token="u")):
        with pytest.raises(Conflict, match="Schedule s already exists"):
            await place.schedules.create(other)
    assert place.schedules.get(ARN) == made
    await place.stop()


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"expression": "rate(10 years)"}, r"Invalid Schedule Expression rate\(10 years\)\."),
        ({"timezone": "Mars/Base"}, "Invalid ScheduleExpressionTimezone Mars/Base."),
        ({"timezone": "../etc/passwd"}, "Invalid ScheduleExpressionTimezone"),
        ({"timezone": "America"}, "Invalid ScheduleExpressionTimezone"),
    ],
)
async def test_what_can_not_be_scheduled_is_refused(place: Place, more: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidRequest, match=message):
        await place.schedules.create(msgspec.structs.replace(place.schedule("rate(1 hour)"), **more))
    assert place.schedules.get(ARN) is None
    await place.stop()


async def test_schedule_that_can_not_be_fired_here_does_not_keep_the_others_from_it(place: Place) -> None:
    await place.schedules.create(place.schedule("rate(1 hour)"))
    strange = place.schedule("rate(1 hour)", timezone="Mars/Base", arn=ARN + "2", name="s2")
    await place.store.catalog.apply([Change("schedule", strange.arn, msgspec.json.encode(strange))])
    place = await place.restart()
    await place.clock.advance(HOUR)
    assert len(place.box.got) == 2
    assert place.schedules.find(strange.arn) == strange
    await place.stop()
