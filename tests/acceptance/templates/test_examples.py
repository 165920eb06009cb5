"""The examples of SAM and Serverless Framework, applied and run: an event is put, and what it leads to is seen."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.server import Server

ROOT = Path(__file__).parents[3]
Connect = Callable[[str], Any]
Apply = Callable[..., subprocess.CompletedProcess[str]]

SAM = ("examples/sam/template.yaml", "--stack", "shop")
SERVERLESS = ("examples/serverless/serverless.yml", "--parameter", "stage=test")


@pytest.fixture
def apply(server: Server, account: str) -> Apply:
    """Apply a file as its user does."""

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
            "AWS_ACCESS_KEY_ID": account,
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": "us-east-1",
        }
        command = [sys.executable, "-m", "eventyard", "apply", *arguments, "--endpoint", server.url]
        return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120)

    return run


def _done(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def _put(connect: Connect, bus: str, source: str, type: str, detail: dict[str, Any]) -> None:
    entry = {"EventBusName": bus, "Source": source, "DetailType": type, "Detail": json.dumps(detail)}
    assert connect("events").put_events(Entries=[entry])["FailedEntryCount"] == 0


def _next(connect: Connect, queue: str) -> Any:
    """The next message of a queue, as JSON."""
    sqs = connect("sqs")
    url = sqs.get_queue_url(QueueName=queue)["QueueUrl"]
    for _ in range(3):
        for message in sqs.receive_message(QueueUrl=url, WaitTimeSeconds=20).get("Messages", []):
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            return json.loads(message["Body"])
    raise AssertionError(f"Nothing came to {queue}.")


def test_a_sam_template_runs(apply: Apply, connect: Connect) -> None:
    assert "ReceiptsUrl = " in _done(apply(*SAM, "--yes"))
    _put(connect, "orders-dev", "shop", "OrderPaid", {"order_number": "abc-123", "total": 12.5})
    assert _next(connect, "receipts-dev")["responsePayload"]["receipt"] == "R-abc-123"
    # What is put in the queue is read by the other function, which gives back what it can't send.
    sqs = connect("sqs")
    url = sqs.get_queue_url(QueueName="shop-Mails")["QueueUrl"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "3"})
    for to in ("a@example.com", "nobody"):
        sqs.send_message(QueueUrl=url, MessageBody=json.dumps({"to": to}))
    assert _next(connect, "shop-Unsent") == {"to": "nobody"}


def test_a_file_of_serverless_framework_runs_and_is_the_same_the_second_time(apply: Apply, connect: Connect) -> None:
    _done(apply(*SERVERLESS, "--yes"))
    charge = {"id": "ch_1", "customer": "Ada", "amount": 1250}
    _put(connect, "purchases-test", "stripe", "charge.succeeded", charge)
    receipt = _next(connect, "purchases-test-receipts")["responsePayload"]
    assert receipt == {"receipt": "R-ch_1", "customer": "Ada", "total": "12.50 EUR"}
    _put(connect, "purchases-test", "stripe", "charge.failed", {**charge, "failure_message": "Insufficient funds"})
    reminder = _next(connect, "purchases-test-reminders")["responsePayload"]
    assert reminder == {"to": "Ada", "text": "Your payment did not go through: Insufficient funds"}
    _done(apply(*SERVERLESS, "--plan", "--exit-code"))


def test_a_template_applied_again_changes_nothing_and_with_other_parameters_what_they_say(apply: Apply) -> None:
    _done(apply(*SAM, "--yes"))
    _done(apply(*SAM, "--plan", "--exit-code"))
    other = apply(*SAM, "--plan", "--exit-code", "--parameter", "Stage=prod", "--json")
    assert other.returncode == 2, other.stdout + other.stderr
    assert "receipts-prod" in other.stdout
    assert "bad-parameter" in apply(*SAM, "--plan", "--parameter", "Stage=test").stdout


def test_a_file_with_an_error_is_applied_in_no_part_and_shown_as_it_should_be(
    apply: Apply, connect: Connect, tmp_path: Path
) -> None:
    file = tmp_path / "serverless.yml"
    event = "      - eventBridge:\n        eventBus: orders\n        pattern: {source: [shop]}\n"
    function = "functions:\n  paid:\n    handler: handlers.paid\n    events:\n"
    queue = "resources: {Resources: {Q: {Type: AWS::SQS::Queue}}}\n"
    file.write_text(f"service: s\nprovider: {{name: aws, runtime: python3.11}}\n{queue}{function}{event}")
    done = apply(str(file), "--yes")
    assert done.returncode == 1
    assert f"{file}:9:9: error:" in done.stdout
    assert "- eventBridge:\n    eventBus: orders\n    pattern: {source: [shop]}\n" in done.stdout
    assert connect("sqs").list_queues().get("QueueUrls", []) == []


def test_files_of_a_project_are_opened_and_none_outside(apply: Apply, tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    (tmp_path / "secret.yml").write_text("name: secret\n")
    (project / "names.yml").write_text("name: inside\n")
    (project / "link.yml").symlink_to(tmp_path / "secret.yml")
    file = project / "serverless.yml"
    queue = "{Type: AWS::SQS::Queue, Properties: {QueueName: '%s'}}"
    content = f"service: s\nprovider: aws\nresources: {{Resources: {{Q: {queue}}}}}\n"
    file.write_text(content % "${file(names.yml):name}")
    assert "inside" in _done(apply(str(file), "--plan", "--details"))
    file.write_text(content % "${file(link.yml):name}")
    done = apply(str(file), "--plan")
    assert done.returncode == 1
    assert "leads out of the project" in done.stdout + done.stderr
