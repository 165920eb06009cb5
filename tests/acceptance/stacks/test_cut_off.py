"""An apply that is killed anywhere goes on when it is run again, and makes nothing twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from eventyard.resource import Stack
from eventyard.templates.own import read_own
from tests.acceptance.server import Server
from tests.acceptance.stacks.driver import Driver

ROOT = Path(__file__).parents[3]
_FILE = """\
stack: cut
buses:
  cars: {description: Used cars}
queues:
  finance: {visibility: 60, dead_letters: {queue: dead}}
  dead: {}
topics:
  sales: {subscribers: [{queue: finance}]}
rules:
  expensive:
    bus: cars
    events: PurchaseApproved
    targets: [{queue: finance}, {topic: sales}]
"""
#: An apply that kills itself, as hard as can be, before or after the request that it counts to.
_KILLED = """\
import os, signal, sys
from eventyard.cli.stacks import records, site
from eventyard.templates.own import read_own
from tests.acceptance.stacks.driver import Driver
left, after = int(sys.argv[2]), sys.argv[3] == "after"
def counted(call):
    def counting(*given, **named):
        global left
        left -= 1
        if left == 0 and not after:
            os.kill(os.getpid(), signal.SIGKILL)
        found = call(*given, **named)
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return found
    return counting
driver = Driver(sys.argv[1])
wanted, _ = read_own([("eventyard.yml", sys.stdin.read())])
site.ClientSite.call = counted(site.ClientSite.call)
records.ServerRecords.save = counted(records.ServerRecords.save)
driver.apply(wanted)
"""


def _wanted() -> Stack:
    wanted, found = read_own([("eventyard.yml", _FILE)])
    assert wanted is not None, found
    return wanted


@pytest.mark.parametrize(
    ("request_number", "when"),
    [(11, "after"), (17, "after"), (20, "before"), (29, "before")],
)
def test_an_apply_that_is_killed_goes_on(server: Server, driver: Driver, request_number: int, when: str) -> None:
    command = [sys.executable, "-c", _KILLED, server.url, str(request_number), when]
    killed = subprocess.run(command, input=_FILE, text=True, cwd=ROOT, timeout=60, check=False)
    assert killed.returncode == -signal.SIGKILL
    assert driver.apply(_wanted()).well
    plan = driver.plan(_wanted())
    assert not plan.changing
    record = driver.record("cut")[0]
    assert len(record.resources) == 6
    topic = record.resources["topics.sales"].attributes["TopicArn"]
    assert len(driver.call("sns", "ListSubscriptionsByTopic", TopicArn=topic)["Subscriptions"]) == 1
    assert len(driver.call("sqs", "ListQueues")["QueueUrls"]) == 2


def test_an_apply_that_seems_to_go_on_elsewhere_is_waited_for(server: Server, driver: Driver, tmp_path: Path) -> None:
    file = tmp_path / "eventyard.yml"
    file.write_text(_FILE)
    record, revision = driver.record("cut")
    driver.records.save(msgspec.structs.replace(record, holder="elsewhere process 7"), revision)

    def apply(*options: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "eventyard", "apply", str(file), "--yes", *options]
        environment = os.environ | {"AWS_ENDPOINT_URL": server.url}
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)

    refused = apply()
    assert refused.returncode == 1
    assert "being applied by elsewhere process 7" in refused.stderr
    assert driver.record("cut")[0].resources == {}
    assert apply("--take-over").returncode == 0
    assert driver.record("cut")[0].holder == ""
