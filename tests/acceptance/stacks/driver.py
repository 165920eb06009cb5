"""Stacks applied to a real server, without the terminal in between."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from eventyard.cli.stacks.records import ServerRecords
from eventyard.cli.stacks.site import ClientSite
from eventyard.resource import Resource, Stack
from eventyard.stacks import Ledger, Outcome, Plan, Record, carry_out, make_plan

PLACE = ("stack.yml", 3, 5)


class Driver:
    """``site``: as the account that the environment names. ``session``: botocore's."""

    def __init__(self, url: str, session: Any = None) -> None:
        self.site = ClientSite(url, session)
        self.records = ServerRecords(url, self.site)

    def plan(self, stack: Stack, **options: bool) -> Plan:
        return make_plan(self.site, stack, self.record(stack.name)[0], **options)

    def apply(self, stack: Stack, **options: bool) -> Outcome:
        """Of a plan without errors."""
        record, revision = self.record(stack.name)
        plan = make_plan(self.site, stack, record, **options)
        assert not plan.failed, [str(finding) for finding in plan.findings]
        return carry_out(self.site, Ledger(self.records, record, revision), plan, lambda *_: None)

    def record(self, name: str) -> tuple[Record, int]:
        record, revision = self.records.load(name)
        return record or Record(name, "salt"), revision

    def call(self, service: str, operation: str, **parameters: Any) -> dict[str, Any]:
        return self.site.call(service, operation, parameters)


def stack(name: str = "s", **resources: tuple[str, Mapping[str, Any]]) -> Stack:
    """A stack of types and properties by id."""
    return Stack(name, tuple(Resource(id, type, given, PLACE) for id, (type, given) in resources.items()))


def actions(plan: Plan) -> dict[str, str]:
    """What is done, by id, but for what is as wanted."""
    return {step.id: step.action for step in plan.steps if step.action != "nothing"}
