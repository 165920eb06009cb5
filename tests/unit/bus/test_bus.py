"""What the bus does with events: match, deliver, fall behind, retry, bury, and account for each."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest

from eventyard.bus.delivery import Desk
from eventyard.bus.subscription import RetryPolicy
from eventyard.clock import ManualClock, settle
from eventyard.errors import TryAgain
from eventyard.event import published_at
from eventyard.pattern import Matcher
from eventyard.store import Record
from eventyard.stores.memory import MemoryStore, open_memory
from eventyard.target import DELIVERED, Delivery, Outcome, Permanent, Retry

from .yard import BUS, Box, Yard

CARS = {"source": ["cars"]}
DLQ = "arn:aws:sqs:us-east-1:123456789012:dead"


@pytest.fixture
async def store() -> AsyncIterator[MemoryStore]:
    opened = await open_memory()
    yield opened
    await opened.close()


@pytest.fixture
async def yard(store: MemoryStore) -> AsyncIterator[Yard]:
    made = await Yard(store, keep="all").start()
    yield made
    await made.engine.close()


async def test_event_reaches_every_target_of_every_rule_that_matches(yard: Yard) -> None:
    await yard.rule("a", CARS, "one", "two")
    await yard.rule("b", {"detail": {"n": [{"numeric": [">", 1]}]}}, "three")
    await yard.rule("c", {"source": ["boats"]}, "four")
    await yard.publish(1, 2)
    assert yard.box("one").numbers == yard.box("two").numbers == [1, 2]
    assert yard.box("three").numbers == [2]
    assert yard.box("four").numbers == []


async def test_payload_is_the_body_byte_for_byte(yard: Yard) -> None:
    await yard.rule("a", CARS, "one")
    (event,) = await yard.publish(1)
    assert yard.box("one").got[0].payload == event.body
    assert yard.box("one").got[0].event_id == event.id
    assert published_at(event.id) == yard.clock.now()


async def test_disabled_rule_matches_nothing_and_does_not_make_up_for_it(yard: Yard) -> None:
    await yard.rule("a", CARS, "one")
    await yard.publish(1)
    await yard.disable("a")
    await yard.publish(2)
    await yard.enable("a")
    await yard.publish(3)
    assert yard.box("one").numbers == [1, 3]


async def test_removed_target_gets_nothing_more(yard: Yard) -> None:
    await yard.rule("a", CARS, "one", "two")
    await yard.directory.remove_targets(BUS, "a", ["one"])
    await yard.publish(1)
    assert yard.box("one").numbers == []
    assert yard.box("two").numbers == [1]


async def test_changed_pattern_counts_from_the_next_event(yard: Yard) -> None:
    await yard.rule("a", CARS, "one")
    await yard.publish(1)
    await yard.rule("a", {"source": ["boats"]}, "one")
    await yard.publish(2)
    await yard.publish(3, source="boats")
    assert yard.box("one").numbers == [1, 3]


class Slow(Box):
    """Takes nothing until it is opened."""

    def __init__(self) -> None:
        super().__init__()
        self.open = asyncio.Event()

    async def deliver(self, batch: Sequence[Delivery]) -> Sequence[Outcome]:
        await self.open.wait()
        return await super().deliver(batch)


async def test_slow_target_falls_behind_in_the_log_and_catches_up_without_gap_or_double(yard: Yard) -> None:
    slow = Slow()
    yard.boxes["arn:aws:sqs:us-east-1:123456789012:slow"] = slow
    await yard.rule("a", CARS, "slow")
    await yard.rule("b", CARS, "quick")
    for start in range(0, 3000, 100):
        await yard.publish(*range(start, start + 100))
    assert yard.box("quick").numbers == list(range(3000))
    (name,) = yard.engine.lags()
    assert yard.engine.lags()[name] <= 1_010
    slow.open.set()
    await settle(3_000)
    await yard.publish(3000, 3001)
    await settle(100)
    assert slow.numbers == list(range(3002))
    assert yard.engine.lags() == {}


async def test_disabling_a_lagging_rule_delivers_what_was_published_before_and_nothing_between(yard: Yard) -> None:
    slow = Slow()
    yard.boxes["arn:aws:sqs:us-east-1:123456789012:slow"] = slow
    await yard.rule("a", CARS, "slow")
    await yard.publish(*range(1500))
    await yard.disable("a")
    await yard.publish(*range(1500, 1600))
    await yard.enable("a")
    await yard.publish(*range(1600, 1700))
    slow.open.set()
    await settle(2_000)
    assert slow.numbers == [*range(1500), *range(1600, 1700)]


async def test_failed_delivery_is_retried_until_the_target_takes_it(yard: Yard) -> None:
    await yard.rule("a", CARS, "one")
    yard.box("one").answers = [Retry("SDK_CLIENT_ERROR", "not now")] * 3
    (event,) = await yard.publish(1)
    assert yard.box("one").numbers == []
    (fate,) = await fates(yard, event_id=event.id, subscriber_is=True)
    assert (fate.outcome, fate.attempts, fate.error_message) == ("retrying", 1, "not now")
    await pass_time(yard, 60)
    assert yard.box("one").numbers == [1]
    (fate,) = await fates(yard, event_id=event.id, subscriber_is=True)
    assert (fate.outcome, fate.attempts) == ("delivered", 4)


async def test_a_delivery_that_was_not_even_tried_is_no_attempt(yard: Yard) -> None:
    await yard.rule("a", CARS, "one", max_attempts=0, dead_letter_arn=DLQ)
    yard.box("one").answers = [Retry("CIRCUIT_OPEN", "not called", 20, called=False)] * 3
    (event,) = await yard.publish(1)
    (fate,) = await fates(yard, event_id=event.id, subscriber_is=True)
    assert (fate.outcome, fate.attempts) == ("retrying", 0)
    await pass_time(yard, 90)
    assert yard.box("one").numbers == [1]
    (fate,) = await fates(yard, event_id=event.id, subscriber_is=True)
    assert (fate.outcome, fate.attempts) == ("delivered", 1)
    assert yard.dead == []


async def test_one_failing_event_does_not_hold_back_the_others(yard: Yard) -> None:
    await yard.rule("a", CARS, "one")
    yard.box("one").answers = [DELIVERED, Retry("X", "no"), DELIVERED]
    await yard.publish(1, 2, 3)
    assert yard.box("one").numbers == [1, 3]
    await pass_time(yard, 5)
    assert yard.box("one").numbers == [1, 3, 2]


async def test_permanent_failure_goes_straight_to_the_dead_letter_queue_with_the_attributes(yard: Yard) -> None:
    await yard.rule("a", CARS, "gone", dead_letter_arn=DLQ)
    yard.box("gone").always = Permanent("NO_RESOURCE", "The specified queue does not exist.")
    (event,) = await yard.publish(1)
    ((queue, payload, attributes),) = yard.dead
    assert queue == DLQ
    assert payload == event.body
    assert attributes == {
        "RULE_ARN": "arn:aws:events:us-east-1:123456789012:rule/a",
        "TARGET_ARN": "arn:aws:sqs:us-east-1:123456789012:gone",
        "ERROR_CODE": "NO_RESOURCE",
        "ERROR_MESSAGE": "The specified queue does not exist.",
        "RETRY_ATTEMPTS": "0",
    }
    (fate,) = await fates(yard, event_id=event.id, subscriber_is=True)
    assert fate.outcome == "dead-lettered"


async def test_exhausted_attempts_go_to_the_dead_letter_queue(yard: Yard) -> None:
    await yard.rule("a", CARS, "down", dead_letter_arn=DLQ, max_attempts=2)
    yard.box("down").always = Retry("SDK_CLIENT_ERROR", "down")
    await yard.publish(1)
    await pass_time(yard, 60)
    assert yard.box("down").tries == 3
    assert yard.dead[0][2]["EXHAUSTED_RETRY_CONDITION"] == "MaximumRetryAttempts"
    assert yard.dead[0][2]["RETRY_ATTEMPTS"] == "2"


async def test_a_day_of_retries_ends_by_age_or_attempts_and_never_later(yard: Yard) -> None:
    await yard.rule("a", CARS, "down", dead_letter_arn=DLQ)
    yard.box("down").always = Retry("SDK_CLIENT_ERROR", "down")
    await yard.publish(1)
    await pass_time(yard, 86_400 + 1_200, step=60)
    assert len(yard.dead) == 1
    assert 150 <= yard.box("down").tries <= 186
    assert yard.dead[0][2]["EXHAUSTED_RETRY_CONDITION"] in {"MaximumRetryAttempts", "MaximumEventAgeInSeconds"}


async def test_without_a_dead_letter_queue_the_event_is_dropped_on_record(yard: Yard) -> None:
    await yard.rule("a", CARS, "gone")
    yard.box("gone").always = Permanent("NO_RESOURCE", "gone")
    (event,) = await yard.publish(1)
    (fate,) = await fates(yard, event_id=event.id, subscriber_is=True)
    assert (fate.outcome, fate.error_code) == ("dropped", "NO_RESOURCE")


async def test_transformation_without_a_valid_result_is_not_delivered(yard: Yard) -> None:
    await yard.rule(
        "a", CARS, "one", input_paths={"d": "$.detail"}, input_template='{"x": "<d>" }', dead_letter_arn=DLQ
    )
    await yard.publish(1)
    assert yard.box("one").numbers == []
    assert yard.dead[0][2]["ERROR_CODE"] == "INVALID_JSON"


async def test_unmatched_and_matched_events_are_told_apart(yard: Yard) -> None:
    await yard.rule("a", CARS, "one")
    matched, unmatched = await yard.publish(1), await yard.publish(2, source="boats")
    assert [fate.outcome for fate in await fates(yard, event_id=unmatched[0].id)] == ["unmatched"]
    outcomes = {fate.outcome for fate in await fates(yard, event_id=matched[0].id)}
    assert outcomes == {"matched", "delivered"}


async def test_restart_goes_on_where_it_stopped(store: MemoryStore) -> None:
    clock = ManualClock()
    first = await Yard(store, clock=clock).start()
    await first.rule("a", CARS, "one")
    await first.publish(1, 2)
    await first.engine.close()
    second = await Yard(store, clock=clock).start()
    await second.publish(3)
    assert second.box("one").numbers == [3]
    await second.engine.close()


async def test_crash_before_the_checkpoint_delivers_again_and_loses_nothing(store: MemoryStore) -> None:
    clock = ManualClock()
    first = await Yard(store, clock=clock).start()
    await first.rule("a", CARS, "one")
    await first.publish(1, 2)  # never flushed: the first house is simply abandoned
    second = await Yard(store, clock=clock).start()
    await settle(50)
    assert second.box("one").numbers == [1, 2]
    await second.engine.close()
    await first.engine.close()


async def test_deferred_delivery_survives_a_restart(store: MemoryStore) -> None:
    clock = ManualClock()
    first = await Yard(store, clock=clock).start()
    await first.rule("a", CARS, "one")
    first.box("one").always = Retry("X", "down")
    await first.publish(1)
    await first.engine.close()
    second = await Yard(store, clock=clock).start()
    await pass_time(second, 5)
    assert second.box("one").numbers == [1]
    await second.engine.close()


async def test_lagging_subscriber_goes_on_from_its_checkpoint_after_a_restart(store: MemoryStore) -> None:
    clock = ManualClock()
    first = Yard(store, clock=clock)
    slow = Slow()
    first.boxes["arn:aws:sqs:us-east-1:123456789012:slow"] = slow
    await first.start()
    await first.rule("a", CARS, "slow")
    await first.publish(*range(1200))
    await first.engine.ledger.flush()
    for name in list(first.engine.lags()):
        await first.engine._by_name[name].close()
    second = await Yard(store, clock=clock).start()
    await settle(2_000)
    assert second.box("slow").numbers == list(range(1200))
    await second.engine.close()
    slow.open.set()
    await first.engine.close()


async def test_retention_that_overtakes_a_subscriber_is_on_record(yard: Yard) -> None:
    slow = Slow()
    yard.boxes["arn:aws:sqs:us-east-1:123456789012:slow"] = slow
    await yard.rule("a", CARS, "slow")
    await yard.publish(*range(1500))
    await yard.clock.advance(8 * 86_400)
    await yard.engine.trim()
    await yard.publish(1500)
    slow.open.set()
    await settle(2_000)
    assert slow.numbers[-1] == 1500
    assert len(slow.numbers) < 1501
    (fate,) = [fate for fate in await fates(yard) if fate.outcome == "expired"]
    assert "left the log" in fate.error_message


async def test_full_store_holds_progress_back_and_goes_on_when_there_is_room(yard: Yard) -> None:
    record = yard.store.progress.record
    refusals = 3

    async def full(step: Record) -> None:
        nonlocal refusals
        if refusals:
            refusals -= 1
            raise TryAgain("The disk is full.")
        await record(step)

    yard.store.progress.record = full  # type: ignore[method-assign]
    await yard.rule("a", CARS, "one")
    await yard.publish(1)
    for _ in range(3):
        with pytest.raises(TryAgain):
            await yard.engine.ledger.flush()
    await yard.engine.ledger.flush()
    assert (await yard.store.progress.load())[BUS].position == 1


async def test_tail_misses_nothing_and_starts_in_the_past_when_asked(yard: Yard) -> None:
    await yard.publish(1)
    seen: list[int] = []

    async def watch() -> None:
        async for item in yard.engine.followers.tail(BUS, None, 0):
            if item is not None:
                seen.append(item[0])

    task = asyncio.get_running_loop().create_task(watch())
    await settle()
    await yard.publish(2, 3)
    await settle()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert seen == [1, 2, 3]


async def test_event_that_cannot_be_matched_is_on_record_and_stops_nobody(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    await yard.rule("a", CARS, "one")
    match = Matcher.match

    def stumble(self: Matcher, body: bytes) -> list[object]:
        if b'"n": 2' in body:
            raise RecursionError("too deep")
        return match(self, body)

    monkeypatch.setattr(Matcher, "match", stumble)
    await yard.publish(1, 2, 3)
    assert yard.box("one").numbers == [1, 3]
    (fate,) = [fate for fate in await fates(yard) if fate.outcome == "dropped"]
    assert (fate.position, fate.error_code) == (2, "MATCH_FAILED")


async def test_subscriber_that_stumbles_goes_on(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    await yard.rule("a", CARS, "one")
    deliver, stumbles = Desk.deliver, 2

    async def stumble(self: Desk, *args: Any, **more: Any) -> None:
        nonlocal stumbles
        if stumbles:
            stumbles -= 1
            raise RuntimeError("out of the blue")
        await deliver(self, *args, **more)

    monkeypatch.setattr(Desk, "deliver", stumble)
    await yard.publish(1, 2)
    assert yard.box("one").numbers == []
    await pass_time(yard, 5)
    assert yard.box("one").numbers == [1, 2]


async def test_event_that_comes_while_stopping_is_delivered_after_the_restart(store: MemoryStore) -> None:
    clock = ManualClock()
    first = await Yard(store, clock=clock).start()
    await first.rule("a", CARS, "one")
    await first.publish(1)
    for subscriber in first.engine._by_name.values():
        await subscriber.drain()
    await first.publish(2)
    await first.engine.close()
    second = await Yard(store, clock=clock).start()
    await settle(100)
    assert second.box("one").numbers == [2]
    await second.engine.close()


async def test_retention_that_takes_everything_from_a_lagging_subscriber_is_on_record(yard: Yard) -> None:
    slow = Slow()
    yard.boxes["arn:aws:sqs:us-east-1:123456789012:slow"] = slow
    await yard.rule("a", CARS, "slow")
    await yard.publish(*range(1500))
    await yard.store.log.trim(BUS, max_size=0)
    slow.open.set()
    await settle(2_000)
    assert [fate.outcome for fate in await fates(yard) if fate.outcome == "expired"] == ["expired"]
    await yard.publish(1500)
    await settle(100)
    assert slow.numbers[-1] == 1500


async def test_tails_end_when_the_server_stops(yard: Yard) -> None:
    async def watch() -> list[object]:
        return [item async for item in yard.engine.followers.tail(BUS)]

    task = asyncio.get_running_loop().create_task(watch())
    await settle()
    yard.engine.followers.end()
    assert await asyncio.wait_for(task, 1) == []


def test_back_off_doubles_with_jitter_to_ten_minutes() -> None:
    policy = RetryPolicy()
    for attempts in range(1, 186):
        most = min(2.0 ** (attempts - 1), 600.0)
        assert most / 2 <= policy.delay(attempts) <= most


async def pass_time(yard: Yard, seconds: int, step: int = 1) -> None:
    """Let time pass in steps, with the ledger flushed in between (it sleeps in real time)."""
    for _ in range(0, seconds, step):
        await yard.engine.ledger.flush()
        await yard.clock.advance(step)
        await settle(60)


async def fates(yard: Yard, event_id: str | None = None, subscriber_is: bool = False):
    await yard.engine.ledger.flush()
    found = await yard.store.progress.fates(event_id=event_id, limit=10_000)
    return [fate for fate in found if fate.subscriber or not subscriber_is]
