"""Sending, receiving, and what comes back when."""

from __future__ import annotations

import json

import pytest

from eventyard.errors import InvalidRequest, NotFound
from eventyard.queues import Attribute, Outgoing, md5_of_attributes
from tests.unit.queues.conftest import Yard


async def test_message_is_hidden_while_it_is_claimed_and_comes_back(yard: Yard) -> None:
    q = await yard.make()
    await yard.send(q, "a")
    assert await yard.receive(q) == ["a"]
    await yard.clock.advance(29.9)
    assert await yard.receive(q) == []
    await yard.clock.advance(0.1)
    (again,) = await yard.queues.receive(q)
    assert again.message.receives == 2


async def test_visibility_given_with_a_receive_counts_for_that_receive(yard: Yard) -> None:
    q = await yard.make(attributes={"VisibilityTimeout": "100"})
    await yard.send(q, "a")
    assert await yard.receive(q, visibility=5) == ["a"]
    await yard.clock.advance(5)
    assert await yard.receive(q) == ["a"]
    await yard.clock.advance(99)
    assert await yard.receive(q) == []


async def test_deleted_message_stays_away(yard: Yard) -> None:
    q = await yard.make()
    await yard.send(q, "a")
    (got,) = await yard.queues.receive(q)
    assert await yard.queues.settle(q, [(got.message.receipt, None)]) == ["done"]
    await yard.clock.advance(100)
    assert await yard.receive(q) == []


async def test_visibility_can_be_changed_only_while_it_lasts(yard: Yard) -> None:
    q = await yard.make()
    await yard.send(q, "a")
    (got,) = await yard.queues.receive(q)
    assert await yard.queues.settle(q, [(got.message.receipt, 60)]) == ["done"]
    await yard.clock.advance(59)
    assert await yard.receive(q) == []
    await yard.clock.advance(1)
    assert await yard.queues.settle(q, [(got.message.receipt, 60)]) == ["expired"]
    assert await yard.receive(q) == ["a"]


async def test_delay_of_the_message_goes_before_the_delay_of_the_queue(yard: Yard) -> None:
    q = await yard.make(attributes={"DelaySeconds": "10"})
    await yard.send(q, "queue's")
    await yard.send(q, "own", delay=3)
    await yard.send(q, "none", delay=0)
    assert await yard.receive(q) == ["none"]
    await yard.clock.advance(3)
    assert await yard.receive(q) == ["own"]
    await yard.clock.advance(7)
    assert await yard.receive(q) == ["queue's"]


async def test_message_is_received_as_often_as_allowed_and_then_dead_lettered(yard: Yard) -> None:
    dead = await yard.make("dead")
    q = await yard.make("q", {"RedrivePolicy": json.dumps({"deadLetterTargetArn": dead, "maxReceiveCount": 3})})
    (sent,) = await yard.send(q, "poison")
    for _ in range(3):
        assert await yard.receive(q) == ["poison"]
        assert await yard.receive(dead) == []
        await yard.clock.advance(30)
    assert await yard.receive(q) == []
    (letter,) = await yard.queues.receive(dead)
    assert (letter.message.id, letter.message.receives) == (sent, 4)
    assert letter.system["DeadLetterQueueSourceArn"] == q


async def test_messages_are_let_go_after_their_retention(yard: Yard) -> None:
    short = await yard.make("short", {"MessageRetentionPeriod": "60"})
    long = await yard.make("long", {"MessageRetentionPeriod": "120"})
    await yard.send(short, "a")
    await yard.send(long, "b")
    await yard.clock.advance(60.001)
    await yard.queues.sweep()
    assert (await yard.receive(short), await yard.receive(long)) == ([], ["b"])


@pytest.mark.parametrize(
    ("body", "code"),
    [("", "MissingParameter"), ("a\x00b", "InvalidMessageContents"), ("\ufffe", "InvalidMessageContents")],
)
async def test_bodies_that_sqs_refuses(yard: Yard, body: str, code: str) -> None:
    q = await yard.make()
    with pytest.raises(InvalidRequest) as caught:
        await yard.send(q, body)
    assert caught.value.code == code


async def test_size_counts_bytes_of_body_and_attributes(yard: Yard) -> None:
    q = await yard.make(attributes={"MaximumMessageSize": "1024"})
    assert yard.queues.check(q, Outgoing("é" * 512)) == 1024
    assert yard.queues.check(q, Outgoing("x" * 1008, {"name": Attribute("String", "value.")})) == 1024
    with pytest.raises(InvalidRequest, match="shorter than 1024 bytes"):
        yard.queues.check(q, Outgoing("x" * 1009, {"name": Attribute("String", "value.")}))


@pytest.mark.parametrize(
    ("name", "attribute"),
    [
        ("a b", Attribute("String", "x")),
        ("AWS.name", Attribute("String", "x")),
        (".name", Attribute("String", "x")),
        ("name", Attribute("Text", "x")),
        ("name", Attribute("String", "")),
        ("name", Attribute("Number", "12_0")),
        ("name", Attribute("Number", "nan")),
        ("name", Attribute("Binary", "text")),
    ],
)
async def test_attributes_that_sqs_refuses(yard: Yard, name: str, attribute: Attribute) -> None:
    q = await yard.make()
    with pytest.raises(InvalidRequest):
        yard.queues.check(q, Outgoing("x", {name: attribute}))


def test_digest_of_attributes_follows_the_documented_layout() -> None:
    import hashlib

    attributes = {"b": Attribute("Binary.png", None, b"\x00\x01"), "a": Attribute("Number", "1")}
    laid_out = (
        b"\x00\x00\x00\x01a" b"\x00\x00\x00\x06Number" b"\x01\x00\x00\x00\x011"
        b"\x00\x00\x00\x01b" b"\x00\x00\x00\x0aBinary.png" b"\x02\x00\x00\x00\x02\x00\x01"
    )  # fmt: skip
    assert md5_of_attributes(attributes) == hashlib.md5(laid_out, usedforsecurity=False).hexdigest()


async def test_nothing_is_sent_to_a_queue_that_is_not_there(yard: Yard) -> None:
    with pytest.raises(NotFound):
        await yard.queues.send("arn:aws:sqs:eu-west-1:123456789012:none", [Outgoing("x")])
