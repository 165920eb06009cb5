"""Functions through a real boto3: their code runs, at once and later, and what runs away is killed."""

from __future__ import annotations

import base64
import io
import json
import os
import subprocess
import sys
import time
import urllib.request
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.refusal import refused
from tests.acceptance.server import Server, new_account
from tests.acceptance.waiting import until

ROLE = "arn:aws:iam::123456789012:role/any"
RULE = "arn:aws:events:us-east-1:123456789012:rule/cars"

CODE = """
import json, os, sys, time

calls = 0

def echo(event, context):
    global calls
    calls += 1
    print("called with", json.dumps(event))
    return {"event": event, "calls": calls, "request": context.aws_request_id, "arn": context.invoked_function_arn,
            "left": context.get_remaining_time_in_millis(), "memory": context.memory_limit_in_mb,
            "colour": os.environ.get("COLOUR"), "secret": os.environ.get("SERVER_SECRET")}

def fail(event, context):
    raise ValueError("no such car")

def leave(event, context):
    os._exit(3)

def spin(event, context):
    print("on and on")
    sys.stdout.flush()
    while True:
        pass

def fork(event, context):
    if os.fork() == 0:
        time.sleep(60)
    time.sleep(60)

def hoard(event, context):
    hoard = []
    while True:
        hoard.append(bytearray(10 << 20))

def note(event, context):
    with open(os.environ["NOTES"], "a") as notes:
        notes.write(json.dumps(event) + "\\n")
    if "fail" in event.get("detail", event):
        raise RuntimeError("noted, and failed")

def big(event, context):
    return "x" * (7 << 20)

def unwritable(event, context):
    return {1, 2}
"""


def zipped(code: str = CODE, name: str = "handlers.py") -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(name, code)
    return file.getvalue()


class Yard:
    """``make(handler)``: a function of that handler's name."""

    def __init__(self, connect: Callable[[str], Any]) -> None:
        self.functions = connect("lambda")
        self.connect = connect

    def make(self, handler: str, **params: Any) -> str:
        made = self.functions.create_function(
            FunctionName=handler,
            Runtime="python3.11",
            Role=ROLE,
            Handler=f"handlers.{handler}",
            Code={"ZipFile": zipped()},
            **params,
        )
        return str(made["FunctionArn"])

    def call(self, name: str, event: Any = None, **params: Any) -> tuple[dict[str, Any], Any]:
        answer = self.functions.invoke(FunctionName=name, Payload=json.dumps(event), **params)
        payload = answer["Payload"].read()
        return answer, json.loads(payload) if payload else None


def noted(notes: Path) -> list[Any]:
    """What ``note`` was called with so far."""
    return [json.loads(line) for line in notes.read_text().splitlines()] if notes.exists() else []


@pytest.fixture
def yard(connect: Callable[[str], Any]) -> Yard:
    return Yard(connect)


def test_a_function_answers_what_its_handler_returns(yard: Yard) -> None:
    arn = yard.make("echo", MemorySize=256, Timeout=30, Environment={"Variables": {"COLOUR": "blue"}})
    answer, result = yard.call("echo", {"vrm": "AB12 CDE"}, LogType="Tail")
    assert answer["StatusCode"] == 200
    assert answer["ExecutedVersion"] == "$LATEST"
    assert "FunctionError" not in answer
    assert result["event"] == {"vrm": "AB12 CDE"}
    assert (result["arn"], result["memory"], result["colour"]) == (arn, "256", "blue")
    assert 25_000 < result["left"] <= 30_000
    assert base64.b64decode(answer["LogResult"]) == b'called with {"vrm": "AB12 CDE"}\n'


def test_a_warm_function_is_used_again_until_its_code_changes(yard: Yard) -> None:
    yard.make("echo")
    assert [yard.call("echo", n)[1]["calls"] for n in range(3)] == [1, 2, 3]
    yard.functions.update_function_code(FunctionName="echo", ZipFile=zipped(CODE + "\ncalls = 40\n"))
    assert yard.call("echo")[1]["calls"] == 41


def test_an_error_of_the_handler_is_answered_as_lambda_answers_it(yard: Yard) -> None:
    yard.make("fail")
    answer, error = yard.call("fail", {})
    assert (answer["StatusCode"], answer["FunctionError"]) == (200, "Unhandled")
    assert (error["errorType"], error["errorMessage"]) == ("ValueError", "no such car")
    assert "handlers.py" in error["stackTrace"][0]


