"""EventBridge Scheduler through boto3: groups, schedules, tags, refusals, and messages that really come."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.acceptance.server import Server
from tests.acceptance.waiting import until

Connect = Callable[[str], Any]
ROLE = "arn:aws:iam::123456789012:role/r"
OFF = {"Mode": "OFF"}
NOW = datetime.now(UTC).replace(microsecond=0)


def target(account: str, queue: str = "q", **more: Any) -> dict[str, Any]:
    return {"Arn": f"arn:aws:sqs:us-east-1:{account}:{queue}", "RoleArn": ROLE} | more


def make(scheduler: Any, account: str, name: str = "s", **more: Any) -> str:
    asked = {"ScheduleExpression": "rate(1 day)", "Target": target(account), "FlexibleTimeWindow": OFF}
    arn: str = scheduler.create_schedule(Name=name, **(asked | more))["ScheduleArn"]
    return arn


def refused(call: Callable[[], Any]) -> tuple[str, int, str]:
    with pytest.raises(ClientError) as caught:
        call()
    answer = caught.value.response
    return answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Message"]


def messages(sqs: Any, url: str, seconds: float, enough: int = 1) -> list[str]:
    found: list[str] = []
    end = time.monotonic() + seconds
    while time.monotonic() < end and len(found) < enough:
        answer = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=1, MaxNumberOfMessages=10)
        for message in answer.get("Messages", ()):
            found.append(message["Body"])
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return found


def at(seconds: int) -> str:
    return f"at({(datetime.now(UTC) + timedelta(seconds=seconds)).strftime('%Y-%m-%dT%H:%M:%S')})"


def test_schedule_is_described_as_it_was_made(scheduler: Any, account: str) -> None:
    start, end = NOW + timedelta(hours=1), NOW + timedelta(days=1)
    dead = {"Arn": f"arn:aws:sqs:us-east-1:{account}:dead"}
    asked = {
        "ScheduleExpression": "cron(0 9 ? * MON-FRI *)",
        "ScheduleExpressionTimezone": "Europe/Berlin",
        "StartDate": start,
        "EndDate": end,
        "Description": "ä",
        "State": "DISABLED",
        "FlexibleTimeWindow": {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 15},
        "ActionAfterCompletion": "DELETE",
        "Target": target(account, Input="{}", DeadLetterConfig=dead, RetryPolicy={"MaximumRetryAttempts": 3}),
    }
    arn = make(scheduler, account, **asked)
    assert arn == f"arn:aws:scheduler:us-east-1:{account}:schedule/default/s"
    got = scheduler.get_schedule(Name="s")
    retry = {"MaximumEventAgeInSeconds": 86400, "MaximumRetryAttempts": 3}
    asked["Target"] = asked["Target"] | {"RetryPolicy": retry}  # type: ignore[operator]  # a mixed dict
    assert {name: got[name] for name in asked} == asked
    assert (got["Arn"], got["Name"], got["GroupName"]) == (arn, "s", "default")
    assert abs(got["CreationDate"] - datetime.now(UTC)) < timedelta(minutes=1)


def test_defaults(scheduler: Any, account: str) -> None:
    make(scheduler, account)
    got = scheduler.get_schedule(Name="s", GroupName="default")
    assert (got["State"], got["ScheduleExpressionTimezone"], got["ActionAfterCompletion"]) == ("ENABLED", "UTC", "NONE")
    assert got["Target"]["RetryPolicy"] == {"MaximumEventAgeInSeconds": 86400, "MaximumRetryAttempts": 185}
    assert got["FlexibleTimeWindow"] == OFF
    assert not {"StartDate", "EndDate", "Description", "KmsKeyArn"} & got.keys()


def test_update_replaces_everything_but_the_creation_date(scheduler: Any, account: str) -> None:
    arn = make(scheduler, account, Description="old", State="DISABLED")
    before = scheduler.get_schedule(Name="s")
    answer = scheduler.update_schedule(
        Name="s", ScheduleExpression="rate(2 hours)", Target=target(account, "other"), FlexibleTimeWindow=OFF
    )
    assert answer["ScheduleArn"] == arn
    got = scheduler.get_schedule(Name="s")
    assert "Description" not in got
    assert (got["State"], got["ScheduleExpression"]) == ("ENABLED", "rate(2 hours)")
    assert got["CreationDate"] == before["CreationDate"]


def test_schedules_are_listed_in_pages_and_by_filters(scheduler: Any, account: str) -> None:
    scheduler.create_schedule_group(Name="g")
    for name in ("a1", "a2", "b1"):
        make(scheduler, account, name, GroupName="g", State="DISABLED" if name == "a2" else "ENABLED")
    make(scheduler, account, "a3")
    pages = scheduler.get_paginator("list_schedules").paginate(PaginationConfig={"PageSize": 3})
    assert [[one["Name"] for one in page["Schedules"]] for page in pages] == [["a3", "a1", "a2"], ["b1"]]
    for asked, names in (
        ({"GroupName": "g"}, ["a1", "a2", "b1"]),
        ({"NamePrefix": "a"}, ["a3", "a1", "a2"]),
        ({"State": "DISABLED"}, ["a2"]),
    ):
        found = scheduler.list_schedules(**asked)["Schedules"]
        assert [one["Name"] for one in found] == names
    assert found[0]["Target"] == {"Arn": target(account)["Arn"]}
    assert refused(lambda: scheduler.list_schedules(GroupName="no"))[0] == "ResourceNotFoundException"
    assert refused(lambda: scheduler.list_schedules(NextToken="x"))[0] == "ValidationException"


def test_groups_and_their_tags(scheduler: Any, account: str) -> None:
    arn = scheduler.create_schedule_group(Name="g", Tags=[{"Key": "a", "Value": "1"}])["ScheduleGroupArn"]
    assert arn == f"arn:aws:scheduler:us-east-1:{account}:schedule-group/g"
    got = scheduler.get_schedule_group(Name="g")
    assert (got["Arn"], got["Name"], got["State"]) == (arn, "g", "ACTIVE")
    scheduler.tag_resource(ResourceArn=arn, Tags=[{"Key": "b", "Value": "2"}])
    scheduler.untag_resource(ResourceArn=arn, TagKeys=["a"])
    assert scheduler.list_tags_for_resource(ResourceArn=arn)["Tags"] == [{"Key": "b", "Value": "2"}]
    assert [group["Name"] for group in scheduler.list_schedule_groups()["ScheduleGroups"]] == ["default", "g"]
    assert [one["Name"] for one in scheduler.list_schedule_groups(NamePrefix="g")["ScheduleGroups"]] == ["g"]
    make(scheduler, account, GroupName="g")
    scheduler.delete_schedule_group(Name="g")
    assert refused(lambda: scheduler.get_schedule_group(Name="g"))[:2] == ("ResourceNotFoundException", 404)
    assert refused(lambda: scheduler.get_schedule(Name="s", GroupName="g"))[:2] == ("ResourceNotFoundException", 404)
    assert refused(lambda: scheduler.delete_schedule_group(Name="default"))[:2] == ("ValidationException", 400)


def test_names_are_taken_once(scheduler: Any, account: str) -> None:
    scheduler.create_schedule_group(Name="g", ClientToken="t")
    scheduler.create_schedule_group(Name="g", ClientToken="t")
    make(scheduler, account, ClientToken="t")
    make(scheduler, account, ClientToken="t")
    exists = ("ConflictException", 409, "Schedule s already exists.")
    assert refused(lambda: make(scheduler, account)) == exists
    assert refused(lambda: scheduler.create_schedule_group(Name="g"))[:2] == ("ConflictException", 409)


def test_what_is_not_there_is_not_found(scheduler: Any, account: str) -> None:
    missing = ("ResourceNotFoundException", 404, "Schedule s does not exist.")
    assert refused(lambda: scheduler.get_schedule(Name="s")) == missing
    assert refused(lambda: scheduler.delete_schedule(Name="s")) == missing
    asked = {"ScheduleExpression": "rate(1 day)", "Target": target(account), "FlexibleTimeWindow": OFF}
    assert refused(lambda: scheduler.update_schedule(Name="s", **asked)) == missing
    assert refused(lambda: make(scheduler, account, GroupName="no"))[2] == "Schedule group no does not exist."


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"ScheduleExpression": "rate(10 years)"}, "Invalid Schedule Expression rate(10 years)."),
        ({"ScheduleExpression": "cron(0 9 * * *)"}, "Invalid Schedule Expression cron(0 9 * * *)."),
        ({"ScheduleExpressionTimezone": "Mars"}, "Invalid ScheduleExpressionTimezone Mars."),
        ({"FlexibleTimeWindow": {"Mode": "FLEXIBLE"}}, "MaximumWindowInMinutes must be given"),
        ({"EndDate": NOW - timedelta(days=1)}, "The EndDate you specify cannot be in the past."),
        ({"StartDate": NOW - timedelta(days=1)}, "The StartDate you specify cannot be earlier than 5 minutes ago."),
        (
            {"StartDate": NOW + timedelta(days=2), "EndDate": NOW + timedelta(days=1)},
            "The EndDate you specify must come after the StartDate.",
        ),
        ({"Target": {"Arn": "arn:aws:ecs:us-east-1:1:cluster/c", "RoleArn": ROLE}}, "ecs is not a supported service"),
        ({"Target": {"Arn": "queue", "RoleArn": ROLE}}, "Provided Arn is not in correct format"),
        ({"Target": target("1", "q.fifo")}, "MessageGroupId must be given for a FIFO queue"),
        ({"Target": target("1", KinesisParameters={"PartitionKey": "k"})}, "KinesisParameters can't be used"),
    ],
)
def test_what_can_not_work_is_refused(scheduler: Any, account: str, more: dict[str, Any], message: str) -> None:
    code, status, words = refused(lambda: make(scheduler, account, **more))
    assert (code, status) == ("ValidationException", 400)
    assert message in words


def test_a_request_that_is_repeated_with_its_token_changes_nothing(scheduler: Any, account: str) -> None:
    make(scheduler, account, ClientToken="made")
    make(scheduler, account, ClientToken="made")
    asked = {"Name": "s", "ScheduleExpression": "rate(2 days)", "Target": target(account), "FlexibleTimeWindow": OFF}
    scheduler.update_schedule(**asked, ClientToken="changed")
    first = scheduler.get_schedule(Name="s")
    time.sleep(1.1)
    scheduler.update_schedule(**asked, ClientToken="changed")
    assert scheduler.get_schedule(Name="s")["LastModificationDate"] == first["LastModificationDate"]
    scheduler.update_schedule(**asked, ClientToken="changed-again")
    assert scheduler.get_schedule(Name="s")["LastModificationDate"] > first["LastModificationDate"]
    scheduler.create_schedule_group(Name="g", ClientToken="made")
    for delete, name in ((scheduler.delete_schedule, "s"), (scheduler.delete_schedule_group, "g")):
        delete(Name=name, ClientToken="gone")
        delete(Name=name, ClientToken="gone")
        assert refused(lambda delete=delete, name=name: delete(Name=name, ClientToken="other"))[1] == 404


def test_messages_come_and_completed_schedules_go(connect: Connect, scheduler: Any, account: str) -> None:
    sqs = connect("sqs")
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    expression = at(2)
    text = "at <aws.scheduler.scheduled-time>"
    make(scheduler, account, ScheduleExpression=expression, Target=target(account, Input=text),
         ActionAfterCompletion="DELETE")  # fmt: skip
    make(scheduler, account, "notice", ScheduleExpression="rate(1 day)")
    got = sorted(messages(sqs, url, 8, enough=2))
    assert got[0] == f"at {expression[3:-1]}Z"
    assert json.loads(got[1])["resources"] == [f"arn:aws:scheduler:us-east-1:{account}:schedule/default/notice"]
    end = time.monotonic() + 12
    while time.monotonic() < end and len(scheduler.list_schedules()["Schedules"]) > 1:
        time.sleep(0.3)
    assert [one["Name"] for one in scheduler.list_schedules()["Schedules"]] == ["notice"]


def test_bus_gets_events_of_the_schedules_making(connect: Connect, scheduler: Any, account: str) -> None:
    sqs, events = connect("sqs"), connect("events")
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    events.put_rule(Name="r", EventPattern=json.dumps({"source": ["clock"], "detail": {"n": [1]}}))
    events.put_targets(Rule="r", Targets=[{"Id": "q", "Arn": target(account)["Arn"]}])
    event = {"Source": "clock", "DetailType": "Tick"}
    bus = {"Arn": f"arn:aws:events:us-east-1:{account}:event-bus/default", "RoleArn": ROLE}
    text = '{"n":1, "at":"<aws.scheduler.scheduled-time>"}'
    make(scheduler, account, Target=bus | {"EventBridgeParameters": event, "Input": text})
    got = json.loads(messages(sqs, url, 8)[0])
    assert (got["source"], got["detail-type"], got["detail"]["n"], got["account"]) == ("clock", "Tick", 1, account)
    for wrong, message in (
        ({}, "EventBridgeParameters must be given"),
        ({"EventBridgeParameters": event, "Input": '{"a":NaN}'}, "well-formed JSON"),
        ({"EventBridgeParameters": event, "Input": "[]"}, "must be a JSON object"),
        ({"EventBridgeParameters": event, "Input": "{}", "Arn": bus["Arn"].replace("east", "west")}, "another account"),
    ):
        assert message in refused(lambda wrong=wrong: make(scheduler, account, "w", Target=bus | wrong))[2]


def test_failures_come_to_the_dead_letter_queue(connect: Connect, scheduler: Any, account: str) -> None:
    sqs = connect("sqs")
    url = sqs.create_queue(QueueName="dead")["QueueUrl"]
    dead = {"Arn": f"arn:aws:sqs:us-east-1:{account}:dead"}
    made = make(scheduler, account, Target=target(account, "missing", Input="hello", DeadLetterConfig=dead))
    asked = {"QueueUrl": url, "WaitTimeSeconds": 8, "MessageAttributeNames": ["All"]}
    (message,) = sqs.receive_message(**asked)["Messages"]
    said = {name: value["StringValue"] for name, value in message["MessageAttributes"].items()}
    assert message["Body"] == "hello"
    assert (said["SCHEDULE_ARN"], said["TARGET_ARN"]) == (made, "arn:aws:scheduler:::aws-sdk:sqs:sendMessage")
    assert (said["ERROR_CODE"], said["RETRY_ATTEMPTS"]) == ("AWS.SimpleQueueService.NonExistentQueue", "0")
    assert "RULE_ARN" not in said


def test_killed_server_makes_up_for_what_it_missed_and_repeats_nothing(
    server: Server, connect: Connect, account: str
) -> None:
    url = connect("sqs").create_queue(QueueName="q")["QueueUrl"]
    scheduler = connect("scheduler")
    make(scheduler, account, "now", Target=target(account, Input="now"))
    assert messages(connect("sqs"), url, 8) == ["now"]
    # Times are in whole seconds, so this is more than one second away: certainly not before the kill.
    make(scheduler, account, "late", ScheduleExpression=at(2), Target=target(account, Input="late"))
    time.sleep(0.2)
    server.kill()
    time.sleep(2.5)
    server.start()
    sqs = connect("sqs")
    url = sqs.get_queue_url(QueueName="q")["QueueUrl"]
    assert messages(sqs, url, 4, enough=3) == ["late"]
    assert len(connect("scheduler").list_schedules()["Schedules"]) == 2


def universal(action: str, **parameters: Any) -> dict[str, Any]:
    return {"Arn": f"arn:aws:scheduler:::aws-sdk:{action}", "RoleArn": ROLE, "Input": json.dumps(parameters)}


def test_universal_targets_call_apis(connect: Connect, scheduler: Any, account: str) -> None:
    sqs, sns, events = connect("sqs"), connect("sns"), connect("events")
    url = sqs.create_queue(QueueName="u")["QueueUrl"]
    topic = sns.create_topic(Name="t")["TopicArn"]
    queue = f"arn:aws:sqs:us-east-1:{account}:u"
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue, Attributes={"RawMessageDelivery": "true"})
    events.put_rule(Name="r", EventPattern='{"source": ["clock"]}')
    events.put_targets(Rule="r", Targets=[{"Id": "q", "Arn": queue, "InputPath": "$.detail"}])
    attribute = {"kind": {"DataType": "String", "StringValue": "tick"}}
    text = "<aws.scheduler.scheduled-time>"
    entry = {"Source": "clock", "DetailType": "Tick", "Detail": '{"by":"event"}'}
    for name, target in {
        "message": universal("sqs:sendMessage", QueueUrl=url, MessageBody=text, MessageAttributes=attribute),
        "topic": universal("sns:publish", TopicArn=topic, Message="by topic"),
        "event": universal("eventbridge:putEvents", Entries=[entry]),
        "queue": universal("sqs:createQueue", QueueName="made", Attributes={"DelaySeconds": "7"}),
    }.items():
        make(scheduler, account, name, Target=target)
    got = sorted(messages(sqs, url, 8, enough=3))
    assert got[1:] == ["by topic", '{"by":"event"}']
    assert got[0].startswith("20")
    assert got[0].endswith("Z")
    until(lambda: "made" in str(sqs.list_queues(QueueNamePrefix="made").get("QueueUrls")))


def test_universal_target_that_is_refused_becomes_a_dead_letter(connect: Connect, scheduler: Any, account: str) -> None:
    sqs = connect("sqs")
    url = sqs.create_queue(QueueName="dead")["QueueUrl"]
    dead = {"Arn": f"arn:aws:sqs:us-east-1:{account}:dead"}
    target = universal("sns:publish", TopicArn=f"arn:aws:sns:us-east-1:{account}:absent", Message="lost")
    make(scheduler, account, Target=target | {"DeadLetterConfig": dead})
    (message,) = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=8, MessageAttributeNames=["All"])["Messages"]
    assert message["MessageAttributes"]["ERROR_MESSAGE"]["StringValue"] == "Topic does not exist"


@pytest.mark.parametrize(
    ("action", "parameters", "message"),
    [
        ("ec2:stopInstances", {}, "ec2 is not a supported service for a target."),
        ("events:putEvents", {}, "events is not a supported service for a target."),
        ("sqs:getQueueUrl", {"QueueName": "q"}, "getQueueUrl is not a supported API action of sqs for a target."),
        ("sqs:SendMessage", {}, "SendMessage is not a supported API action of sqs for a target."),
        ("sqs:sendMail", {}, "sendMail is not a supported API action of sqs for a target."),
        ("sqs:sendMessage", {"QueueUrl": "q", "Text": "x"}, "Input is not valid: Text is not a parameter of this API"),
        ("sqs:sendMessage", {"QueueUrl": "q"}, "The request must contain the parameter MessageBody."),
        ("eventbridge:putEvents", {"Entries": []}, "Member must have length greater than or equal to 1"),
    ],
)
def test_universal_targets_that_can_not_work_are_refused(
    scheduler: Any, account: str, action: str, parameters: dict[str, Any], message: str
) -> None:
    code, _, words = refused(lambda: make(scheduler, account, Target=universal(action, **parameters)))
    assert code == "ValidationException"
    assert message in words
