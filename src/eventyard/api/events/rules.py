"""Rules: put, describe, list, enable, disable and delete."""

from __future__ import annotations

from typing import Any

from eventyard.api.events.limits import Limits
from eventyard.api.events.managed import RuleBook, refuse_managed
from eventyard.api.events.pages import page
from eventyard.api.events.place import bus_of, given
from eventyard.api.events.tags import tags_of
from eventyard.bus.directory import Directory, no_bus
from eventyard.bus.resources import DISABLED, ENABLED, Rule
from eventyard.clock import Clock
from eventyard.cron import parse_expression
from eventyard.errors import InvalidRequest, LimitExceeded
from eventyard.names import DEFAULT_BUS, bus_name, rule_arn
from eventyard.pattern import Pattern, parse
from eventyard.pattern.operators import AnythingBut, Wildcard
from eventyard.wire import Caller, Handler


class Rules:
    """The operations on rules."""

    def __init__(self, directory: Directory, book: RuleBook, clock: Clock, limits: Limits) -> None:
        self._directory = directory
        self._book = book
        self._clock = clock
        self._limits = limits

    def operations(self) -> dict[str, Handler]:
        return {
            "DeleteRule": self.delete,
            "DescribeRule": self.describe,
            "DisableRule": self.disable,
            "EnableRule": self.enable,
            "ListRuleNamesByTarget": self.list_by_target,
            "ListRules": self.list,
            "PutRule": self.put,
        }

    async def put(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        """Create or replace a rule: what is left out of a replacement is gone, except targets and tags."""
        bus, name = bus_of(caller, params), params["Name"]
        pattern, schedule = params.get("EventPattern") or None, params.get("ScheduleExpression") or None
        if pattern is None and schedule is None:
            raise InvalidRequest("Parameter(s) EventPattern or ScheduleExpression must be specified.")
        if not self._directory.has_bus(bus):
            raise no_bus(bus)
        if schedule is not None:
            if bus_name(bus) != DEFAULT_BUS:
                raise InvalidRequest("ScheduleExpression is supported only on the default event bus.")
            parse_expression(schedule)
        if pattern is not None:
            self._check_pattern(bus, name, pattern)
        refuse_managed(self._book.rule(bus, name))
        rule = Rule(
            bus=bus,
            name=name,
            arn=rule_arn(bus, name),
            created=self._clock.now(),
            created_by=caller.account,
            pattern=pattern,
            schedule=schedule,
            state=params.get("State") or ENABLED,
            description=params.get("Description") or None,
            role_arn=params.get("RoleArn"),
            tags=tags_of(params, self._limits.tags),
        )
        await self._directory.put_rule(rule, most=self._limits.rules_per_bus)
        return {"RuleArn": rule.arn}

    def _check_pattern(self, bus: str, name: str, text: str) -> None:
        """Raises InvalidPattern, and LimitExceeded for a pattern that is too long or one with wildcards too many."""
        wild = _is_wild(parse(text))
        if len(text) > self._limits.pattern_size:
            raise LimitExceeded(f"The event pattern is longer than {self._limits.pattern_size} characters.")
        if not wild:
            return
        others = (rule for rule in self._directory.rules(bus) if rule.name != name and rule.pattern is not None)
        # The word is in every such pattern, and most others needn't be read.
        count = sum('"wildcard"' in (rule.pattern or "") and _is_wild(parse(rule.pattern or "")) for rule in others)
        if count >= self._limits.wildcard_rules:
            raise LimitExceeded("The requested resource exceeds the maximum number allowed.")

    async def describe(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        rule = self._book.find(bus_of(caller, params), params["Name"])
        return {**_summary(rule), "CreatedBy": rule.created_by}

    async def list(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        bus, prefix = bus_of(caller, params), params.get("NamePrefix") or ""
        if not self._directory.has_bus(bus):
            raise no_bus(bus)
        rules = self._book.rules(bus)
        if prefix:
            rules = [rule for rule in rules if rule.name.startswith(prefix)]
        shown, token = page(rules, lambda rule: rule.name, params, f"rules {bus} {prefix}")
        return given(Rules=[_summary(rule) for rule in shown], NextToken=token)

    async def list_by_target(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        bus, target = bus_of(caller, params), params["TargetArn"]
        if not self._directory.has_bus(bus):
            raise no_bus(bus)
        names = [rule.name for rule in self._book.rules_for_target(bus, target)]
        shown, token = page(names, lambda name: name, params, f"names {bus} {target}")
        return given(RuleNames=list(shown), NextToken=token)

    async def enable(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        await self._set_state(caller, params, ENABLED)
        return {}

    async def disable(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        await self._set_state(caller, params, DISABLED)
        return {}

    async def delete(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        bus, name = bus_of(caller, params), params["Name"]
        refuse_managed(self._book.rule(bus, name), params.get("Force"))
        await self._directory.delete_rule(bus, name)
        return {}

    async def _set_state(self, caller: Caller, params: dict[str, Any], state: str) -> None:
        bus, name = bus_of(caller, params), params["Name"]
        refuse_managed(self._book.find(bus, name))
        await self._directory.set_state(bus, name, state)


def _is_wild(pattern: Pattern) -> bool:
    tests = [test for branch in pattern.branches for condition in branch for test in condition.tests]
    inner = [one for test in tests if isinstance(test, AnythingBut) for one in test.tests]
    return any(isinstance(test, Wildcard) for test in tests + inner)


def _summary(rule: Rule) -> dict[str, Any]:
    return given(
        Name=rule.name,
        Arn=rule.arn,
        EventPattern=rule.pattern,
        ScheduleExpression=rule.schedule,
        State=rule.state,
        Description=rule.description,
        RoleArn=rule.role_arn,
        ManagedBy=rule.managed_by,
        EventBusName=bus_name(rule.bus),
    )
