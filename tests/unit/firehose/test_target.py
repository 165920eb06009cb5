"""Firehose streams as targets of rules."""

from __future__ import annotations

from eventyard.firehose import MOST_RECORD
from eventyard.target import DELIVERED, Delivery, Permanent
from eventyard.targets.firehose import FirehoseTarget
from tests.unit.firehose.conftest import Yard


async def test_payloads_are_written_as_they_are(yard: Yard) -> None:
    hose = await yard.make()
    target = FirehoseTarget(yard.hoses.put, hose.arn)
    assert await target.deliver([Delivery("1", b'{"a":1}'), Delivery("2", b'{"a":2}')]) == [DELIVERED, DELIVERED]
    await yard.clock.advance(60)
    assert await yard.wait(1) == [b'{"a":1}{"a":2}']


async def test_missing_stream_is_permanent(yard: Yard) -> None:
    target = FirehoseTarget(yard.hoses.put, "arn:aws:firehose:eu-west-1:123456789012:deliverystream/none")
    (outcome,) = await target.deliver([Delivery("1", b"x")])
    assert isinstance(outcome, Permanent)
    assert outcome.code == "NO_RESOURCE"


async def test_refused_event_fails_alone(yard: Yard) -> None:
    hose = await yard.make()
    batch = [Delivery("1", b"a"), Delivery("2", b"x" * (MOST_RECORD + 1)), Delivery("3", b"c")]
    outcomes = await FirehoseTarget(yard.hoses.put, hose.arn).deliver(batch)
    assert [isinstance(outcome, Permanent) for outcome in outcomes] == [False, True, False]
