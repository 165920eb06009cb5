"""A development server, which wants no signatures, keeps out what pages of other sites send through a browser."""

from __future__ import annotations

import http.client
import json
from pathlib import Path
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.config import Config

from tests.acceptance.cli.test_cli import running
from tests.acceptance.server import Server

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
TEXT = {"Content-Type": "text/plain"}
JSON = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "AWSEvents.ListEventBuses"}
EVENT = {"specversion": "1.0", "id": "1", "source": "s", "type": "t"}
REQUESTS = {
    "a function": ("POST", "/2015-03-31/functions", TEXT, '{"FunctionName": "f"}'),
    "functions": ("GET", "/2015-03-31/functions", {}, ""),
    "a queue": ("POST", "/", FORM, "Action=CreateQueue&QueueName=theirs&Version=2012-11-05"),
    "a queue by a link": ("GET", "/?Action=CreateQueue&QueueName=theirs&Version=2012-11-05", {}, ""),
    "a topic's confirmation": ("GET", "/?Action=Unsubscribe&SubscriptionArn=x&Version=2010-03-31", {}, ""),
    "events' buses": ("POST", "/", JSON, "{}"),
    "a CloudEvent": ("POST", "/_eventyard/cloudevents/default", TEXT, json.dumps(EVENT)),
    "a function of the platform": ("PUT", "/_eventyard/functions/f", TEXT, '{"url": "http://127.0.0.1:1"}'),
    "a reset": ("POST", "/_eventyard/reset", {}, ""),
}
FOREIGN = [
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://127.0.0.1:1"},
    {"Origin": "http://[x"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "no-cors"},
]
OTHERS = ["evil.example", "evil.example:4010", "127.0.0.1.evil.example", "localhost.evil.example", "192.0.2.1"]


def ask(url: str, request: str, **more: str) -> tuple[int, str]:
    """The status, and the error with its type."""
    method, path, headers, body = REQUESTS[request]
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=20)
    try:
        connection.request(method, path, body, headers | {name.replace("_", "-"): text for name, text in more.items()})
        answer = connection.getresponse()
        return answer.status, f"{answer.getheader('x-amzn-errortype')} {answer.read().decode()}"
    finally:
        connection.close()


@pytest.mark.parametrize("host", OTHERS)
@pytest.mark.parametrize("request_", REQUESTS)
def test_it_answers_to_no_name_of_others(server: Server, request_: str, host: str) -> None:
    status, told = ask(server.url, request_, Host=host)
    assert status in (400, 403)
    assert "MisdirectedRequest" in told


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
@pytest.mark.parametrize("request_", REQUESTS)
def test_it_takes_nothing_from_pages_of_other_sites(server: Server, request_: str, headers: dict[str, str]) -> None:
    status, told = ask(server.url, request_, **headers)
    assert status in (400, 403)
    assert "CrossSiteRequest" in told


def test_what_was_refused_did_nothing(server: Server, account: str) -> None:
    server.client("events", account).create_event_bus(Name="kept")
    for request in REQUESTS:
        ask(server.url, request, Origin="https://evil.example")
        ask(server.url, request, Host="evil.example")
    assert "kept" in str(server.client("events", account).list_event_buses()["EventBuses"])
    assert "theirs" not in str(server.client("sqs", "123456789012").list_queues().get("QueueUrls"))


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]", "127.8.8.8", "yard.localhost", "LOCALHOST."])
def test_it_answers_to_the_names_of_loopback(server: Server, host: str) -> None:
    port = urlsplit(server.url).port
    for name in (host, f"{host}:{port}"):
        assert ask(server.url, "events' buses", Host=name)[0] == 200
        assert ask(server.url, "functions", Host=name, Origin=f"http://{name}", Sec_Fetch_Site="same-origin")[0] == 200


@pytest.mark.parametrize("host", ["localhost", "yard.localhost"])
def test_sdks_reach_it_by_the_names_of_loopback(server: Server, host: str, account: str) -> None:
    """With the address in the proxy's place, as not every resolver knows names under localhost."""
    proxy = Config(proxies={"http": server.url}, retries={"total_max_attempts": 1})
    for service in ("events", "sqs", "sns", "lambda"):
        client = boto3.client(
            service,
            endpoint_url=f"http://{host}:4010",
            region_name="us-east-1",
            aws_access_key_id=account,
            aws_secret_access_key="test",
            config=proxy,
        )
        calls = {"events": "list_rules", "sqs": "list_queues", "sns": "list_topics", "lambda": "list_functions"}
        assert getattr(client, calls[service])()["ResponseMetadata"]["HTTPStatusCode"] == 200
        client.close()


def test_a_link_from_anywhere_leads_to_its_pages_but_does_nothing(server: Server) -> None:
    link = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=20)
    for path, status in (("/_eventyard/forms", 200), ("/?Action=ListQueues&Version=2012-11-05", 403)):
        connection.request("GET", path, headers=link)
        answer = connection.getresponse()
        answer.read()
        assert answer.status == status
    connection.close()


def test_probes_may_come_by_any_name(server: Server) -> None:
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=20)
    for path in ("/healthz", "/readyz", "/metrics"):
        connection.request("GET", path, headers={"Host": "yard.internal", "Origin": "https://grafana.example"})
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 200
    connection.close()


def test_an_operator_gives_it_another_name(tmp_path: Path) -> None:
    options = ("--data", str(tmp_path / "data"), "--host-name", "Host.docker.internal")
    with running("serve", "--port", "0", *options) as process:
        url = json.loads(process.line_with('"serving"'))["url"]
        assert ask(url, "events' buses", Host="host.docker.internal:4010")[0] == 200
        assert ask(url, "events' buses", Host="other.docker.internal")[0] == 403


def test_with_credentials_any_name_will_do_and_what_is_signed_may_come_from_pages(tmp_path: Path) -> None:
    keys = tmp_path / "keys.json"
    keys.write_text(json.dumps({"AKIAEXAMPLE": {"secret": "at-least-sixteen-letters", "account": "123456789012"}}))
    with running("serve", "--port", "0", "--data", str(tmp_path / "data"), "--credentials", str(keys)) as process:
        url = json.loads(process.line_with('"serving"'))["url"]
        config = Config(proxies={"http": url}, retries={"total_max_attempts": 1})
        client = boto3.client(
            "events",
            endpoint_url="http://yard.example",
            region_name="us-east-1",
            aws_access_key_id="AKIAEXAMPLE",
            aws_secret_access_key="at-least-sixteen-letters",
            config=config,
        )
        assert client.list_event_buses()["EventBuses"]
        client.meta.events.register(
            "before-send.events", lambda request, **_: request.headers.update(Origin="https://app.example")
        )
        assert client.list_event_buses()["EventBuses"]
        client.close()
        assert "CrossSiteRequest" in ask(url, "a topic's confirmation", Origin="https://evil.example")[1]
