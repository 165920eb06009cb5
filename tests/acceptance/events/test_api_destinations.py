"""Deliveries to API destinations by a real server, to real endpoints that behave badly."""

from __future__ import annotations

import base64
import hmac
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.events.endpoints import Asked, Endpoints
from tests.acceptance.events.yards import Process, Yard
from tests.acceptance.refusal import refused


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    process = Process(tmp_path_factory.mktemp("http") / "data")
    yield process
    assert process.stop() == 0


@pytest.fixture
def yard(process: Process) -> Yard:
    return process.yard()


@pytest.fixture
def endpoints() -> Iterator[Endpoints]:
    endpoints = Endpoints()
    yield endpoints
    endpoints.close()


# --- requests --------------------------------------------------------------------------------------------------------


def test_an_event_arrives_with_the_api_key(yard: Yard, endpoints: Endpoints) -> None:
    yard.rule(yard.destination(f"{endpoints.url}/ok", yard.connection()))
    event_id = yard.put(car="Ä 5")
    (asked,) = endpoints.wait("/ok")
    assert asked.method == "POST"
    assert asked.headers["x-key"] == "key-value"
    assert asked.headers["user-agent"] == "Amazon/EventBridge/ApiDestinations"
    assert asked.headers["content-type"] == "application/json; charset=utf-8"
    assert (asked.json["id"], asked.json["detail"]) == (event_id, {"car": "Ä 5"})


def test_basic_authorization_is_sent(yard: Yard, endpoints: Endpoints) -> None:
    basic = {"Username": "anna", "Password": "p w"}
    yard.rule(yard.destination(f"{endpoints.url}/ok", yard.connection(kind="BASIC", BasicAuthParameters=basic)))
    yard.put()
    (asked,) = endpoints.wait("/ok")
    assert base64.b64decode(asked.headers["authorization"].removeprefix("Basic ")) == b"anna:p w"


def test_parameters_of_target_and_connection_meet_in_the_request(yard: Yard, endpoints: Endpoints) -> None:
    extra = {
        "HeaderParameters": [{"Key": "X-A", "Value": "connection", "IsValueSecret": True}],
        "QueryStringParameters": [{"Key": "q", "Value": "connection"}],
        "BodyParameters": [{"Key": "site", "Value": "north"}],
    }
    connection = yard.connection(InvocationHttpParameters=extra)
    parameters = {
        "PathParameterValues": ["$.detail.car"],
        "HeaderParameters": {"X-A": "target", "X-B": "$.detail-type"},
        "QueryStringParameters": {"q": "target", "km": "$.detail.km"},
    }
    yard.rule(
        yard.destination(f"{endpoints.url}/cars/*/seen", connection, HttpMethod="PUT"),
        HttpParameters=parameters,
        InputPath="$.detail",
    )
    yard.put(car="a/../b", km=7)
    (asked,) = endpoints.wait("/cars/a%2F..%2Fb/seen")
    assert asked.method == "PUT"
    assert (asked.headers["x-a"], asked.headers["x-b"]) == ("connection", "rule")
    assert asked.path.partition("?")[2] == "q=connection&km=7"
    assert asked.json == {"car": "a/../b", "km": 7, "site": "north"}


def test_connections_are_kept_open(yard: Yard, endpoints: Endpoints) -> None:
    yard.rule(yard.destination(f"{endpoints.url}/ok", yard.connection()))
    for number in range(1, 11):
        yard.put()
        endpoints.wait("/ok", number)
    assert endpoints.connections == 1


def test_a_changed_destination_is_called_at_once(yard: Yard, endpoints: Endpoints) -> None:
    yard.rule(yard.destination(f"{endpoints.url}/old", yard.connection()))
    yard.put()
    endpoints.wait("/old")
    yard.events.update_api_destination(Name="dest", InvocationEndpoint=f"{endpoints.url}/new", HttpMethod="PATCH")
    yard.events.update_connection(Name="conn", AuthParameters={"ApiKeyAuthParameters": {"ApiKeyValue": "other"}})
    yard.put()
    (asked,) = endpoints.wait("/new")
    assert (asked.method, asked.headers["x-key"]) == ("PATCH", "other")


