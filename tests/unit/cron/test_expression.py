"""Which schedule expressions a rule takes."""

from __future__ import annotations

import pytest

from eventyard.cron import parse_expression
from eventyard.errors import InvalidRequest


@pytest.mark.parametrize(
    "text",
    [
        "rate(1 minute)",
        "rate(5 minutes)",
        "rate(1 hour)",
        "rate(24 hours)",
        "rate(1 day)",
        "rate(7 days)",
        "cron(0 10 * * ? *)",
        "cron(15 12 * * ? *)",
        "cron(0 18 ? * MON-FRI *)",
        "cron(0/10 * ? * MON-FRI *)",
        "cron(0 8 1 * ? *)",
        "cron(0 9 ? * 2#1 *)",
        "cron(0 9 L * ? *)",
        "cron(0 9 3W * ? *)",
        "cron(0 9 ? * 6L 2019-2022)",
        "cron(0,30 20-2 ? JAN,FEB,12 SUN 2030/2)",
    ],
)
def test_documented_expressions_are_accepted(text: str) -> None:
    parse_expression(text)


@pytest.mark.parametrize(
    "text",
    [
        "rate(1 minutes)",
        "rate(10 minute)",
        "rate(10 MINUTES)",
        "rate(0 minutes)",
        "rate(-1 minutes)",
        "rate(1 week)",
        "rate(10 years)",
        "Rate(1 minute)",
        "rate(1 minute) ",
        "cron(0 10 * * *)",
        "cron(0 10 * * * *)",
        "cron(0 10 ? * ? *)",
        "cron(60 10 * * ? *)",
        "cron(0 24 * * ? *)",
        "cron(0 10 32 * ? *)",
        "cron(0 10 * 13 ? *)",
        "cron(0 10 ? * 8 *)",
        "cron(0 10 ? * FRY *)",
        "cron(0 10 ? * 3#6 *)",
        "cron(0 10 ? * 3#1,6#3 *)",
        "cron(0 10 * * ? 1969)",
        "cron(0/0 10 * * ? *)",
        "cron(0, 10 * * ? *)",
        "at(2030-01-01T00:00:00)",
        "every day",
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequest, match=r"^Parameter ScheduleExpression is not valid\.$"):
        parse_expression(text)


@pytest.mark.parametrize("text", ["rate(1 minutes)", "rate(5 minute)", "at(2030-01-01T00:00:00)", "cron(0 9 LW * ? *)"])
def test_the_scheduler_takes_more_than_rules(text: str) -> None:
    parse_expression(text, "scheduler")


@pytest.mark.parametrize("text", ["at(2030-13-01T00:00:00)", "at(2030-01-01)", "at(2030-01-01T00:00:00Z)", "at()"])
def test_a_date_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequest):
        parse_expression(text, "scheduler")


@pytest.mark.parametrize(
    "text", ["cron(0 0 ? * 2019-2015 *)", "cron(0 0 1 1 ? 2030-2020)", f"rate({'9' * 30} days)", "cron(1,L 1 1 1 ? *)"]
)
def test_what_can_never_be_is_refused(text: str) -> None:
    with pytest.raises(InvalidRequest):
        parse_expression(text)