@pytest.mark.parametrize(
    ("handler", "kind", "message"),
    [
        ("leave", "Runtime.ExitError", "Runtime exited with error: exit status 3"),
        ("spin", "Sandbox.Timedout", "Task timed out after 1.00 seconds"),
        ("fork", "Sandbox.Timedout", "Task timed out after 1.00 seconds"),
        ("hoard", "MemoryError", ""),
        ("big", "Function.ResponseSizeTooLarge", "exceeded maximum allowed payload size"),
        ("unwritable", "TypeError", "Object of type set is not JSON serializable"),
        ("absent", "AttributeError", "Handler 'absent' missing on module 'handlers'"),
    ],
)
def test_what_goes_wrong_in_a_function_is_said_and_hurts_nobody_else(
    yard: Yard, handler: str, kind: str, message: str
) -> None:
    yard.make(handler, Timeout=1 if handler in ("spin", "fork") else 20)
    answer, error = yard.call(handler, {})
    assert answer["FunctionError"] == "Unhandled"
    assert error["errorType"] == kind
    assert message in error["errorMessage"]
    yard.make("echo")
    assert yard.call("echo", 1)[1]["event"] == 1


def test_what_was_accepted_for_later_is_run_even_if_the_server_is_killed(tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    server = Server(tmp_path / "data")
    account = new_account()
    yard = Yard(lambda service: server.client(service, account))
    yard.make("note", Environment={"Variables": {"NOTES": str(notes)}})
    for n in range(20):
        assert yard.call("note", {"n": n}, InvocationType="Event")[0]["StatusCode"] == 202
    server.kill()
    server.start()
    try:
        until(lambda: {event["n"] for event in noted(notes)} == set(range(20)))
    finally:
        server.stop()


def test_a_rule_and_a_schedule_invoke_functions(yard: Yard, tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    arn = yard.make("note", Environment={"Variables": {"NOTES": str(notes)}})
    events = yard.connect("events")
    events.put_rule(Name="cars", EventPattern='{"source": ["cars"]}')
    assert events.put_targets(Rule="cars", Targets=[{"Id": "f", "Arn": arn}])["FailedEntryCount"] == 0
    events.put_events(Entries=[{"Source": "cars", "DetailType": "LotSelected", "Detail": '{"vrm": "AB12 CDE"}'}])
    yard.connect("scheduler").create_schedule(
        Name="once",
        ScheduleExpression=f"at({time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(time.time() + 2))})",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": arn, "RoleArn": ROLE, "Input": '{"from": "the clock"}'},
    )
    seen = until(lambda: len(found := noted(notes)) == 2 and found)
    assert {event.get("detail", {}).get("vrm") for event in seen} == {"AB12 CDE", None}
    assert {"from": "the clock"} in seen


def test_a_function_that_keeps_failing_ends_in_its_dead_letter_queue(yard: Yard, tmp_path: Path) -> None:
    sqs = yard.connect("sqs")
    queue = sqs.create_queue(QueueName="dead")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    yard.make(
        "note",
        DeadLetterConfig={"TargetArn": arn},
        Environment={"Variables": {"NOTES": str(tmp_path / "notes")}},
    )
    yard.functions.put_function_event_invoke_config(FunctionName="note", MaximumRetryAttempts=0)
    yard.functions.invoke(FunctionName="note", InvocationType="Event", Payload=b'{"fail":  1}')["Payload"].close()
    (message,) = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=10, MessageAttributeNames=["All"])["Messages"]
    assert message["Body"] == '{"fail":  1}'
    attributes = {name: value["StringValue"] for name, value in message["MessageAttributes"].items()}
    assert attributes["ErrorCode"] == "200"
    assert "noted, and failed" in attributes["ErrorMessage"]
    assert attributes["RequestID"]


def test_reserved_concurrency_throttles(yard: Yard) -> None:
    yard.make("echo")
    yard.functions.put_function_concurrency(FunctionName="echo", ReservedConcurrentExecutions=0)
    with refused("TooManyRequestsException", "Rate Exceeded."):
        yard.call("echo", {})
    yard.functions.delete_function_concurrency(FunctionName="echo")
    assert yard.call("echo", 1)[1]["event"] == 1


def test_configuration_is_kept_changed_listed_and_deleted(yard: Yard) -> None:
    arn = yard.make("echo", Description="says it again", Tags={"team": "lots"})
    listed = yard.functions.list_functions()["Functions"]
    assert [function["FunctionArn"] for function in listed] == [arn]
    changed = yard.functions.update_function_configuration(FunctionName=arn, Timeout=9, MemorySize=512)
    assert (changed["Timeout"], changed["MemorySize"], changed["State"]) == (9, 512, "Active")
    found = yard.functions.get_function(FunctionName="function:echo")
    assert found["Tags"] == {"team": "lots"}
    assert found["Configuration"]["RevisionId"] == changed["RevisionId"]
    with refused("PreconditionFailedException"):
        yard.functions.update_function_configuration(FunctionName="echo", Timeout=3, RevisionId=listed[0]["RevisionId"])
    yard.functions.delete_function(FunctionName="echo")
    with refused("ResourceNotFoundException", f"Function not found: {arn}"):
        yard.functions.get_function(FunctionName="echo")


def test_permissions_are_kept_as_a_policy(yard: Yard) -> None:
    arn = yard.make("echo")
    given = {"Principal": "events.amazonaws.com", "Action": "lambda:InvokeFunction", "SourceArn": RULE}
    yard.functions.add_permission(FunctionName="echo", StatementId="rule", **given)
    with refused("ResourceConflictException"):
        yard.functions.add_permission(FunctionName="echo", StatementId="rule", **given)
    (statement,) = json.loads(yard.functions.get_policy(FunctionName="echo")["Policy"])["Statement"]
    assert statement["Principal"] == {"Service": "events.amazonaws.com"}
    assert statement["Resource"] == arn
    assert statement["Condition"] == {"ArnLike": {"AWS:SourceArn": RULE}}
    yard.functions.remove_permission(FunctionName="echo", StatementId="rule")
    with refused("ResourceNotFoundException"):
        yard.functions.get_policy(FunctionName="echo")


def links(target: str) -> bytes:
    """A zip file with a symbolic link in it."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        member = zipfile.ZipInfo("handlers.py")
        member.external_attr = 0o120777 << 16
        archive.writestr(member, target)
    return file.getvalue()


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"Runtime": "ruby3.3"}, "InvalidParameterValueException"),
        ({"Code": {"ZipFile": b"no zip file"}}, "InvalidParameterValueException"),
        ({"Code": {"ZipFile": zipped(name="../../outside.py")}}, "InvalidParameterValueException"),
        ({"Code": {"ZipFile": links("/etc/passwd")}}, "InvalidParameterValueException"),
        ({"Code": {"S3Bucket": "bucket", "S3Key": "k"}}, "InvalidParameterValueException"),
        ({"Layers": ["arn:aws:lambda:us-east-1:123456789012:layer:a:1"]}, "InvalidParameterValueException"),
        ({"Environment": {"Variables": {"AWS_REGION": "x"}}}, "InvalidParameterValueException"),
        ({"Environment": {"Variables": {"COLOURS": "x" * 5000}}}, "InvalidParameterValueException"),
        ({"Timeout": 901}, "ValidationException"),
        ({"FunctionName": "echo:v1"}, "ResourceNotFoundException"),
    ],
    ids=["runtime", "no zip", "outside", "link", "S3", "layers", "reserved", "large", "timeout", "version"],
)
def test_what_can_not_be_had_is_refused_by_name(yard: Yard, params: dict[str, Any], code: str) -> None:
    whole = {
        "FunctionName": "echo",
        "Runtime": "python3.11",
        "Role": ROLE,
        "Handler": "handlers.echo",
        "Code": {"ZipFile": zipped()},
    }
    with refused(code):
        yard.functions.create_function(**whole | params)
    assert yard.functions.list_functions()["Functions"] == []


def test_payload_that_is_no_json_is_refused(yard: Yard) -> None:
    yard.make("echo")
    with refused("InvalidRequestContentException"):
        yard.functions.invoke(FunctionName="echo", Payload=b"{no")


def test_another_account_invokes_a_function_only_as_its_policy_lets_it(
    yard: Yard, server: Server, tmp_path: Path
) -> None:
    notes, other = tmp_path / "notes", new_account()
    arn = yard.make("note", Environment={"Variables": {"NOTES": str(notes)}})
    functions, events, sns = (server.client(service, other) for service in ("lambda", "events", "sns"))
    with refused("AccessDeniedException"):
        functions.invoke(FunctionName=arn)
    with refused("AccessDeniedException"):
        functions.get_function(FunctionName=arn)
    rule = events.put_rule(Name="cars", EventPattern='{"source": ["cars"]}')["RuleArn"]
    queue = server.client("sqs", other).create_queue(QueueName="dead")["QueueUrl"]
    dead = {"DeadLetterConfig": {"Arn": f"arn:aws:sqs:us-east-1:{other}:dead"}}
    assert events.put_targets(Rule="cars", Targets=[{"Id": "f", "Arn": arn, **dead}])["FailedEntryCount"] == 0
    entry = {"Source": "cars", "DetailType": "d", "Detail": '{"from": "a rule"}'}
    events.put_events(Entries=[entry])
    sqs = server.client("sqs", other)
    (letter,) = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=15, MessageAttributeNames=["All"])["Messages"]
    assert letter["MessageAttributes"]["ERROR_CODE"]["StringValue"] == "NO_PERMISSIONS"
    assert noted(notes) == []

    action = "lambda:InvokeFunction"
    allow = {"Principal": "events.amazonaws.com", "SourceArn": rule}
    yard.functions.add_permission(FunctionName="note", StatementId="rule", Action=action, **allow)
    events.put_events(Entries=[entry])
    assert until(lambda: noted(notes))[0]["detail"] == {"from": "a rule"}
    topic = sns.create_topic(Name="t")["TopicArn"]
    yard.functions.add_permission(
        FunctionName="note", StatementId="topic", Action=action, Principal="sns.amazonaws.com", SourceArn=topic
    )
    sns.subscribe(TopicArn=topic, Protocol="lambda", Endpoint=arn)
    sns.publish(TopicArn=topic, Message="from a topic")
    assert until(lambda: len(noted(notes)) == 2)
    yard.functions.add_permission(FunctionName="note", StatementId="other", Action=action, Principal=other)
    functions.invoke(FunctionName=arn, Payload=b'{"from": "an account"}')["Payload"].close()
    assert noted(notes)[2] == {"from": "an account"}
    with refused("AccessDeniedException"):
        functions.get_function(FunctionName=arn)


def test_the_clients_waiters_pages_and_dry_runs_work(yard: Yard, account: str) -> None:
    for handler in ("echo", "fail", "note"):
        yard.make(handler)
    functions = yard.functions
    for waiter in (
        "function_exists",
        "function_active",
        "function_active_v2",
        "function_updated",
        "function_updated_v2",
    ):
        functions.get_waiter(waiter).wait(FunctionName="echo", WaiterConfig={"MaxAttempts": 1})
    pages = functions.get_paginator("list_functions").paginate(PaginationConfig={"PageSize": 2})
    names = [[function["FunctionName"] for function in page["Functions"]] for page in pages]
    assert names == [["echo", "fail"], ["note"]]
    before = functions.get_function_configuration(FunctionName="echo")["CodeSha256"]
    dry = functions.update_function_code(FunctionName="echo", ZipFile=zipped("other = 1"), DryRun=True)
    assert dry["CodeSha256"] != before
    assert functions.get_function_configuration(FunctionName="echo")["CodeSha256"] == before
    assert functions.invoke(FunctionName="echo", InvocationType="DryRun")["StatusCode"] == 204
    assert functions.invoke_async(FunctionName="echo", InvokeArgs=b"{}")["Status"] == 202
    assert functions.list_aliases(FunctionName="echo")["Aliases"] == []
    with refused(
        "ResourceNotFoundException", f"Function not found: arn:aws:lambda:us-east-1:{account}:function:echo:1"
    ):
        functions.invoke(FunctionName="echo", Qualifier="1")
    with refused("InvalidParameterValueException"):
        functions.update_function_code(FunctionName="echo", ZipFile=zipped("other = 1"), Publish=True)
    for refuse, params in (
        (functions.publish_version, {}),
        (functions.create_alias, {"Name": "a", "FunctionVersion": "1"}),
        (functions.create_function_url_config, {"AuthType": "NONE"}),
    ):
        with refused("UnsupportedOperationException"):
            refuse(FunctionName="echo", **params)


def test_metrics_tell_cold_starts_from_warm_invocations(yard: Yard, server: Server) -> None:
    arn = yard.make("echo")
    for n in range(3):
        yard.call("echo", n)
    text = urllib.request.urlopen(f"{server.url}/metrics", timeout=10).read().decode()
    counts = {
        line.partition("{")[0]: float(line.rpartition(" ")[2]) for line in text.splitlines() if f'"{arn}"' in line
    }
    assert counts["eventyard_function_invocations_total"] == 3
    assert counts["eventyard_function_cold_starts_total"] == 1
    assert counts["eventyard_function_errors_total"] == 0
    assert counts["eventyard_function_cold_start_seconds_total"] > 0


def test_the_command_line_of_aws_invokes_and_maps(yard: Yard, server: Server, account: str, tmp_path: Path) -> None:
    yard.make("echo")
    yard.connect("sqs").create_queue(QueueName="q")
    keys = {"AWS_ACCESS_KEY_ID": account, "AWS_SECRET_ACCESS_KEY": "x", "AWS_DEFAULT_REGION": "us-east-1"}
    aws = [str(Path(sys.executable).with_name("aws")), "--endpoint-url", server.url, "lambda"]

    def call(*args: str) -> Any:
        done = subprocess.run([*aws, *args], capture_output=True, text=True, timeout=60, env=os.environ | keys)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    out = tmp_path / "out.json"
    answer = call("invoke", "--function-name", "echo", "--payload", '{"n": 1}', str(out))
    assert (answer["StatusCode"], json.loads(out.read_text())["event"]) == (200, {"n": 1})
    source = f"arn:aws:sqs:us-east-1:{account}:q"
    made = call("create-event-source-mapping", "--function-name", "echo", "--event-source-arn", source, "--no-enabled")
    assert (made["State"], made["EventSourceArn"]) == ("Creating", source)