# --- outcomes --------------------------------------------------------------------------------------------------------

RETRIED = {
    "hang": "TIMEOUT",
    "drip": "TIMEOUT",
    "reset": "CONNECTION_FAILURE",
    "half": "CONNECTION_FAILURE",
    "garbage": "CONNECTION_FAILURE",
    "endless-headers": "CONNECTION_FAILURE",
    "status/500": "SERVER_ERROR",
    "status/503": "SERVER_ERROR",
    "status/409": "CONFLICT",
    "status/429": "THROTTLING",
    "status/401": "UNAUTHORIZED",
    "status/407": "UNAUTHORIZED",
}
PERMANENT = ["redirect", "metadata", "status/400", "status/404", "status/410"]
DELIVERED = ["endless", "bomb", "status/204"]


def test_bad_endpoints_are_each_told_apart(yard: Yard, endpoints: Endpoints) -> None:
    kinds = [*RETRIED, *PERMANENT, *DELIVERED]
    queues = {}
    for number, kind in enumerate(kinds):
        name = f"bad-{number}"
        connection = yard.connection(name)
        queues[kind] = yard.rule(yard.destination(f"{endpoints.url}/{kind}", connection, name), name)
    for number in range(len(kinds)):
        yard.put(f"bad-{number}")
    for kind in PERMANENT:
        letter = yard.dead(queues[kind])
        assert letter["ERROR_CODE"] == "SDK_CLIENT_ERROR", kind
        assert "EXHAUSTED_RETRY_CONDITION" not in letter, kind
    for kind, code in RETRIED.items():
        letter = yard.dead(queues[kind])
        assert (letter["ERROR_CODE"], letter["EXHAUSTED_RETRY_CONDITION"]) == (code, "MaximumRetryAttempts"), kind
        assert letter["ERROR_MESSAGE"].startswith("Unable to invoke ApiDestination endpoint: "), kind
    for kind in DELIVERED:
        assert len(endpoints.at(f"/{kind}")) == 1
        answer = yard.sqs.receive_message(QueueUrl=queues[kind], WaitTimeSeconds=0)
        assert "Messages" not in answer, kind
    assert endpoints.at("/followed") == []


def test_a_closed_port_is_tried_again(yard: Yard, endpoints: Endpoints) -> None:
    queue = yard.rule(yard.destination(f"{endpoints.url}/x", yard.connection()))
    endpoints.close()
    yard.put()
    assert yard.dead(queue)["ERROR_CODE"] == "CONNECTION_FAILURE"


def test_the_wait_that_an_endpoint_asks_for_is_kept(yard: Yard, endpoints: Endpoints) -> None:
    times: list[float] = []

    def busy_once(asked: Asked) -> tuple[int, dict[str, str], bytes]:
        times.append(time.monotonic())
        return (429, {"Retry-After": "3"}, b"") if len(times) == 1 else (200, {}, b"")

    endpoints.answers["/busy"] = busy_once
    yard.rule(yard.destination(f"{endpoints.url}/busy", yard.connection()), retries=5)
    yard.put()
    endpoints.wait("/busy", 2)
    assert 2.9 < times[1] - times[0] < 5


def test_a_hanging_endpoint_holds_up_nobody_else(yard: Yard, endpoints: Endpoints) -> None:
    connection = yard.connection()
    yard.rule(yard.destination(f"{endpoints.url}/hang", connection, "hang"), "hang", retries=5)
    yard.rule(yard.destination(f"{endpoints.url}/ok", connection, "ok"), "ok")
    for _ in range(40):
        yard.put("hang")
    endpoints.wait("/hang")
    begun = time.monotonic()
    for _ in range(40):
        yard.put("ok")
    endpoints.wait("/ok", 40, seconds=4)
    assert time.monotonic() - begun < 4
    assert len(endpoints.at("/hang")) <= 16, "it holds its own slots, no more"


