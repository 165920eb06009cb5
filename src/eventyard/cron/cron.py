"""A cron expression and its next moment, found by going through years, months and days, never minute by minute."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, tzinfo

import msgspec

from eventyard.cron.fields import HOURS, MINUTES, MONTHS, YEARS, Days, read_days

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Cron(msgspec.Struct, frozen=True):
    """The six fields, read. All numbers ascend."""

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: Days
    months: tuple[int, ...]
    years: tuple[int, ...]

    @classmethod
    def read(cls, text: str) -> Cron:
        """From what stands between the parentheses. Raises ValueError."""
        fields = text.split()
        if len(fields) != 6:
            raise ValueError(text)
        return cls(
            MINUTES.read(fields[0]),
            HOURS.read(fields[1]),
            read_days(fields[2], fields[4]),
            MONTHS.read(fields[3]),
            YEARS.read(fields[5]),
        )

    def next_after(self, millis: int, zone: tzinfo) -> int | None:
        """The first moment after ``millis`` at which the clocks of ``zone`` show a time that fits; None for never.

        A local time that the clocks leave out does not fire, one that they show twice fires the first time only
        (EventBridge Scheduler User Guide, "Daylight savings time")."""
        try:
            local = (_EPOCH + timedelta(milliseconds=millis)).astimezone(zone).replace(tzinfo=None)
        except OverflowError:
            return None
        for wall in self._walls(local.replace(second=0, microsecond=0)):
            # fold is 0: of a time shown twice, the first.
            moment = wall.replace(tzinfo=zone).astimezone(UTC)
            due = (moment - _EPOCH) // timedelta(milliseconds=1)
            if due > millis and moment.astimezone(zone).replace(tzinfo=None) == wall:
                return due
        return None

    def _walls(self, start: datetime) -> Iterator[datetime]:
        """The local times that fit, ascending, from ``start`` on."""
        for year in self.years[bisect_left(self.years, start.year) :]:
            for month in self.months:
                if (year, month) < (start.year, start.month):
                    continue
                for day in self.days.of(year, month):
                    if (year, month, day) >= (start.year, start.month, start.day):
                        yield from self._times(datetime(year, month, day), start)

    def _times(self, day: datetime, start: datetime) -> Iterator[datetime]:
        same = day.date() == start.date()
        for hour in self.hours[bisect_left(self.hours, start.hour) if same else 0 :]:
            for minute in self.minutes[bisect_left(self.minutes, start.minute) if same and hour == start.hour else 0 :]:
                yield day.replace(hour=hour, minute=minute)
