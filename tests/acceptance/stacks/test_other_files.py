"""Files of other tools, applied as their users write them, beside one of our own."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from eventyard.cli.stacks.files import read_files
from eventyard.errors import InvalidRequest
from eventyard.resource import Stack
from tests.acceptance.stacks.driver import Driver, actions
from tests.acceptance.waiting import until

EXAMPLES = Path(__file__).parents[3] / "examples"


def test_a_sam_template_is_applied_and_runs(driver: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(EXAMPLES / "sam")
    wanted, found = read_files([Path("template.yaml")], "shop", {"Stage": "prod"}, driver.site)
    assert wanted is not None, found
    outcome = driver.apply(wanted)
    assert outcome.well, outcome.failed
    assert not actions(driver.plan(wanted))
    detail = json.dumps({"order_number": "abc-123", "total": 12.5})
    entry = {"EventBusName": "orders-prod", "Source": "shop", "DetailType": "OrderPaid", "Detail": detail}
    assert driver.call("events", "PutEvents", Entries=[entry])["FailedEntryCount"] == 0
    url = outcome.outputs["ReceiptsUrl"]
    messages = until(lambda: driver.call("sqs", "ReceiveMessage", QueueUrl=url, WaitTimeSeconds=2).get("Messages"))
    assert json.loads(messages[0]["Body"])["responsePayload"]["receipt"] == "R-abc-123"
    assert driver.apply(Stack("shop", ()), prune=True).well
    assert not driver.record("shop")[0].resources


def test_a_file_of_serverless_framework_is_applied_and_runs(driver: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(EXAMPLES / "serverless")
    wanted, found = read_files([Path("serverless.yml")], None, {"stage": "test"}, driver.site)
    assert wanted is not None, found
    outcome = driver.apply(wanted)
    assert outcome.well, outcome.failed
    assert not actions(driver.plan(wanted))
    detail = json.dumps({"id": "ch_1", "customer": "Ada", "amount": 1250})
    entry = {"EventBusName": "purchases-test", "Source": "stripe", "DetailType": "charge.succeeded", "Detail": detail}
    assert driver.call("events", "PutEvents", Entries=[entry])["FailedEntryCount"] == 0
    url = driver.call("sqs", "GetQueueUrl", QueueName="purchases-test-receipts")["QueueUrl"]
    messages = until(lambda: driver.call("sqs", "ReceiveMessage", QueueUrl=url, WaitTimeSeconds=2).get("Messages"))
    assert "Ada" in json.dumps(json.loads(messages[0]["Body"])["responsePayload"])


def test_files_of_several_kinds_are_one_stack(driver: Driver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("eventyard.yml").write_text("stack: both\nqueues: {own: }\n")
    Path("other.yaml").write_text("Resources: {Theirs: {Type: 'AWS::SQS::Queue'}}\n")
    wanted, found = read_files([Path("eventyard.yml"), Path("other.yaml")], None, {}, driver.site)
    assert wanted is not None, found
    assert (wanted.name, [each.id for each in wanted.resources]) == ("both", ["queues.own", "Theirs"])
    unnamed, found = read_files([Path("other.yaml")], None, {}, driver.site)
    assert (unnamed, [each.rule for each in found]) == (None, ["no-stack"])


def test_what_else_is_there_is_pointed_to(driver: Driver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InvalidRequest, match=r"docs/apply.md"):
        read_files([], None, {}, driver.site)
    Path("serverless.yml").write_text("")
    with pytest.raises(InvalidRequest, match=r"eventyard apply serverless.yml"):
        read_files([], None, {}, driver.site)


def test_the_bootstrap_of_an_os_only_runtime_can_be_executed(
    driver: Driver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("code").mkdir()
    answer = "/2018-06-01/runtime/invocation"
    Path("code/bootstrap").write_text(
        f"""#!{sys.executable}
import os, urllib.request
base = "http://" + os.environ["AWS_LAMBDA_RUNTIME_API"] + "{answer}"
while True:
    with urllib.request.urlopen(base + "/next") as event:
        id = event.headers["Lambda-Runtime-Aws-Request-Id"]
    urllib.request.urlopen(base + "/" + id + "/response", b'"ran"').close()
"""
    )
    Path("code/bootstrap").chmod(0o755)
    Path("template.yaml").write_text(
        """Transform: AWS::Serverless-2016-10-31
Resources:
  Own:
    Type: AWS::Serverless::Function
    Properties: {CodeUri: code, Handler: any, Runtime: provided.al2023}
"""
    )
    wanted, found = read_files([Path("template.yaml")], "own", {}, driver.site)
    assert wanted is not None, found
    assert driver.apply(wanted).well
    done = driver.call("lambda", "Invoke", FunctionName="own-Own")
    assert json.loads(done["Payload"].read()) == "ran"


def test_a_function_of_serverless_framework_has_the_files_that_its_patterns_say(
    driver: Driver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in (".env", "h.py", "tests/t.py", ".serverless/state.json", ".eventyard/stacks/x.json"):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text("def f(event, context):\n    import os\n    return sorted(os.listdir('.'))\n")
    file = Path("serverless.yml")
    content = """service: some
useDotenv: true
provider: {name: aws, runtime: python3.11}
package: {patterns: ['!tests/**']}
functions:
  all: {handler: h.f}
  more: {handler: h.f, package: {patterns: [tests/t.py]}}
"""
    file.write_text(content)
    wanted, found = read_files([file], None, {}, driver.site)
    assert wanted is not None, found
    assert driver.apply(wanted).well
    for name, files in (("all", ["h.py"]), ("more", ["h.py", "tests"])):
        done = driver.call("lambda", "Invoke", FunctionName=f"some-dev-{name}")
        assert [each for each in json.loads(done["Payload"].read()) if each != "__pycache__"] == files
    # The file itself is no code.
    file.write_text(f"# A comment more.\n{content}")
    wanted, _ = read_files([file], None, {}, driver.site)
    assert wanted is not None
    assert not actions(driver.plan(wanted))


def test_a_parameter_is_for_the_file_that_asks_for_it(
    driver: Driver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    files = [Path("eventyard.yml"), Path("a.yaml"), Path("b.yaml")]
    files[0].write_text("stack: both\nqueues: {own: }\n")
    for path, name in ((files[1], "First"), (files[2], "Second")):
        path.write_text(
            f"Parameters: {{{name}: {{Type: String}}}}\n"
            f"Resources: {{{name}: {{Type: 'AWS::SQS::Queue', Properties: {{QueueName: !Ref {name}}}}}}}\n"
        )
    given = {"First": "one", "Second": "two"}
    wanted, found = read_files(files, None, given, driver.site)
    assert wanted is not None, found
    names = [each.properties.get("QueueName") for each in wanted.resources]
    assert names == ["own", "one", "two"]
    _, found = read_files(files, "both", {**given, "Third": "three"}, driver.site)
    assert {each.path for each in found} == {str(path) for path in files}
    assert all("Third" in each.message for each in found)
