"""``apply``, ``destroy`` and ``stacks`` as people and continuous integration use them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from eventyard.cli.stacks.records import FileRecords
from eventyard.cli.stacks.view import View
from eventyard.cli.stacks.work import Place as OpenPlace
from eventyard.cli.stacks.work import Work
from eventyard.errors import Conflict
from eventyard.stacks import Plan, Record
from tests.acceptance.server import Server
from tests.acceptance.stacks.driver import Driver, stack

_FILE = """\
stack: shop
queues:
  finance:
    visibility: 60
  finance-dead:
outputs: {finance: "${queues.finance.Arn}"}
"""
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run(server: Server, driver: Driver, tmp_path: Path) -> Run:
    """Runs a command in a folder with the file, as the driver's account."""
    (tmp_path / "eventyard.yml").write_text(_FILE)
    environment = os.environ | {"AWS_ENDPOINT_URL": server.url}

    def run(*command: str, status: int = 0) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "-m", "eventyard", *command],
            cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60, check=False,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
        assert done.returncode == status, done.stdout + done.stderr
        return done

    return run


def test_what_people_see(run: Run, server: Server, tmp_path: Path) -> None:
    refused = run("apply", status=1)
    assert "+ queues.finance       AWS::SQS::Queue" in refused.stdout
    assert refused.stderr == "eventyard: Nobody can be asked here: say --yes to apply this, or --plan to see it only.\n"
    assert "Plan: 2 to create." in refused.stdout
    done = run("apply", "--yes").stdout
    assert "✓ queues.finance       AWS::SQS::Queue  created" in done
    assert "Done: 2 created." in done
    assert "finance = arn:aws:sqs:us-east-1:" in done
    (tmp_path / "eventyard.yml").write_text(_FILE.replace("60", "90").replace("  finance-dead:\n", ""))
    plan = run("apply", "--plan", "--exit-code", status=2).stdout
    assert "~ queues.finance       AWS::SQS::Queue\n      VisibilityTimeout: 60 → 90\n" in plan
    assert "queues.finance-dead  AWS::SQS::Queue  (no longer wanted, left alone (--prune deletes it))" in plan
    assert "\nqueues.finance  " in run("stacks", "show", "shop").stdout
    assert "Done: 2 deleted." in run("destroy", "shop", "--yes").stdout
    assert "There are no stacks" in run("stacks", "list").stdout


def test_a_change_is_shown_with_what_was_and_what_will_be(run: Run, tmp_path: Path) -> None:
    long = "A description that goes on and on before it comes to what it wants to say of the bus that it is about, in "
    text = "stack: shop\nbuses:\n  cars: {{description: '{0}', tags: {1}}}\nrules:\n  r: {{bus: cars, pattern: {2}}}\n"
    (tmp_path / "eventyard.yml").write_text(text.format(long + "May", "{a: b}", '{source: [a], detail: {a: ["1"]}}'))
    assert "→" not in run("apply", "--yes", "--details").stdout, "what is new was nothing before"
    changed = text.format(long + "June", "{a: b, c: d}", "{source: [a], detail: {a: [1], b: [2]}}")
    (tmp_path / "eventyard.yml").write_text(changed)
    plan = run("apply", "--plan").stdout
    assert "      Tags.c: (nothing) → d\n" in plan
    assert '      EventPattern.detail.a: ["1"] → [1]\n' in plan
    assert "      EventPattern.detail.b: (nothing) → [2]\n" in plan
    (line,) = [each for each in plan.splitlines() if "Description: " in each]
    before, after = line.split(" → ")
    assert before.startswith("      Description: …")
    assert (before[-4:], after[-5:]) == (" May", " June")


def test_what_was_not_there_is_not_said_to_be_deleted(run: Run, driver: Driver, tmp_path: Path) -> None:
    (tmp_path / "eventyard.yml").write_text("stack: s\nbuses:\n  cars:\n  vans:\n")
    run("apply", "--yes")
    driver.call("events", "DeleteEventBus", Name="cars")
    done = run("destroy", "s", "--yes").stdout
    assert "✓ buses.cars  AWS::Events::EventBus  was not there" in done
    assert "Done: 1 deleted, 1 not there any more." in done


