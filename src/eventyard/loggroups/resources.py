"""Groups, streams and events as they were made: plain frozen records. Times are milliseconds since the epoch."""

from __future__ import annotations

import msgspec

from eventyard.errors import InvalidRequest
from eventyard.names import Arn

DAY = 86_400_000
#: Days that PutRetentionPolicy takes (API reference).
RETENTIONS = (
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
)  # fmt: skip
#: What PutLogEvents takes (API reference): events, bytes with 26 for each event, and how old or new they may be.
MOST_EVENTS = 10_000
MOST_BYTES = 1_048_576
EVENT_BYTES = 26
OLDEST, NEWEST, SPAN = 14 * DAY, 2 * 3_600_000, DAY


class Group(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """``retention``: days, or None for ever. ``locked``: it can't be deleted."""

    arn: str
    name: str
    created: int
    retention: int | None = None
    tags: dict[str, str] = {}
    locked: bool = False

    def oldest(self, now: int) -> int:
        """What is older is gone."""
        return 0 if self.retention is None else now - self.retention * DAY


class Stream(msgspec.Struct, frozen=True, kw_only=True):
    """A stream of the group with an ARN."""

    group: str
    name: str
    created: int

    @property
    def arn(self) -> str:
        return f"{self.group}:log-stream:{self.name}"


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """A resource policy of an account in a region. It is kept and shown; what is in one account may always write."""

    account: str
    region: str
    name: str
    document: str
    updated: int


class LogEvent(msgspec.Struct, frozen=True):
    """A line, and when what it tells of happened."""

    timestamp: int
    message: str


class Rejected(msgspec.Struct, frozen=True):
    """Of a batch: how many at its beginning are too old, or older than their group keeps events; and from which on they
    are too new. None for none."""

    too_old: int | None = None
    expired: int | None = None
    too_new: int | None = None


def invalid(message: str) -> InvalidRequest:
    """What CloudWatch Logs calls an input that it does not take."""
    return InvalidRequest(message, "InvalidParameterException")


def group_arn(account: str, region: str, name: str) -> str:
    return f"arn:aws:logs:{region}:{account}:log-group:{name}"


def group_of(arn: str) -> str | None:
    """The ARN of the group that ``arn`` means, which may end in ``:*``; None if it is no group's."""
    parsed = Arn.parse(arn.removesuffix(":*"))
    if parsed is None or parsed.service != "logs" or not parsed.resource.startswith("log-group:"):
        return None
    name = parsed.resource.removeprefix("log-group:")
    return group_arn(parsed.account, parsed.region, name) if name and ":" not in name else None
