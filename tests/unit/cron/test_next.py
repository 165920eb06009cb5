"""When expressions are due, and that the quick way finds what an obvious slow one finds."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eventyard.cron import parse_expression

_MINUTE = 60_000


def _millis(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 1000


def _next(expression: str, after: str, zone: str = "UTC") -> str | None:
    due = parse_expression(expression, "scheduler").next_after(_millis(after), ZoneInfo(zone))
    return None if due is None else datetime.fromtimestamp(due / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S")


@pytest.mark.parametrize(
    ("expression", "after", "due"),
    [
        ("cron(15 10 ? * 6L 2022-2023)", "2022-01-01", "2022-01-28T10:15:00"),
        ("cron(0 8 ? * 2#1 *)", "2026-11-02T08:00:00", "2026-12-07T08:00:00"),
        ("cron(0 8 ? * 2#5 *)", "2026-11-02T08:00:00", "2026-11-30T08:00:00"),
        ("cron(0 8 ? * L *)", "2026-11-23", "2026-11-28T08:00:00"),
        ("cron(0 9 L * ? *)", "2028-02-01", "2028-02-29T09:00:00"),
        ("cron(0 9 L-3 * ? *)", "2026-02-01", "2026-02-25T09:00:00"),
        ("cron(0 9 LW * ? *)", "2026-05-01", "2026-05-29T09:00:00"),
        ("cron(0 9 1W * ? *)", "2026-08-01", "2026-08-03T09:00:00"),  # the 1st is a Saturday
        ("cron(0 9 15W * ? *)", "2026-11-01", "2026-11-16T09:00:00"),  # a Sunday
        ("cron(0 9 31W * ? *)", "2026-05-01", "2026-05-29T09:00:00"),  # a Sunday, the last day
        ("cron(0 9 31W * ? *)", "2026-06-01", "2026-07-31T09:00:00"),
        ("cron(0/25 20-2 * * ? *)", "2026-11-23T02:51:00", "2026-11-23T20:00:00"),
        ("cron(0 0 29 2 ? *)", "2096-03-01", "2104-02-29T00:00:00"),
        ("cron(0 0 31 2 ? *)", "2026-01-01", None),
        ("cron(0 0 1 1 ? 2199)", "1970-01-01", "2199-01-01T00:00:00"),
        ("cron(0 0 * * ? *)", "2199-12-31T00:00:00", None),
        ("cron(* * * * ? *)", "2026-11-23T10:00:30", "2026-11-23T10:01:00"),
        ("at(2026-11-23T10:00:30)", "2026-11-23T10:00:00", "2026-11-23T10:00:30"),
        ("at(2026-11-23T10:00:30)", "2026-11-23T10:00:30", None),
    ],
)
def test_next_moment(expression: str, after: str, due: str | None) -> None:
    assert _next(expression, after) == due


def test_a_skipped_local_time_does_not_fire() -> None:
    # New York leaves out 02:00 to 03:00 on 8 March 2026.
    assert _next("cron(30 2 * * ? *)", "2026-03-07T08:00:00", "America/New_York") == "2026-03-09T06:30:00"


def test_a_repeated_local_time_fires_once() -> None:
    # New York shows 01:00 to 02:00 twice on 1 November 2026: at 05:30 and at 06:30 UTC.
    assert _next("cron(30 1 * * ? *)", "2026-11-01T00:00:00", "America/New_York") == "2026-11-01T05:30:00"
    assert _next("cron(30 1 * * ? *)", "2026-11-01T05:30:00", "America/New_York") == "2026-11-02T06:30:00"
    assert _next("cron(* * * * ? *)", "2026-11-01T05:59:00", "America/New_York") == "2026-11-01T07:00:00"


def test_a_rate_in_days_is_24_hours_whatever_the_clocks_do() -> None:
    start = _millis("2026-03-07T12:00:00")
    rate = parse_expression("rate(1 day)", anchor=start)
    assert rate.next_after(start, ZoneInfo("America/New_York")) == start + 86_400_000


@given(st.integers(0, 10**13), st.integers(0, 10**13), st.integers(1, 10_000))
def test_rates_keep_their_step(anchor: int, after: int, minutes: int) -> None:
    text = "rate(1 minute)" if minutes == 1 else f"rate({minutes} minutes)"
    due = parse_expression(text, anchor=anchor).next_after(after, UTC)
    assert due is not None
    assert due > after
    assert (due - anchor) % (minutes * _MINUTE) == 0
    assert due == anchor or due - minutes * _MINUTE <= after


@pytest.mark.parametrize("expression", ["cron(30 2 29 2 ? *)", "cron(0 0 31 2,4,6 ? *)", "cron(30 2 ? 3 1#2 *)"])
def test_sparse_expressions_are_quick(expression: str) -> None:
    begun = time.perf_counter()
    _next(expression, "1970-01-01", "America/New_York")
    assert time.perf_counter() - begun < 5


# --- the slow reference: every minute is looked at -------------------------------------------------------------------


def _fits(item: str, value: int, low: int, high: int) -> bool:
    span, _, step = item.partition("/")
    if span == "*":
        return (value - low) % int(step or 1) == 0
    first, dash, last = span.partition("-")
    begin = int(first)
    end = int(last) if dash else high if step else begin
    offset = value - begin if value >= begin else value - begin + high - low + 1
    length = end - begin if end >= begin else end - begin + high - low + 1
    return offset <= length and offset % int(step or 1) == 0


def _date_fits(item: str, day: datetime) -> bool:
    month = [day.replace(day=1) + timedelta(days=number) for number in range(31)]
    month = [other for other in month if other.month == day.month]
    working = [other for other in month if other.weekday() < 5]
    if item == "LW":
        return day == working[-1]
    if item.startswith("L"):
        return (month[-1] - day).days == int(item[2:] or 0)
    if item.endswith("W"):
        wanted = int(item[:-1])
        if wanted > len(month):
            return False
        # Two weekdays are never equally close within a month: the weekend's days lean to different sides.
        return day == min(working, key=lambda other: abs(other.day - wanted))
    return _fits(item, day.day, 1, 31)


def _weekday_fits(item: str, day: datetime) -> bool:
    number = day.isoweekday() % 7 + 1
    if item == "L":
        return number == 7
    if item.endswith("L"):
        return number == int(item[0]) and (day + timedelta(days=7)).month != day.month
    if "#" in item:
        return number == int(item[0]) and (day.day - 1) // 7 + 1 == int(item[2])
    return _fits(item, number, 1, 7)


def _reference(fields: list[str], after: int, zone: ZoneInfo, horizon: int) -> int | None:
    seen: set[datetime] = set()
    # Local times shown twice have been seen up to a few hours before.
    start = after // _MINUTE * _MINUTE - 4 * 3_600_000
    for due in range(start, after + horizon, _MINUTE):
        wall = datetime.fromtimestamp(due / 1000, zone).replace(tzinfo=None)
        again, _ = wall in seen, seen.add(wall)
        if due <= after or again or not _fits(fields[0], wall.minute, 0, 59) or not _fits(fields[1], wall.hour, 0, 23):
            continue
        day = wall.replace(hour=0, minute=0)
        date = fields[2] == "?" or any(_date_fits(item, day) for item in fields[2].split(","))
        weekday = fields[4] == "?" or any(_weekday_fits(item, day) for item in fields[4].split(","))
        if date and weekday and _fits(fields[3], wall.month, 1, 12):
            return due
    return None


def _items(low: int, high: int) -> st.SearchStrategy[str]:
    number = st.integers(low, high).map(str)
    span = st.tuples(number, number).map("-".join)
    step = st.integers(1, high).map(str)
    return st.one_of(st.just("*"), number, span, st.tuples(st.one_of(st.just("*"), number, span), step).map("/".join))


def _lists(low: int, high: int) -> st.SearchStrategy[str]:
    return st.lists(_items(low, high), min_size=1, max_size=3).map(",".join)


_dates = st.one_of(
    _lists(1, 31),
    st.sampled_from(["L", "LW"]),
    st.integers(1, 30).map("L-{}".format),
    st.integers(1, 31).map("{}W".format),
)
_weekdays = st.one_of(
    _lists(1, 7),
    st.just("L"),
    st.integers(1, 7).map("{}L".format),
    st.tuples(st.integers(1, 7), st.integers(1, 5)).map(lambda pair: f"{pair[0]}#{pair[1]}"),
)
_days = st.one_of(st.tuples(_dates, st.just("?")), st.tuples(st.just("?"), _weekdays))
_zones = st.sampled_from(["UTC", "America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "Asia/Kathmandu"])
#: Around changes of the clocks and anywhere else.
_moments = st.one_of(
    st.integers(_millis("2024-01-01"), _millis("2030-01-01")),
    st.sampled_from(["2026-03-08T04:00:00", "2026-11-01T03:00:00", "2026-03-28T22:00:00", "2026-10-24T22:00:00"])
    .map(_millis)
    .flatmap(lambda start: st.integers(start, start + 8 * 3_600_000)),
)


@settings(max_examples=150, deadline=None)
@given(_items(0, 59), _items(0, 23), _days, _items(1, 12), _zones, _moments)
def test_quick_way_finds_what_the_slow_one_finds(
    minute: str, hour: str, days: tuple[str, str], month: str, zone: str, after: int
) -> None:
    fields = [minute, hour, days[0], month, days[1], "*"]
    horizon = 3 * 86_400_000
    expected = _reference(fields, after, ZoneInfo(zone), horizon)
    due = parse_expression(f"cron({' '.join(fields)})").next_after(after, ZoneInfo(zone))
    if expected is None:
        assert due is None or due >= after // _MINUTE * _MINUTE + horizon
    else:
        assert due == expected


@settings(max_examples=200, deadline=None)
@given(_days, _lists(1, 12), st.integers(_millis("1990-01-01") // 86_400_000, _millis("2090-01-01") // 86_400_000))
def test_days_are_those_that_the_slow_way_finds(days: tuple[str, str], months: str, today: int) -> None:
    expected = None
    for number in range(today + 1, today + 800):
        day = datetime.fromtimestamp(number * 86_400, UTC).replace(tzinfo=None)
        date = days[0] == "?" or any(_date_fits(item, day) for item in days[0].split(","))
        weekday = days[1] == "?" or any(_weekday_fits(item, day) for item in days[1].split(","))
        if date and weekday and any(_fits(item, day.month, 1, 12) for item in months.split(",")):
            expected = number
            break
    due = parse_expression(f"cron(0 0 {days[0]} {months} {days[1]} *)").next_after(today * 86_400_000, UTC)
    if expected is None:
        assert due is None or due >= (today + 800) * 86_400_000
    else:
        assert due == expected * 86_400_000


_MONTH_NAMES = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]
_DAY_NAMES = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]


def _named(text: str, names: list[str]) -> str:
    """The same field with names for its numbers, steps and the n of ``#n`` excepted."""
    return re.sub(r"(?<![/#\d])\d+", lambda found: names[int(found[0]) - 1], text)


