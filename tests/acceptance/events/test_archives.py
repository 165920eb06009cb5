"""Archives through boto3: what they say of themselves, what they count, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.acceptance.refusal import refused
from tests.acceptance.server import Server
from tests.acceptance.waiting import until


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    house = Server(tmp_path_factory.mktemp("archives"))
    yield house
    house.stop()


@pytest.fixture
def client(house: Server, account: str) -> Any:
    return house.client("events", account)


@pytest.fixture
def bus(account: str) -> str:
    return f"arn:aws:events:us-east-1:{account}:event-bus/default"


def put(client: Any, *numbers: int) -> list[str]:
    entries = [{"Source": "cars", "DetailType": "LotSelected", "Detail": json.dumps({"n": n})} for n in numbers]
    return [entry["EventId"] for entry in client.put_events(Entries=entries)["Entries"]]


def test_archive_is_described_as_it_was_made(client: Any, account: str, bus: str) -> None:
    made = client.create_archive(
        ArchiveName="a.b-c_1",
        EventSourceArn=bus,
        Description="all cars",
        EventPattern='{"source": ["cars"]}',
        RetentionDays=7,
    )
    assert made["ArchiveArn"] == f"arn:aws:events:us-east-1:{account}:archive/a.b-c_1"
    assert made["State"] == "ENABLED"
    assert abs(made["CreationTime"] - datetime.now(UTC)) < timedelta(minutes=1)
    found = client.describe_archive(ArchiveName="a.b-c_1")
    del found["ResponseMetadata"]
    assert found == {
        "ArchiveArn": made["ArchiveArn"],
        "ArchiveName": "a.b-c_1",
        "EventSourceArn": bus,
        "Description": "all cars",
        "EventPattern": '{"source": ["cars"]}',
        "State": "ENABLED",
        "RetentionDays": 7,
        "SizeBytes": 0,
        "EventCount": 0,
        "CreationTime": made["CreationTime"],
    }


def test_counts_are_true_and_survive_kill_9(house: Server, account: str, bus: str) -> None:
    client = house.client("events", account)
    client.create_archive(ArchiveName="some", EventSourceArn=bus, EventPattern='{"detail":{"n":[{"numeric":["<",3]}]}}')
    put(client, 1, 2, 3, 4)
    found = until(lambda: (now := client.describe_archive(ArchiveName="some"))["EventCount"] == 2 and now)
    assert 400 < found["SizeBytes"] < 800
    put(client, 1, 2, 3)
    house.kill()
    house.start()
    client = house.client("events", account)
    until(lambda: client.describe_archive(ArchiveName="some")["EventCount"] == 4)
    (listed,) = client.list_archives()["Archives"]
    assert (listed["EventCount"], listed["SizeBytes"]) == (4, 2 * found["SizeBytes"])
    assert "ArchiveArn" not in listed


def test_update_changes_what_is_given_and_leaves_the_rest(client: Any, bus: str) -> None:
    client.create_archive(ArchiveName="u", EventSourceArn=bus, Description="old", RetentionDays=3)
    client.update_archive(ArchiveName="u", EventPattern='{"source": ["x"]}', RetentionDays=0)
    found = client.describe_archive(ArchiveName="u")
    assert (found["Description"], found["EventPattern"], found["RetentionDays"]) == ("old", '{"source": ["x"]}', 0)


def test_list_comes_in_pages_and_takes_one_filter(client: Any, account: str, bus: str) -> None:
    client.create_event_bus(Name="other")
    other = bus.replace("default", "other")
    for name in ("b2", "a1", "b1"):
        client.create_archive(ArchiveName=name, EventSourceArn=other if name == "b2" else bus)

    def names(**more: Any) -> list[str]:
        return [one["ArchiveName"] for one in client.list_archives(**more)["Archives"]]

    assert names() == ["a1", "b1", "b2"]
    assert names(NamePrefix="b") == ["b1", "b2"]
    assert names(EventSourceArn=other) == ["b2"]
    assert names(State="ENABLED") == ["a1", "b1", "b2"]
    assert names(State="DISABLED") == []
    first = client.list_archives(Limit=2)
    assert names(NextToken=first["NextToken"]) == ["b2"]
    with refused("ValidationException"):
        names(NamePrefix="b", State="ENABLED")


def test_archive_shows_as_a_managed_rule_that_nobody_else_may_change(client: Any, account: str) -> None:
    bus = client.create_event_bus(Name="kept")["EventBusArn"]
    client.put_rule(Name="Own", EventBusName="kept", EventPattern='{"source": ["x"]}')
    client.create_archive(ArchiveName="a1", EventSourceArn=bus, EventPattern='{"source": ["cars"]}')
    name = "Events-Archive-a1"
    shown, own = client.list_rules(EventBusName="kept")["Rules"]
    assert (own["Name"], "ManagedBy" in own) == ("Own", False)
    assert shown == {
        "Name": name,
        "Arn": f"arn:aws:events:us-east-1:{account}:rule/kept/{name}",
        "EventPattern": '{"source":["cars"],"replay-name":[{"exists":false}]}',
        "State": "ENABLED",
        "ManagedBy": "prod.vhs.events.aws.internal",
        "EventBusName": "kept",
    }
    assert client.describe_rule(Name=name, EventBusName="kept")["ManagedBy"] == shown["ManagedBy"]
    (target,) = client.list_targets_by_rule(Rule=name, EventBusName="kept")["Targets"]
    assert target == {"Id": name, "Arn": "arn:aws:events:us-east-1:::"}
    assert client.list_rule_names_by_target(TargetArn=target["Arn"], EventBusName="kept")["RuleNames"] == [name]
    assert client.list_tags_for_resource(ResourceARN=shown["Arn"])["Tags"] == []
    on_it: list[tuple[Any, dict[str, Any]]] = [
        (client.put_rule, {"Name": name, "EventPattern": '{"source": ["x"]}'}),
        (client.disable_rule, {"Name": name}),
        (client.enable_rule, {"Name": name}),
        (client.delete_rule, {"Name": name, "Force": True}),
        (client.put_targets, {"Rule": name, "Targets": [{"Id": "1", "Arn": bus.replace("kept", "default")}]}),
        (client.remove_targets, {"Rule": name, "Ids": [name], "Force": True}),
    ]
    for call, params in on_it:
        with refused("ManagedRuleException", f"Rule {name} is managed by prod.vhs.events.aws.internal."):
            call(EventBusName="kept", **params)
    with refused("ManagedRuleException"):
        client.tag_resource(ResourceARN=shown["Arn"], Tags=[{"Key": "a", "Value": "b"}])
    client.delete_rule(Name="Own", EventBusName="kept")
    with refused("ValidationException", "Cannot delete event bus kept since it has rules."):
        client.delete_event_bus(Name="kept")
    client.update_archive(ArchiveName="a1", EventPattern='{"source": ["vans"]}')
    changed = client.describe_rule(Name=name, EventBusName="kept")["EventPattern"]
    assert changed == '{"source":["vans"],"replay-name":[{"exists":false}]}'
    client.delete_archive(ArchiveName="a1")
    assert client.list_rules(EventBusName="kept")["Rules"] == []
    client.put_rule(Name=name, EventBusName="kept", EventPattern='{"source": ["x"]}')
    with refused("ResourceAlreadyExistsException", f"Rule {name} already exists."):
        client.create_archive(ArchiveName="a1", EventSourceArn=bus)


def test_deleted_archive_is_gone(client: Any, bus: str) -> None:
    client.create_archive(ArchiveName="d", EventSourceArn=bus)
    client.delete_archive(ArchiveName="d")
    for call in (client.describe_archive, client.delete_archive):
        with refused("ResourceNotFoundException", "Archive d does not exist."):
            call(ArchiveName="d")
    with refused("ResourceNotFoundException", "Archive d does not exist."):
        client.update_archive(ArchiveName="d", Description="x")


def test_what_cannot_be_is_refused(client: Any, account: str, bus: str) -> None:
    client.create_archive(ArchiveName="r", EventSourceArn=bus)
    with refused("ResourceAlreadyExistsException", "Archive r already exists."):
        client.create_archive(ArchiveName="r", EventSourceArn=bus)
    with refused("ResourceNotFoundException", "Event bus absent does not exist."):
        client.create_archive(ArchiveName="x", EventSourceArn=bus.replace("default", "absent"))
    with refused("ValidationException"):
        client.create_archive(ArchiveName="x", EventSourceArn=f"arn:aws:events:us-east-1:{account}:rule/r")
    with refused("ValidationException"):
        client.create_archive(ArchiveName="x", EventSourceArn=bus.replace(account, "999999999999"))
    with refused("InvalidEventPatternException"):
        client.create_archive(ArchiveName="x", EventSourceArn=bus, EventPattern='{"source": "cars"}')
    with refused("InvalidEventPatternException"):
        client.update_archive(ArchiveName="r", EventPattern='{"source": "cars"}')
    with refused("ValidationException"):
        client.create_archive(ArchiveName="no spaces", EventSourceArn=bus)
    with refused("ValidationException"):
        client.create_archive(ArchiveName="x" * 49, EventSourceArn=bus)
    with refused("ValidationException"):
        client.update_archive(ArchiveName="not even there")
    with refused("ValidationException"):
        client.update_archive(ArchiveName="unknown")
