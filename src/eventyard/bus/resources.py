"""Buses, rules and target specifications as the user made them: plain frozen records, without behaviour or storage.

Times are milliseconds since the epoch. What the user left out is None, so that it is left out again when described.
"""

from __future__ import annotations

from typing import Any

import msgspec

ENABLED = "ENABLED"
DISABLED = "DISABLED"


class Bus(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An event bus. ``policy``: the resource policy as JSON text. ``log_config``: ``IncludeDetail`` and ``Level``."""

    arn: str
    name: str
    created: int
    modified: int
    description: str | None = None
    kms_key: str | None = None
    dead_letter_arn: str | None = None
    policy: str | None = None
    log_config: dict[str, str] | None = None
    tags: dict[str, str] = {}
    event_source_name: str | None = None


class Rule(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A rule on ``bus`` (an ARN). ``pattern`` and ``schedule`` are the texts as given; at least one is there.

    ``state``: ENABLED, DISABLED or ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS. ``created``: when a rule of this name
    was put that did not exist before, so that one made anew under an old name can be told from the old one.
    """

    bus: str
    name: str
    arn: str
    created: int
    created_by: str
    pattern: str | None = None
    schedule: str | None = None
    state: str = ENABLED
    description: str | None = None
    role_arn: str | None = None
    tags: dict[str, str] = {}
    managed_by: str | None = None

    @property
    def enabled(self) -> bool:
        return self.state != DISABLED


class TargetSpec(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where a rule sends what it matches, and in what form. ``id`` is unique within the rule.

    ``parameters``: the members that only some kinds of targets have, as AWS gives them: ``{"SqsParameters": {...}}``.
    ``max_age``: seconds.
    """

    id: str
    arn: str
    role_arn: str | None = None
    input: str | None = None
    input_path: str | None = None
    input_paths: dict[str, str] | None = None
    input_template: str | None = None
    parameters: dict[str, Any] = {}
    dead_letter_arn: str | None = None
    max_attempts: int | None = None
    max_age: int | None = None
