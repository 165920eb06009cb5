"""Groups and schedules as the user made them: plain frozen records. Times are milliseconds since the epoch."""

from __future__ import annotations

from typing import Any

import msgspec

DEFAULT_GROUP = "default"
MAX_ATTEMPTS = 185
MAX_AGE = 86_400


class Group(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A group of schedules. ``token``: the client token it was made with."""

    arn: str
    name: str
    created: int
    modified: int
    tags: dict[str, str] = {}
    token: str | None = None


class Schedule(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A schedule in ``group`` (a name). ``target`` is AWS's structure as it came.

    ``flexible``: minutes, or None without a flexible window. ``since``: nothing up to there is due; when the schedule
    was made, or when its timing was last changed. ``token``: the client token it was made with, ``update``: the one of
    its last change."""

    arn: str
    name: str
    group: str
    created: int
    modified: int
    since: int
    expression: str
    target: dict[str, Any]
    timezone: str = "UTC"
    start: int | None = None
    end: int | None = None
    flexible: int | None = None
    state: str = "ENABLED"
    description: str | None = None
    kms_key: str | None = None
    after_completion: str = "NONE"
    token: str | None = None
    update: str | None = None

    @property
    def timing(self) -> tuple[Any, ...]:
        """What decides when it is due."""
        return (self.expression, self.timezone, self.start, self.end, self.flexible, self.state)

    @property
    def request(self) -> Schedule:
        """What the user asked for, without what the server added."""
        return msgspec.structs.replace(self, created=0, modified=0, since=0, token=None, update=None)


def group_arn(account: str, region: str, name: str) -> str:
    return f"arn:aws:scheduler:{region}:{account}:schedule-group/{name}"


def schedule_arn(account: str, region: str, group: str, name: str) -> str:
    return f"arn:aws:scheduler:{region}:{account}:schedule/{group}/{name}"


def group_of(schedule: str) -> str:
    """The ARN of the group of the schedule with this ARN."""
    head, _, rest = schedule.partition(":schedule/")
    return f"{head}:schedule-group/{rest.partition('/')[0]}"
