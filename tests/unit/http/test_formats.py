"""CloudEvents and signatures, byte by byte."""

from __future__ import annotations

import json

import pytest

from eventyard.errors import InvalidRequest
from eventyard.event import envelope
from eventyard.targets.http.cloudevents import as_cloud_event
from eventyard.targets.http.parameters import Parameters
from eventyard.targets.http.webhooks import signature, signs

EVENT = envelope(
    id="0198e0aa-0000-7000-8000-000000000000",
    detail_type="Lot 100% sélected",
    source="uk.co.cars buying",
    account="123456789012",
    time="2026-11-24T03:00:00Z",
    region="us-east-1",
    resources=(),
    detail=b'{"n":  1.0}',
)


def test_signature_is_that_of_the_specifications_example() -> None:
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    headers = dict(signature(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330_000, b'{"test": 2432232314}'))
    assert headers == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def test_with_two_secrets_there_are_two_signatures() -> None:
    one, two = "whsec_AAAA", "whsec_BBBB"
    both = dict(signature(f"{one} {two}", "id", 0, b"x"))["webhook-signature"].split(" ")
    assert both == [dict(signature(secret, "id", 0, b"x"))["webhook-signature"] for secret in (one, two)]


def test_only_a_secret_signs_and_a_bad_one_is_refused() -> None:
    assert signs("Webhook-Signature", "whsec_AAAA")
    assert not signs("webhook-signature", "v1,else")
    assert not signs("X-Key", "whsec_AAAA")
    with pytest.raises(InvalidRequest, match="must be whsec_ and base64"):
        signature("whsec_!", "id", 0, b"x")


def test_binary_mode_has_attributes_in_headers_and_the_detail_as_it_was_published() -> None:
    headers, body = as_cloud_event("cloudevents-binary", EVENT, EVENT)
    assert body == b'{"n":  1.0}'
    assert dict(headers) == {
        "Content-Type": "application/json",
        "ce-specversion": "1.0",
        "ce-id": "0198e0aa-0000-7000-8000-000000000000",
        "ce-source": "uk.co.cars%2520buying",
        "ce-type": "Lot%20100%25%20s%C3%A9lected",
        "ce-time": "2026-11-24T03:00:00Z",
        "ce-awsaccount": "123456789012",
        "ce-awsregion": "us-east-1",
    }


def test_structured_mode_is_one_object_with_what_a_transformer_made_as_data() -> None:
    headers, body = as_cloud_event("cloudevents-structured", b'"made"', EVENT)
    assert dict(headers) == {"Content-Type": "application/cloudevents+json; charset=utf-8"}
    found = json.loads(body)
    assert found["data"] == "made"
    assert (found["type"], found["source"]) == ("Lot 100% sélected", "uk.co.cars%20buying")
    assert (found["specversion"], found["datacontenttype"]) == ("1.0", "application/json")


def test_options_are_taken_from_the_headers_and_not_sent() -> None:
    given = {"Eventyard-Format": "cloudevents-binary", "eventyard-timeout": "30", "X-Own": "$.detail.n"}
    found = Parameters.compile({"HeaderParameters": given})
    assert (found.form, found.seconds) == ("cloudevents-binary", 30.0)
    assert [name for name, _ in found.headers] == ["X-Own"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Eventyard-Format", "xml"),
        ("Eventyard-Timeout", "0"),
        ("Eventyard-Timeout", "61"),
        ("Eventyard-Timeout", "$.detail.n"),
    ],
)
def test_options_that_can_not_be_are_refused(name: str, value: str) -> None:
    with pytest.raises(InvalidRequest, match=f"{name.lower()} must be"):
        Parameters.compile({"HeaderParameters": {name: value}})
