"""Every provider sits every exam, in each way it can be used."""

from __future__ import annotations

import base64

import pytest

from eventyard.exams.provider import EXAMS, Case, Exam
from eventyard.provider import Request
from eventyard.providers import BUILT_IN, ed25519
from eventyard.providers.cloudevents import CloudEvents
from eventyard.providers.github import GitHub
from eventyard.providers.gitlab import GitLab
from eventyard.providers.mtls import ClientCertificate
from eventyard.providers.shopify import Shopify
from eventyard.providers.signed import Signed
from eventyard.providers.slack import Slack
from eventyard.providers.standard import StandardWebhooks
from eventyard.providers.stripe import Stripe
from eventyard.providers.token import Token
from eventyard.providers.twilio import Twilio

ONE, OTHER = "a secret of one kind", "a secret of another"
WHSEC = ["whsec_" + base64.b64encode(bytes([number]) * 32).decode() for number in (1, 2)]
PRIVATE = [bytes([number]) * 32 for number in (1, 2)]
WHPK = ["whpk_" + base64.b64encode(ed25519.public_of(key)).decode() for key in PRIVATE]
WHSK = "whsk_" + base64.b64encode(PRIVATE[0]).decode()
MINUTES = 300_000
FORM = (("content-type", "application/x-www-form-urlencoded"),)
JSON = (("content-type", "application/json"),)
URL = "https://hooks.example.com/webhooks/w"


def _case(name: str, provider: object, secret: str = ONE, other: str = OTHER, **more: object) -> Case:
    return Case(name=name, provider=provider, secret=secret, other=other, **more)  # type: ignore[arg-type]  # fields by name


CASES = [
    _case("stripe", Stripe({}, MINUTES), timed=True),
    _case("github", GitHub({}, MINUTES)),
    _case("github-form", GitHub({"actions": True}, MINUTES), request=Request(
        url=URL, headers=(*FORM, ("x-github-event", "issues"), ("x-github-delivery", "1")),
        body=b"payload=%7B%22action%22%3A%22opened%22%7D",
    )),
    _case("shopify", Shopify({}, MINUTES)),
    _case("slack-event", Slack({}, MINUTES), timed=True),
    _case("slack-event-that-could-be-a-form", Slack({}, MINUTES), timed=True, request=Request(
        url=URL, headers=JSON, body=b'{"type":"event_callback","event_id":"Ev1","event":{"type":"a","text":"b=c"}}',
    )),
    _case("slack-command", Slack({}, MINUTES), timed=True, request=Request(
        url=URL, headers=FORM, body=b"command=%2Fweather&text=94070&trigger_id=13345224609.738474920",
    )),
    _case("slack-interaction", Slack({}, MINUTES), timed=True, request=Request(
        url=URL, headers=FORM, body=b"payload=%7B%22type%22%3A%22block_actions%22%2C%22trigger_id%22%3A%221.2%22%7D",
    )),
    _case("twilio-form", Twilio({}, MINUTES)),
    _case("twilio-json", Twilio({"algorithm": "sha256"}, MINUTES), request=Request(
        url=URL, headers=JSON, body=b'{"EventType":"onMessageAdded"}',
    )),
    _case("standard-webhooks", StandardWebhooks({}, MINUTES), *WHSEC, timed=True),
    _case("standard-webhooks-ed25519", StandardWebhooks({}, MINUTES), *WHPK, key=WHSK, timed=True),
    _case("gitlab-token", GitLab({}, MINUTES), covers=False),
    _case("gitlab-signed", GitLab({}, MINUTES), *WHSEC, timed=True),
    _case("hmac", Signed({"header": "X-Signature", "id": "body:id", "type": "body:type"}, MINUTES)),
    _case("hmac-headers", Signed({"header": "X-Signature", "id": "header:x-id", "type": "header:x-type"}, MINUTES),
          request=Request(url=URL, headers=(*JSON, ("x-id", "1"), ("x-type", "a.b")), body=b'{"a":"b=c"}')),
    _case("hmac-query", Signed({"header": "X-Signature", "id": "body:id", "type": "query:type"}, MINUTES),
          request=Request(url=f"{URL}?type=a", headers=JSON, body=b'{"id":"b=c"}')),
    _case("hmac-timed", Signed({
        "header": "X-Signature", "algorithm": "sha512", "encoding": "base64", "prefix": "v2 ", "id": "header:x-id",
        "timestamp_header": "X-Time", "signed": "{id}:{timestamp}:{body}", "type": "body:type",
    }, MINUTES), timed=True, request=Request(
        url=URL, headers=(*JSON, ("x-id", "1")), body=b'{"type":"sample.sent"}',
    )),
    _case("hmac-sha1", Signed({"header": "X-Signature", "algorithm": "sha1", "type": "body:type"}, MINUTES)),
    *(
        _case(f"token-{way}", Token({"in": way, "id": "body:id", "type": "body:type", **more}, MINUTES),
              "user:one secret", "user:another", covers=False)
        for way, more in (("bearer", {}), ("header", {"name": "X-Token"}), ("query", {"name": "key"}), ("basic", {}))
    ),
    _case("mtls-fingerprint", ClientCertificate(
        {"header": "X-Client-Fingerprint", "proxies": ["10.0.0.0/8"], "fingerprint": True, "id": "body:id"}, MINUTES
    ), "AA:BB:CC:DD:EE", "AA:BB:CC:DD:EF", covers=False),
    _case("mtls-subject", ClientCertificate(
        {"header": "X-Client-Subject", "proxies": ["10.0.0.1", "::1"], "id": "body:id"}, MINUTES
    ), "CN=sender,O=Example", "CN=other,O=Example", covers=False),
    _case("cloudevents-structured", CloudEvents({}, MINUTES), covers=False),
    _case("cloudevents-binary", CloudEvents({}, MINUTES), covers=False, request=Request(
        url=URL, headers=(*JSON, ("ce-id", "1"), ("ce-source", "/a"), ("ce-type", "t"), ("ce-specversion", "1.0")),
        body=b'{"a":1}',
    )),
    _case("cloudevents-batched", CloudEvents({}, MINUTES), covers=False, request=Request(
        url=URL, headers=(("content-type", "application/cloudevents-batch+json"),),
        body=b'[{"specversion":"1.0","id":"1","source":"/a","type":"t","data":{"a":1}},'
        b'{"specversion":"1.0","id":"2","source":"/a","type":"t","data":[1]}]',
    )),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
@pytest.mark.parametrize("exam", EXAMS, ids=lambda exam: exam.__name__.removeprefix("exam_"))
def test_provider(case: Case, exam: Exam) -> None:
    exam(case)


def test_every_shipped_provider_sits_the_exam() -> None:
    assert {type(case.provider) for case in CASES} == set(BUILT_IN.values())
