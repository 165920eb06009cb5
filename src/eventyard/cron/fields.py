"""The fields of a cron expression: from text to the numbers, or the days of a month, that they stand for.

Source: EventBridge User Guide, "Cron expressions" (the table of fields and wildcards) and EventBridge Scheduler User
Guide, "Cron-based schedules". Where the guides are silent: a range may wrap around (``FRI-MON``, ``20-2``) except for
years; ``nW`` means nothing in a month that has no day ``n``.
"""

from __future__ import annotations

import calendar
import re

import msgspec

_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_WEEKEND = frozenset({1, 7})
_LAST_BEFORE = re.compile(r"L(?:-([1-9]|[12]\d|30))?", re.ASCII)
_NEAREST = re.compile(r"([1-9]|[12]\d|3[01])W", re.ASCII)
_WEEKDAY = re.compile(r"(?:([1-7])|(SUN|MON|TUE|WED|THU|FRI|SAT))(?:(L)|#([1-5]))", re.ASCII | re.IGNORECASE)


class Numbers(msgspec.Struct, frozen=True):
    """A field's smallest and largest number, and the names of its values in order from the smallest."""

    low: int
    high: int
    names: tuple[str, ...] = ()
    wraps: bool = True

    def read(self, text: str) -> tuple[int, ...]:
        """The numbers that ``text`` stands for, ascending. Raises ValueError."""
        found: set[int] = set()
        for part in text.split(","):
            found.update(self._part(part))
        return tuple(sorted(found))

    def _part(self, text: str) -> list[int]:
        span, slash, step = text.partition("/")
        if slash and not (step.isascii() and step.isdigit() and len(step) <= 4 and int(step) > 0):
            raise ValueError(text)
        if span == "*":
            numbers = list(range(self.low, self.high + 1))
        else:
            first, dash, last = span.partition("-")
            begin = self._value(first)
            # "5/15": from 5 on, every 15th.
            end = self._value(last) if dash else self.high if slash else begin
            if begin <= end:
                numbers = list(range(begin, end + 1))
            elif self.wraps:
                numbers = [*range(begin, self.high + 1), *range(self.low, end + 1)]
            else:
                raise ValueError(text)
        return numbers[:: int(step)] if slash else numbers

    def _value(self, text: str) -> int:
        if text.upper() in self.names:
            return self.low + self.names.index(text.upper())
        if text.isascii() and text.isdigit() and len(text) <= 4 and self.low <= int(text) <= self.high:
            return int(text)
        raise ValueError(text)


MINUTES = Numbers(0, 59)
HOURS = Numbers(0, 23)
MONTHS = Numbers(1, 12, _MONTHS)
YEARS = Numbers(1970, 2199, wraps=False)
_DAYS_OF_MONTH = Numbers(1, 31)
_DAYS_OF_WEEK = Numbers(1, 7, _DAYS)


class Dates(msgspec.Struct, frozen=True):
    """Days by their number in the month."""

    days: tuple[int, ...]

    def of(self, year: int, month: int) -> list[int]:
        last = _last_day(year, month)
        return [day for day in self.days if day <= last]


class FromEnd(msgspec.Struct, frozen=True):
    """``L``: the last day of the month, or ``before`` days before it. ``working``: ``LW``, the last weekday."""

    before: int = 0
    working: bool = False

    def of(self, year: int, month: int) -> list[int]:
        day = _last_day(year, month) - self.before
        while self.working and _weekday(year, month, day) in _WEEKEND:
            day -= 1
        return [day] if day >= 1 else []


class Nearest(msgspec.Struct, frozen=True):
    """``nW``: the weekday (Monday to Friday) closest to day ``day``, in the same month."""

    day: int

    def of(self, year: int, month: int) -> list[int]:
        last = _last_day(year, month)
        if self.day > last:
            return []
        weekday = _weekday(year, month, self.day)
        if weekday == 7:
            return [self.day - 1 if self.day > 1 else 3]
        if weekday == 1:
            return [self.day + 1 if self.day < last else self.day - 2]
        return [self.day]


class Weekdays(msgspec.Struct, frozen=True):
    """Days by their number in the week, Sunday being 1. ``nth``: only the nth of the month; -1 is the last."""

    days: tuple[int, ...]
    nth: int = 0

    def of(self, year: int, month: int) -> list[int]:
        last = _last_day(year, month)
        found = [day for day in range(1, last + 1) if _weekday(year, month, day) in self.days]
        if not self.nth:
            return found
        return found[-1:] if self.nth < 0 else found[self.nth - 1 : self.nth]


Days = Dates | FromEnd | Nearest | Weekdays


def read_days(dates: str, weekdays: str) -> Days:
    """The two day fields: whichever is not meant must be ``?``, and they can't both be. Raises ValueError."""
    if (dates == "?") == (weekdays == "?"):
        raise ValueError(f"{dates} {weekdays}")
    return _read_dates(dates) if weekdays == "?" else _read_weekdays(weekdays)


def _read_dates(text: str) -> Days:
    if text == "LW":
        return FromEnd(working=True)
    if before := _LAST_BEFORE.fullmatch(text):
        return FromEnd(int(before[1] or 0))
    if nearest := _NEAREST.fullmatch(text):
        return Nearest(int(nearest[1]))
    return Dates(_DAYS_OF_MONTH.read(text))


def _read_weekdays(text: str) -> Days:
    if text == "L":
        return Weekdays((7,))
    if one := _WEEKDAY.fullmatch(text):
        day = int(one[1]) if one[1] else 1 + _DAYS.index(one[2].upper())
        return Weekdays((day,), -1 if one[3] else int(one[4]))
    return Weekdays(_DAYS_OF_WEEK.read(text))


def _last_day(year: int, month: int) -> int:
    return calendar.monthrange(year, month)[1]


def _weekday(year: int, month: int, day: int) -> int:
    """1 for Sunday to 7 for Saturday, as AWS counts."""
    return (calendar.weekday(year, month, day) + 1) % 7 + 1
