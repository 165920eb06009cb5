"""Who may use a bus: its own account, and those that its resource policy allows. It keeps no policies.

Sources: user guide, "Permissions for Amazon EventBridge event buses"; API reference, "PutEventsResultEntry";
service authorization reference, "Actions, resources, and condition keys for Amazon EventBridge".
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import msgspec

from eventyard.api.events.place import arn_of
from eventyard.bus.directory import Directory, no_bus
from eventyard.errors import Forbidden, InvalidRequest
from eventyard.names import Arn, rule_arn, rule_place
from eventyard.policy import Policy, Request, parse_policy
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


class _Envelope(msgspec.Struct):
    """What conditions may ask of an event."""

    source: str
    detail_type: str = msgspec.field(name="detail-type")


_decode = msgspec.json.Decoder(_Envelope).decode


class Access:
    """Decides by the policies that ``directory`` keeps."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory

    def check(
        self, caller: Caller, action: str, bus: str, resource: str, keys: Mapping[str, str] | None = None
    ) -> None:
        """Return if the caller may do ``action`` to ``resource``, which is the bus with ARN ``bus`` or a rule on it.

        Raises:
            Forbidden: a statement denies it, or the bus is another account's and no statement allows it.
        """
        kept = self._directory.bus(bus)
        owner = Arn.parse(bus)
        own = owner is not None and owner.account == caller.account
        if own and (kept is None or kept.policy is None):
            return
        root = f"arn:aws:iam::{caller.account}:root"
        known = {"aws:principalaccount": caller.account, "aws:principalarn": root, **(keys or {})}
        policy = _policy(kept.policy if kept is not None else None)
        if policy is not None:
            decider = policy.decide(Request(caller.account, action, resource, known))
            if decider.allows if decider is not None else own:
                return
            explicit = decider is not None
        elif own:
            return
        else:
            explicit = False
        reason = "with an explicit deny in a" if explicit else "because no"
        tail = "resource-based policy" if explicit else f"resource-based policy allows the {action} action"
        raise Forbidden(f"User: {root} is not authorized to perform: {action} on resource: {resource} {reason} {tail}")

    def check_put(self, caller: Caller, bus: str, source: str, detail_type: str) -> None:
        """``check`` for publishing one event."""
        self.check(caller, "events:PutEvents", bus, bus, {"events:source": source, "events:detail-type": detail_type})

    def check_forward(self, rule: str, bus: str, event: bytes) -> None:
        """``check`` for the body of an event that the rule with ARN ``rule`` sends on to ``bus``: its account asks.

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
        envelope = _decode(event)
        keys = {
            "aws:sourcearn": rule,
            "aws:sourceaccount": account,
            "events:source": envelope.source,
            "events:detail-type": envelope.detail_type,
        }
        self.check(Caller(account, "", "", ""), "events:PutEvents", bus, bus, keys)

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
                self.check(caller, f"events:{name}", bus, resource)
            return await handler(caller, params)

        return guarded


def _bus_behind(resource: str) -> str:
    """The ARN of the bus that a bus's or a rule's ARN speaks of."""
    place = rule_place(resource)
    return resource if place is None else place[0]


@lru_cache(maxsize=1_000)
def _policy(text: str | None) -> Policy | None:
    """The policy; None also for one kept by an earlier revision that can't be held to: it allows nobody else."""
    try:
        return parse_policy(text) if text is not None else None
    except InvalidRequest:
        return None