def test_what_could_not_be_deleted_is_told_in_the_words_of_destroy(run: Run, driver: Driver, tmp_path: Path) -> None:
    (tmp_path / "eventyard.yml").write_text("stack: s\nbuses:\n  cars:\n")
    run("apply", "--yes")
    driver.call("events", "PutRule", Name="other", EventBusName="cars", EventPattern='{"source": ["a"]}')
    failed = run("destroy", "s", "--yes", status=1).stdout
    assert "Not done: 1 failed. Destroy it again: it goes on from here." in failed


def test_who_comes_second_is_told_who_was_first(driver: Driver) -> None:
    record, revision = driver.record("s")
    plan = driver.plan(stack(bus=("AWS::Events::EventBus", {})))

    def overtaken(_: Record) -> Plan:
        driver.records.save(msgspec.structs.replace(record, holder="elsewhere process 7"), revision)
        return plan

    work = Work(OpenPlace(driver.site, driver.records, "here"), View(), json=False, yes=True, take_over=False)
    with pytest.raises(
        Conflict, match=r"elsewhere process 7 is applying it\. Nothing was changed here\. Run this again"
    ):
        work.do("s", overtaken, plan_only=False, exit_code=False)


def test_what_programs_read(run: Run, tmp_path: Path) -> None:
    done = json.loads(run("apply", "--yes", "--json").stdout)
    assert [(step["action"], step["id"]) for step in done["steps"]] == [
        ("create", "queues.finance"), ("create", "queues.finance-dead"),
    ]  # fmt: skip
    assert done["outcome"]["failed"] == {}
    again = json.loads(run("apply", "--plan", "--json", "--exit-code").stdout)
    assert again["changes"] is False
    (tmp_path / "eventyard.yml").write_text(_FILE.replace("60", "99999"))
    wrong = run("apply", "--yes", status=1)
    assert wrong.stdout.startswith("eventyard.yml:4:17: error: visibility is a whole number from 0 to 43200")


def test_a_refusal_names_the_line(run: Run, tmp_path: Path) -> None:
    (tmp_path / "eventyard.yml").write_text("stack: s\ntopics:\n  'not allowed':\n")
    failed = run("apply", "--yes", status=1).stdout
    assert "✗ topics.not allowed  AWS::SNS::Topic  failed\n    eventyard.yml:3:3: " in failed
    assert "Not done: 1 failed" in failed


def test_nobody_there_is_said(run: Run) -> None:
    assert "doesn't answer" in run("apply", "--endpoint", "http://127.0.0.1:9", status=1).stderr


def test_aws_keeps_no_records_and_has_none_of_our_own_types(run: Run, tmp_path: Path) -> None:
    """AWS is played by the server here, whose URL its clients take from the environment as they would for AWS."""
    run("apply", "--aws", "--yes")
    record, revision = FileRecords(tmp_path / ".eventyard" / "stacks").load("shop")
    assert record is not None
    assert (list(record.resources), record.holder) == (["queues.finance", "queues.finance-dead"], "")
    assert revision > 2
    (tmp_path / "hooks.yml").write_text(
        "stack: s\nwebhooks:\n  git: {provider: github}\nresources:\n  R: {type: 'AWS::IAM::Role', properties: {}}\n"
    )
    refused = run("apply", "hooks.yml", "--aws", "--yes", status=1).stdout
    assert "hooks.yml:3:3: error: webhooks.git (Eventyard::Webhooks::Endpoint): AWS has no" in refused
    assert "hooks.yml:5:3: error: R (AWS::IAM::Role): AWS::IAM::Role isn't applied to AWS" in refused


def test_records_in_files_have_revisions_too(tmp_path: Path) -> None:
    records = FileRecords(tmp_path / "stacks")
    assert records.load("s") == (None, 0)
    assert records.save(Record("s", "salt"), 0) == 1
    with pytest.raises(Conflict):
        records.save(Record("s", "other"), 0)
    assert records.load("s") == (Record("s", "salt"), 1)
    assert records.names() == ["s"]
    with pytest.raises(Conflict):
        records.forget("s", 3)
    records.forget("s", 1)
    assert records.names() == []