def test_the_rate_limit_holds(yard: Yard, endpoints: Endpoints) -> None:
    connection = yard.connection()
    yard.rule(yard.destination(f"{endpoints.url}/slow", connection, InvocationRateLimitPerSecond=5), retries=5)
    for _ in range(12):
        yard.put()
    begun = time.monotonic()
    endpoints.wait("/slow", 12)
    assert 1.8 < time.monotonic() - begun < 6


def test_a_destination_that_is_gone_is_not_retried(yard: Yard, endpoints: Endpoints) -> None:
    queue = yard.rule(yard.destination(f"{endpoints.url}/ok", yard.connection()))
    yard.events.delete_api_destination(Name="dest")
    yard.put()
    assert yard.dead(queue)["ERROR_CODE"] == "NO_RESOURCE"


def test_an_answer_that_repeats_the_secret_does_not_spread_it(yard: Yard, endpoints: Endpoints) -> None:
    endpoints.answers["/echo"] = lambda asked: (400, {}, json.dumps(asked.headers).encode())
    secret = "c4nary-of-the-api-key"
    connection = yard.connection(ApiKeyAuthParameters={"ApiKeyName": "A-Key", "ApiKeyValue": secret})
    queue = yard.rule(yard.destination(f"{endpoints.url}/echo", connection))
    yard.put()
    message = yard.dead(queue)["ERROR_MESSAGE"]
    assert secret not in message
    assert endpoints.at("/echo")[0].headers["a-key"] == secret


# --- credentials -----------------------------------------------------------------------------------------------------


def test_refused_credentials_show_in_the_state_until_they_are_accepted(yard: Yard, endpoints: Endpoints) -> None:
    def check(asked: Asked) -> tuple[int, dict[str, str], bytes]:
        return (200 if asked.headers["x-key"] == "right" else 401), {}, b""

    endpoints.answers["/door"] = check
    yard.rule(yard.destination(f"{endpoints.url}/door", yard.connection()), retries=10)
    yard.put()
    found = yard.waits_for("conn", "DEAUTHORIZED")
    assert found["StateReason"] == "The endpoint refused the credentials with status 401."
    assert yard.events.describe_api_destination(Name="dest")["ApiDestinationState"] == "INACTIVE"
    yard.events.update_connection(Name="conn", AuthParameters={"ApiKeyAuthParameters": {"ApiKeyValue": "right"}})
    asked = endpoints.wait("/door", 2)
    assert asked[-1].headers["x-key"] == "right"


def test_a_deauthorized_connection_calls_nobody_until_it_is_given_credentials(yard: Yard, endpoints: Endpoints) -> None:
    yard.rule(yard.destination(f"{endpoints.url}/ok", yard.connection()), retries=20)
    assert yard.events.deauthorize_connection(Name="conn")["ConnectionState"] == "DEAUTHORIZED"
    yard.put()
    time.sleep(1)
    assert endpoints.asked == []
    with refused("ValidationException"):
        yard.events.update_connection(Name="conn", AuthParameters={"ApiKeyAuthParameters": {"ApiKeyValue": "v"}})
    yard.events.update_connection(
        Name="conn", AuthParameters={"ApiKeyAuthParameters": {"ApiKeyName": "X-Key", "ApiKeyValue": "new"}}
    )
    assert endpoints.wait("/ok")[0].headers["x-key"] == "new"


def oauth(endpoints: Endpoints, method: str = "POST") -> dict[str, Any]:
    return {
        "OAuthParameters": {
            "ClientParameters": {"ClientID": "me", "ClientSecret": "s&cret"},
            "AuthorizationEndpoint": f"{endpoints.url}/token",
            "HttpMethod": method,
            "OAuthHttpParameters": {"BodyParameters": [{"Key": "scope", "Value": "cars"}]},
        }
    }


