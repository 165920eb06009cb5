"""Scheduled rules: a rule with a schedule fires ``Scheduled Event`` to its own targets, and to nobody else.

The events of a bus's rules go to a log beside the bus, ``BUS#schedule``, on which each target of a scheduled rule is
a subscriber; so other rules of the bus never see them (User Guide, "Creating a rule that runs on a schedule"). When
they are due is the timetable's business, delivery the engine's.
"""

from __future__ import annotations

import json
from datetime import UTC

from eventyard.bus.directory import Directory
from eventyard.bus.engine import Engine
from eventyard.bus.resources import Rule
from eventyard.bus.subscription import MAX_AGE
from eventyard.bus.timetable import Entry, Timetable
from eventyard.clock import Clock
from eventyard.cron import parse_expression
from eventyard.event import envelope, iso_seconds
from eventyard.names import Arn
from eventyard.pattern import Pattern, parse


class ScheduledRules:
    """Keeps timetable and subscribers as the directory says."""

    def __init__(self, directory: Directory, timetable: Timetable, engine: Engine, clock: Clock) -> None:
        self._directory = directory
        self._timetable = timetable
        self._engine = engine
        self._clock = clock
        #: By rule ARN: what the timetable was told, and the names of the subscriptions.
        self._known: dict[str, Rule] = {}
        self._names: dict[str, set[str]] = {}
        self._patterns: dict[str, Pattern] = {}

    def load(self) -> None:
        """Bring all scheduled rules back. Call after the timetable's ``load`` and before the engine's ``start``."""
        for rule in self._directory.all_rules():
            self._keep(rule, rule.created)
        self._directory.listen(self._refresh)

    def _refresh(self, bus: str, name: str) -> None:
        rule = self._directory.rule(bus, name)
        if rule is not None:
            self._keep(rule, self._clock.now())
            return
        for arn in [arn for arn, known in self._known.items() if (known.bus, known.name) == (bus, name)]:
            self._forget(arn)

    def _keep(self, rule: Rule, since: int) -> None:
        if rule.schedule is None:
            self._forget(rule.arn)
            return
        self._subscribe(rule)
        known = self._known.get(rule.arn)
        self._known[rule.arn] = rule
        if not rule.enabled:
            self._timetable.remove(rule.arn)
        elif known is None or (known.schedule, known.enabled) != (rule.schedule, True):
            self._timetable.put(rule.arn, self._entry(rule, rule.schedule, since))

    def _forget(self, arn: str) -> None:
        if self._known.pop(arn, None) is not None:
            self._timetable.remove(arn)
            self._patterns.pop(arn, None)
            for name in self._names.pop(arn, ()):
                self._engine.unsubscribe(name)

    def _subscribe(self, rule: Rule) -> None:
        where = schedule_log(rule.bus)
        self._engine.keep_log(where)
        pattern = self._patterns.get(rule.arn)
        if pattern is None:
            pattern = self._patterns[rule.arn] = parse(json.dumps({"resources": [rule.arn]}))
        names = set()
        for spec in self._directory.targets(rule.bus, rule.name):
            subscription = self._engine.subscription(rule, spec, pattern, where)
            self._engine.subscribe(subscription)
            names.add(subscription.name)
        for name in self._names.get(rule.arn, set()) - names:
            self._engine.unsubscribe(name)
        self._names[rule.arn] = names

    def _entry(self, rule: Rule, schedule: str, since: int) -> Entry:
        expression = parse_expression(schedule, anchor=rule.created)
        arn = Arn.parse(rule.arn)
        account, region = (arn.account, arn.region) if arn is not None else ("", "")

        def body(id: str, moment: int) -> bytes:
            return envelope(
                id=id,
                detail_type="Scheduled Event",
                source="aws.events",
                account=account,
                time=iso_seconds(moment),
                region=region,
                resources=[rule.arn],
                detail=b"{}",
            )

        return Entry(
            log=schedule_log(rule.bus),
            next_after=lambda millis: expression.next_after(millis, UTC),
            body=body,
            since=since,
            window=MAX_AGE * 1000,
        )


def schedule_log(bus: str) -> str:
    """The log for the events of the scheduled rules of ``bus``."""
    return f"{bus}#schedule"
