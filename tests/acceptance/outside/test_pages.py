"""Making, showing, trying and deleting targets outside, on a real server."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from typing import Any

import pytest

from tests.acceptance.outside.conftest import Yard


def _nats(nats: Any, subject: str, **more: Any) -> dict[str, Any]:
    return {"url": nats.url, "subject": subject, "jetstream": False, **more}


def test_a_target_is_shown_without_its_credentials(yard: Yard, nats: Any) -> None:
    made = yard.page("PUT", "/lots", {"kind": "nats", **_nats(nats, "lots", user="anna", password="hush hush")})
    assert made["arn"] == f"arn:aws:events:us-east-1:{yard.account}:target/lots"
    assert made["settings"] == _nats(nats, "lots", user="anna", password="***")
    assert made == yard.page("GET", "/lots")
    listed = yard.page("GET")
    assert made in listed["targets"]
    assert {"amqp", "aws", "kafka", "nats", "postgresql", "redis"} <= set(listed["kinds"])


def test_credentials_lie_sealed(yard: Yard, nats: Any) -> None:
    yard.target("sealed", "nats", **_nats(nats, "lots", user="anna", password="never in the clear"))
    with sqlite3.connect(f"file:{yard.server.data}/eventyard.db?mode=ro", uri=True) as database:
        rows = database.execute("SELECT value FROM catalog WHERE kind = 'target'").fetchall()
    assert any(b"anna" in value for (value,) in rows)
    for path in yard.server.data.rglob("*"):
        if path.is_file():
            assert b"never in the clear" not in path.read_bytes(), path


def test_credentials_stay_when_left_out_and_go_when_null(yard: Yard, nats: Any) -> None:
    yard.target("lots", "nats", **_nats(nats, "lots", user="anna", password="hush"))
    assert yard.page("PUT", "/lots", {"kind": "nats", **_nats(nats, "b", user="anna")})["settings"]["password"] == "***"
    given = yard.page("GET", "/lots")["settings"]
    assert yard.page("PUT", "/lots", {"kind": "nats", **given})["settings"] == given
    for more in ({"user": "bert"}, {"user": "anna", "url": "nats://127.0.0.1:1"}):
        moved = yard.page("PUT", "/lots", {"kind": "nats", **_nats(nats, "b"), **more})
        assert (moved["status"], moved["code"]) == (400, "ValidationException")
        assert "password must be given again, or null: " in moved["message"]
    assert yard.page("GET", "/lots")["settings"] == given
    gone = yard.page("PUT", "/lots", {"kind": "nats", **_nats(nats, "b"), "password": None})
    assert "password" not in gone["settings"]
    other = yard.page("PUT", "/lots", {"kind": "redis", "url": "redis://127.0.0.1", "stream": "s"})
    assert other["settings"] == {"url": "redis://127.0.0.1", "stream": "s"}, (
        "another kind's credentials are not its own"
    )


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({}, "Say which kind of target"),
        ({"kind": "pigeon"}, "'pigeon' is no kind of target. Known are amqp, aws, kafka, nats, postgresql, redis"),
        ({"kind": "nats", "subject": "s"}, "Object missing required field `url`"),
        ({"kind": "nats", "url": "nats://h", "subject": "s", "colour": 1}, "unknown field `colour`"),
        ({"kind": "nats", "url": "nats://h", "subject": 7}, "Expected `str`, got `int`, in `subject`"),
        ({"kind": "nats", "url": "nats://anna:hush@h", "subject": "s"}, "credentials don't belong into the url"),
        ({"kind": "nats", "url": "http://h", "subject": "s"}, "the url begins with nats:// or tls://"),
        ({"kind": "nats", "url": "nats://h", "subject": "lots.>"}, "neither spaces nor wildcards"),
        ({"kind": "nats", "url": "nats://h", "subject": "lots.<$x>"}, "Invalid JSONPath"),
        ({"kind": "nats", "url": "tls://h", "subject": "s", "ca": "x"}, "ca holds no certificates"),
        ({"kind": "redis", "url": "redis://h", "stream": ""}, "length >= 1, in `stream`"),
        ({"kind": "amqp", "url": "amqp://h", "exchange": "e"}, "missing required field `routing_key`"),
        ({"kind": "kafka", "brokers": ["a:b"], "topic": "t"}, "a broker is host:port, not 'a:b'"),
        ({"kind": "kafka", "brokers": ["a"], "topic": "t", "user": "u"}, "mechanism, user and password belong"),
        (
            {"kind": "postgresql", "url": "postgresql://h", "table": "t", "user": "u"},
            "ends with the name of a database",
        ),
        (
            {"kind": "postgresql", "url": "postgresql://h/d", "table": "t", "user": "u", "columns": {"a": "colour"}},
            "a column must hold the id",
        ),
        ({"kind": "aws", "account": "12", "access_key_id": "a", "secret_access_key": "b"}, "has twelve digits"),
    ],
)
def test_settings_that_can_not_work_are_refused_when_they_are_given(
    yard: Yard, asked: dict[str, Any], said: str
) -> None:
    answer = yard.page("PUT", "/lots", asked)
    assert answer["status"] == 400
    assert said in answer["message"]
    assert yard.page("GET", "/lots")["status"] == 404


def test_a_name_must_fit_into_an_arn(yard: Yard) -> None:
    assert "A target's name is" in yard.page("PUT", "/a:b", {"kind": "nats"})["message"]
    assert "A target's name is" in yard.page("GET", "/a/b")["message"]


def test_a_target_is_tried_with_one_event(yard: Yard, nats: Any) -> None:
    asyncio.run(nats.make(f"tried{yard.account}", [f"tried{yard.account}"]))
    yard.target("lots", "nats", url=nats.url, subject=f"tried{yard.account}")
    said = yard.page("POST", "/lots/test", {"event": {"vin": "VIN1"}})
    assert said["outcome"] == "delivered"
    [(_, data, headers)] = asyncio.run(nats.messages(f"tried{yard.account}"))
    event = json.loads(data)
    assert (event["id"], event["detail-type"], event["detail"]) == (said["event_id"], "TargetTested", {"vin": "VIN1"})
    assert headers["event-id"] == said["event_id"]
    assert yard.page("GET", "/lots")["deliveries"] == {"delivered": 1, "retry": 0, "permanent": 0}


def test_a_trial_says_what_is_wrong(yard: Yard) -> None:
    yard.target("away", "redis", url="redis://127.0.0.1:1", stream="s")
    said = yard.page("POST", "/away/test")
    assert (said["outcome"], said["code"]) == ("retry", "CONNECTION_FAILURE")
    yard.target("private", "redis", url="redis://169.254.169.254", stream="s")
    said = yard.page("POST", "/private/test")
    assert (said["outcome"], said["code"]) == ("permanent", "NO_PERMISSIONS")
    assert "metadata address" in said["message"]


def test_a_deleted_target_is_gone(yard: Yard, nats: Any) -> None:
    yard.target("lots", "nats", **_nats(nats, "lots"))
    assert yard.page("DELETE", "/lots") == {"arn": f"arn:aws:events:us-east-1:{yard.account}:target/lots"}
    assert yard.page("GET", "/lots")["status"] == 404
    assert yard.page("DELETE", "/lots")["status"] == 404


def test_metrics_tell_how_deliveries_went(yard: Yard, nats: Any) -> None:
    import urllib.request

    arn = yard.target("counted", "nats", **_nats(nats, "lots"))
    yard.page("POST", "/counted/test")
    with urllib.request.urlopen(f"{yard.server.url}/metrics") as answer:
        lines = answer.read().decode().splitlines()
    assert f'eventyard_target_deliveries_total{{outcome="delivered",target="{arn}"}} 1.0' in lines
