"""Redelivery: chosen events once more to the targets of one rule, whatever its pattern and state are by now.

Each target has a log for it beside the rule, made on first need, on which it is one more subscriber. So what is
delivered again has the target's retries, dead-letter queue and fates, and survives a crash, and nobody else sees it.
"""

from __future__ import annotations

from collections.abc import Sequence

from eventyard.bus.directory import Directory, no_rule
from eventyard.bus.engine import Engine
from eventyard.bus.publisher import Publisher
from eventyard.bus.resources import Rule, TargetSpec
from eventyard.errors import NotFound
from eventyard.event import Event
from eventyard.pattern import matches, parse
from eventyard.store import EventLog

_ANYTHING = parse('{"id":[{"exists":true}]}')


class Redelivery:
    """Call ``load`` before the engine starts."""

    def __init__(self, engine: Engine, directory: Directory, publisher: Publisher, eventlog: EventLog) -> None:
        self._engine = engine
        self._directory = directory
        self._publisher = publisher
        self._log = eventlog
        #: By bus and rule: the names of the logs and of their subscriptions by target id.
        self._open: dict[tuple[str, str], dict[str, tuple[str, str]]] = {}

    async def load(self) -> None:
        """Go on with what earlier runs were asked for."""
        bounds = await self._log.bounds()
        for rule in self._directory.all_rules():
            for spec in self._directory.targets(rule.bus, rule.name):
                if _log(rule, spec) in bounds:
                    self._subscribe(rule, spec)
        self._directory.listen(self._refresh)

    def rules(self, bus: str, event: Event) -> list[str]:
        """The names of the enabled rules of ``bus`` that match ``event``."""
        return [
            rule.name
            for rule in self._directory.rules(bus)
            if rule.enabled and rule.pattern is not None and matches(parse(rule.pattern), event.body)
        ]

    async def deliver(self, bus: str, rule_name: str, events: Sequence[Event], target: str | None = None) -> int:
        """Have ``events`` delivered to the targets of a rule, or only to the one with the id or ARN ``target``; return
        the number of targets, once that is durable. Raises NotFound for a rule or target that isn't there."""
        rule = self._directory.rule(bus, rule_name)
        if rule is None:
            raise no_rule(bus, rule_name)
        specs = [spec for spec in self._directory.targets(bus, rule_name) if target in (None, spec.id, spec.arn)]
        if not specs:
            raise NotFound(
                f"Rule {rule_name} has no target {target}." if target else f"Rule {rule_name} has no target."
            )
        for spec in specs:
            self._subscribe(rule, spec)
            await self._publisher.append(_log(rule, spec), events)
        return len(specs)

    def _subscribe(self, rule: Rule, spec: TargetSpec) -> None:
        log = _log(rule, spec)
        self._engine.keep_log(log)
        subscription = self._engine.subscription(rule, spec, _ANYTHING, log)
        self._engine.subscribe(subscription)
        self._open.setdefault((rule.bus, rule.name), {})[spec.id] = (log, subscription.name)

    def _refresh(self, bus: str, rule_name: str) -> None:
        """Follow the rule's targets; what waits for one that is gone is gone with it, as on its bus."""
        opened = self._open.get((bus, rule_name))
        if not opened:
            return
        rule = self._directory.rule(bus, rule_name)
        specs = {spec.id: spec for spec in self._directory.targets(bus, rule_name)}
        for target_id, (log, name) in list(opened.items()):
            if rule is not None and target_id in specs:
                self._subscribe(rule, specs[target_id])
            else:
                self._engine.unsubscribe(name)
                self._engine.drop_log(log)
                del opened[target_id]


def _log(rule: Rule, spec: TargetSpec) -> str:
    return f"{rule.arn}#{spec.id}#again"
