"""How much of everything there may be; AWS's default quotas, each of which an operator may raise."""

from __future__ import annotations

import msgspec


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """The user guide's "Amazon EventBridge quotas". ``put_size``: bytes of all entries of one PutEvents.
    ``policy_size``, ``pattern_size``: characters. ``wildcard_rules``: on one bus."""

    put_size: int = 1 << 20
    buses: int = 100
    endpoints: int = 100
    rules_per_bus: int = 300
    wildcard_rules: int = 30
    pattern_size: int = 2048
    targets_per_rule: int = 5
    tags: int = 50
    policy_size: int = 10240