class Tokens:
    """A token endpoint that hands out one token after the other."""

    def __init__(self, endpoints: Endpoints, seconds: int = 3600) -> None:
        self.count = 0
        self.status = 200
        self._seconds = seconds
        endpoints.answers["/token"] = self.answer

    def answer(self, asked: Asked) -> tuple[int, dict[str, str], bytes]:
        self.count += 1
        token = {"access_token": f"t{self.count}", "token_type": "Bearer", "expires_in": self._seconds}
        return self.status, {}, json.dumps(token).encode() if self.status == 200 else b'{"error": "invalid_client"}'


def test_a_token_is_fetched_once_and_used_for_all(yard: Yard, endpoints: Endpoints) -> None:
    tokens = Tokens(endpoints)
    connection = yard.connection(kind="OAUTH_CLIENT_CREDENTIALS", **oauth(endpoints))
    assert "LastAuthorizedTime" in yard.waits_for("conn", "AUTHORIZED")
    (asked,) = endpoints.at("/token")
    expected = {"grant_type": "client_credentials", "client_id": "me", "client_secret": "s&cret", "scope": "cars"}
    assert asked.form == expected
    yard.rule(yard.destination(f"{endpoints.url}/ok", connection))
    for _ in range(20):
        yard.put()
    assert {each.headers["authorization"] for each in endpoints.wait("/ok", 20)} == {"Bearer t1"}
    assert tokens.count == 1


def test_a_refused_token_is_replaced_by_a_new_one(yard: Yard, endpoints: Endpoints) -> None:
    Tokens(endpoints)

    def check(asked: Asked) -> tuple[int, dict[str, str], bytes]:
        return (401 if asked.headers["authorization"] == "Bearer t1" else 200), {}, b""

    endpoints.answers["/door"] = check
    connection = yard.connection(kind="OAUTH_CLIENT_CREDENTIALS", **oauth(endpoints))
    yard.waits_for("conn", "AUTHORIZED")
    yard.rule(yard.destination(f"{endpoints.url}/door", connection), retries=3)
    yard.put()
    assert [each.headers["authorization"] for each in endpoints.wait("/door", 2)] == ["Bearer t1", "Bearer t2"]


def test_a_token_is_renewed_before_it_ends(yard: Yard, endpoints: Endpoints) -> None:
    Tokens(endpoints, seconds=2)
    connection = yard.connection(kind="OAUTH_CLIENT_CREDENTIALS", **oauth(endpoints))
    yard.waits_for("conn", "AUTHORIZED")
    yard.rule(yard.destination(f"{endpoints.url}/ok", connection))
    time.sleep(1.2)
    yard.put()
    assert endpoints.wait("/ok")[0].headers["authorization"] == "Bearer t2"


def test_refused_oauth_credentials_show_in_the_state(yard: Yard, endpoints: Endpoints) -> None:
    tokens = Tokens(endpoints)
    tokens.status = 401
    connection = yard.connection(kind="OAUTH_CLIENT_CREDENTIALS", **oauth(endpoints, "GET"))
    destination = yard.destination(f"{endpoints.url}/ok", connection)
    found = yard.waits_for("conn", "DEAUTHORIZED")
    assert "status 401 Unauthorized" in found["StateReason"]
    assert "client_secret=s%26cret" in endpoints.at("/token")[0].path
    assert yard.events.describe_api_destination(Name="dest")["ApiDestinationState"] == "INACTIVE"
    yard.rule(destination, retries=10)
    yard.put()
    tokens.status = 200
    endpoints.wait("/ok")
    yard.waits_for("conn", "AUTHORIZED")


# --- the server ------------------------------------------------------------------------------------------------------


