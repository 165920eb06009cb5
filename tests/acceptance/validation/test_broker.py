"""A bus holds events against the contracts in a registry, as its rules say, also after kill -9."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from eventyard.waiter import EventWaiter
from tests.acceptance.cli.test_cli import one_sentence, run
from tests.acceptance.server import Server
from tests.acceptance.waiting import until

SCHEMA = {
    "$schema": "http://json-schema.org/draft-04/schema#",
    "type": "object",
    "required": ["vin"],
    "properties": {"vin": {"type": "string", "minLength": 5}},
}


def page(server: Server, account: str, method: str, **asked: Any) -> dict[str, Any]:
    body = json.dumps({"account": account} | asked).encode() if method == "PUT" else None
    query = f"?account={account}" if method != "PUT" else ""
    request = urllib.request.Request(f"{server.url}/_eventyard/validation{query}", body, method=method)
    with urllib.request.urlopen(request) as answer:
        found: dict[str, Any] = json.load(answer)
    return found


def register(server: Server, account: str, schema: dict[str, Any] | None = None) -> None:
    schemas = server.client("schemas", account)
    schemas.create_registry(RegistryName="contracts")
    schemas.create_schema(
        RegistryName="contracts",
        SchemaName="cars@CarSold",
        Type="JSONSchemaDraft4",
        Content=json.dumps(schema or SCHEMA),
    )


def publish(server: Server, account: str, *details: dict[str, Any], type: str = "CarSold") -> list[dict[str, Any]]:
    entries = [{"Source": "cars", "DetailType": type, "Detail": json.dumps(detail)} for detail in details]
    found: list[dict[str, Any]] = server.client("events", account).put_events(Entries=entries)["Entries"]
    return found


def test_reject_answers_the_entry_with_path_and_reason_and_takes_the_others(server: Server, account: str) -> None:
    register(server, account)
    page(server, account, "PUT", registry="contracts", mode="reject")
    with EventWaiter.connect(server.url, account=account) as events:
        sold = events.subscribe("CarSold")
        good, bad, other = publish(server, account, {"vin": "12345"}, {"vin": 1}, {"vin": "54321"})
        assert bad["ErrorCode"] == "ContractViolation"
        assert "/vin: expected string, got 1 (cars@CarSold, version 1)" in bad["ErrorMessage"]
        assert {"EventId"} == set(good) == set(other)
        assert [event.detail["vin"] for event in sold.collect(2)] == ["12345", "54321"]
        with pytest.raises(AssertionError, match="was refused because it breaks its contract, cars@CarSold"):
            sold.next(timeout=0.3)


def test_a_newer_version_in_the_registry_counts_at_once(server: Server, account: str) -> None:
    register(server, account)
    page(server, account, "PUT", registry="contracts", mode="reject")
    assert "ErrorCode" in publish(server, account, {"vin": "abc"})[0]
    shorter = SCHEMA | {"properties": {"vin": {"type": "string"}}}
    server.client("schemas", account).update_schema(
        RegistryName="contracts", SchemaName="cars@CarSold", Content=json.dumps(shorter)
    )
    assert "EventId" in publish(server, account, {"vin": "abc"})[0]


def test_quarantine_sends_the_event_to_the_queue_with_its_violations(server: Server, account: str) -> None:
    register(server, account)
    sqs = server.client("sqs", account)
    url = sqs.create_queue(QueueName="quarantine")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    page(server, account, "PUT", registry="contracts", mode="quarantine", queue=arn)
    (entry,) = publish(server, account, {"vin": "abc"})
    got = until(
        lambda: sqs.receive_message(QueueUrl=url, MessageAttributeNames=["All"], WaitTimeSeconds=1).get("Messages")
    )
    event = json.loads(got[0]["Body"])
    assert (event["id"], event["detail"]) == (entry["EventId"], {"vin": "abc"})
    attributes = {name: value["StringValue"] for name, value in got[0]["MessageAttributes"].items()}
    assert attributes["CONTRACT"] == "cars@CarSold"
    assert json.loads(attributes["VIOLATIONS"])[0]["path"] == "/vin"
    with urllib.request.urlopen(f"{server.url}/_eventyard/story?event={entry['EventId']}") as answer:
        story = json.load(answer)
    assert [one["log"].partition("#")[2] for one in story["received"]] == ["quarantine"]


def test_rules_and_quarantine_outlive_kill_9(tmp_path: Path) -> None:
    account = "123456789012"
    server = Server(tmp_path)
    try:
        register(server, account)
        page(server, account, "PUT", registry="contracts", mode="quarantine")
        (entry,) = publish(server, account, {"vin": "abc"})
        server.kill()
        server.start()
        assert page(server, account, "GET")["rules"][0]["mode"] == "quarantine"
        with urllib.request.urlopen(f"{server.url}/_eventyard/story?event={entry['EventId']}") as answer:
            assert json.load(answer)["received"]
        page(server, account, "PUT", registry="contracts", mode="reject", events={"CarSold": "reject"})
        assert "ErrorCode" in publish(server, account, {"vin": "abc"})[0]
        page(server, account, "DELETE")
        assert "EventId" in publish(server, account, {"vin": "abc"})[0]
    finally:
        server.stop()


def test_violations_are_counted_for_alarms(server: Server, account: str) -> None:
    register(server, account)
    page(server, account, "PUT", registry="contracts", mode="warn")
    publish(server, account, {"vin": "12345"}, {"vin": 1}, {})
    bus = f"arn:aws:events:us-east-1:{account}:event-bus/default"
    (count,) = [one for one in page(server, account, "GET")["counts"] if one["bus"] == bus]
    assert (count["checked"], count["warn"], count["publisher"], count["version"]) == (3, 2, "cars", 1)
    with urllib.request.urlopen(f"{server.url}/metrics") as answer:
        lines = [line for line in answer.read().decode().splitlines() if account in line and "contract_checks" in line]
    assert [line.rpartition(" ")[2] for line in lines if 'outcome="warn"' in line] == ["2.0"]


@pytest.mark.parametrize(
    ("asked", "status", "reason"),
    [
        ({"mode": "reject"}, 400, "Name the registry"),
        ({"registry": "contracts", "mode": "refuse"}, 400, "one of off, warn, quarantine, reject"),
        ({"registry": "contracts", "events": {"A": 1}}, 400, "A mode is one of"),
        ({"registry": "contracts", "bus": "nowhere"}, 404, "does not exist"),
        ({"registry": "kontracts", "mode": "reject"}, 404, "no registry"),
        ({"registry": "contracts", "queue": "arn:aws:sqs:us-east-1:123456789012:no"}, 404, "no queue"),
        ({"registry": "contracts", "modus": "reject"}, 400, "modus is not known"),
    ],
)
def test_rules_that_mean_nothing_are_refused(
    server: Server, account: str, asked: dict[str, Any], status: int, reason: str
) -> None:
    register(server, account)
    with pytest.raises(urllib.error.HTTPError) as refused:
        page(server, account, "PUT", **asked)
    with refused.value as error:
        assert error.code == status
        assert reason in json.load(error)["message"]


def test_the_command_line_says_what_is_done_and_shows_who_breaks_what(server: Server, account: str) -> None:
    own = {"AWS_ACCESS_KEY_ID": account, "AWS_ENDPOINT_URL": server.url}
    bus = f"arn:aws:events:us-east-1:{account}:event-bus/default"
    register(server, account)
    done = run("contracts", "enforce", "reject", "--bus", bus, "--event", "CarSold=reject", environment=own)
    assert "reject, CarSold: reject; without a contract: off" in done.stdout, done.stderr
    publish(server, account, {"vin": 1})
    shown = run("contracts", "violations", environment=own).stdout
    assert any(line.split() == ["cars@CarSold", "1", "cars", "1", "0", "0", "1"] for line in shown.splitlines()), shown
    assert "one of off" in one_sentence(run("contracts", "enforce", "refuse", "--bus", bus, environment=own))
    assert "PhotosTaken=warn" in one_sentence(run("contracts", "enforce", "warn", "--event", "A", environment=own))
    assert "any more" in run("contracts", "enforce", "none", "--bus", bus, environment=own).stdout


def test_a_mode_for_an_event_without_a_contract_is_refused_with_what_may_be_meant(server: Server, account: str) -> None:
    register(server, account)
    own = {"AWS_ACCESS_KEY_ID": account, "AWS_ENDPOINT_URL": server.url}
    bus = f"arn:aws:events:us-east-1:{account}:event-bus/default"
    done = run("contracts", "enforce", "warn", "--bus", bus, "--event", "CarSodl=reject", environment=own)
    assert "has no contract for an event CarSodl. Did you mean CarSold?" in one_sentence(done)
    assert bus not in {each["bus"] for each in page(server, account, "GET")["rules"]}
    with pytest.raises(urllib.error.HTTPError) as refusal:
        page(server, account, "PUT", registry="contracts", mode="warn", events={"Gone\x1b[31m": "off"})
    told = json.load(refusal.value)["message"]
    refusal.value.close()
    assert "Gone\\u001b[31m" in told
