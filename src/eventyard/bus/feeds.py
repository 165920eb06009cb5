"""Feeds on the bus's machinery: each is a subscriber on the log that it names."""

from __future__ import annotations

import msgspec

from eventyard.bus.engine import Engine, Retention
from eventyard.bus.subscription import MAX_AGE, RetryPolicy, Subscription
from eventyard.feed import Backoff, Feed

_HOUR = 3_600_000


class _WhileKept(msgspec.Struct, frozen=True):
    """``backoff``, but an event is given up before its log may forget it: later there would be nothing to send to a
    dead-letter queue. ``longest``: ms."""

    backoff: Backoff
    longest: int

    def delay(self, attempts: int) -> float:
        return self.backoff.delay(attempts)

    def exhausted(self, attempts: int, ingested: int, next_try: int) -> str | None:
        if next_try - ingested > self.longest:
            return "MaximumEventAgeInSeconds"
        return self.backoff.exhausted(attempts, ingested, next_try)


class BusFeeds:
    """See :class:`~eventyard.feed.Feeds`. Call ``keep`` for all of them before the engine starts. ``longest``: for how
    long (ms) an event is tried at most, whatever its feed says; less than the logs keep it."""

    def __init__(self, engine: Engine, longest: int = MAX_AGE * 1000) -> None:
        self._engine = engine
        self._longest = longest

    def keep(self, feed: Feed) -> None:
        self._engine.subscribe(
            Subscription(
                name=feed.name,
                bus=feed.log,
                rule_arn=feed.name,
                rule_name=feed.name.rpartition(":")[2],
                target_arn=feed.target_arn,
                pattern=feed.pattern,
                target=feed.target,
                transform=lambda body, context: feed.payload(body),
                retry=_WhileKept(feed.retry or RetryPolicy(), self._longest),
                dead_letter_arn=feed.dead_letter_arn,
                bury=feed.bury,
                ordered=feed.ordered,
                end=feed.end,
            )
        )

    def forget(self, name: str) -> None:
        self._engine.unsubscribe(name)

    def keep_log(self, log: str, age: int | None = None) -> None:
        self._engine.keep_log(log, None if age is None else Retention(age=max(age, self._longest + _HOUR)))

    def stands(self, name: str) -> int:
        return self._engine.stands(name)

    def behind(self, name: str) -> bool:
        return name in self._engine.lags()

    async def move(self, name: str, position: int | None) -> None:
        await self._engine.move(name, position)

    def drop_log(self, log: str) -> None:
        self._engine.drop_log(log)
