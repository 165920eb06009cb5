"""One statement of a bus's policy as a resource of its own."""

from __future__ import annotations

from typing import Any

import pytest

from eventyard.resource import Join, Reference, Stack
from tests.acceptance.stacks.driver import Driver, actions, stack

_HERE = (Reference("AWS::Region", "Ref"), ":", Reference("AWS::AccountId", "Ref"))


def _policy(resource: Any, bus: str | None = None, **more: Any) -> Stack:
    statement = {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:root"}, **more}
    statement |= {"Action": "events:PutEvents", "Resource": resource}
    given = {"StatementId": "s1", "Statement": statement} | ({"EventBusName": Reference(bus, "Ref")} if bus else {})
    return stack(cars=("AWS::Events::EventBus", {"Name": "cars"}), policy=("AWS::Events::EventBusPolicy", given))


@pytest.mark.parametrize(
    ("bus", "resource"),
    [
        (None, Join(("arn:aws:events:", *_HERE, ":event-bus/default"))),
        ("cars", Reference("cars", "Arn")),
    ],
)
@pytest.mark.parametrize("more", [{}, {"Sid": "s1"}])
def test_a_statement_may_say_that_it_is_about_its_bus(
    driver: Driver, bus: str | None, resource: Any, more: dict[str, str]
) -> None:
    wanted = _policy(resource, bus, **more)
    assert driver.apply(wanted).well
    plan = driver.plan(wanted)
    assert (actions(plan), plan.drift) == ({}, ())


def test_what_else_a_statement_is_about_is_compared(driver: Driver) -> None:
    rules = Join(("arn:aws:events:", *_HERE, ":rule/a*"))
    assert driver.apply(_policy(rules)).well
    assert actions(driver.plan(_policy(rules))) == {}
    other = _policy(Join(("arn:aws:events:", *_HERE, ":rule/b*")))
    assert actions(driver.plan(other)) == {"policy": "change"}
    assert driver.apply(other).well
    assert not driver.plan(other).changing
