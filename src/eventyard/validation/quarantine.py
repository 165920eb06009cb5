"""The quarantine of a bus: a log beside it, whose one subscriber, if the rules name a queue, sends to that."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

import msgspec

from eventyard.event import Event
from eventyard.feed import Feed, Feeds
from eventyard.pattern import parse
from eventyard.target import Delivery, QueueMessage, Target
from eventyard.validation.notices import SOURCE, held_in
from eventyard.validation.rules import Rules

Append = Callable[[str, Sequence[Event]], Awaitable[None]]
"""Appends to a log; durable when it returns. Raises TryAgain."""

MakeTarget = Callable[[str, Callable[[Delivery], QueueMessage]], Target]
"""Makes the target that sends what the function makes of a delivery to the queue with the ARN."""

_ALL = parse(f'{{"source":["{SOURCE}"]}}')
_encode = msgspec.json.Encoder().encode


class Quarantine:
    """Call ``keep`` for all buses before the engine starts."""

    def __init__(self, append: Append, feeds: Feeds, make_target: MakeTarget) -> None:
        self._append = append
        self._feeds = feeds
        self._make_target = make_target

    async def add(self, bus: str, events: Sequence[Event]) -> None:
        """Keep what :func:`~eventyard.validation.notices.hold` made; durable when this returns. Raises TryAgain."""
        await self._append(log_of(bus), events)

    def keep(self, bus: str, rules: Rules) -> None:
        """From now on as ``rules`` say."""
        name = log_of(bus)
        self._feeds.keep_log(name)
        if rules.queue is None:
            self._feeds.forget(f"{name}/queue")
            return
        self._feeds.keep(
            Feed(
                name=f"{name}/queue",
                log=name,
                pattern=_ALL,
                target_arn=rules.queue,
                target=self._make_target(rules.queue, _message),
                payload=bytes,
            )
        )

    def drop(self, bus: str) -> None:
        """The bus is gone, and what it kept."""
        name = log_of(bus)
        self._feeds.forget(f"{name}/queue")
        self._feeds.drop_log(name)


def log_of(bus: str) -> str:
    return f"{bus}#quarantine"


def _message(item: Delivery) -> QueueMessage:
    """The event as it was published, with why it is here as attributes."""
    held = held_in(item.payload)
    return QueueMessage(
        bytes(held.event).decode(),
        item.trace,
        attributes={
            "CONTRACT": held.contract,
            "CONTRACT_VERSION": str(held.version),
            "PUBLISHER": held.publisher,
            "VIOLATIONS": _encode(held.violations).decode(),
        },
    )
