"""Webhooks over HTTP, on a real server: what is taken, what is not, and that what was taken is there to stay."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from eventyard.providers import names
from tests.acceptance.server import Server
from tests.acceptance.webhooks.sending import OTHER, SECRET, Reply, add, ask, event, on_bus, page, raw, send


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    """Names of webhooks, and of buses, are one for the whole server."""
    return request.node.originalname.removeprefix("test_")[:60]


@pytest.fixture
def bus(server: Server, name: str) -> str:
    server.client("events", "123456789012").create_event_bus(Name=name)
    return name


def test_a_body_becomes_a_detail_byte_for_byte(server: Server, name: str, bus: str) -> None:
    add(server.url, name, bus=bus)
    body = b'{ "id" : "evt_1",\n\t"type":"charge.succeeded", "created": 1686089970, "big": 12345678901234567890.10 }'
    reply = send(server.url, name, body=body)
    assert (reply.status, reply.json["accepted"]) == (200, 1)
    found = page(server.url, "GET", f"events?bus={bus}").body
    assert b'"detail":' + body.replace(b"\n", b" ") in found
    (event,) = on_bus(server.url, bus)
    assert event["detail-type"] == "charge.succeeded"
    assert event["source"] == "stripe"
    assert event["time"] == "2023-06-06T22:19:30Z"
    assert event["id"] == reply.json["events"][0]
    assert event["resources"] == [f"arn:aws:eventyard:us-east-1:123456789012:webhook/{name}"]


def test_an_event_reaches_a_queue_by_a_rule_on_its_type(server: Server, name: str, bus: str) -> None:
    events, sqs = (server.client(service, "123456789012") for service in ("events", "sqs"))
    queue = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    policy = {"Statement": {"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": arn}}
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": json.dumps({"Version": "2012-10-17", **policy})})
    pattern = json.dumps({"source": ["shop"], "detail-type": ["Stripe charge.succeeded"], "detail": {"id": ["evt_7"]}})
    events.put_rule(Name="r", EventBusName=bus, EventPattern=pattern)
    events.put_targets(Rule="r", EventBusName=bus, Targets=[{"Id": "q", "Arn": arn}])
    add(server.url, name, bus=bus, source="shop", detail_type="Stripe {type}")
    assert send(server.url, name, body=event("evt_6")).status == 200
    assert send(server.url, name, body=event("evt_7")).status == 200
    (message,) = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=10)["Messages"]
    assert json.loads(message["Body"])["detail"]["id"] == "evt_7"


def _replay(url: str, name: str) -> Reply:
    send(url, name)
    return send(url, name)


WRONG: dict[str, tuple[Callable[[str, str], Reply], int, int]] = {
    "signature": (lambda url, name: send(url, name, secret=OTHER), 403, 0),
    "stale": (lambda url, name: send(url, name, at=time.time() - 301), 403, 0),
    "from the future": (lambda url, name: send(url, name, at=time.time() + 310), 403, 0),
    "replayed": (_replay, 200, 1),
    "10 MiB": (lambda url, name: send(url, name, body=b'{"a":"' + b"x" * (10 << 20) + b'"}'), 413, 0),
    "content type": (lambda url, name: send(url, name, headers={"content-type": "text/xml"}), 415, 0),
    "compressed": (lambda url, name: send(url, name, headers={"content-encoding": "gzip"}), 415, 0),
    "no JSON": (lambda url, name: send(url, name, body=b"{"), 400, 0),
    "deep": (lambda url, name: send(url, name, body=b'{"id":"1","type":"a","b":' + b"[" * 1_001 + b"]" * 1_001 + b"}"),
             400, 0),
    "unsigned": (lambda url, name: ask(url, "POST", f"/webhooks/{name}", b"{}"), 403, 0),
    "GET": (lambda url, name: ask(url, "GET", f"/webhooks/{name}"), 405, 0),
    "unknown": (lambda url, name: send(url, f"{name}-of-nobody"), 404, 0),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_wrong_requests_get_the_right_status_and_publish_nothing(server: Server, case: str, name: str) -> None:
    here = f"wrong-{case.replace(' ', '-')}"
    server.client("events", "123456789012").create_event_bus(Name=here)
    add(server.url, here, bus=here)
    asked, status, published = WRONG[case]
    reply = asked(server.url, here)
    assert (reply.status, len(on_bus(server.url, here))) == (status, published)
    assert SECRET.encode() not in reply.body


def test_the_owner_sees_why_and_strangers_do_not(server: Server, name: str) -> None:
    add(server.url, name)
    send(server.url, name, secret=OTHER)
    reply = send(server.url, name, at=1_000_000_000)
    assert b"old" not in reply.body
    shown = page(server.url, "GET", f"webhooks/{name}").json
    stale, wrong = shown["refusals"]
    assert stale["reason"] == "stale"
    assert "s old; 300 s are allowed" in stale["message"]
    assert (wrong["reason"], wrong["peer"]) == ("signature", "127.0.0.1")
    assert SECRET not in json.dumps(shown)
    assert shown["secrets"] == [{"added": shown["created"], "expires": None, "valid": True}]
    metrics = ask(server.url, "GET", "/metrics").body.decode()
    assert f'eventyard_webhook_requests_total{{outcome="stale",webhook="{name}"}} 1.0' in metrics


_START = b"POST /webhooks/hostile HTTP/1.1\r\nhost: a\r\nconnection: close\r\n"
_TWO = b"content-length: 2\r\n"
HOSTILE = [
    _START + _TWO + b"stripe-signature: \xff\xfe\r\n\r\n{}",
    _START + _TWO + b"stripe-signature: t=1,v1=00\r\nstripe-signature: t=1,v1=00\r\n\r\n{}",
    _START + _TWO + b"stripe-signature: " + b"," * 30_000 + b"\r\n\r\n{}",
    _START + _TWO + b"x-amz-target: AWSEvents.ListEventBuses\r\ncontent-type: application/x-amz-json-1.1\r\n\r\n{}",
    _START.replace(b"hostile", b"hostile?Action=ListQueues") + _TWO + b"content-type: text/plain\r\n\r\nab",
    _START + b"transfer-encoding: chunked\r\n\r\n5\r\nab",
    _START.replace(b"hostile", b"hostile/../../_eventyard/reset") + b"content-length: 0\r\n\r\n",
    _START.replace(b"hostile", b"ho%73tile") + b"content-length: 0\r\n\r\n",
    _START.replace(b"hostile", b"%ff%00") + b"content-length: 0\r\n\r\n",
    _START.replace(b"hostile", b"") + b"content-length: 0\r\n\r\n",
]


def test_hostile_bytes_are_refused_and_hurt_nobody(server: Server) -> None:
    add(server.url, "hostile")
    for data in HOSTILE:
        answer = raw(server.url, data)
        status = answer.split(b" ", 2)[1:2]
        assert not answer or status[0] in (b"400", b"403", b"404"), (data[:100], answer[:200])
        assert b"EventBuses" not in answer
    # Half a body, and nothing more: the others go on.
    raw(server.url, b"POST /webhooks/hostile HTTP/1.1\r\nhost: a\r\ncontent-length: 1000000\r\n\r\n{")
    assert send(server.url, "hostile").status == 200


def test_bodies_that_do_not_come_keep_nobody_out(server: Server, name: str) -> None:
    add(server.url, name)
    parts = urlsplit(server.url)
    head = f"POST /webhooks/{name} HTTP/1.1\r\nhost: a\r\ncontent-length: 10\r\n\r\n{{".encode()
    with contextlib.ExitStack() as open_ones:
        slow = []
        for _ in range(1_200):
            each = socket.create_connection((parts.hostname or "", parts.port or 80), timeout=15)
            open_ones.enter_context(each)
            each.sendall(head)
            slow.append(each)
        assert send(server.url, name).status == 200
        answer = slow[0].recv(65_536)
        assert answer.startswith(b"HTTP/1.1 503 "), "the one that took longest goes"
        assert b"retry-after: 1" in answer.lower()
    assert send(server.url, name).json["duplicates"] == 1


def test_secrets_rotate_over_http(server: Server, name: str) -> None:
    add(server.url, name)
    assert page(server.url, "POST", f"webhooks/{name}/rotate", {"secret": OTHER, "keep": 60}).status == 200
    assert send(server.url, name, body=event("evt_1")).status == 200
    assert send(server.url, name, body=event("evt_2"), secret=OTHER).status == 200
    assert page(server.url, "POST", f"webhooks/{name}/rotate", {"secret": OTHER, "keep": 0}).status == 200
    assert send(server.url, name, body=event("evt_3")).status == 403
    assert page(server.url, "POST", f"webhooks/{name}/rotate", {"secret": "short", "keep": 0}).status == 400
    assert page(server.url, "POST", f"webhooks/{name}/rotate", {"keep": 0}).status == 400


def test_a_rate_is_told_with_retry_after(server: Server, name: str) -> None:
    add(server.url, name, rate=0.01, burst=1)
    assert send(server.url, name, body=event("evt_1")).status == 200
    reply = send(server.url, name, body=event("evt_2"))
    assert reply.status == 429
    assert 90 <= int(reply.headers["retry-after"]) <= 100
    assert send(server.url, name, body=event("evt_1")).status == 200, "what is known costs nothing"


def test_a_limit_of_its_own(server: Server, name: str) -> None:
    add(server.url, name, body_limit=100)
    assert send(server.url, name, body=event("evt_1")).status == 200
    assert send(server.url, name, body=event("evt_2", more="x" * 100)).status == 413


def test_a_put_is_whole_and_can_be_repeated(server: Server, name: str) -> None:
    made = add(server.url, name, rate=5, description="ours")
    again = page(server.url, "PUT", f"webhooks/{name}", {"provider": "stripe", "rate": 5, "description": "ours"}).json
    assert {**again, "modified": 0} == {**made, "modified": 0}
    assert page(server.url, "PUT", f"webhooks/{name}", {"provider": "stripe"}).json["description"] == ""
    assert name in [each["name"] for each in page(server.url, "GET", "webhooks").json["webhooks"]]
    assert page(server.url, "PUT", f"webhooks/{name}", {"provider": "stripe", "bus": "nowhere"}).status == 404
    assert page(server.url, "PUT", "webhooks/a%20b", {"provider": "stripe", "secrets": [SECRET]}).status == 400
    assert page(server.url, "DELETE", f"webhooks/{name}").status == 200
    assert page(server.url, "GET", f"webhooks/{name}").status == 404
    assert send(server.url, name).status == 404


def test_without_access_keys_the_query_says_whose_webhook_it_is(server: Server, name: str) -> None:
    wanted = {"provider": "stripe", "secrets": [SECRET]}
    server.client("events", "210987654321").create_event_bus(Name="theirs")
    place = "account=210987654321&region=us-east-1"
    made = page(server.url, "PUT", f"webhooks/{name}?{place}", {**wanted, "bus": "theirs"}).json
    assert made["arn"] == f"arn:aws:eventyard:us-east-1:210987654321:webhook/{name}"
    assert made["bus"] == "arn:aws:events:us-east-1:210987654321:event-bus/theirs"
    assert page(server.url, "GET", f"webhooks/{name}").status == 404
    assert page(server.url, "PUT", f"webhooks/{name}", wanted).status == 409
    assert send(server.url, name).status == 200
    assert page(server.url, "GET", f"webhooks/{name}?{place}").json["events"] == 1


def test_raw_requests_can_be_had_where_they_are_kept(server: Server, name: str) -> None:
    add(server.url, name, archive=True)
    send(server.url, name, body=event("evt_1"))
    send(server.url, name, body=event("evt_1"))
    (line,) = page(server.url, "GET", f"webhooks/{name}/raw").body.splitlines()
    record = json.loads(line)
    assert record["body"].encode() == event("evt_1")
    assert "stripe-signature" in dict(record["headers"])
    (delivery,) = page(server.url, "GET", f"webhooks/{name}/deliveries").json["deliveries"]
    assert (delivery["types"], delivery["events"]) == (["charge.succeeded"], record["events"])


def test_a_partner_event_source_takes_events_once_it_is_matched(server: Server, name: str) -> None:
    source = "aws.partner/stripe.com/door"
    made = add(server.url, name, partner=source)
    assert (made["source"], made["bus"]) == (source, "")
    reply = send(server.url, name)
    assert (reply.status, reply.headers["retry-after"]) == (503, "30")
    events = server.client("events", "123456789012")
    assert events.describe_event_source(Name=source)["State"] == "PENDING"
    events.create_event_bus(Name=source, EventSourceName=source)
    assert send(server.url, name).status == 200
    (event,) = on_bus(server.url, source)
    assert (event["source"], event["detail-type"]) == (source, "charge.succeeded")


def test_forms_become_objects_and_senders_are_thanked_as_they_need(server: Server) -> None:
    for each in ("slack-form", "twilio-form"):
        server.client("events", "123456789012").create_event_bus(Name=each)
        add(server.url, each, each.partition("-")[0], bus=each)
    form = {"content-type": "application/x-www-form-urlencoded"}
    reply = send(server.url, "slack-form", "slack", body=b"command=%2Fw&text=&trigger_id=1.2", headers=form)
    assert (reply.status, reply.body) == (200, b"")
    reply = send(server.url, "twilio-form", "twilio")
    assert (reply.status, reply.headers["content-type"], reply.body) == (200, "text/xml", b"<Response/>")
    (slack,), (twilio,) = (on_bus(server.url, each) for each in ("slack-form", "twilio-form"))
    assert (slack["detail-type"], slack["detail"]) == (
        "slash_command",
        {"command": "/w", "text": "", "trigger_id": "1.2"},
    )
    assert (twilio["detail-type"], twilio["detail"]["Body"]) == ("message.received", "Hello there")
    reply = send(server.url, "slack-form", "slack", body=b'{"type":"url_verification","challenge":"abc"}')
    assert (reply.status, reply.body) == (200, b"abc")
    assert len(on_bus(server.url, "slack-form")) == 1


def test_twilio_behind_a_proxy_is_told_the_address(server: Server, name: str) -> None:
    add(server.url, name, "twilio", url="https://hooks.example.com/in?x=1")
    sample = page(server.url, "POST", f"webhooks/{name}/sample", {}).json
    assert ask(server.url, "POST", f"/webhooks/{name}", sample["body"].encode(), sample["headers"]).status == 200
    assert send(server.url, name, "twilio").status == 403
    asked = {"body": '{"EventType":"onMessageAdded"}', "headers": {"content-type": "application/json"}}
    sample = page(server.url, "POST", f"webhooks/{name}/sample", asked).json
    assert sample["query"].startswith("x=1&bodySHA256=")
    path = f"/webhooks/{name}?{sample['query']}"
    assert ask(server.url, "POST", path, sample["body"].encode(), sample["headers"]).status == 200
    assert ask(server.url, "POST", path, sample["body"].encode() + b" ", sample["headers"]).status == 403


def test_every_provider_takes_its_own_sample(server: Server) -> None:
    options: dict[str, Any] = {
        "hmac": {"header": "x-signature", "type": "body:type"},
        "mtls": {"header": "x-client", "proxies": ["127.0.0.1"], "type": "body:type"},
        "token": {"type": "body:type"},
    }
    secret = "whsec_" + "AAAA" * 8
    for provider in names():
        made = {"provider": provider, "options": options.get(provider, {}), "secrets": [secret]}
        reply = page(server.url, "PUT", f"webhooks/own-{provider}", made)
        assert reply.status == 200, reply.body
        to = f"{server.url}/webhooks/own-{provider}"
        sample = page(server.url, "POST", f"webhooks/own-{provider}/sample", {"url": to}).json
        query = f"?{sample['query']}" if sample["query"] else ""
        reply = ask(server.url, "POST", f"/webhooks/own-{provider}{query}", sample["body"].encode(), sample["headers"])
        assert reply.status == 200, (provider, reply.body)
        assert page(server.url, "GET", f"webhooks/own-{provider}").json["events"] == 1


def test_kill_after_200_loses_nothing_and_repeats_nothing(tmp_path: Path) -> None:
    server = Server(tmp_path / "data")
    try:
        add(server.url, "stripe", rate=10_000, burst=10_000)
        answered: dict[str, str] = {}
        lock = threading.Lock()

        def post(worker: int) -> None:
            for number in range(1_000):
                id = f"evt_{worker}_{number}"
                try:
                    reply = send(server.url, "stripe", body=event(id))
                except (OSError, http.client.HTTPException):
                    return
                assert reply.status == 200, reply.body
                with lock:
                    answered[id] = reply.json["events"][0]
                    if len(answered) == 60:
                        server._process.kill()

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(post, range(4)))
        server.kill()
        assert len(answered) >= 60
        server.start()
        there = {each["detail"]["id"]: each["id"] for each in on_bus(server.url)}
        assert {id: there.get(id) for id in answered} == answered
        for id in answered:
            assert send(server.url, "stripe", body=event(id)).json == {"accepted": 0, "duplicates": 1, "events": []}
        assert len(on_bus(server.url)) == len(there), "nothing came twice"
    finally:
        server.kill()


def test_they_work_without_access_keys_where_everything_else_wants_them(tmp_path: Path) -> None:
    keys = tmp_path / "keys.json"
    keys.write_text(json.dumps({"AKIDEXAMPLE": {"secret": "a-very-long-secret", "account": "111122223333"}}))
    keys.chmod(0o600)
    command = [sys.executable, "-m", "eventyard", "serve", "--port", "0", "--host", "0.0.0.0", "--data",
               str(tmp_path / "data"), "--credentials", str(keys)]  # fmt: skip
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        try:
            assert process.stdout is not None
            url = next(json.loads(line)["url"] for line in process.stdout if '"serving"' in line)
            url = f"http://127.0.0.1:{urlsplit(url).port}"
            mine = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "a-very-long-secret"}

            def cli(*words: str, told: str = "") -> str:
                done = subprocess.run(
                    [sys.executable, "-m", "eventyard", "webhooks", *words, "--endpoint", url],
                    env=os.environ | mine, input=told, capture_output=True, text=True, timeout=60,
                )  # fmt: skip
                return done.stdout + done.stderr

            assert "takes what stripe posts" in cli(
                "add", "stripe", "--provider", "stripe", "--secret", "-", told=SECRET
            )
            assert ask(url, "GET", "/_eventyard/webhooks/stripe").status == 403
            assert ask(url, "PUT", "/_eventyard/webhooks/other", b"{}").status == 403
            assert ask(url, "POST", "/_eventyard/cloudevents/default", b"{}").status == 403
            assert send(url, "stripe").status == 200
            assert send(url, "stripe", secret=OTHER).status == 403
            assert '"duplicates":1' in cli("test", "stripe")
            assert "111122223333" in cli("show", "stripe")
        finally:
            process.terminate()