@given(_lists(1, 12), _weekdays, st.integers(_millis("1990-01-01"), _millis("2090-01-01")))
def test_names_stand_for_their_numbers(months: str, weekdays: str, after: int) -> None:
    numbers = parse_expression(f"cron(0 0 ? {months} {weekdays} *)")
    names = parse_expression(
        f"cron(0 0 ? {_named(months, _MONTH_NAMES)} {_named(weekdays, _DAY_NAMES).lower()} *)".replace("l *", "L *")
    )
    assert names.next_after(after, UTC) == numbers.next_after(after, UTC)


_years = st.integers(1970, 2199)


@given(
    st.lists(
        st.one_of(
            _years.map(str),
            st.tuples(_years, st.integers(1, 9)).map(lambda x: f"{x[0]}/{x[1]}"),
            st.tuples(_years, _years).map(lambda x: f"{min(x)}-{max(x)}"),
        ),
        min_size=1,
        max_size=3,
    ),
    _years,
)
def test_only_the_named_years_are_due(items: list[str], after: int) -> None:
    fitting = [year for year in range(after + 1, 2200) if any(_fits(item, year, 1970, 2199) for item in items)]
    due = parse_expression(f"cron(0 0 1 1 ? {','.join(items)})").next_after(_millis(f"{after}-01-01"), UTC)
    assert due == (_millis(f"{fitting[0]}-01-01") if fitting else None)
