"""A schedule expression as a whole: which of the three forms it has, in the dialect of rules or of the Scheduler.

Sources: EventBridge User Guide, "Setting a schedule pattern for scheduled rules"; EventBridge Scheduler User Guide,
"Schedule types". The Scheduler's guide names the units in the plural only and its users write both, so there both
count; rules refuse ``rate(1 minutes)``.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Literal

import msgspec

from eventyard.cron.cron import Cron
from eventyard.errors import InvalidRequest

_RATE = re.compile(r"rate\(([1-9]\d*) +(minute|hour|day)(s?)\)", re.ASCII)
_CRON = re.compile(r"cron\(([^()]*)\)")
_AT = re.compile(r"at\((\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\)", re.ASCII)
_UNITS = {"minute": 60_000, "hour": 3_600_000, "day": 86_400_000}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
#: Longer than a calendar has room for means nothing; AWS documents no limit.
_LONGEST = 1_000_000 * _UNITS["day"]

Dialect = Literal["rule", "scheduler"]


class Rate(msgspec.Struct, frozen=True):
    """Every ``every`` milliseconds, counted from ``anchor``. A day is 24 hours whatever the clocks do."""

    every: int
    anchor: int = 0

    def next_after(self, millis: int, zone: tzinfo) -> int | None:
        """The first of anchor, anchor + every, anchor + 2 every ... that is after ``millis``."""
        if millis < self.anchor:
            return self.anchor
        return millis + self.every - (millis - self.anchor) % self.every


class At(msgspec.Struct, frozen=True):
    """Once, when the clocks show ``wall``."""

    wall: datetime

    def next_after(self, millis: int, zone: tzinfo) -> int | None:
        """The moment, or None if it isn't after ``millis``. A local time that the clocks leave out is taken with the
        offset from before they change, so that a single firing is not lost."""
        try:
            due = (self.wall.replace(tzinfo=zone).astimezone(UTC) - _EPOCH) // timedelta(milliseconds=1)
        except OverflowError:
            return None
        return due if due > millis else None


Expression = Rate | Cron | At


def parse_expression(text: str, dialect: Dialect = "rule", anchor: int = 0) -> Expression:
    """The expression in ``text``; ``anchor`` is what a rate counts from. ``at`` is the Scheduler's only.

    Raises InvalidRequest in the words that AWS has for rules."""
    try:
        if rate := _RATE.fullmatch(text):
            every = _every(rate[1], rate[2])
            if (dialect == "scheduler" or (rate[1] == "1") != (rate[3] == "s")) and every <= _LONGEST:
                return Rate(every, anchor)
        elif cron := _CRON.fullmatch(text):
            return Cron.read(cron[1])
        elif dialect == "scheduler" and (at := _AT.fullmatch(text)):
            return At(datetime.fromisoformat(at[1]))
    except ValueError:
        pass
    raise InvalidRequest("Parameter ScheduleExpression is not valid.")


def _every(value: str, unit: str) -> int:
    if len(value) > 12:
        raise ValueError(value)
    return int(value) * _UNITS[unit]
