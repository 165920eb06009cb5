"""Global endpoints through boto3: made, changed and listed, and what events published by their id become."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.events.conftest import REGION, Yard
from tests.acceptance.events.yards import Process
from tests.acceptance.refusal import refused

OTHER = "us-west-2"
HEALTH = "arn:aws:route53:::healthcheck/3f8e-1"


def bus(account: str, region: str = REGION, name: str = "shop") -> str:
    return f"arn:aws:events:{region}:{account}:event-bus/{name}"


def asked(account: str, **more: Any) -> dict[str, Any]:
    return {
        "Name": "global",
        "RoutingConfig": {"FailoverConfig": {"Primary": {"HealthCheck": HEALTH}, "Secondary": {"Route": OTHER}}},
        "EventBuses": [{"EventBusArn": bus(account)}, {"EventBusArn": bus(account, OTHER)}],
        "RoleArn": f"arn:aws:iam::{account}:role/replicate",
    } | more


@pytest.fixture
def events(connect: Callable[..., Any], account: str) -> Any:
    """A client whose account has the bus "shop" in both regions."""
    for region in (REGION, OTHER):
        connect(account, region=region).create_event_bus(Name="shop")
    return connect(account, signature_version="v4")  # boto3 would need the CRT for Signature Version 4A


def put(events: Any, endpoint: str, name: str | None = "shop", **more: Any) -> dict[str, Any]:
    entry = {"Source": "shop", "DetailType": "made", "Detail": "{}"} | ({} if name is None else {"EventBusName": name})
    (result,) = events.put_events(Entries=[entry | more], EndpointId=endpoint)["Entries"]
    found: dict[str, Any] = result
    return found


def published(yard: Yard, account: str) -> dict[str, dict[str, Any]]:
    return {name: json.loads(event.body) for name, event in yard.published if f":{account}:" in name}


def test_endpoint_is_described_as_it_was_made(events: Any, account: str) -> None:
    made = events.create_endpoint(**asked(account, Description="both"))
    assert made["Arn"] == f"arn:aws:events:{REGION}:{account}:endpoint/global"
    assert made["State"] == "ACTIVE"
    assert made["ReplicationConfig"] == {"State": "ENABLED"}
    found = events.describe_endpoint(Name="global")
    for name, value in asked(account, Description="both").items():
        assert found[name] == value
    assert found["EndpointUrl"] == f"https://{found['EndpointId']}.endpoint.events.amazonaws.com"
    assert found["CreationTime"] == found["LastModifiedTime"]


def test_only_what_is_given_is_changed(events: Any, account: str) -> None:
    events.create_endpoint(**asked(account, Description="both"))
    before = events.describe_endpoint(Name="global")
    changed = events.update_endpoint(Name="global", ReplicationConfig={"State": "DISABLED"})
    assert changed["ReplicationConfig"] == {"State": "DISABLED"}
    assert changed["EndpointId"] == before["EndpointId"]
    after = events.describe_endpoint(Name="global")
    for name in ("Description", "RoutingConfig", "EventBuses", "RoleArn", "EndpointId", "CreationTime"):
        assert after[name] == before[name]
    assert "Description" not in events.update_endpoint(Name="global", Description="")
    assert "Description" not in events.describe_endpoint(Name="global")


@pytest.mark.parametrize(
    "change",
    [
        {"RoleArn": None},
        {"RoutingConfig": {"FailoverConfig": {"Primary": {"HealthCheck": HEALTH}, "Secondary": {"Route": REGION}}}},
        {"EventBuses": [(REGION, "shop"), (OTHER, "other")]},
        {"EventBuses": [(REGION, "shop"), (REGION, "shop")]},
        {"EventBuses": [(OTHER, "shop"), ("us-east-1", "shop")]},
    ],
)
def test_endpoints_that_can_not_work_are_refused(events: Any, account: str, change: dict[str, Any]) -> None:
    params = asked(account, **change)
    if "EventBuses" in change:
        params["EventBuses"] = [{"EventBusArn": bus(account, *place)} for place in change["EventBuses"]]
    if params["RoleArn"] is None:
        del params["RoleArn"]
    with refused("ValidationException"):
        events.create_endpoint(**params)
    assert events.list_endpoints()["Endpoints"] == []


def test_buses_must_be_there_and_the_callers_own(events: Any, account: str) -> None:
    with refused("ResourceNotFoundException", "Event bus gone does not exist."):
        events.create_endpoint(
            **asked(account, EventBuses=[{"EventBusArn": bus(account, region, "gone")} for region in (REGION, OTHER)])
        )
    with refused("ValidationException"):
        events.create_endpoint(
            **asked(account, EventBuses=[{"EventBusArn": bus("111122223333", r, "default")} for r in (REGION, OTHER)])
        )
    events.create_endpoint(**asked(account))
    with refused("ResourceAlreadyExistsException", "Endpoint global already exists."):
        events.create_endpoint(**asked(account))


def test_listing_goes_page_by_page_and_by_region(events: Any, connect: Callable[..., Any], account: str) -> None:
    for name in ("b", "a", "c", "x"):
        events.create_endpoint(**asked(account, Name=name))
    first = events.list_endpoints(MaxResults=3)
    rest = events.list_endpoints(MaxResults=3, NextToken=first["NextToken"])
    assert [each["Name"] for each in first["Endpoints"] + rest["Endpoints"]] == ["a", "b", "c", "x"]
    assert "NextToken" not in rest
    assert [each["Name"] for each in events.list_endpoints(NamePrefix="x")["Endpoints"]] == ["x"]
    abroad = connect(account, region=OTHER)
    assert abroad.list_endpoints()["Endpoints"] == []
    assert len(abroad.list_endpoints(HomeRegion=REGION)["Endpoints"]) == 4
    assert abroad.describe_endpoint(Name="a", HomeRegion=REGION)["Name"] == "a"


def test_deleted_endpoint_is_gone(events: Any, account: str) -> None:
    events.create_endpoint(**asked(account))
    endpoint = events.describe_endpoint(Name="global")["EndpointId"]
    events.delete_endpoint(Name="global")
    for operation in (events.describe_endpoint, events.delete_endpoint, events.update_endpoint):
        with refused("ResourceNotFoundException", "Endpoint global does not exist."):
            operation(Name="global")
    with refused("ResourceNotFoundException", f"Endpoint {endpoint} does not exist."):
        put(events, endpoint)


def test_replicated_events_are_on_both_buses(events: Any, yard: Yard, account: str) -> None:
    events.create_endpoint(**asked(account))
    endpoint = events.describe_endpoint(Name="global")["EndpointId"]
    result = put(events, endpoint, bus(account, OTHER))
    found = published(yard, account)
    original, copy = found[bus(account)], found[bus(account, OTHER)]
    assert original["id"] == result["EventId"] != copy["id"]
    assert original | {"id": ""} == copy | {"id": ""}
    assert original["region"] == REGION


def test_without_replication_events_are_on_the_primary_bus_alone(events: Any, yard: Yard, account: str) -> None:
    events.create_endpoint(**asked(account, ReplicationConfig={"State": "DISABLED"}))
    put(events, events.describe_endpoint(Name="global")["EndpointId"])
    assert list(published(yard, account)) == [bus(account)]


def test_events_are_refused_on_buses_and_by_accounts_the_endpoint_is_not_for(
    events: Any, connect: Callable[..., Any], yard: Yard, account: str
) -> None:
    events.create_endpoint(**asked(account))
    endpoint = events.describe_endpoint(Name="global")["EndpointId"]
    assert put(events, endpoint, None)["ErrorCode"] == "InvalidArgument"
    with refused("ResourceNotFoundException"):
        put(connect("111122223333", signature_version="v4"), endpoint)
    assert published(yard, account) == {}


def test_a_full_secondary_bus_fails_the_entry(events: Any, yard: Yard, account: str) -> None:
    events.create_endpoint(**asked(account))
    yard.full.add(bus(account, OTHER))
    result = put(events, events.describe_endpoint(Name="global")["EndpointId"])
    assert result["ErrorCode"] == "ThrottlingException"


def test_requests_signed_for_all_regions_are_understood(events: Any, yard: Yard, account: str) -> None:
    """What SDKs send to a global endpoint: Signature Version 4A, whose scope has no region."""
    events.create_endpoint(**asked(account))
    headers = {
        "X-Amz-Target": "AWSEvents.PutEvents",
        "Content-Type": "application/x-amz-json-1.1",
        "Authorization": f"AWS4-ECDSA-P256-SHA256 Credential={account}/20261124/events/aws4_request, "
        "SignedHeaders=host, Signature=0",
    }
    entry = {"Source": "shop", "DetailType": "made", "Detail": "{}", "EventBusName": "shop"}
    endpoint = events.describe_endpoint(Name="global")["EndpointId"]
    body = json.dumps({"Entries": [entry], "EndpointId": endpoint}).encode()
    with urllib.request.urlopen(urllib.request.Request(yard.url, body, headers)) as answer:
        assert json.loads(answer.read())["FailedEntryCount"] == 0
    assert set(published(yard, account)) == {bus(account), bus(account, OTHER)}


def test_endpoints_and_partners_sources_survive_kill_9(tmp_path: Path) -> None:
    process = Process(tmp_path / "data")
    account, name = process.yard().account, "aws.partner/parts.example/orders/1"
    for region in (REGION, OTHER):
        process.client("events", account, region).create_event_bus(Name="shop")
    process.client("events", account).create_endpoint(**asked(account))
    process.client("events", "111122223333").create_partner_event_source(Name=name, Account=account)
    process.client("events", account).create_event_bus(Name=name, EventSourceName=name)
    before = process.client("events", account).describe_endpoint(Name="global")
    process.kill()
    process.start()
    events, partner = process.client("events", account), process.client("events", "111122223333")
    after = events.describe_endpoint(Name="global")
    assert {**after, "ResponseMetadata": None} == {**before, "ResponseMetadata": None}
    assert events.describe_event_source(Name=name)["State"] == "ACTIVE"
    entry = {"Source": name, "DetailType": "made", "Detail": "{}"}
    assert partner.put_partner_events(Entries=[entry])["FailedEntryCount"] == 0
    assert process.stop() == 0
