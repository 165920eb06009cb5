"""What is to be kept is deleted by no replacement."""

from __future__ import annotations

from typing import Any

import pytest

from eventyard.resource import Reference, Resource, Stack
from eventyard.stacks import Ledger, carry_out
from tests.acceptance.stacks.driver import PLACE, Driver, actions

_BUSES = tuple(Resource(name, "AWS::Events::EventBus", {"Name": name}, PLACE) for name in ("one", "two"))


def _archive(bus: str, **flags: bool) -> Stack:
    given = {"ArchiveName": "precious", "SourceArn": Reference(bus, "Arn")}
    return Stack("s", (*_BUSES, Resource("it", "AWS::Events::Archive", given, PLACE, **flags)))


def _queue(name: str, **flags: bool) -> Stack:
    return Stack("s", (Resource("it", "AWS::SQS::Queue", {"QueueName": name}, PLACE, **flags),))


@pytest.mark.parametrize("flags", [{"keep": True}, {"keep_replaced": True}])
def test_what_is_to_be_kept_is_not_replaced_under_its_own_name(driver: Driver, flags: dict[str, bool]) -> None:
    driver.apply(_archive("one", **flags))
    made = driver.call("events", "DescribeArchive", ArchiveName="precious")
    (finding,) = driver.plan(_archive("two", **flags)).findings
    assert (finding.rule, finding.severity, finding.path) == ("kept-resource", "error", "stack.yml")
    assert "it can't be changed in place, and is to be kept" in finding.message
    assert "SourceArn" in finding.message
    assert driver.call("events", "DescribeArchive", ArchiveName="precious") == made
    assert actions(driver.plan(_archive("two"))) == {"it": "replace"}, "what needn't be kept is replaced"


def test_a_plan_that_says_otherwise_is_not_followed(driver: Driver) -> None:
    """The name of what is wanted may only be known when it is made."""
    driver.apply(_archive("one", keep_replaced=True))
    made = driver.call("events", "DescribeArchive", ArchiveName="precious")
    record, revision = driver.record("s")
    plan = driver.plan(_archive("two", keep_replaced=True))
    outcome = carry_out(driver.site, Ledger(driver.records, record, revision), plan, lambda *_: None)
    assert "is to be kept" in outcome.failed["it"]
    assert driver.call("events", "DescribeArchive", ArchiveName="precious") == made


@pytest.mark.parametrize(
    ("flags", "left"),
    [
        ({}, ["new"]),
        ({"keep": True}, ["new"]),
        ({"keep_replaced": True}, ["new", "old"]),
    ],
)
def test_what_is_replaced_stays_where_that_is_said(driver: Driver, flags: dict[str, Any], left: list[str]) -> None:
    """``DeletionPolicy`` says nothing of replacements (CloudFormation user guide, "UpdateReplacePolicy"); what counts
    is what is said with the replacement."""
    driver.apply(_queue("old"))
    assert driver.apply(_queue("new", **flags)).well
    urls = driver.call("sqs", "ListQueues")["QueueUrls"]
    assert sorted(url.rpartition("/")[2] for url in urls) == left
    assert driver.record("s")[0].leftovers == ()
    assert not driver.plan(_queue("new", **flags)).changing
