"""Rules that nobody put: each archive shows as one on its bus, the rule that on AWS feeds it. The archive is the truth,
the rule a view of it: it is not kept, and whoever wants it otherwise changes the archive.

Sources: API reference, "Rule" ("ManagedBy") and CreateArchive ("Replayed events are not sent to an archive").
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from eventyard.archives import Archive, Archives
from eventyard.bus.directory import Directory, no_bus, no_rule
from eventyard.bus.resources import Rule, TargetSpec
from eventyard.errors import Conflict
from eventyard.names import Arn, rule_arn, rule_place

_PREFIX = "Events-Archive-"
#: Who says on AWS that it manages the rules of archives.
_ARCHIVIST = "prod.vhs.events.aws.internal"
_ORIGINAL = [{"exists": False}]


class RuleBook:
    """The rules of a bus as AWS shows them: those that were put, and those of its archives."""

    def __init__(self, directory: Directory, archives: Archives | None = None) -> None:
        self._directory = directory
        self._archives = archives

    def rule(self, bus: str, name: str) -> Rule | None:
        """The rule, or None."""
        found = self._directory.rule(bus, name)
        if found is not None or not name.startswith(_PREFIX):
            return found
        return next((rule for rule in self.managed(bus) if rule.name == name), None)

    def find(self, bus: str, name: str) -> Rule:
        """The rule. Raises NotFound, naming the bus or the rule."""
        if not self._directory.has_bus(bus):
            raise no_bus(bus)
        rule = self.rule(bus, name)
        if rule is None:
            raise no_rule(bus, name)
        return rule

    def rules(self, bus: str) -> list[Rule]:
        """The rules of a bus by name."""
        managed = self.managed(bus)
        rules = self._directory.rules(bus)
        return sorted([*rules, *managed], key=lambda rule: rule.name) if managed else rules

    def managed(self, bus: str) -> list[Rule]:
        """Those of the archives of ``bus``."""
        if self._archives is None:
            return []
        return [_rule(archive) for archive in self._archives.of_bus(bus)]

    def targets(self, bus: str, name: str) -> list[TargetSpec]:
        """The targets of a rule."""
        rule = self.rule(bus, name)
        if rule is None or rule.managed_by is None:
            return self._directory.targets(bus, name)
        return [_target(rule)]

    def rules_for_target(self, bus: str, target: str) -> list[Rule]:
        """The rules of a bus, by name, with a target of that ARN."""
        found = [*self._directory.rules_for_target(bus, target)]
        found += [rule for rule in self.managed(bus) if _target(rule).arn == target]
        return sorted(found, key=lambda rule: rule.name)

    def tags(self, arn: str) -> Mapping[str, str] | None:
        """The tags of a bus or rule by its ARN; None if there is no such thing."""
        place = rule_place(arn)
        rule = None if place is None else self.rule(*place)
        return self._directory.tags(arn) if rule is None else rule.tags

    def refuse_name_of(self, archive: str, bus: str) -> None:
        """Raises Conflict if somebody put a rule of the name that the rule of a new ``archive`` has."""
        name = _PREFIX + archive
        if self._directory.rule(bus, name) is not None:
            raise Conflict(f"Rule {name} already exists.")


def refuse_managed(rule: Rule | None, force: bool | None = False) -> None:
    """Raises Conflict if another service manages ``rule``, unless the caller insists; that of an archive stays as long
    as the archive."""
    if rule is not None and rule.managed_by is not None and (not force or rule.managed_by == _ARCHIVIST):
        raise Conflict(f"Rule {rule.name} is managed by {rule.managed_by}.", "ManagedRuleException")


def _rule(archive: Archive) -> Rule:
    name = _PREFIX + archive.name
    pattern: dict[str, Any] = json.loads(archive.pattern or "{}")
    arn = Arn.parse(archive.arn)
    return Rule(
        bus=archive.bus,
        name=name,
        arn=rule_arn(archive.bus, name),
        created=archive.created,
        created_by="" if arn is None else arn.account,
        pattern=json.dumps({**pattern, "replay-name": pattern.get("replay-name", _ORIGINAL)}, separators=(",", ":")),
        managed_by=_ARCHIVIST,
    )


def _target(rule: Rule) -> TargetSpec:
    arn = Arn.parse(rule.arn)
    return TargetSpec(id=rule.name, arn=f"arn:aws:events:{'' if arn is None else arn.region}:::")
