"""Recordings: the events of a bus that match, kept in a log of their own. A recording is a subscriber on the bus."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from eventyard.bus.engine import Engine, Retention
from eventyard.bus.subscription import RetryPolicy, Subscription
from eventyard.pattern import Pattern, parse
from eventyard.target import Target

#: What was replayed is never recorded (API Reference, CreateArchive).
_ORIGINALS = parse('{"replay-name":[{"exists":false}]}')
_FOREVER = RetryPolicy(max_attempts=1 << 62, max_age=1 << 50)


class BusRecordings:
    """``make_target``: what appends to the log of a name. Call ``keep`` for all of them before the engine starts."""

    def __init__(self, engine: Engine, make_target: Callable[[str], Target]) -> None:
        self._engine = engine
        self._make_target = make_target
        self._targets: dict[str, Target] = {}

    def keep(self, log: str, bus: str, pattern: str | None, age: int | None) -> None:
        """From now on record into ``log`` what ``bus`` receives and ``pattern`` matches, or do it by other terms.

        ``age``: forget it after so many ms; None keeps it for ever."""
        self._engine.keep_log(log, Retention(age=age, size=None), routed=False)
        target = self._targets.get(log)
        if target is None:
            target = self._targets[log] = self._make_target(log)
        self._engine.subscribe(
            Subscription(
                name=log,
                bus=bus,
                rule_arn=log,
                rule_name=log,
                target_arn=log,
                pattern=_only_originals(pattern),
                target=target,
                transform=None,
                retry=_FOREVER,
                dead_letter_arn=None,
            )
        )

    def forget(self, log: str) -> None:
        """Record into ``log`` no more; the next trim empties it."""
        self._engine.unsubscribe(log)
        self._engine.drop_log(log)
        self._targets.pop(log, None)

    def reached(self, log: str, bus: str, position: int) -> bool:
        """Whether what ``bus`` has up to ``position`` is in ``log``, except for what is being tried again."""
        return self._engine.router(bus).position >= position and log not in self._engine.lags()


def _only_originals(text: str | None) -> Pattern:
    if text is None:
        return _ORIGINALS
    pattern, (branch,) = parse(text), _ORIGINALS.branches
    return msgspec.structs.replace(pattern, branches=tuple(each + branch for each in pattern.branches))
