"""Signatures that the providers' documentation publishes. Nothing here was recorded from traffic."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from eventyard.errors import InvalidRequest
from eventyard.provider import Answer, Arrival, Provider, Refused, Request
from eventyard.providers import BUILT_IN
from eventyard.providers.github import GitHub
from eventyard.providers.shopify import Shopify
from eventyard.providers.signed import Signed
from eventyard.providers.slack import Slack
from eventyard.providers.standard import StandardWebhooks
from eventyard.providers.twilio import Twilio

FORM = ("content-type", "application/x-www-form-urlencoded")


def test_github_by_the_test_values_of_its_documentation() -> None:
    """ "Validating webhook deliveries", "Testing the webhook payload validation"."""
    request = Request(
        headers=(
            ("content-type", "application/json"),
            ("x-github-event", "ping"),
            ("x-github-delivery", "1"),
            ("x-hub-signature-256", "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"),
        ),
        body=b"Hello, World!",
    )
    secret = "It's a Secret to Everybody"
    with pytest.raises(Refused) as refused:  # the signature holds, so it is the body that is none of GitHub's
        GitHub({}, 0).verify(request, [secret], 0)
    assert refused.value.reason == "body"
    with pytest.raises(Refused) as refused:
        GitHub({}, 0).verify(request, [secret + "."], 0)
    assert refused.value.reason == "signature"


def test_slack_by_the_example_of_its_documentation() -> None:
    """ "Verifying requests from Slack"."""
    body = (
        b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&"
        b"channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&"
        b"response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&"
        b"trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
    )
    request = Request(
        headers=(
            FORM,
            ("x-slack-request-timestamp", "1531420618"),
            ("x-slack-signature", "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"),
        ),
        body=body,
    )
    found = Slack({}, 300_000).verify(request, ["8f742231b10e8888abcd99yyyzzz85a5"], 1531420618_000)
    assert not isinstance(found, Answer)
    (arrival,) = found
    assert arrival.type == "slash_command"
    assert b'"command":"/webhook-collect","text":""' in arrival.payload


def test_twilio_by_the_example_of_its_documentation() -> None:
    """ "Validating requests": the example with auth token 12345."""
    request = Request(
        url="https://mycompany.com/myapp.php?foo=1&bar=2",
        headers=(FORM, ("x-twilio-signature", "0/KCTR6DLpKmkAf8muzZqo1nDgQ=")),
        body=b"Digits=1234&To=%2B18005551212&From=%2B12349013030&Caller=%2B12349013030&CallSid=CA1234567890ABCDE",
    )
    found = Twilio({}, 0).verify(request, ["12345"], 0)
    assert not isinstance(found, Answer)
    assert b'"Digits":"1234","To":"+18005551212"' in found[0].payload


def test_standard_webhooks_by_the_vector_of_its_libraries() -> None:
    """The vector that the specification's reference libraries test with."""
    request = Request(
        headers=(
            ("content-type", "application/json"),
            ("webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek"),
            ("webhook-timestamp", "1614265330"),
            ("webhook-signature", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE= v2,other v1,AAAA"),
        ),
        body=b'{"test": 2432232314}',
    )
    found = StandardWebhooks({}, 300_000).verify(request, ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"], 1614265330_000)
    assert not isinstance(found, Answer)
    assert found[0].keys == ("id:msg_p5jXN8AQM9LWM0D4loKWxJek",)
    assert found[0].payload == b'{"test": 2432232314}'


def test_slack_answers_the_verification_of_the_url() -> None:
    slack = Slack({}, 300_000)
    body = (
        b'{"token":"Jhj5dZrVaK7ZwHHjRyZWjbDl","challenge":"3eZbrw1aBm2rZgRNFdxV2595E9CY3gmd","type":"url_verification"}'
    )
    plain = Request(headers=(("content-type", "application/json"),), body=body)
    found = slack.verify(slack.sign(plain, "a signing secret", 0), ["a signing secret"], 0)
    assert found == Answer(content_type="text/plain", body=b"3eZbrw1aBm2rZgRNFdxV2595E9CY3gmd")
    with pytest.raises(Refused):
        slack.verify(slack.sign(plain, "another secret", 0), ["a signing secret"], 0)


def test_github_pings_are_answered_and_are_no_events() -> None:
    github = GitHub({}, 0)
    headers = (("content-type", "application/json"), ("x-github-event", "ping"), ("x-github-delivery", "1"))
    ping = github.sign(Request(headers=headers, body=b'{"zen":"Design for failure."}'), "a secret of it", 0)
    assert isinstance(github.verify(ping, ["a secret of it"], 0), Answer)


def test_github_knows_actions_where_they_are_wanted() -> None:
    for options, kind in (({}, "issues"), ({"actions": True}, "issues.opened")):
        github = GitHub(options, 0)
        sample = github.sample()
        request = github.sign(Request(headers=sample.headers, body=sample.body), "a secret of it", 0)
        found = github.verify(request, ["a secret of it"], 0)
        assert not isinstance(found, Answer)
        assert found[0].type == kind


def test_a_hub_challenge_is_answered_to_who_knows_the_token() -> None:
    meta = Signed({"header": "X-Hub-Signature-256", "prefix": "sha256=", "challenge": "hub"}, 0)
    ask = "https://a/webhooks/w?hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token="
    assert meta.verify(Request(method="GET", url=ask + "meatyhamhock"), ["meatyhamhock"], 0) == Answer(
        content_type="text/plain", body=b"1158201444"
    )
    for url in (ask + "other", ask, "https://a/webhooks/w"):
        with pytest.raises(Refused):
            meta.verify(Request(method="GET", url=url), ["meatyhamhock"], 0)


def test_a_twilio_request_that_is_cut_in_another_way_is_known_to_be_the_same() -> None:
    """Names and values are signed without anything between: who moves the cut has a valid signature."""
    twilio = Twilio({}, 0)
    url = "https://a/webhooks/w"
    plain = Request(url=url, headers=(FORM,), body=b"Body=Hello&To=1")
    signed = twilio.sign(plain, "an auth token", 0)
    cut = Request(url=url, headers=signed.headers, body=b"BodyH=ello&To=1")
    one, two = (twilio.verify(each, ["an auth token"], 0) for each in (signed, cut))
    assert not isinstance(one, Answer)
    assert not isinstance(two, Answer)
    assert set(one[0].keys) & set(two[0].keys)


@pytest.mark.parametrize("host", ["a:443", "a:1", "a:", "A", "b", "a:x", "u@a", "a, a", ""])
def test_a_twilio_request_is_refused_under_another_host(host: str) -> None:
    twilio = Twilio({}, 0)
    signed = twilio.sign(Request(url="http://a/webhooks/w", headers=(FORM,), body=b"To=1"), "an auth token", 0)
    other = Request(url=f"http://{host}/webhooks/w", headers=signed.headers, body=signed.body)
    with pytest.raises(Refused, match="signature"):
        twilio.verify(other, ["an auth token"], 0)


def test_a_twilio_request_with_the_port_that_goes_without_saying_is_known_to_be_the_same() -> None:
    """Without a ``url`` of the webhook the sender says the host, which must not make anything new of a replay."""
    twilio = Twilio({}, 0)
    for url, other in (("http://a/w", "http://a:80/w"), ("https://a:443/w?b=1", "https://a/w?b=1")):
        signed = twilio.sign(Request(url=url, headers=(FORM,), body=b"Body=Hello&To=1"), "an auth token", 0)
        (first,) = _arrivals(twilio, signed)
        (again,) = _arrivals(twilio, Request(url=other, headers=signed.headers, body=signed.body))
        assert set(first.keys) & set(again.keys)


def _arrivals(provider: Provider, request: Request) -> Sequence[Arrival]:
    found = provider.verify(request, ["an auth token"], 0)
    assert not isinstance(found, Answer)
    return found


def test_what_twilio_signed_as_json_does_not_come_again_as_an_empty_form() -> None:
    twilio, json = Twilio({}, 0), ("content-type", "application/json")
    signed = twilio.sign(Request(url="http://a/webhooks/w", headers=(json,), body=b"[]"), "an auth token", 0)
    assert _arrivals(twilio, signed) == []
    form = Request(url=signed.url, headers=(FORM, *signed.headers[1:]))
    with pytest.raises(Refused, match="bodySHA256"):
        twilio.verify(form, ["an auth token"], 0)


def test_shopify_takes_one_body_under_two_topics_where_that_is_wanted() -> None:
    for options, same in (({}, True), ({"repeats": True}, False)):
        shopify = Shopify(options, 0)
        sample, keys = shopify.sample(), []
        for topic in ("orders/create", "orders/paid"):
            changed = {**dict(sample.headers), "x-shopify-topic": topic, "x-shopify-webhook-id": topic}
            request = Request(headers=tuple(changed.items()), body=sample.body)
            (found,) = _arrivals(shopify, shopify.sign(request, "an auth token", 0))
            keys.append(set(found.keys))
        assert bool(keys[0] & keys[1]) is same


@pytest.mark.parametrize("option", ["id", "type", "time"])
@pytest.mark.parametrize(
    ("provider", "options", "place"),
    [
        ("token", {"in": "header", "name": "X-Token"}, "header:X-Token"),
        ("token", {"in": "query", "name": "key"}, "query:key"),
        ("token", {}, "header:Authorization"),
        ("token", {"in": "basic"}, "header:authorization"),
        ("mtls", {"header": "X-Client", "proxies": ["::1"]}, "header:x-client"),
    ],
)
def test_the_secret_can_not_be_part_of_events(
    provider: str, options: dict[str, object], place: str, option: str
) -> None:
    with pytest.raises(InvalidRequest, match=f"Option {option} of provider {provider} is the .* that holds the secret"):
        BUILT_IN[provider]({**options, option: place}, 0)
    BUILT_IN[provider]({**options, option: place + "-of-another-name"}, 0)
