"""Feeds on the bus's machinery: each is a subscriber on the log that it names."""

from __future__ import annotations

from eventyard.bus.engine import Engine
from eventyard.bus.subscription import RetryPolicy, Subscription
from eventyard.feed import Feed


class BusFeeds:
    """See :class:`~eventyard.feed.Feeds`. Call ``keep`` for all of them before the engine starts."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

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
                retry=RetryPolicy(),
                dead_letter_arn=feed.dead_letter_arn,
                bury=feed.bury,
                ordered=feed.ordered,
            )
        )

    def forget(self, name: str) -> None:
        self._engine.unsubscribe(name)

    def keep_log(self, log: str) -> None:
        self._engine.keep_log(log)

    def drop_log(self, log: str) -> None:
        self._engine.drop_log(log)
