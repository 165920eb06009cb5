"""From a subscription to its feed: which of the topic's messages go where, in what form, and where they go in the end.

It does no I/O: what sends to queues is handed in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Protocol

from eventyard.errors import InvalidRequest, NotFound
from eventyard.event import Event
from eventyard.feed import Bury, Feed
from eventyard.target import Delivery, QueueMessage, Target
from eventyard.topics.filter import ATTRIBUTES, CONFIRMATION, compile_filter, confirmation_for
from eventyard.topics.message import Posted, read
from eventyard.topics.notification import body_for, document
from eventyard.topics.resources import Subscription

Send = Callable[[str, Sequence[QueueMessage]], Awaitable[None]]
"""Durable when it returns. Raises NotFound without the queue, InvalidRequest for a message it does not take."""

#: The most message attributes that a queue takes.
_MOST = 10


class MakeTarget(Protocol):
    """The target for a queue's ARN that sends what ``letter`` makes of each delivery."""

    def __call__(self, arn: str, letter: Callable[[Delivery], QueueMessage]) -> Target: ...


class Delivering:
    """Makes feeds of subscriptions."""

    def __init__(self, make_target: MakeTarget, send: Send) -> None:
        self._make_target = make_target
        self._send = send

    def feed(self, subscription: Subscription) -> Feed:
        """What is to be delivered for ``subscription`` as it is now. Raises InvalidRequest for a bad filter."""
        if subscription.token is None:
            attributes = subscription.attributes
            pattern = compile_filter(attributes.get("FilterPolicy"), attributes.get("FilterPolicyScope", ATTRIBUTES))
        else:
            pattern = confirmation_for(subscription.arn)
        return Feed(
            name=subscription.arn,
            log=subscription.topic,
            pattern=pattern,
            target_arn=subscription.endpoint,
            target=self._make_target(subscription.endpoint, lambda item: _letter(subscription, item)),
            payload=lambda body: body_for(subscription, read(body)).encode(),
            dead_letter_arn=subscription.dead_letter_arn,
            bury=self._bury(subscription),
            # A FIFO queue recognises what is delivered again, so holding back a batch costs no duplicates.
            ordered=subscription.endpoint.endswith(".fifo"),
        )

    def _bury(self, subscription: Subscription) -> Bury | None:
        queue = subscription.dead_letter_arn
        if queue is None:
            return None

        async def bury(event: Event, why: Mapping[str, str]) -> bool:
            try:
                await self._send(queue, [dead_letter(subscription, queue, event, why)])
            except (NotFound, InvalidRequest):
                return False
            return True

        return bury


def dead_letter(subscription: Subscription, queue: str, event: Event, why: Mapping[str, str]) -> QueueMessage:
    """The message as it would have been delivered, and in attributes why it was not (developer guide, "Amazon SNS
    dead-letter queues"). A raw message's own attributes come first: a queue takes ten."""
    posted = read(event.body)
    typed = _typed(subscription, posted)
    if len(typed) > _MOST:  # as a document, which holds any number
        body, typed = document(subscription, posted), {}
    else:
        body = body_for(subscription, posted)
    reasons = {
        "RequestID": posted.id,
        "ErrorCode": why.get("ERROR_CODE", ""),
        "ErrorMessage": why.get("ERROR_MESSAGE", ""),
    }
    free = [name for name in reasons if name not in typed][: _MOST - len(typed)]
    group, dedup = _order(queue, posted)
    return QueueMessage(body, None, group, {name: reasons[name] for name in free}, typed, dedup)


def _letter(subscription: Subscription, item: Delivery) -> QueueMessage:
    posted = read(item.event)
    group, dedup = _order(subscription.endpoint, posted)
    return QueueMessage(item.payload.decode(), item.trace, group, {}, _typed(subscription, posted), dedup)


def _typed(subscription: Subscription, posted: Posted) -> dict[str, tuple[str, str | bytes]]:
    """The message attributes that go with a raw message (developer guide, "Amazon SNS raw message delivery")."""
    if not subscription.raw or posted.kind == CONFIRMATION:
        return {}
    return {name: (item.type, item.plain()) for name, item in posted.attributes.items()}


def _order(queue: str, posted: Posted) -> tuple[str | None, str | None]:
    """Group and deduplication id for ``queue``. A queue that isn't FIFO gets a standard topic's group only, for its
    fair sharing (API reference, Publish, "MessageGroupId"; developer guide, "Message grouping for FIFO topics")."""
    if not queue.endswith(".fifo"):
        return (posted.group if posted.sequence is None else None), None
    return posted.group or posted.kind, posted.dedup
