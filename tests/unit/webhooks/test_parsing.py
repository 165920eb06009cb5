"""Properties of what reads signatures, times and bodies: anything may stand there."""

from __future__ import annotations

import contextlib
import json

from hypothesis import example, given, settings
from hypothesis import strategies as st

from eventyard.detail import parse_object
from eventyard.errors import InvalidRequest
from eventyard.provider import Arrival, Refused, Request
from eventyard.providers import BUILT_IN
from eventyard.providers.body import fields_in, form_object, object_in
from eventyard.providers.cloudevents import read
from eventyard.providers.signature import check_time, decoded, encoded, hash_key
from eventyard.providers.stripe import Stripe, parse

LATIN = st.text(st.characters(max_codepoint=0xFF), max_size=200)
OPTIONS = {
    "hmac": {"header": "x-signature", "timestamp_header": "x-time", "id": "body:id"},
    "mtls": {"header": "x-client", "proxies": ["127.0.0.1"]},
    "token": {"in": "basic"},
}
NAMES = [
    "content-type", "stripe-signature", "x-hub-signature-256", "x-github-event", "x-github-delivery", "authorization",
    "x-shopify-hmac-sha256", "x-shopify-topic", "x-slack-signature", "x-slack-request-timestamp", "x-twilio-signature",
    "webhook-id", "webhook-timestamp", "webhook-signature", "x-gitlab-token", "x-signature", "x-time", "x-client",
    "ce-id", "ce-type", "ce-source", "ce-specversion", "ce-time",
]  # fmt: skip
MEMBERS = ["id", "source", "type", "specversion", "time", "subject", "data", "data_base64", "a-b"]
HEADERS = st.lists(st.tuples(st.sampled_from(NAMES), LATIN), max_size=12)


@given(
    name=st.sampled_from(sorted(BUILT_IN)),
    headers=HEADERS,
    body=st.binary(max_size=200),
    url=st.one_of(LATIN, LATIN.map(lambda text: f"https://a/webhooks/w?{text}")),
    peer=st.sampled_from(["", "127.0.0.1", "::ffff:127.0.0.1", "nobody"]),
)
@settings(max_examples=300, deadline=None)
def test_whatever_arrives_is_refused_and_raises_nothing_else(
    name: str, headers: list[tuple[str, str]], body: bytes, url: str, peer: str
) -> None:
    provider = BUILT_IN[name](OPTIONS.get(name, {}), 300_000)
    request = Request(url=url, headers=tuple(headers), body=body, peer=peer)
    try:
        provider.verify(request, ["whsec_" + "A" * 43 + "=", "a secret nobody knows"], 1_700_000_000_000)
    except Refused:
        return
    raise AssertionError("nobody who does not know the secret is let in")


@given(LATIN)
@example("t=1,v1=00,v1=")
def test_a_stripe_header_is_read_or_refused(text: str) -> None:
    try:
        time, signatures = parse(text)
    except Refused:
        return
    assert time.isascii()
    assert signatures


@given(st.integers(1, 10**10), st.lists(st.binary(min_size=1, max_size=40), min_size=1, max_size=5), st.text("v01=ab"))
def test_a_stripe_header_is_read_as_it_was_written(time: int, signatures: list[bytes], other: str) -> None:
    items = [f"t={time}", *(f"v1={each.hex()}" for each in signatures), f"v0={other}"]
    assert parse(",".join(items)) == (str(time), signatures)


@given(st.binary(max_size=300), st.integers(0, 2_000_000_000), st.integers(-299, 299))
def test_what_stripe_signs_is_taken_within_the_tolerance(noise: bytes, at: int, away: int) -> None:
    body = json.dumps({"id": "evt_1", "type": "a.b", "noise": noise.hex()}).encode()
    stripe, now = Stripe({}, 300_000), (at + 300) * 1000
    request = stripe.sign(Request(headers=(("content-type", "application/json"),), body=body), "a secret of it", now)
    found = stripe.verify(request, ["a secret of it"], now + away * 1000)
    assert isinstance(found, list)
    assert found[0].payload == body


@given(st.binary(max_size=64), st.sampled_from(["hex", "base64"]))
def test_signatures_are_read_as_they_are_written(signature: bytes, encoding: str) -> None:
    assert decoded(encoded(signature, encoding), encoding, "x") == signature


@given(LATIN, st.sampled_from(["hex", "base64"]))
def test_what_is_no_signature_is_refused(text: str, encoding: str) -> None:
    with contextlib.suppress(Refused):
        assert isinstance(decoded(text, encoding, "x"), bytes)


@given(LATIN, st.integers(0, 2**42), st.integers(0, 10**9))
def test_a_time_is_within_the_tolerance_or_refused(text: str, now: int, tolerance: int) -> None:
    with contextlib.suppress(Refused):
        assert abs(check_time(text, "x", now, tolerance) - now) <= tolerance


@given(st.lists(st.one_of(st.binary(max_size=8), st.text(max_size=8)), max_size=4))
def test_hashes_of_different_parts_differ(parts: list[bytes | str]) -> None:
    whole = b"".join(each if isinstance(each, bytes) else each.encode("utf-8", "surrogatepass") for each in parts)
    assert (hash_key(*parts) == hash_key(whole)) == (len(parts) == 1)


@given(st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
))  # fmt: skip
def test_the_text_of_json_is_kept_in_an_object(value: object) -> None:
    text = json.dumps(value, indent=1).encode()
    found, payload = object_in(text)
    assert parse_object(payload) == found
    assert text in payload
    assert (found if isinstance(value, dict) else found["body"]) == value


@given(st.binary(max_size=60))
@example(b'1,"a":2')
@example(b'{"a":1}}')
def test_bodies_that_are_no_json_are_refused(body: bytes) -> None:
    try:
        value = json.loads(body)
    except ValueError:
        value = None
    try:
        _, payload = object_in(body)
    except Refused:
        return
    assert body in payload
    assert value is not None or body.strip() == b"null"


@given(st.lists(st.tuples(st.text(min_size=1, max_size=5), st.text(max_size=5)), max_size=5))
def test_forms_become_objects_with_all_their_fields(fields: list[tuple[str, str]]) -> None:
    from urllib.parse import urlencode

    pairs = [(name, value) for name, value in fields if _speakable(name + value)]
    found, payload = form_object(fields_in(urlencode(pairs).encode()))
    assert parse_object(payload) == found
    assert sum(len(each) if isinstance(each, list) else 1 for each in found.values()) == len(pairs)


def _speakable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


@given(
    st.dictionaries(st.sampled_from(MEMBERS),
                    st.one_of(st.text(max_size=5), st.integers(), st.none(), st.just("1.0"), st.lists(st.integers()))),
    st.sampled_from(["application/cloudevents+json", "application/cloudevents-batch+json"]),
)  # fmt: skip
def test_cloud_events_are_whole_or_refused(members: dict[str, object], kind: str) -> None:
    body = json.dumps([members] if kind.endswith("batch+json") else members).encode()
    try:
        found = read(Request(headers=(("content-type", kind),), body=body))
    except Refused:
        return
    for each in found:
        assert isinstance(each, Arrival)
        assert members["specversion"] == "1.0"
        assert each.type == str(members["type"])
        assert parse_object(each.payload) is not None


@given(st.dictionaries(st.text(max_size=8), st.one_of(st.text(max_size=8), st.booleans(), st.integers(), st.none())))
def test_options_that_are_not_known_are_refused(options: dict[str, object]) -> None:
    for name, make in BUILT_IN.items():
        with contextlib.suppress(InvalidRequest):
            make(options, 1)
            assert name not in ("hmac", "mtls")
