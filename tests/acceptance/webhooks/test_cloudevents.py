"""CloudEvents 1.0.2 over HTTP into a bus, by access keys and by a webhook."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.acceptance.server import Server
from tests.acceptance.webhooks.sending import SECRET, add, ask, on_bus, page

BINARY = {
    "content-type": "application/json",
    "ce-specversion": "1.0",
    "ce-id": "A234",
    "ce-source": "/mycontext/caf%C3%A9",
    "ce-type": "com.example.sold",
    "ce-time": "2018-04-05T17:31:00.123+02:00",
    "ce-subject": "lot%2042",
}
ONE = {"specversion": "1.0", "id": "1", "source": "urn:shop", "type": "sold", "data": {"price": 1}}


@pytest.fixture
def bus(server: Server, request: pytest.FixtureRequest) -> str:
    name: str = request.node.name.removeprefix("test_").replace("[", "-").rstrip("]")[:60]
    server.client("events", "123456789012").create_event_bus(Name=name)
    return name


def post(server: Server, bus: str, body: Any, headers: dict[str, str]) -> tuple[int, Any]:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    reply = ask(server.url, "POST", f"/_eventyard/cloudevents/{bus}", data, headers)
    return reply.status, reply.json


def test_binary(server: Server, bus: str) -> None:
    status, told = post(server, bus, b'{ "price": 1.0 }', BINARY)
    assert status == 200
    (event,) = on_bus(server.url, bus)
    assert event["id"] == told["events"][0]
    assert (event["source"], event["detail-type"]) == ("/mycontext/café", "com.example.sold")
    assert event["time"] == "2018-04-05T15:31:00Z"
    assert event["resources"] == ["id=A234", "subject=lot 42"]
    assert b'"detail":{ "price": 1.0 }' in page(server.url, "GET", f"events?bus={bus}").body


def test_structured(server: Server, bus: str) -> None:
    kind = {"content-type": "application/cloudevents+json; charset=utf-8"}
    text = (
        b'{"specversion":"1.0","id":"1","source":"urn:shop","type":"sold","lot":7,"sold":true,"data": {"price" : 1.10}}'
    )
    assert post(server, bus, text, kind)[0] == 200
    (event,) = on_bus(server.url, bus)
    assert event["resources"] == ["id=1", "lot=7", "sold=true"]
    assert b'"detail":{"price" : 1.10}' in page(server.url, "GET", f"events?bus={bus}").body


def test_batched_is_all_or_nothing(server: Server, bus: str) -> None:
    kind = {"content-type": "application/cloudevents-batch+json"}
    assert post(server, bus, [], kind) == (200, {"events": []})
    status, told = post(server, bus, [ONE, {**ONE, "id": "2"}], kind)
    assert (status, len(told["events"])) == (200, 2)
    assert post(server, bus, [{**ONE, "id": "3"}, {**ONE, "id": None}], kind)[0] == 400
    assert [event["resources"] for event in on_bus(server.url, bus)] == [["id=1"], ["id=2"]]


def test_the_largest_integers(server: Server, bus: str) -> None:
    kind = {"content-type": "application/cloudevents+json"}
    assert post(server, bus, ONE | {"least": -(1 << 31), "most": (1 << 31) - 1}, kind)[0] == 200
    (event,) = on_bus(server.url, bus)
    assert event["resources"] == ["id=1", "least=-2147483648", "most=2147483647"]


def test_source_and_id_are_two_things(server: Server, bus: str) -> None:
    """Both may hold any character, so what is known again is the pair and not the two in a row."""
    add(server.url, "ce-pairs", "cloudevents", bus=bus)
    pairs = [("a b", "c"), ("a", "b c"), ("1:a", "b"), ("1", ":ab"), ("a b", "c")]
    batch = json.dumps([{**ONE, "source": source, "id": id} for source, id in pairs]).encode()
    kind = {"content-type": "application/cloudevents-batch+json", "authorization": f"Bearer {SECRET}"}
    told = ask(server.url, "POST", "/webhooks/ce-pairs", batch, kind).json
    assert (told["accepted"], told["duplicates"]) == (4, 1)


def test_data_that_are_no_object(server: Server, bus: str) -> None:
    kind = {"content-type": "application/cloudevents+json"}
    for more in ({"data": [1, 2]}, {"data": "text"}, {"data": None}, {"data_base64": "AAE="}):
        event = {name: value for name, value in ONE.items() if name != "data"} | more
        assert post(server, bus, event, kind)[0] == 200
    assert post(server, bus, {name: value for name, value in ONE.items() if name != "data"}, kind)[0] == 200
    assert post(server, bus, b"a caf\xc3\xa9", {**BINARY, "content-type": "text/plain"})[0] == 200
    assert post(server, bus, b"\x00\x01", {**BINARY, "content-type": "application/octet-stream"})[0] == 200
    assert [event["detail"] for event in on_bus(server.url, bus)] == [
        {"data": [1, 2]}, {"data": "text"}, {"data": None}, {"data_base64": "AAE="}, {}, {"data": "a café"},
        {"data_base64": "AAE="},
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("more", "status", "why"),
    [
        ({"specversion": "0.3"}, 400, "1.0 is taken"),
        ({"id": ""}, 400, "no attribute id"),
        ({"type": None}, 400, "no attribute type"),
        ({"Extension": "x"}, 400, "no name of an attribute"),
        ({"nested": {"a": 1}}, 400, "neither a text"),
        ({"time": "yesterday"}, 400, "RFC 3339"),
        ({"source": "aws.s3"}, 400, "AWS's own"),
        ({"data_base64": "AA=="}, 400, "both data and data_base64"),
        *(({"data_base64": bad, "data": ...}, 400, "is not base64") for bad in ("A", "AA=", "A A=", "\u00e9", "AA==A")),
        ({"data_base64": 1, "data": ...}, 400, "is not a text"),
        ({"lot": 1 << 31}, 400, "an integer of 32 bits"),
        ({"lot": -(1 << 31) - 1}, 400, "an integer of 32 bits"),
        ({"lot": 1.5}, 400, "an integer of 32 bits"),
    ],
)
def test_what_is_no_cloud_event_is_refused(server: Server, more: dict[str, Any], status: int, why: str) -> None:
    kind = {"content-type": "application/cloudevents+json"}
    event = {name: value for name, value in {**ONE, **more}.items() if value is not ...}
    found, told = post(server, "default", event, kind)
    assert (found, why in told["message"]) == (status, True), told


def test_other_formats_and_buses_are_refused(server: Server) -> None:
    assert post(server, "default", b"<event/>", {"content-type": "application/cloudevents+xml"})[0] == 415
    assert post(server, "nowhere", ONE, {"content-type": "application/cloudevents+json"})[0] == 404
    assert post(server, "default", b"{", {"content-type": "application/cloudevents+json"})[0] == 400


def test_a_webhook_takes_them_with_a_token_and_knows_them_again(server: Server, bus: str) -> None:
    add(server.url, "ce", "cloudevents", bus=bus, options={"origins": ["eventemitter.example.com"]})
    kind = {"content-type": "application/cloudevents-batch+json"}
    batch = json.dumps([ONE, {**ONE, "id": "2"}]).encode()
    assert ask(server.url, "POST", "/webhooks/ce", batch, kind).status == 403
    assert ask(server.url, "POST", "/webhooks/ce", batch, kind | {"authorization": "Bearer other"}).status == 403
    first = ask(server.url, "POST", "/webhooks/ce", batch, kind | {"authorization": f"Bearer {SECRET}"}).json
    assert (first["accepted"], first["duplicates"]) == (2, 0)
    more = json.dumps([{**ONE, "id": "2"}, {**ONE, "id": "3"}, {**ONE, "id": "3"}]).encode()
    second = ask(server.url, "POST", f"/webhooks/ce?access_token={SECRET}", more, kind).json
    assert (second["accepted"], second["duplicates"]) == (1, 2)
    assert [event["source"] for event in on_bus(server.url, bus)] == ["urn:shop"] * 3
    origin = {"webhook-request-origin": "eventemitter.example.com", "webhook-request-rate": "120"}
    reply = ask(server.url, "OPTIONS", "/webhooks/ce", None, origin)
    assert (reply.status, reply.headers["webhook-allowed-origin"]) == (200, "eventemitter.example.com")
    assert ask(server.url, "OPTIONS", "/webhooks/ce", None, {"webhook-request-origin": "evil.example"}).status == 403


def test_what_a_destination_sends_comes_back_as_the_same_event(server: Server, bus: str) -> None:
    """Out by the writer of HTTP destinations, in by this door: source, type, time and detail are those of before."""
    from eventyard.targets.http.cloudevents import as_cloud_event

    post(server, bus, b'{"price":1}', BINARY | {"ce-source": "urn:shop"})
    (before,) = on_bus(server.url, bus)
    text = json.dumps(before).encode()
    for form in ("cloudevents-binary", "cloudevents-structured"):
        headers, body = as_cloud_event(form, text, text)  # type: ignore[arg-type]  # one of the two forms
        assert post(server, bus, bytes(body), {name.lower(): value for name, value in headers})[0] == 200
    for after in on_bus(server.url, bus)[1:]:
        for member in ("source", "detail-type", "time", "detail", "account", "region"):
            assert after[member] == before[member]
        assert f"id={before['id']}" in after["resources"]
