"""Firings on the bus's machinery: a log that the timetable appends to, and the target as a subscriber on it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence

from eventyard.bus.delivery import DeadLetter
from eventyard.bus.engine import Engine, MakeTarget
from eventyard.bus.subscription import RetryPolicy, Subscription
from eventyard.bus.timetable import Entry, Publish, Timetable
from eventyard.clock import Clock
from eventyard.event import Event
from eventyard.feed import Bury
from eventyard.firing import Firing
from eventyard.pattern import parse
from eventyard.store import Bounds, EventLog, Progress
from eventyard.transform import Transform

#: So many are looked at before others get their turn.
_STRETCH = 500


class BusFirings:
    """See :class:`~eventyard.firing.Firings`. Call ``keep`` for all of them before the engine starts. ``append``: to a
    log, durably."""

    def __init__(
        self,
        timetable: Timetable,
        engine: Engine,
        eventlog: EventLog,
        progress: Progress,
        make_target: MakeTarget,
        dead_letter: DeadLetter,
        append: Publish,
        clock: Clock,
    ) -> None:
        self._timetable = timetable
        self._engine = engine
        self._log = eventlog
        self._progress = progress
        self._make_target = make_target
        self._dead_letter = dead_letter
        self._append = append
        self._clock = clock
        self._logs: dict[str, str] = {}

    def keep(self, firing: Firing) -> None:
        self._engine.keep_log(firing.log)
        self._engine.subscribe(self._subscription(firing))
        self._logs[firing.name] = firing.log
        if firing.enabled:
            self._timetable.put(
                firing.name,
                Entry(firing.log, firing.next_after, firing.body, firing.since, firing.window, firing.delay),
            )
        else:
            self._timetable.remove(firing.name)

    def forget(self, name: str) -> None:
        if self._logs.pop(name, None) is not None:
            self._timetable.remove(name)
            self._engine.unsubscribe(name)

    async def again(self, name: str, body: bytes) -> None:
        await self._append(self._logs[name], [Event(body, self._clock.now())])

    def drop_log(self, log: str) -> None:
        self._engine.drop_log(log)

    async def spent(self, names: Sequence[str]) -> list[str]:
        found = []
        for number, name in enumerate(names):
            if name in self._logs and self._timetable.finished(name):
                found.append(name)
            if number % _STRETCH == _STRETCH - 1:
                await asyncio.sleep(0)
        if not found:
            return []
        bounds = await self._log.bounds()
        # In this order: what is neither on its way nor in an inbox now is delivered, or about to be in the backlog.
        lags = self._engine.lags()
        found = [name for name in found if name not in lags and self._matched(name, bounds)]
        await self._engine.ledger.flush()
        backlog = await self._progress.backlog()
        return [name for name in found if name not in backlog]

    def _matched(self, name: str, bounds: Mapping[str, Bounds]) -> bool:
        """Whether all that was in the log of ``name`` has been handed on."""
        log = self._logs.get(name)
        if log is None:
            return False
        return log not in bounds or self._engine.router(log).position >= bounds[log].last

    def _subscription(self, firing: Firing) -> Subscription:
        payload = firing.payload
        transform: Transform | None = None if payload is None else lambda body, context: payload(body, context.attempt)
        return Subscription(
            name=firing.name,
            bus=firing.log,
            rule_arn=firing.name,
            rule_name=firing.name.rpartition("/")[2],
            target_arn=firing.target_arn,
            pattern=parse(json.dumps({"resources": [firing.name]})),
            target=self._make_target(firing.target_arn, firing.parameters),
            transform=transform,
            retry=RetryPolicy(firing.max_attempts, firing.max_age),
            dead_letter_arn=firing.dead_letter_arn,
            bury=None if firing.dead_letter_arn is None else self._bury(firing, firing.dead_letter_arn),
        )

    def _bury(self, firing: Firing, queue: str) -> Bury:
        async def bury(event: Event, reasons: Mapping[str, str]) -> bool:
            return await self._dead_letter(queue, *firing.letter(event.body, reasons))

        return bury
