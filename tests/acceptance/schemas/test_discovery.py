"""Discovery on a whole server: what is published is described, in order of its evidence, and over kill -9."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.refusal import refused
from tests.acceptance.server import Server
from tests.acceptance.waiting import until

NAME = "uk.co.cazoo@PurchaseApproved"


class Yard:
    """Two clients, and a bus with a discoverer."""

    def __init__(self, connect: Callable[[str], Any], account: str, **params: Any) -> None:
        self.events, self.schemas = connect("events"), connect("schemas")
        self.account = account
        self.bus = self.events.create_event_bus(Name="cars")["EventBusArn"]
        self.discoverer = self.schemas.create_discoverer(SourceArn=self.bus, **params)["DiscovererId"]

    def put(self, *details: Any, detail_type: str = "Purchase Approved") -> None:
        entries = [
            {
                "EventBusName": "cars",
                "Source": "uk.co.cazoo",
                "DetailType": detail_type,
                "Detail": json.dumps(detail),
            }
            for detail in details
        ]
        for start in range(0, len(entries), 10):
            assert self.events.put_events(Entries=entries[start : start + 10])["FailedEntryCount"] == 0

    def versions(self, name: str = NAME) -> int:
        found = self.schemas.list_schemas(RegistryName="discovered-schemas", SchemaNamePrefix=name)["Schemas"]
        return found[0]["VersionCount"] if found else 0

    def detail(self, name: str = NAME) -> dict[str, Any]:
        return self.components(name)[name.partition("@")[2]]

    def components(self, name: str = NAME) -> dict[str, Any]:
        content = self.schemas.describe_schema(RegistryName="discovered-schemas", SchemaName=name)["Content"]
        return json.loads(content)["components"]["schemas"]


@pytest.fixture
def yard(connect: Callable[[str], Any], account: str) -> Yard:
    return Yard(connect, account)


def test_a_discoverer_is_created_changed_stopped_started_and_deleted(yard: Yard) -> None:
    client, id = yard.schemas, yard.discoverer
    assert id == "events-event-bus-cars"
    found = client.describe_discoverer(DiscovererId=id)
    assert found["DiscovererArn"] == f"arn:aws:schemas:us-east-1:{yard.account}:discoverer/{id}"
    assert (found["SourceArn"], found["State"], found["CrossAccount"]) == (yard.bus, "STARTED", True)
    changed = client.update_discoverer(DiscovererId=id, Description="cars", CrossAccount=False)
    assert (changed["Description"], changed["CrossAccount"]) == ("cars", False)
    with refused("ConflictException", f"Discoverer with id {id} already exists."):
        client.create_discoverer(SourceArn=yard.bus)
    for prefix in ({"DiscovererIdPrefix": "events-event-bus-c"}, {"SourceArnPrefix": "arn:aws:events"}):
        assert [each["DiscovererId"] for each in client.list_discoverers(**prefix)["Discoverers"]] == [id]
    assert client.list_discoverers(DiscovererIdPrefix="other")["Discoverers"] == []
    assert client.stop_discoverer(DiscovererId=id)["State"] == "STOPPED"
    assert client.start_discoverer(DiscovererId=id)["State"] == "STARTED"
    client.delete_discoverer(DiscovererId=id)
    with refused("NotFoundException", f"Discoverer with id {id} does not exist."):
        client.describe_discoverer(DiscovererId=id)


def test_a_discoverer_needs_a_bus_of_its_own_account(yard: Yard) -> None:
    for source in (
        f"arn:aws:events:us-east-1:{yard.account}:event-bus/none",
        "arn:aws:events:us-east-1:999999999999:event-bus/default",
        f"arn:aws:sqs:us-east-1:{yard.account}:queue",
    ):
        with refused("BadRequestException"):
            yard.schemas.create_discoverer(SourceArn=source)


def test_an_event_becomes_a_schema_as_aws_writes_it(yard: Yard) -> None:
    yard.put({
        "amount": 27250, "approved_at": "2026-11-01T09:00:00Z", "note": None,
        "buyer": {"email": "a@example.com"}, "lines": [{"sku": "x", "price": 1.5}],
    })  # fmt: skip
    assert until(lambda: yard.versions() == 1)
    components = yard.components()
    event = components["AWSEvent"]
    assert event["x-amazon-events-source"] == "uk.co.cazoo"
    assert event["x-amazon-events-detail-type"] == "Purchase Approved"
    assert event["properties"]["detail"] == {"$ref": "#/components/schemas/PurchaseApproved"}
    assert components["PurchaseApproved"] == {
        "type": "object",
        "required": ["amount", "approved_at", "buyer", "lines", "note"],
        "properties": {
            "amount": {"type": "integer", "format": "int64"},
            "approved_at": {"type": "string", "format": "date-time"},
            "buyer": {"$ref": "#/components/schemas/Buyer"},
            "lines": {"type": "array", "items": {"$ref": "#/components/schemas/LinesItem"}},
            "note": {},
        },
    }
    assert components["Buyer"]["properties"] == {"email": {"type": "string", "format": "email"}}
    exported = yard.schemas.export_schema(RegistryName="discovered-schemas", SchemaName=NAME, Type="JSONSchemaDraft4")
    assert json.loads(exported["Content"])["definitions"]["LinesItem"]["required"] == ["price", "sku"]


def test_only_another_structure_is_another_version(yard: Yard) -> None:
    yard.put(*({"amount": number, "buyer": {"name": f"n{number}"}} for number in range(50)))
    assert until(lambda: yard.versions() == 1)
    yard.put({"amount": 1, "buyer": {"name": "n"}, "vip": True})
    assert until(lambda: yard.versions() == 2)
    assert yard.detail()["required"] == ["amount", "buyer"]
    yard.put({"amount": 1.5, "buyer": {"name": None}})
    assert until(lambda: yard.versions() == 3)
    yard.put(*({"amount": number, "buyer": {"name": "x"}} for number in range(20)))
    yard.put({}, detail_type="Done")
    assert until(lambda: yard.versions("uk.co.cazoo@Done") == 1)
    assert yard.versions() == 3
    assert yard.detail()["properties"]["amount"] == {"type": "number"}


def test_an_enum_is_there_with_the_evidence_and_gone_when_it_is_refuted(yard: Yard) -> None:
    yard.put(*({"status": ("OPEN", "CLOSED")[number % 2]} for number in range(120)))
    assert until(
        lambda: yard.detail()["properties"]["status"].get("enum") == ["CLOSED", "OPEN"] if yard.versions() else False
    )
    before = yard.versions()
    yard.put({"status": "LOST"})
    assert until(lambda: yard.versions() == before + 1)
    assert yard.detail()["properties"]["status"] == {"type": "string"}
    yard.put({"status": "STOLEN"}, {"status": "FOUND"})
    yard.put({}, detail_type="Done")
    assert until(lambda: yard.versions("uk.co.cazoo@Done") == 1)
    assert yard.versions() == before + 1


def test_a_stopped_discoverer_learns_nothing(yard: Yard) -> None:
    yard.schemas.stop_discoverer(DiscovererId=yard.discoverer)
    yard.put({"a": 1})
    yard.schemas.start_discoverer(DiscovererId=yard.discoverer)
    yard.put({"a": 1}, detail_type="Later")
    assert until(lambda: yard.versions("uk.co.cazoo@Later") == 1)
    assert yard.versions() == 0


def test_a_schema_that_was_deleted_is_discovered_anew(yard: Yard) -> None:
    yard.put({"a": 1})
    assert until(lambda: yard.versions() == 1)
    yard.schemas.delete_schema(RegistryName="discovered-schemas", SchemaName=NAME)
    yard.put({"b": 1})
    assert until(lambda: yard.versions() == 1)
    assert yard.detail()["required"] == ["b"]


def test_a_new_version_is_an_event_on_the_default_bus(yard: Yard, connect: Callable[[str], Any]) -> None:
    sqs = connect("sqs")
    url = sqs.create_queue(QueueName="told")["QueueUrl"]
    yard.events.put_rule(Name="told", EventPattern='{"source": ["aws.schemas"]}')
    yard.events.put_targets(Rule="told", Targets=[{"Id": "q", "Arn": f"arn:aws:sqs:us-east-1:{yard.account}:told"}])
    yard.put({"a": 1})
    found: list[dict[str, Any]] = []

    def more() -> bool:
        for message in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", ()):
            found.append(json.loads(message["Body"]))
        return len(found) == 2

    assert until(more)
    assert {each["detail-type"] for each in found} == {"Schema Created", "Schema Version Created"}
    detail = found[0]["detail"]
    assert (detail["SchemaName"], detail["RegistryName"], detail["Version"]) == (NAME, "discovered-schemas", 1)


@pytest.mark.parametrize(("cross", "versions"), [(False, 0), (True, 1)])
def test_events_of_other_accounts_are_learned_from_unless_told_otherwise(
    connect: Callable[[str], Any], account: str, server: Server, cross: bool, versions: int
) -> None:
    other = server.client("events", "777777777777")
    yard = Yard(connect, account, CrossAccount=cross)
    yard.events.put_permission(
        EventBusName="cars", Action="events:PutEvents", Principal="777777777777", StatementId="other"
    )
    entry = {"EventBusName": yard.bus, "Source": "uk.co.cazoo", "DetailType": "Purchase Approved", "Detail": "{}"}
    assert other.put_events(Entries=[entry])["FailedEntryCount"] == 0
    yard.put({}, detail_type="Done")
    assert until(lambda: yard.versions("uk.co.cazoo@Done") == 1)
    assert yard.versions() == versions


def test_what_was_discovered_goes_on_after_kill_9(tmp_path: Path) -> None:
    server = Server(tmp_path)
    try:
        yard = Yard(lambda service: server.client(service, "000000000001"), "000000000001")
        yard.put({"a": 1, "b": 2})
        assert until(lambda: yard.versions() == 1)
        server.kill()
        server.start()
        yard.events, yard.schemas = server.client("events", "000000000001"), server.client("schemas", "000000000001")
        assert yard.detail()["required"] == ["a", "b"]
        yard.put({"a": 1})
        assert until(lambda: yard.versions() == 2)
        assert yard.detail()["required"] == ["a"]
        assert sorted(yard.detail()["properties"]) == ["a", "b"]
    finally:
        server.stop()


@pytest.mark.parametrize("kind", ["OpenApi3", "JSONSchemaDraft4"])
def test_a_schema_is_inferred_from_events_at_hand(yard: Yard, kind: str) -> None:
    event = {
        "version": "0", "id": "1", "detail-type": "Purchase Approved", "source": "uk.co.cazoo", "account": "1",
        "time": "2026-11-01T00:00:00Z", "region": "us-east-1", "resources": [], "detail": {"amount": 1},
    }  # fmt: skip
    events = [json.dumps(event), json.dumps({**event, "detail": {"amount": 2.5, "vip": True}})]
    schema = json.loads(yard.schemas.get_discovered_schema(Type=kind, Events=events)["Content"])
    if kind == "OpenApi3":
        schema = {**schema["components"]["schemas"]["AWSEvent"], "definitions": schema["components"]["schemas"]}
    assert schema["x-amazon-events-source"] == "uk.co.cazoo"
    detail = schema["definitions"]["PurchaseApproved"]
    assert detail["required"] == ["amount"]
    assert detail["properties"] == {"amount": {"type": "number"}, "vip": {"type": "boolean"}}


def test_what_is_no_event_is_described_as_it_is(yard: Yard) -> None:
    content = yard.schemas.get_discovered_schema(Type="OpenApi3", Events=['{"a": {"b": 1}}'])["Content"]
    assert json.loads(content)["components"]["schemas"]["Event"]["required"] == ["a"]
    drafted = yard.schemas.get_discovered_schema(Type="JSONSchemaDraft4", Events=['{"a": {"b": 1}}'])["Content"]
    assert json.loads(drafted)["required"] == ["a"]
    for events in (["nonsense"], ["[]"], ['{"source": "a"}', '{"source": "b"}'], ["{}"] * 11):
        with refused("BadRequestException"):
            yard.schemas.get_discovered_schema(Type="OpenApi3", Events=events)
