"""CloudWatch Logs' API through boto3, validated by botocore's model; and what writes to log groups."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.refusal import refusal
from tests.acceptance.server import Server, new_account
from tests.acceptance.validated import validated
from tests.acceptance.waiting import until

Connect = Callable[[str], Any]
BAD, MISSING = "InvalidParameterException", "ResourceNotFoundException"
DAY = 86_400_000


@pytest.fixture
def logs(connect: Connect) -> Any:
    return validated(connect("logs"))


def now() -> int:
    return int(time.time() * 1000)


def put(logs: Any, *events: tuple[int, str], group: str = "/yard/lots", stream: str = "s") -> dict[str, Any]:
    given = [{"timestamp": at, "message": text} for at, text in events]
    answer: dict[str, Any] = logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=given)
    return answer


def made(logs: Any, group: str = "/yard/lots", *streams: str) -> None:
    logs.create_log_group(logGroupName=group)
    for stream in streams or ("s",):
        logs.create_log_stream(logGroupName=group, logStreamName=stream)


def texts(answer: dict[str, Any]) -> list[str]:
    return [event["message"] for event in answer["events"]]


def test_groups_are_made_described_kept_and_deleted(logs: Any, account: str) -> None:
    logs.create_log_group(logGroupName="/yard/lots", tags={"team": "lots"})
    logs.create_log_group(logGroupName="/yard/sales")
    logs.create_log_group(logGroupName="other", deletionProtectionEnabled=True)
    found = logs.describe_log_groups(logGroupNamePrefix="/yard/")["logGroups"]
    assert [group["logGroupName"] for group in found] == ["/yard/lots", "/yard/sales"]
    arn = f"arn:aws:logs:us-east-1:{account}:log-group:/yard/lots"
    assert (found[0]["arn"], found[0]["logGroupArn"], found[0]["storedBytes"]) == (f"{arn}:*", arn, 0)
    assert "retentionInDays" not in found[0]
    logs.put_retention_policy(logGroupName="/yard/lots", retentionInDays=7)
    (found,) = logs.describe_log_groups(logGroupIdentifiers=[arn])["logGroups"]
    assert found["retentionInDays"] == 7
    logs.delete_retention_policy(logGroupName="/yard/lots")
    assert [set(group) for group in logs.describe_log_groups(logGroupNamePattern="lot")["logGroups"]] == [
        {"arn", "creationTime", "logGroupName"}
    ]
    page = logs.describe_log_groups(limit=2)
    rest = logs.describe_log_groups(limit=2, nextToken=page["nextToken"])
    assert [group["logGroupName"] for group in page["logGroups"] + rest["logGroups"]] == [
        "/yard/lots", "/yard/sales", "other"
    ]  # fmt: skip
    assert "nextToken" not in rest
    assert refusal(logs.delete_log_group, logGroupName="other")[0] == "ValidationException"
    logs.put_log_group_deletion_protection(logGroupIdentifier="other", deletionProtectionEnabled=False)
    for name in ("/yard/lots", "/yard/sales", "other"):
        logs.delete_log_group(logGroupName=name)
    assert logs.describe_log_groups()["logGroups"] == []


def test_what_can_not_be_is_refused(logs: Any) -> None:
    made(logs)
    create = logs.create_log_group
    assert refusal(create, logGroupName="/yard/lots")[0] == "ResourceAlreadyExistsException"
    assert refusal(create, logGroupName="a b")[0] == BAD
    assert refusal(create, logGroupName="aws/x")[0] == BAD
    assert (
        "INFREQUENT_ACCESS is not supported" in refusal(create, logGroupName="x", logGroupClass="INFREQUENT_ACCESS")[1]
    )
    assert "kmsKeyId is not supported" in refusal(create, logGroupName="x", kmsKeyId="k")[1]
    assert refusal(logs.create_log_stream, logGroupName="absent", logStreamName="s") == (
        MISSING, "The specified log group does not exist."
    )  # fmt: skip
    assert refusal(logs.create_log_stream, logGroupName="/yard/lots", logStreamName="s")[0] == (
        "ResourceAlreadyExistsException"
    )
    assert refusal(logs.put_retention_policy, logGroupName="/yard/lots", retentionInDays=2)[0] == BAD
    assert refusal(partial(put, logs, (now(), "x"), stream="absent"))[1] == "The specified log stream does not exist."
    assert refusal(logs.start_query, logGroupName="/yard/lots", startTime=0, endTime=1, queryString="fields")[0] == (
        "UnsupportedOperationException"
    )
    assert refusal(logs.get_log_events, logStreamName="s")[0] == BAD
    assert refusal(logs.get_log_events, logGroupName="/yard/lots", logStreamName="s", nextToken="x")[0] == BAD


def test_events_are_got_page_by_page_either_way(logs: Any) -> None:
    made(logs)
    start = now() - 1000
    put(logs, *((start + number, f"line {number}") for number in range(10)))
    ask = {"logGroupName": "/yard/lots", "logStreamName": "s"}
    latest = logs.get_log_events(**ask, limit=3)
    assert texts(latest) == ["line 7", "line 8", "line 9"]
    older = logs.get_log_events(**ask, limit=3, nextToken=latest["nextBackwardToken"])
    assert texts(older) == ["line 4", "line 5", "line 6"]
    assert texts(logs.get_log_events(**ask, limit=3, nextToken=older["nextForwardToken"])) == texts(latest)
    first = logs.get_log_events(**ask, limit=4, startFromHead=True)
    assert texts(first) == ["line 0", "line 1", "line 2", "line 3"]
    at_head = logs.get_log_events(**ask, nextToken=first["nextBackwardToken"])
    assert (texts(at_head), at_head["nextBackwardToken"]) == ([], first["nextBackwardToken"])
    end = logs.get_log_events(**ask, startFromHead=True, nextToken=latest["nextForwardToken"])
    assert (texts(end), end["nextForwardToken"]) == ([], latest["nextForwardToken"])
    put(logs, (start + 20, "new"))
    assert texts(logs.get_log_events(**ask, startFromHead=True, nextToken=end["nextForwardToken"])) == ["new"]
    assert texts(logs.get_log_events(**ask, startTime=start + 2, endTime=start + 4)) == ["line 2", "line 3"]
    event = logs.get_log_events(**ask, limit=1)["events"][0]
    assert event["timestamp"] == start + 20
    assert abs(event["ingestionTime"] - now()) < 60_000


def test_batches_are_held_to_the_documented_limits(logs: Any) -> None:
    made(logs)
    at = now()
    assert "chronological order" in refusal(partial(put, logs, (at, "a"), (at - 1, "b")))[1]
    assert "more than 24 hours" in refusal(partial(put, logs, (at - DAY - 1, "a"), (at, "b")))[1]
    assert "Upload too large" in refusal(partial(put, logs, (at, "x" * 1_048_551)))[1]
    assert put(logs, (at, "x" * 1_048_550)).get("rejectedLogEventsInfo") is None
    assert refusal(partial(put, logs, *((at, "x") for _ in range(10_001))))[0] == BAD
    mixed = [(at - 20 * DAY, "old"), (at - 15 * DAY, "old"), (at - 10, "in time"), (at + 3 * 3_600_000, "new")]
    assert put(logs, *mixed)["rejectedLogEventsInfo"] == {
        "tooOldLogEventEndIndex": 2, "tooNewLogEventStartIndex": 3
    }  # fmt: skip
    logs.put_retention_policy(logGroupName="/yard/lots", retentionInDays=1)
    late = put(logs, (at - 15 * DAY, "old"), (at - 2 * DAY, "expired"), (at, "in time"))
    assert late["rejectedLogEventsInfo"] == {"tooOldLogEventEndIndex": 1, "expiredLogEventEndIndex": 2}
    pages = logs.get_paginator("filter_log_events").paginate(logGroupName="/yard/lots")
    kept = [[text[:7] for text in texts(page)] for page in pages]
    assert kept == [["in time"], ["xxxxxxx"], ["in time"]]  # no page holds more than 1 MiB


def test_events_of_all_streams_are_filtered_by_time_stream_and_pattern(logs: Any) -> None:
    made(logs, "/yard/lots", "a/1", "a/2", "b")
    start = now() - 60_000
    for number in range(30):
        message = json.dumps({"n": number, "level": "warn" if number % 3 else "error"})
        put(logs, (start + number, message), stream=("a/1", "a/2", "b")[number % 3])

    def numbers(**more: Any) -> list[int]:
        pages = logs.get_paginator("filter_log_events").paginate(
            logGroupName="/yard/lots", PaginationConfig={"PageSize": 4}, **more
        )
        return [json.loads(event["message"])["n"] for page in pages for event in page["events"]]

    assert numbers() == list(range(30))
    assert numbers(startFromHead=False) == list(range(29, -1, -1))
    assert numbers(logStreamNamePrefix="a/") == [number for number in range(30) if number % 3 < 2]
    assert numbers(logStreamNames=["b"], startTime=start + 10, endTime=start + 20) == [11, 14, 17, 20]
    assert numbers(filterPattern='{ $.level = "error" && $.n >= 20 }') == [21, 24, 27]
    assert numbers(filterPattern='"\\"n\\": 7" -error') == [7]
    assert refusal(numbers, filterPattern="[a, b]")[0] == BAD
    assert refusal(numbers, logStreamNames=["b"], logStreamNamePrefix="a")[0] == BAD
    found = logs.filter_log_events(logGroupName="/yard/lots")["events"]
    assert len({event["eventId"] for event in found}) == 30
    assert {event["logStreamName"] for event in found} == {"a/1", "a/2", "b"}


def test_streams_are_listed_by_name_and_by_their_last_event(logs: Any) -> None:
    made(logs, "/yard/lots", "a", "b", "c")
    at = now() - 5000
    put(logs, (at, "x"), (at + 2, "y"), stream="b")
    put(logs, (at + 1, "x"), stream="a")

    def names(**more: Any) -> list[str]:
        pages = logs.get_paginator("describe_log_streams").paginate(
            logGroupName="/yard/lots", PaginationConfig={"PageSize": 1}, **more
        )
        return [stream["logStreamName"] for page in pages for stream in page["logStreams"]]

    assert names() == ["a", "b", "c"]
    assert names(descending=True) == ["c", "b", "a"]
    assert names(orderBy="LastEventTime", descending=True) == ["b", "a", "c"]
    assert names(logStreamNamePrefix="b") == ["b"]
    (found,) = logs.describe_log_streams(logGroupName="/yard/lots", logStreamNamePrefix="b")["logStreams"]
    assert (found["firstEventTimestamp"], found["lastEventTimestamp"], found["storedBytes"]) == (at, at + 2, 0)
    assert found["arn"].endswith(":log-group:/yard/lots:log-stream:b")
    code, _ = refusal(
        logs.describe_log_streams, logGroupName="/yard/lots", orderBy="LastEventTime", logStreamNamePrefix="b"
    )
    assert code == BAD
    logs.delete_log_stream(logGroupName="/yard/lots", logStreamName="b")
    assert names() == ["a", "c"]


def test_policies_and_tags_are_kept(logs: Any, account: str) -> None:
    made(logs)
    arn = f"arn:aws:logs:us-east-1:{account}:log-group:/yard/lots"
    logs.tag_resource(resourceArn=arn, tags={"team": "lots", "stage": "test"})
    logs.tag_log_group(logGroupName="/yard/lots", tags={"stage": "live"})
    logs.untag_resource(resourceArn=arn, tagKeys=["team"])
    assert logs.list_tags_for_resource(resourceArn=arn)["tags"] == {"stage": "live"}
    assert logs.list_tags_log_group(logGroupName="/yard/lots")["tags"] == {"stage": "live"}
    assert refusal(logs.tag_resource, resourceArn=arn, tags={f"k{n}": "v" for n in range(50)})[0] == (
        "TooManyTagsException"
    )
    document = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "logs:PutLogEvents"}]})
    for number in range(10):
        logs.put_resource_policy(policyName=f"p{number}", policyDocument=document)
    assert refusal(logs.put_resource_policy, policyName="p10", policyDocument=document)[0] == "LimitExceededException"
    assert refusal(logs.put_resource_policy, policyName="p1", policyDocument="{")[0] == BAD
    (first, *_) = logs.describe_resource_policies()["resourcePolicies"]
    assert (first["policyName"], first["policyDocument"], first["policyScope"]) == ("p0", document, "ACCOUNT")
    logs.delete_resource_policy(policyName="p0")
    assert refusal(logs.delete_resource_policy, policyName="p0")[0] == MISSING


def test_what_was_acknowledged_survives_a_kill_and_is_lines_of_json(tmp_path: Path) -> None:
    server, account = Server(tmp_path), new_account()
    logs = server.client("logs", account)
    made(logs)
    logs.put_retention_policy(logGroupName="/yard/lots", retentionInDays=30)
    at = now()
    for number in range(20):
        put(logs, (at + number, f"line {number}"))
    server.kill()
    (file,) = tmp_path.glob("logs/*/us-east-1/*/s/*.jsonl")
    assert [json.loads(line)["message"] for line in file.read_text().splitlines()] == [f"line {n}" for n in range(20)]
    with file.open("ab") as torn:
        torn.write(b'{"timestamp":1,"inge')
    server.start()
    logs = server.client("logs", account)
    put(logs, (at + 30, "after"))
    assert texts(logs.filter_log_events(logGroupName="/yard/lots")) == [*(f"line {n}" for n in range(20)), "after"]
    (group,) = logs.describe_log_groups()["logGroups"]
    assert (group["retentionInDays"], group["storedBytes"] > 0) == (30, True)
    server.stop()


def test_a_rule_writes_events_as_they_are_or_as_its_template_says(connect: Connect, logs: Any, account: str) -> None:
    events = connect("events")
    arn = f"arn:aws:logs:us-east-1:{account}:log-group:/aws/events/lots"
    logs.create_log_group(logGroupName="/aws/events/lots")
    events.put_rule(Name="r", EventPattern='{"source": ["cars"]}')
    template = {
        "InputPathsMap": {"time": "$.time", "n": "$.detail.n"},
        "InputTemplate": '{"timestamp": <time>, "message": "lot <n>"}',
    }
    events.put_targets(Rule="r", Targets=[{"Id": "all", "Arn": arn}])
    events.put_rule(Name="short", EventPattern='{"source": ["cars"]}')
    events.put_targets(Rule="short", Targets=[{"Id": "line", "Arn": f"{arn}:*", "InputTransformer": template}])
    events.put_events(Entries=[{"Source": "cars", "DetailType": "LotSelected", "Detail": '{"n":  7}'}])

    def found() -> list[dict[str, Any]]:
        answer: list[dict[str, Any]] = logs.filter_log_events(logGroupName="/aws/events/lots")["events"]
        return answer

    until(lambda: len(found()) == 2)
    whole, short = sorted(found(), key=lambda event: event["message"], reverse=True)
    assert short["message"] == "lot 7"
    event = json.loads(whole["message"])
    assert '"detail":{"n":  7}' in whole["message"]
    assert whole["timestamp"] == short["timestamp"]
    assert event["time"].startswith(time.strftime("%Y-", time.gmtime(whole["timestamp"] / 1000)))
    assert whole["logStreamName"] != short["logStreamName"]
    bad = {"Id": "x", "Arn": arn, "InputTransformer": {"InputPathsMap": {}, "InputTemplate": '"just text"'}}
    assert '{"timestamp": <timestamp>, "message": <message>}' in refusal(events.put_targets, Rule="r", Targets=[bad])[1]
    far = {"Id": "x", "Arn": arn.replace("us-east-1", "eu-west-1")}
    assert "only in the account and region" in refusal(events.put_targets, Rule="r", Targets=[far])[1]


def test_what_a_log_can_not_take_is_a_dead_letter(connect: Connect, logs: Any, account: str) -> None:
    events, sqs = connect("events"), connect("sqs")
    url = sqs.create_queue(QueueName="dead")["QueueUrl"]
    dead = {"DeadLetterConfig": {"Arn": f"arn:aws:sqs:us-east-1:{account}:dead"}}
    logs.create_log_group(logGroupName="here")
    here = f"arn:aws:logs:us-east-1:{account}:log-group:here"
    old = {"InputPathsMap": {}, "InputTemplate": '{"timestamp": 1000, "message": "long ago"}'}
    events.put_rule(Name="r", EventPattern='{"source": ["cars"]}')
    events.put_targets(
        Rule="r",
        Targets=[
            {"Id": "gone", "Arn": here.replace("here", "absent"), **dead},
            {"Id": "old", "Arn": here, "InputTransformer": old, **dead},
        ],
    )
    events.put_events(Entries=[{"Source": "cars", "DetailType": "LotSelected", "Detail": "{}"}])
    codes: set[str] = set()

    def both() -> bool:
        got = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=2, MessageAttributeNames=["All"]).get("Messages", ())
        codes.update(message["MessageAttributes"]["ERROR_CODE"]["StringValue"] for message in got)
        return len(codes) == 2

    until(both)
    assert codes == {"NO_RESOURCE", "SDK_CLIENT_ERROR"}


def test_pipes_and_schedules_write_to_logs(connect: Connect, logs: Any, account: str) -> None:
    sqs, pipes, scheduler = connect("sqs"), connect("pipes"), connect("scheduler")
    logs.create_log_group(logGroupName="/piped")
    logs.create_log_stream(logGroupName="/piped", logStreamName="by schedule")
    url = sqs.create_queue(QueueName="in")["QueueUrl"]
    role = "arn:aws:iam::123456789012:role/r"
    pipes.create_pipe(
        Name="p",
        RoleArn=role,
        Source=f"arn:aws:sqs:us-east-1:{account}:in",
        Target=f"arn:aws:logs:us-east-1:{account}:log-group:/piped",
        TargetParameters={
            "CloudWatchLogsParameters": {"LogStreamName": "$.body.lane", "Timestamp": "$.body.at"},
            "InputTemplate": '{"n": <$.body.n>}',
        },
    )
    at = now()
    sqs.send_message(QueueUrl=url, MessageBody=json.dumps({"n": 1, "lane": "fast", "at": at}))
    logs.describe_log_streams(logGroupName="/piped")
    until(lambda: len(logs.filter_log_events(logGroupName="/piped")["events"]) == 1)
    (event,) = logs.get_log_events(logGroupName="/piped", logStreamName="fast")["events"]
    assert (event["message"], event["timestamp"]) == ('{"n": 1}', at)
    asked = {
        "LogGroupName": "/piped",
        "LogStreamName": "by schedule",
        "LogEvents": [{"Timestamp": at + 1, "Message": "tick"}],
    }
    scheduler.create_schedule(
        Name="s",
        ScheduleExpression="rate(1 day)",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={
            "Arn": "arn:aws:scheduler:::aws-sdk:cloudwatchlogs:putLogEvents",
            "RoleArn": role,
            "Input": json.dumps(asked),
        },
    )
    until(lambda: texts(logs.get_log_events(logGroupName="/piped", logStreamName="by schedule")) == ["tick"])
