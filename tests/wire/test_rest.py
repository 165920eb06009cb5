"""The rest-json protocol: what botocore's own serialiser sends is read, and what is written its parser reads."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.model import ServiceModel

from eventyard.errors import InvalidRequest
from eventyard.wire.rest import Request, Template, make_answer_writer, make_request_reader, parse_query, segments_of

from .conftest import House

ROLE = "arn:aws:iam::111122223333:role/r"
GROUP = "arn:aws:scheduler:eu-west-1:111122223333:schedule-group/mine"
SCHEDULE = {
    "ScheduleExpression": "rate(1 hour)",
    "StartDate": datetime(2026, 11, 23, 10, 30, tzinfo=UTC),
    "FlexibleTimeWindow": {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 5},
    "Target": {"Arn": "arn:aws:sqs:eu-west-1:111122223333:q", "RoleArn": ROLE, "Input": "ä"},
    "ClientToken": "t",
}


@pytest.fixture
def house(running: House) -> Iterator[House]:
    running.asked.clear()
    running.result = {}
    yield running
    running.result = {}


@pytest.mark.parametrize(
    ("service", "operation", "params"),
    [
        ("scheduler", "create_schedule", {"Name": "n.1", "GroupName": "g"} | SCHEDULE),
        ("scheduler", "get_schedule", {"Name": "n", "GroupName": "g"}),
        ("scheduler", "delete_schedule", {"Name": "n", "GroupName": "g", "ClientToken": "t"}),
        ("scheduler", "list_schedules", {"GroupName": "g", "MaxResults": 7, "NextToken": "a b&c=/+"}),
        ("scheduler", "tag_resource", {"ResourceArn": GROUP, "Tags": [{"Key": "k", "Value": "ä &"}]}),
        ("scheduler", "untag_resource", {"ResourceArn": GROUP, "TagKeys": ["one", "two words", "&"]}),
        ("pipes", "start_pipe", {"Name": "p"}),
        ("pipes", "list_pipes", {"Limit": 3, "DesiredState": "RUNNING"}),
        ("schemas", "describe_schema", {"RegistryName": "r", "SchemaName": "a.b@C", "SchemaVersion": "2"}),
    ],
)
def test_members_arrive_from_wherever_they_travel(
    house: House, service: str, operation: str, params: dict[str, Any]
) -> None:
    getattr(house.client(service), operation)(**params)
    caller, asked = house.asked[0]
    assert asked == params
    assert (caller.account, caller.region) == ("111122223333", "eu-west-1")


def test_signature_tells_services_with_the_same_paths_apart(house: House) -> None:
    arn = "arn:aws:schemas:eu-west-1:111122223333:registry/r"
    house.client("schemas").untag_resource(ResourceArn=arn, TagKeys=["a"])
    assert house.asked[0][1] == {"ResourceArn": arn, "TagKeys": ["a"]}


def test_request_without_a_signature_is_found_by_its_path(house: House) -> None:
    status, headers, body = house.send(b"", method="GET", path="/v1/pipes?Limit=2")
    assert (status, headers["content-type"], body) == (200, "application/json", b"{}")
    assert house.asked[0][1] == {"Limit": 2}


def test_results_are_read_by_the_client(house: House) -> None:
    moment = datetime(2026, 11, 23, 10, 30, 1, tzinfo=UTC)
    house.result = {"Name": "n", "CreationDate": moment, "Description": None, "Target": SCHEDULE["Target"]}
    answer = house.client("scheduler").get_schedule(Name="n")
    assert (answer["Name"], answer["CreationDate"]) == ("n", moment)
    assert answer["Target"] == SCHEDULE["Target"]
    assert "Description" not in answer
    house.result = {"LastModified": moment, "SchemaName": "s", "Tags": {"a": "b"}}
    answer = house.client("schemas").describe_schema(RegistryName="r", SchemaName="s")
    assert (answer["LastModified"], answer["Tags"]) == (moment, {"a": "b"})


def test_payload_is_the_body_as_it_is(house: House) -> None:
    house.result = {"Body": b"\0zip"}
    answer = house.client("schemas").get_code_binding_source(RegistryName="r", SchemaName="s", Language="Python36")
    assert answer["Body"].read() == b"\0zip"


@pytest.mark.parametrize(
    ("service", "operation", "params", "status", "code"),
    [
        ("schemas", "describe_registry", {"RegistryName": "r"}, 404, "NotFoundException"),
        ("scheduler", "get_schedule_group", {"Name": "g"}, 409, "ResourceAlreadyExistsException"),
        ("scheduler", "list_schedule_groups", {}, 400, "UnsupportedOperationException"),
        ("scheduler", "get_schedule", {"Name": "no!"}, 400, "ValidationException"),
        ("scheduler", "list_schedules", {"MaxResults": 101}, 400, "ValidationException"),
        ("scheduler", "create_schedule", {"Name": "n"}, 400, "ValidationException"),
        ("pipes", "describe_pipe", {"Name": "p"}, 500, "InternalFailure"),
    ],
)
def test_refusals_have_status_code_and_words(
    house: House, service: str, operation: str, params: dict[str, Any], status: int, code: str
) -> None:
    with pytest.raises(ClientError) as caught:
        getattr(house.client(service), operation)(**params)
    answer = caught.value.response
    assert (answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Code"]) == (status, code)
    assert answer["Error"]["Message"]


def test_refusal_is_spelt_by_the_shape_of_the_model(house: House) -> None:
    status, headers, body = house.send(b"", method="GET", path="/v1/registries/name/r")
    assert (status, headers["x-amzn-errortype"]) == (404, "NotFoundException")
    assert json.loads(body) == {"Code": "NotFoundException", "Message": "Registry with name r not found."}


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("GET", "/schedules?MaxResults=x", b"", 400, "SerializationException"),
        ("POST", "/schedules/n", b"{", 400, "SerializationException"),
        ("POST", "/schedules/n", b'{"Target":1}', 400, "SerializationException"),
        ("GET", "/schedules/%FF", b"", 400, "ValidationException"),
        ("PATCH", "/schedules/n", b"", 404, "UnknownOperationException"),
        ("GET", "/nowhere", b"", 404, "UnknownOperationException"),
    ],
)
def test_broken_requests_are_refused(house: House, method: str, path: str, body: bytes, status: int, code: str) -> None:
    signed = {"Authorization": "AWS4-HMAC-SHA256 Credential=AK/20261123/eu-west-1/scheduler/aws4_request, Signature=0"}
    got, headers, _ = house.send(body, signed, method, path)
    assert (got, headers["x-amzn-errortype"]) == (status, code)


@pytest.mark.parametrize(
    ("uri", "path", "labels"),
    [
        ("/a/{B}", b"/a/x%2Fy", {"B": "x/y"}),
        ("/a/{B}", b"/a/x/", {"B": "x"}),
        ("/a/{B}", b"/a/x/y", None),
        ("/a/{B}", b"/a/", None),
        ("/a/{B+}", b"/a/x/y%20z", {"B": "x/y z"}),
        ("/a/{B+}/c", b"/a/x/y/c", {"B": "x/y"}),
        ("/a?op=1", b"/a?op=1", {}),
        ("/a?op=1", b"/a?op=2", None),
    ],
)
def test_templates(uri: str, path: bytes, labels: dict[str, str] | None) -> None:
    assert Template.of(uri).match(segments_of(path), parse_query(path.partition(b"?")[2])) == labels


def _shape(members: dict[str, Any], payload: str | None = None) -> Any:
    shapes: dict[str, Any] = {
        "S": {"type": "string"}, "I": {"type": "integer"}, "T": {"type": "timestamp"}, "B": {"type": "boolean"},
        "F": {"type": "double"}, "L": {"type": "list", "member": {"shape": "I"}},
        "M": {"type": "map", "key": {"shape": "S"}, "value": {"shape": "S"}},
        "In": {"type": "structure", "members": members} | ({"payload": payload} if payload else {}),
    }  # fmt: skip
    return ServiceModel({"metadata": {}, "operations": {}, "shapes": shapes}).shape_for("In")


def _at(location: str, name: str, shape: str = "S") -> dict[str, str]:
    return {"shape": shape, "location": location, "locationName": name}


def test_headers_and_maps_are_read() -> None:
    members = {
        "Int": _at("header", "X-Int", "I"),
        "When": _at("header", "X-When", "T"),
        "Flag": _at("header", "X-Flag", "B"),
        "Some": _at("header", "X-Some", "L"),
        "Meta": _at("headers", "x-meta-", "M"),
        "Ratio": _at("querystring", "ratio", "F"),
        "Rest": _at("querystring", "", "M"),
        "Text": {"shape": "S"},
    }
    headers = {
        b"x-int": b"5", b"x-when": b"Mon, 23 Nov 2026 10:30:00 GMT", b"x-flag": b"true", b"x-some": b"1, 2",
        b"x-meta-a": b"b",
    }  # fmt: skip
    read = make_request_reader(_shape(members, "Text"))
    assert read(Request({}, [("ratio", "0.5"), ("a", "b")], headers, b"plain")) == {
        "Int": 5, "When": datetime(2026, 11, 23, 10, 30, tzinfo=UTC), "Flag": True, "Some": [1, 2],
        "Meta": {"a": "b"}, "Ratio": 0.5, "Rest": {"a": "b"}, "Text": "plain",
    }  # fmt: skip
    with pytest.raises(InvalidRequest, match="can not be converted to a Boolean"):
        read(Request({}, [], {b"x-flag": b"maybe"}, b""))


def test_headers_and_status_are_written() -> None:
    members = {
        "Status": {"shape": "I", "location": "statusCode"},
        "When": _at("header", "X-When", "T"),
        "Flag": _at("header", "X-Flag", "B"),
        "Meta": _at("headers", "x-meta-", "M"),
        "Text": {"shape": "S"},
    }
    write = make_answer_writer(_shape(members), 200)
    result = {"Status": 202, "When": 1795429800, "Flag": False, "Meta": {"a": "b"}, "Text": "t"}
    answer = write(result)
    assert (answer.status, answer.body) == (202, b'{"Text":"t"}')
    assert dict(answer.headers) == {
        b"x-when": b"Mon, 23 Nov 2026 10:30:00 GMT", b"x-flag": b"false", b"x-meta-a": b"b"
    }  # fmt: skip
    with pytest.raises(ValueError, match="line break"):
        write({"Meta": {"a": "b\r\nc: d"}})
