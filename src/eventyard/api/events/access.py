"""Who may use a bus: its own account, and those that its resource policy allows. It keeps no policies.

Sources: user guide, "Permissions for Amazon EventBridge event buses"; API reference, "PutEventsResultEntry";
service authorization reference, "Actions, resources, and condition keys for Amazon EventBridge".
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from eventyard.api.events.context import of_entry, of_forwarded, of_operation
from eventyard.api.events.place import arn_of
from eventyard.bus.directory import Directory, no_bus
from eventyard.clock import Clock
from eventyard.errors import Forbidden, InvalidRequest
from eventyard.names import Arn, rule_arn, rule_place
from eventyard.policy import BUS, Keys, Policy, Request, at_time, of_caller, of_connection, of_members, parse_policy
from eventyard.wire import Caller, Handler

#: The member that names the bus, and the one that names a rule on it.
_ON_BUS = {
    "DeleteEventBus": ("Name", None),
    "DescribeEventBus": ("Name", None),
    "UpdateEventBus": ("Name", None),
    "PutPermission": ("EventBusName", None),
    "RemovePermission": ("EventBusName", None),
    "ListRules": ("EventBusName", None),
    "ListRuleNamesByTarget": ("EventBusName", None),
    "DeleteRule": ("EventBusName", "Name"),
    "DescribeRule": ("EventBusName", "Name"),
    "DisableRule": ("EventBusName", "Name"),
    "EnableRule": ("EventBusName", "Name"),
    "PutRule": ("EventBusName", "Name"),
    "ListTargetsByRule": ("EventBusName", "Rule"),
    "PutTargets": ("EventBusName", "Rule"),
    "RemoveTargets": ("EventBusName", "Rule"),
}
_ON_ARN = {"ListTagsForResource", "TagResource", "UntagResource"}


class Access:
    """Decides by the policies that ``directory`` keeps. ``organizations``: id by account."""

    def __init__(self, directory: Directory, clock: Clock, organizations: Mapping[str, str] | None = None) -> None:
        self._directory = directory
        self._clock = clock
        self._organizations = organizations or {}

    def around(self, account: str, resource: str) -> Keys:
        """What is known of any request of ``account`` to ``resource`` (an ARN): organizations, and the time."""
        return {**of_members(self._organizations, account, resource), **at_time(self._clock.now())}

    def check(
        self, caller: Caller, action: str, bus: str, resource: str, keys: Keys | None = None, role: str | None = None
    ) -> None:
        """Return if the caller may do ``action`` to ``resource``, which is the bus with ARN ``bus`` or a rule on it.
        ``keys``: the condition keys of this request. ``role``: the ARN of a role of the caller's that it asks with.

        Raises:
            Forbidden: a statement denies it, or the bus is another account's and no statement allows it.
        """
        kept = self._directory.bus(bus)
        owner = Arn.parse(bus)
        own = owner is not None and owner.account == caller.account
        if own and (kept is None or kept.policy is None):
            return
        policy = _policy(kept.policy if kept is not None else None)
        if policy is not None:
            known = {
                **of_caller(caller.account, caller.region, resource, role),
                **of_connection(caller.address, caller.secure),
                **self.around(caller.account, resource),
                **(keys or {}),
            }
            asking = (caller.account,) if role is None else (caller.account, role)
            decider = policy.decide(Request(asking, action, resource, known))
            if decider.allows if decider is not None else own:
                return
            explicit = decider is not None
        elif own:
            return
        else:
            explicit = False
        who = f"arn:aws:iam::{caller.account}:root" if role is None else role
        reason = "with an explicit deny in a" if explicit else "because no"
        tail = "resource-based policy" if explicit else f"resource-based policy allows the {action} action"
        raise Forbidden(f"User: {who} is not authorized to perform: {action} on resource: {resource} {reason} {tail}")

    def check_put(self, caller: Caller, bus: str, source: str, detail_type: str) -> None:
        """``check`` for publishing one event."""
        owner, kept = Arn.parse(bus), self._directory.bus(bus)
        if (kept is None or kept.policy is None) and owner is not None and owner.account == caller.account:
            return  # the usual case, at each event
        self.check(caller, "events:PutEvents", bus, bus, of_entry(source, detail_type))

    def check_forward(self, rule: str, bus: str, event: bytes) -> None:
        """``check`` for the body of an event that the rule with ARN ``rule`` sends on to ``bus``: its account asks,
        with the role that the target has.

        Raises:
            NotFound: no such bus.
            Forbidden: as ``check`` does.
        """
        if not self._directory.has_bus(bus):
            raise no_bus(bus)
        sender, owner, kept = Arn.parse(rule), Arn.parse(bus), self._directory.bus(bus)
        account = "" if sender is None else sender.account
        if owner is not None and owner.account == account and (kept is None or kept.policy is None):
            return
        region = "" if owner is None else owner.region
        role = role_of(self._directory, rule, bus)
        keys = of_forwarded(rule, account, event)
        self.check(Caller(account, region, "", ""), "events:PutEvents", bus, bus, keys, role)

    def guard(self, operations: Mapping[str, Handler]) -> dict[str, Handler]:
        """The same operations, which refuse whoever may not use the bus or rule that they name."""
        return {name: self._guarded(name, handler) for name, handler in operations.items()}

    def _guarded(self, name: str, handler: Handler) -> Handler:
        if name not in _ON_BUS and name not in _ON_ARN:
            return handler

        async def guarded(caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
            if name in _ON_ARN:
                resource = params["ResourceARN"]
                bus = _bus_behind(resource)
            else:
                bus_member, rule_member = _ON_BUS[name]
                bus = arn_of(caller.account, caller.region, params.get(bus_member))
                resource = rule_arn(bus, params[rule_member]) if rule_member and ":event-bus/" in bus else bus
            owner = Arn.parse(bus)
            # The bus's own account may always mend its policy: what a statement denies it, it could remove.
            if owner is not None and owner.account != caller.account:
                place = rule_place(resource)
                rule = None if place is None else self._directory.rule(*place)
                keys = of_operation(params, caller.account, self._directory.bus(bus), rule)
                self.check(caller, f"events:{name}", bus, resource, keys)
            return await handler(caller, params)

        return guarded


def role_of(directory: Directory, rule: str, target: str) -> str | None:
    """The role that the rule with ARN ``rule`` delivers to ``target`` with, if it has one."""
    place = rule_place(rule)
    targets = () if place is None else directory.targets(*place)
    return next((spec.role_arn for spec in targets if spec.arn == target), None)


def _bus_behind(resource: str) -> str:
    """The ARN of the bus that a bus's or a rule's ARN speaks of."""
    place = rule_place(resource)
    return resource if place is None else place[0]


@lru_cache(maxsize=1_000)
def _policy(text: str | None) -> Policy | None:
    """The policy; None also for one kept by an earlier revision that can't be held to: it allows nobody else."""
    try:
        return parse_policy(text, BUS) if text is not None else None
    except InvalidRequest:
        return None
