"""The relay for AWS, with an Eventyard server as the AWS that it makes its rule and queue in."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from eventyard.waiter import EventNotSeen, EventWaiter
from tests.acceptance.cli.test_cli import Process, one_sentence, run, running
from tests.acceptance.server import Server
from tests.acceptance.waiting import until


@contextmanager
def relaying(server: Server, account: str, *options: str) -> Iterator[tuple[str, Process]]:
    """The relay's URL, and its process."""
    own = {"AWS_ACCESS_KEY_ID": account, "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}
    arguments = ("--aws", "--port", "0", "--endpoint", server.url, *options)
    with running("relay", *arguments, environment=own) as process:
        line = process.line_with("Relaying")
        yield line.split(" at ")[1].split()[0], process


def left(server: Server, account: str) -> list[str]:
    rules = server.client("events", account).list_rules(NamePrefix="eventyard-relay-")["Rules"]
    queues = server.client("sqs", account).list_queues(QueueNamePrefix="eventyard-relay-").get("QueueUrls", [])
    return [*(rule["Name"] for rule in rules), *queues]


def publish(server: Server, account: str, type: str, **detail: Any) -> None:
    entry = {"Source": "cars", "DetailType": type, "Detail": json.dumps(detail)}
    server.client("events", account).put_events(Entries=[entry])


def test_a_test_waits_for_events_of_a_bus_in_aws(server: Server, account: str) -> None:
    with relaying(server, account) as (url, process):
        assert len(left(server, account)) == 2
        with EventWaiter.connect(url) as events:
            sold = events.subscribe("CarSold", where=lambda e: e.detail["n"] == 2)
            publish(server, account, "CarSold", n=1)
            publish(server, account, "CarSold", n=2)
            event = sold.next(timeout=10)
            assert (event.account, event.detail) == (account, {"n": 2})
            lost = events.subscribe("CarLost")
            publish(server, account, "CarReturned")
            with pytest.raises(EventNotSeen, match="1 x cars CarReturned"):
                lost.next(timeout=3)
        assert process.stop() == 0
    assert left(server, account) == []


def test_only_what_the_pattern_wants_is_relayed(server: Server, account: str) -> None:
    with relaying(server, account, "--pattern", '{"detail-type": ["CarSold"]}') as (url, process):
        with EventWaiter.connect(url) as events:
            everything = events.subscribe()
            publish(server, account, "CarLost")
            publish(server, account, "CarSold")
            assert everything.next(timeout=10).detail_type == "CarSold"
        process.stop()


def test_what_a_killed_one_left_behind_is_removed_by_the_next_but_what_is_used_stays(
    server: Server, account: str
) -> None:
    with relaying(server, account) as (_, process):
        process.stop(signal.SIGKILL)
    names = left(server, account)
    assert len(names) == 2
    with relaying(server, account) as (_, process):
        assert set(names) < set(left(server, account)), "it could still be in use"
        process.stop()
    tag = {"eventyard-relay-until": str(int(time.time()) - 1)}
    rule = server.client("events", account).describe_rule(Name=names[0])["Arn"]
    listed = [{"Key": key, "Value": value} for key, value in tag.items()]
    server.client("events", account).tag_resource(ResourceARN=rule, Tags=listed)
    server.client("sqs", account).tag_queue(QueueUrl=names[1], Tags=tag)
    with relaying(server, account) as (_, process):
        until(lambda: not set(names) & set(left(server, account)))
        process.stop()
    assert left(server, account) == []


def test_what_aws_refuses_is_told_and_nothing_is_left(server: Server, account: str) -> None:
    own = {"AWS_ACCESS_KEY_ID": account, "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}
    done = run("relay", "--aws", "--bus", "nowhere", "--endpoint", server.url, environment=own)
    assert "nowhere" in done.stderr
    assert done.returncode == 1
    assert left(server, account) == []
    assert "--aws" in one_sentence(run("relay"))
