"""``eventyard webhooks``, a provider that a plug-in brings, and contracts drafted from what came."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.acceptance.server import Server
from tests.acceptance.webhooks.sending import OTHER, SECRET, add, ask, event, on_bus, page, send

Run = Callable[..., subprocess.CompletedProcess[str]]

PLUGIN = '''
"""A provider for tests: the secret stands in a header, and the body is the event."""

from eventyard.providers.token import Token


class Knock(Token):
    source = "knock"

    def __init__(self, options, tolerance):
        super().__init__({"in": "header", "name": "x-knock", "id": "body:id", "type": "body:type"}, tolerance)
'''


@pytest.fixture
def run(server: Server, tmp_path: Path) -> Run:
    def run(*words: str, told: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "eventyard", *words],
            env=os.environ | {"AWS_ENDPOINT_URL": server.url},
            input=told,
            capture_output=True,
            text=True,
            timeout=60,
            cwd=tmp_path,
        )

    return run


def test_a_webhooks_life(server: Server, run: Run) -> None:
    add_words = ("webhooks", "add", "life", "--provider", "github", "--option", "actions=true", "--header", "x-a")
    assert "could be seen by others" in run(*add_words, "--secret", SECRET).stderr
    done = run(*add_words, "--secret", "-", told=f"{SECRET}\n")
    assert done.returncode == 0, done.stderr
    done = run("webhooks", "test", "life", "--header", "x-a=b")
    assert (done.returncode, done.stdout[:3]) == (0, "200"), done
    assert on_bus(server.url)[-1]["detail-type"] == "issues.opened"
    assert on_bus(server.url)[-1]["resources"][1:] == ["header:x-a=b"]
    assert run("webhooks", "rotate", "life", "--secret", "env:NOTHING").returncode == 1
    assert run("webhooks", "rotate", "life", "--secret", "-", "--keep", "0s", told=OTHER).returncode == 0
    send(server.url, "life", "github")
    shown = run("webhooks", "show", "life").stdout
    assert "refused" in shown
    assert "signature: The signature in header x-hub-signature-256 was not made with" in shown
    assert SECRET not in shown
    assert OTHER not in shown
    assert "life" in run("webhooks", "list").stdout
    assert run("webhooks", "raw", "life").stdout == ""
    assert run(*add_words, "--archive").returncode == 0
    star = {"x-github-event": "star", "x-github-delivery": "2"}
    assert send(server.url, "life", "github", secret=OTHER, headers=star).json["duplicates"] == 1, "the same body"
    send(server.url, "life", "github", secret=OTHER, headers=star, body=b'{"action":"created"}')
    (line,) = run("webhooks", "raw", "life", "--since", "1h").stdout.splitlines()
    assert dict(json.loads(line)["headers"])["x-github-event"] == "star"
    assert run("webhooks", "remove", "life").returncode == 0
    done = run("webhooks", "test", "life")
    assert (done.returncode, done.stderr) == (1, "eventyard: There is no webhook life.\n")


def test_a_draft_of_what_came_passes_the_lint(server: Server, run: Run, tmp_path: Path) -> None:
    server.client("events", "123456789012").create_event_bus(Name="drafts")
    add(server.url, "drafts", bus="drafts")
    assert "No events" in run("webhooks", "draft", "drafts", "contracts").stderr
    for number in range(3):
        more = {"data": {"object": {"amount": number, "email": "a@example.com"}}} | ({"note": "x"} if number else {})
        send(server.url, "drafts", body=event(f"evt_{number}", **more))
    send(server.url, "drafts", body=event("evt_9", "invoice.paid"))
    done = run("webhooks", "draft", "drafts", "contracts")
    assert done.returncode == 0, done.stderr
    text = (tmp_path / "contracts" / "charge-succeeded.md").read_text()
    assert "type: charge.succeeded\npublisher: stripe\n" in text
    assert "pii:\n  - data.object.email\n" in text
    schema = json.loads(text.split("```json\n")[1].split("```")[0])
    assert schema["required"] == ["created", "data", "id", "object", "type"]
    assert schema["properties"]["note"] == {"type": "string"}
    assert schema["properties"]["data"]["properties"]["object"]["properties"]["amount"] == {"type": "integer"}
    done = run("contracts", "lint", "contracts")
    assert done.returncode == 0, done.stdout
    assert "is left as it is" in run("webhooks", "draft", "drafts", "contracts").stderr


def test_a_bus_that_rejects_tells_the_sender(server: Server, run: Run, tmp_path: Path) -> None:
    server.client("events", "123456789012").create_event_bus(Name="strict")
    add(server.url, "strict", bus="strict")
    send(server.url, "strict", body=event("evt_1", amount=1))
    assert run("webhooks", "draft", "strict", "contracts").returncode == 0
    text = tmp_path / "contracts" / "charge-succeeded.md"
    text.write_text(
        text.read_text().replace('"amount": {"type": "integer"}', '"amount": {"type": "integer", "minimum": 1}')
    )
    pushed = run("contracts", "push", "contracts", "--registry", "stripe")
    assert pushed.returncode == 0, pushed.stdout + pushed.stderr
    rules = {"bus": "strict", "registry": "stripe", "mode": "reject"}
    assert page(server.url, "PUT", "validation", rules).status == 200
    reply = send(server.url, "strict", body=event("evt_2", amount=0))
    assert (reply.status, "amount" in reply.json["message"]) == (422, True)
    assert send(server.url, "strict", body=event("evt_2", amount=2)).json["accepted"] == 1
    there = [each["detail"]["id"] for each in on_bus(server.url, "strict") if each["source"] == "stripe"]
    assert there == ["evt_1", "evt_2"]


def test_a_plug_in_brings_a_provider_and_its_absence_hurts_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A real distribution on the path, as an installer would leave it."""
    home = tmp_path / "site"
    (home / "knock-1.0.dist-info").mkdir(parents=True)
    (home / "knock.py").write_text(PLUGIN)
    (home / "knock-1.0.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: knock\nVersion: 1.0\n")
    (home / "knock-1.0.dist-info" / "entry_points.txt").write_text("[eventyard.providers]\nknock = knock:Knock\n")
    monkeypatch.setenv("PYTHONPATH", str(home))
    server = Server(tmp_path / "data")
    try:
        add(server.url, "knock", "knock")
        add(server.url, "stripe")
        sample = page(server.url, "POST", "webhooks/knock/sample", {}).json
        assert sample["headers"]["x-knock"] == SECRET
        assert ask(server.url, "POST", "/webhooks/knock", sample["body"].encode(), sample["headers"]).status == 200
        assert on_bus(server.url)[0]["source"] == "knock"
        server.stop()
        monkeypatch.delenv("PYTHONPATH")
        server.start()
        reply = ask(server.url, "POST", "/webhooks/knock", sample["body"].encode(), sample["headers"])
        assert (reply.status, reply.headers["retry-after"]) == (503, "30")
        assert send(server.url, "stripe").status == 200
        assert "There is no provider 'knock'" in json.dumps(page(server.url, "GET", "webhooks/knock").json["refusals"])
    finally:
        server.stop()
