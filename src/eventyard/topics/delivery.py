"""From a subscription to its feed: which of the topic's messages go where, in what form, and where they go in the end.

It does no I/O: what sends to queues, Firehose streams and HTTP endpoints is handed in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from hashlib import sha256
from typing import Protocol

import msgspec

from eventyard.errors import InvalidRequest, NotFound
from eventyard.event import Event
from eventyard.feed import Bury, Feed
from eventyard.pattern import Pattern
from eventyard.target import Delivery, QueueMessage, Target
from eventyard.topics.filter import ATTRIBUTES, CONFIRMATION, FAREWELL, NOTIFICATION, compile_filter, only_to
from eventyard.topics.message import Posted, read
from eventyard.topics.notification import Seal, body_for, document, invocation, line
from eventyard.topics.resources import FUNCTION, HOSE, HTTP, QUEUE, Subscription, Topic
from eventyard.topics.retries import MANAGED, effective
from eventyard.topics.signing import Signer

Send = Callable[[str, Sequence[QueueMessage]], Awaitable[None]]
"""Durable when it returns. Raises NotFound without the queue, InvalidRequest for a message it does not take."""

#: The most message attributes that a queue takes.
_MOST = 10
#: Developer guide, "HTTP/HTTPS headers".
_AGENT = "Amazon Simple Notification Service Agent"


class MakeTarget(Protocol):
    """The target for a queue's ARN that sends what ``letter`` makes of each delivery."""

    def __call__(self, arn: str, letter: Callable[[Delivery], QueueMessage]) -> Target: ...


class MakePost(Protocol):
    """The target that posts each delivery to ``url`` with its ``headers``, ``per_second`` of them at most."""

    def __call__(
        self, url: str, headers: Callable[[Delivery], Sequence[tuple[str, str]]], per_second: int | None
    ) -> Target: ...


class Ways(msgspec.Struct, frozen=True):
    """How deliveries leave: what makes the target for a queue, an HTTP endpoint, and the ARN of a Firehose stream or
    of a function."""

    queue: MakeTarget
    post: MakePost
    hose: Callable[[str], Target]
    function: Callable[[str], Target]


class Delivering:
    """Makes feeds of subscriptions."""

    def __init__(self, ways: Ways, send: Send, signer: Signer) -> None:
        self._ways = ways
        self._send = send
        self._signer = signer

    def feed(self, topic: Topic, subscription: Subscription) -> Feed:
        """What is to be delivered for ``subscription`` as it is now. Raises InvalidRequest for a bad filter."""
        body = self._body(topic, subscription)
        endpoint = subscription.endpoint
        retry = MANAGED
        if subscription.protocol in HTTP:
            policy = effective(topic.attributes.get("DeliveryPolicy"), subscription.attributes.get("DeliveryPolicy"))
            retry = policy.retry
            headers = partial(_headers, subscription, policy.content_type)
            target = self._ways.post(endpoint, headers, policy.per_second)
        elif subscription.protocol == HOSE:
            target = self._ways.hose(endpoint)
        elif subscription.protocol == FUNCTION:
            target = self._ways.function(endpoint)
        else:
            target = self._ways.queue(endpoint, lambda item: _letter(subscription, item))
        return Feed(
            name=subscription.arn,
            log=subscription.topic,
            pattern=_pattern(subscription),
            target_arn=endpoint,
            target=target,
            payload=lambda event: body(read(event)).encode(),
            dead_letter_arn=subscription.dead_letter_arn,
            bury=self._bury(subscription),
            # A FIFO queue recognises what is delivered again, so holding back a batch costs no duplicates.
            ordered=endpoint.endswith(".fifo"),
            retry=retry,
            end=None if subscription.replay is None else subscription.replay.end,
        )

    def _body(self, topic: Topic, subscription: Subscription) -> Callable[[Posted], str]:
        if subscription.protocol == HOSE:
            return lambda posted: line(subscription, posted) + "\n"
        if subscription.protocol == QUEUE:
            return lambda posted: body_for(subscription, posted)
        version = topic.attributes.get("SignatureVersion") or "1"
        seal = Seal(version, self._signer.path, partial(self._signer.sign, version))
        if subscription.protocol == FUNCTION:
            return lambda posted: invocation(subscription, posted, seal)
        return lambda posted: body_for(subscription, posted, seal)

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
    group, dedup = _order(subscription, queue, posted)
    return QueueMessage(body, None, group, {name: reasons[name] for name in free}, typed, dedup)


def _pattern(subscription: Subscription) -> Pattern:
    if subscription.ended:
        return only_to(FAREWELL, subscription.arn)
    if subscription.token is not None:
        return only_to(CONFIRMATION, subscription.arn)
    attributes = subscription.attributes
    return compile_filter(attributes.get("FilterPolicy"), attributes.get("FilterPolicyScope", ATTRIBUTES))


def _headers(subscription: Subscription, content_type: str, item: Delivery) -> list[tuple[str, str]]:
    """A request to confirm names no subscription: there is none yet."""
    posted = read(item.event)
    headers = [
        ("x-amz-sns-message-type", posted.kind),
        ("x-amz-sns-message-id", posted.id),
        ("x-amz-sns-topic-arn", posted.topic),
    ]
    if posted.kind != CONFIRMATION:
        headers.append(("x-amz-sns-subscription-arn", subscription.arn))
    if subscription.raw and posted.kind == NOTIFICATION:
        headers.append(("x-amz-sns-rawdelivery", "true"))
    return [*headers, ("Content-Type", content_type), ("User-Agent", _AGENT)]


def _letter(subscription: Subscription, item: Delivery) -> QueueMessage:
    posted = read(item.event)
    group, dedup = _order(subscription, subscription.endpoint, posted)
    return QueueMessage(item.payload.decode(), item.trace, group, {}, _typed(subscription, posted), dedup)


def _typed(subscription: Subscription, posted: Posted) -> dict[str, tuple[str, str | bytes]]:
    """The message attributes that go with a raw message (developer guide, "Amazon SNS raw message delivery")."""
    if not subscription.raw or posted.kind != NOTIFICATION:
        return {}
    return {name: (item.type, item.plain()) for name, item in posted.attributes.items()}


def _order(subscription: Subscription, queue: str, posted: Posted) -> tuple[str | None, str | None]:
    """Group and deduplication id for ``queue``. A queue that isn't FIFO gets a standard topic's group only, for its
    fair sharing (API reference, Publish, "MessageGroupId"; developer guide, "Message grouping for FIFO topics")."""
    if not queue.endswith(".fifo"):
        return (posted.group if posted.sequence is None else None), None
    dedup = posted.dedup
    if dedup is not None and subscription.replay is not None and subscription.is_replay(posted.at):
        # What comes once more because it was asked for must not pass for what comes once too often.
        dedup = sha256(f"{dedup} {subscription.replay.number}".encode()).hexdigest()
    return posted.group or posted.kind, dedup
