"""Queues as targets of rules, and as their dead-letter queues."""

from __future__ import annotations

from collections.abc import Sequence

from eventyard.errors import Forbidden, TryAgain
from eventyard.target import DELIVERED, Delivery, Permanent, QueueMessage, Retry
from eventyard.targets.queue import DeadLetters, QueueTarget
from tests.unit.queues.conftest import Yard


async def test_payload_becomes_the_body_and_the_trace_a_system_attribute(yard: Yard) -> None:
    q = await yard.make()
    target = QueueTarget(yard.queues.deliver, q, {})
    batch = [Delivery("1", '{"ü":1}'.encode(), "Root=1"), Delivery("2", b"two")]
    assert await target.deliver(batch) == [DELIVERED, DELIVERED]
    (one, two) = await yard.queues.receive(q, 10)
    assert (one.message.body, one.system) == ('{"ü":1}', {"AWSTraceHeader": "Root=1"})
    assert (two.message.body, two.system) == ("two", {})


async def test_missing_queue_is_permanent(yard: Yard) -> None:
    target = QueueTarget(yard.queues.deliver, "arn:aws:sqs:eu-west-1:123456789012:none", {})
    (outcome,) = await target.deliver([Delivery("1", b"x")])
    assert isinstance(outcome, Permanent)
    assert outcome.code == "NO_RESOURCE"


async def test_fifo_queue_needs_a_group(yard: Yard) -> None:
    q = await yard.make("q.fifo", {"ContentBasedDeduplication": "true"})
    (outcome,) = await QueueTarget(yard.queues.deliver, q, {}).deliver([Delivery("1", b"x")])
    assert isinstance(outcome, Permanent)
    assert await QueueTarget(yard.queues.deliver, q, {"MessageGroupId": "g"}).deliver([Delivery("1", b"x")]) == [
        DELIVERED
    ]
    (got,) = await yard.queues.receive(q)
    assert got.message.group == "g"


async def test_refused_event_fails_alone(yard: Yard) -> None:
    q = await yard.make(attributes={"MaximumMessageSize": "1024"})
    outcomes = await QueueTarget(yard.queues.deliver, q, {}).deliver(
        [Delivery("1", b"a"), Delivery("2", b"x" * 1025), Delivery("3", b"c")]
    )
    assert [isinstance(outcome, Permanent) for outcome in outcomes] == [False, True, False]
    assert sorted(await yard.receive(q)) == ["a", "c"]


async def test_full_store_is_tried_again() -> None:
    async def full(arn: str, messages: Sequence[QueueMessage]) -> None:
        raise TryAgain("No room.")

    outcomes = await QueueTarget(full, "arn", {}).deliver([Delivery("1", b"a"), Delivery("2", b"b")])
    assert [isinstance(outcome, Retry) for outcome in outcomes] == [True, True]


async def test_dead_letter_says_what_happened(yard: Yard) -> None:
    q = await yard.make()
    refused: list[tuple[str, str]] = []

    def admit(queue: str, rule: str) -> None:
        if (queue, rule) in refused:
            raise Forbidden("No.")

    letters = DeadLetters(yard.queues.deliver, admit)
    assert await letters.send(q, b"{}", {"RULE_ARN": "arn", "ERROR_CODE": "NO_RESOURCE", "ERROR_MESSAGE": ""})
    (got,) = await yard.queues.receive(q)
    assert {name: (item.type, item.string) for name, item in got.attributes.items()} == {
        "RULE_ARN": ("String", "arn"),
        "ERROR_CODE": ("String", "NO_RESOURCE"),
    }
    assert not await letters.send(q + "x", b"{}", {})
    refused.append((q, "arn"))
    assert not await letters.send(q, b"{}", {"RULE_ARN": "arn"})