def test_secrets_and_waiting_deliveries_survive_a_kill(tmp_path: Path, endpoints: Endpoints) -> None:
    process = Process(tmp_path / "data")
    try:
        yard = process.yard()
        secret = "c4nary-of-the-password"
        basic = {"Username": "anna", "Password": secret}
        endpoints.answers["/ok"] = lambda asked: (503, {}, b"")
        connection = yard.connection(kind="BASIC", BasicAuthParameters=basic)
        yard.rule(yard.destination(f"{endpoints.url}/ok", connection), retries=50)
        event_id = yard.put()
        endpoints.wait("/ok", 2)
        process.kill()
        key = tmp_path / "data" / "connections.key"
        assert key.stat().st_mode & 0o777 == 0o600
        for file in [*(tmp_path / "data").rglob("*"), Path(process.log.name)]:
            if file.is_file():
                assert secret.encode() not in file.read_bytes(), file
        endpoints.asked.clear()
        endpoints.answers.clear()
        process.start()
        (asked,) = endpoints.wait("/ok")
        assert asked.json["id"] == event_id
        assert base64.b64decode(asked.headers["authorization"].removeprefix("Basic ")).decode() == f"anna:{secret}"
    finally:
        process.stop()


@pytest.mark.parametrize(
    ("options", "code"),
    [((), "NO_PERMISSIONS"), (("--allow-network", "127.0.0.1/32"), None)],
    ids=["closed", "allowed"],
)
def test_outside_development_private_addresses_are_closed(
    tmp_path: Path, endpoints: Endpoints, options: tuple[str, ...], code: str | None
) -> None:
    process = Process(tmp_path / "data", *options, command="serve")
    try:
        yard = process.yard()
        local = endpoints.url.replace("http://127.0.0.1", "https://localhost") if code else endpoints.url
        queue = yard.rule(yard.destination(f"{local}/ok", yard.connection()))
        yard.put()
        if code is None:
            endpoints.wait("/ok")
        else:
            letter = yard.dead(queue)
            assert letter["ERROR_CODE"] == code
            assert "--allow-network" in letter["ERROR_MESSAGE"]
            assert endpoints.connections == 0
    finally:
        process.stop()


def test_a_target_can_have_signed_cloud_events(yard: Yard, endpoints: Endpoints) -> None:
    secret = base64.b64encode(b"a secret of some length").decode()
    key = {"ApiKeyName": "webhook-signature", "ApiKeyValue": f"whsec_{secret}"}
    connection = yard.connection(ApiKeyAuthParameters=key)
    options = {"Eventyard-Format": "cloudevents-structured"}
    yard.rule(yard.destination(f"{endpoints.url}/ok", connection), HttpParameters={"HeaderParameters": options})
    event_id = yard.put(n=1)
    (asked,) = endpoints.wait("/ok")
    assert (asked.json["id"], asked.json["type"], asked.json["data"]) == (event_id, "rule", {"n": 1})
    assert "eventyard-format" not in asked.headers
    text = f"{event_id}.{asked.headers['webhook-timestamp']}.".encode() + asked.body
    proof = base64.b64encode(hmac.digest(b"a secret of some length", text, "sha256")).decode()
    assert asked.headers["webhook-signature"] == f"v1,{proof}"
    assert secret not in str(asked.headers)


def test_a_target_can_have_another_time_limit(yard: Yard, endpoints: Endpoints) -> None:
    def slowly(asked: Asked) -> tuple[int, dict[str, str], bytes]:
        time.sleep(3)  # less than a call has, unless its target says otherwise
        return 200, {}, b""

    endpoints.answers["/slow"] = slowly
    options = {"HeaderParameters": {"Eventyard-Timeout": "1"}}
    queue = yard.rule(yard.destination(f"{endpoints.url}/slow", yard.connection()), HttpParameters=options)
    yard.put()
    letter = yard.dead(queue)
    assert letter["ERROR_CODE"] == "TIMEOUT"
    assert "no answer within 1 seconds" in letter["ERROR_MESSAGE"]
    with refused("ValidationException"):
        bad = {"HeaderParameters": {"Eventyard-Timeout": "100"}}
        yard.rule(yard.destination(f"{endpoints.url}/ok", yard.connection("c"), "d"), "other", HttpParameters=bad)
