"""What a log is delivered to: the contract between who keeps subscriptions on logs of its own and who delivers.

It knows nothing of what the events mean; a topic's subscription is one user of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

import msgspec

from eventyard.event import Event
from eventyard.pattern import Pattern
from eventyard.target import Target

Bury = Callable[[Event, Mapping[str, str]], Awaitable[bool]]
"""Sends an event that could not be delivered to its dead-letter queue; False where there is no such queue. The mapping
says why, with the names that EventBridge gives its dead letters' attributes. Raises TryAgain."""


class Backoff(Protocol):
    """When a delivery that failed is tried again, and when no more."""

    def delay(self, attempts: int) -> float:
        """Seconds to wait after ``attempts`` failed tries."""
        ...

    def exhausted(self, attempts: int, ingested: int, next_try: int) -> str | None:
        """The condition that ends retrying after ``attempts`` tries, in the words of AWS's dead-letter attribute."""
        ...


class Feed(msgspec.Struct, frozen=True):
    """One subscription on one log. ``name``: an ARN, unique and lasting; progress is kept under it. ``payload``: what
    the target gets for an event's body. ``bury``: with ``dead_letter_arn`` only. ``ordered``: nothing overtakes an
    event that the target can't take now. ``retry``: None is what rules have. ``end``: the position after which it gets
    nothing more."""

    name: str
    log: str
    pattern: Pattern
    target_arn: str
    target: Target
    payload: Callable[[bytes], bytes]
    dead_letter_arn: str | None = None
    bury: Bury | None = None
    ordered: bool = False
    retry: Backoff | None = None
    end: int | None = None


class Feeds(Protocol):
    """Delivers what is appended to logs, with retries and dead letters, and goes on after a restart."""

    def keep(self, feed: Feed) -> None:
        """From now on, or instead of the one of that name, which keeps its place."""
        ...

    def forget(self, name: str) -> None:
        """Deliver nothing more to the feed of this name."""
        ...

    def keep_log(self, log: str, age: int | None = None) -> None:
        """The log is somebody's: it is retained, for ``age`` (ms) at least."""
        ...

    def stands(self, name: str) -> int:
        """The position up to which the feed has settled all."""
        ...

    def behind(self, name: str) -> bool:
        """Whether the feed has still to be given what its log has."""
        ...

    async def move(self, name: str, position: int | None) -> None:
        """Have the feed go on behind ``position``, or with what comes from now on; durable when this returns."""
        ...

    def drop_log(self, log: str) -> None:
        """The log is nobody's any more: it is emptied."""
        ...
