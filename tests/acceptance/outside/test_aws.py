"""Rules whose targets are in an account that is elsewhere: another Eventyard that wants signatures, and an endpoint
that knows Step Functions and CloudWatch Logs by their models."""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.acceptance.cli.test_cli import running
from tests.acceptance.functions.test_functions import zipped
from tests.acceptance.outside.aws import ACCOUNT, KEY, SECRET, Aws
from tests.acceptance.outside.conftest import Yard
from tests.acceptance.waiting import until

ROLE = f"arn:aws:iam::{ACCOUNT}:role/any"


class There:
    """The other server."""

    def __init__(self, url: str, home: Path) -> None:
        self.url = url
        self.home = home

    def client(self, service: str) -> Any:
        keys = {"aws_access_key_id": KEY, "aws_secret_access_key": SECRET}
        return boto3.client(service, "eu-west-1", endpoint_url=self.url, **keys)

    def arn(self, service: str, resource: str) -> str:
        return f"arn:aws:{service}:eu-west-1:{ACCOUNT}:{resource}"


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> Iterator[There]:
    home = tmp_path_factory.mktemp("elsewhere")
    (home / "keys.json").write_text(json.dumps({KEY: {"secret": SECRET, "account": ACCOUNT}}))
    options = ("--port", "0", "--data", str(home / "data"), "--credentials", str(home / "keys.json"), "--functions")
    with running("serve", *options) as process:
        yield There(json.loads(process.line_with('"serving"'))["url"], home)


@pytest.fixture
def aws() -> Iterator[Aws]:
    aws = Aws()
    yield aws
    aws.close()
    assert not aws.wrong


def declare(yard: Yard, endpoint: str, **more: str) -> str:
    keys = {"access_key_id": KEY, "secret_access_key": SECRET}
    return yard.target("elsewhere", "aws", account=ACCOUNT, endpoint=endpoint, **{**keys, **more})


def messages(there: There, url: str, count: int) -> list[dict[str, Any]]:
    sqs, found = there.client("sqs"), []
    end = time.monotonic() + 60
    while len(found) < count:
        assert time.monotonic() < end, found
        asked = {"WaitTimeSeconds": 5, "MaxNumberOfMessages": 10, "AttributeNames": ["All"]}
        got = sqs.receive_message(QueueUrl=url, MessageAttributeNames=["All"], **asked)
        found += got.get("Messages", [])
    return found


def test_events_reach_queues_with_groups_and_deduplication(yard: Yard, there: There) -> None:
    declare(yard, there.url)
    sqs = there.client("sqs")
    plain = sqs.create_queue(QueueName="lots")["QueueUrl"]
    fifo = sqs.create_queue(QueueName="lots.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
    yard.rule(there.arn("sqs", "lots"), "plain")
    yard.rule(there.arn("sqs", "lots.fifo"), "fifo", SqsParameters={"MessageGroupId": "g"})
    ids = yard.put_all([{"number": number} for number in range(10)]) + yard.put_all([{"number": 10}])
    assert sorted(json.loads(one["Body"])["id"] for one in messages(there, plain, 11)) == sorted(ids)
    [one, *_] = messages(there, fifo, 1)
    assert one["Attributes"]["MessageGroupId"] == "g"
    assert one["Attributes"]["MessageDeduplicationId"].startswith(json.loads(one["Body"])["id"])


def test_events_reach_topics_streams_and_hoses(yard: Yard, there: There) -> None:
    declare(yard, there.url)
    sns, kinesis, firehose = (there.client(name) for name in ("sns", "kinesis", "firehose"))
    topic = sns.create_topic(Name="lots")["TopicArn"]
    url = there.client("sqs").create_queue(QueueName="heard")["QueueUrl"]
    raw = {"RawMessageDelivery": "true"}
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=there.arn("sqs", "heard"), Attributes=raw)
    kinesis.create_stream(StreamName="lots", ShardCount=1)
    firehose.create_delivery_stream(
        DeliveryStreamName="lots",
        ExtendedS3DestinationConfiguration={
            "RoleARN": ROLE,
            "BucketARN": "arn:aws:s3:::lots",
            "BufferingHints": {"IntervalInSeconds": 0, "SizeInMBs": 1},
            "CompressionFormat": "GZIP",
        },
    )
    yard.rule(topic, "topic")
    path = {"KinesisParameters": {"PartitionKeyPath": "$.detail.vin"}, "RoleArn": ROLE}
    yard.rule(there.arn("kinesis", "stream/lots"), "stream", **path)
    yard.rule(there.arn("firehose", "deliverystream/lots"), "hose", RoleArn=ROLE)
    event_id = yard.put(vin="VIN1")
    assert json.loads(messages(there, url, 1)[0]["Body"])["id"] == event_id
    shard = {"StreamName": "lots", "ShardId": "shardId-000000000000", "ShardIteratorType": "TRIM_HORIZON"}
    iterator = kinesis.get_shard_iterator(**shard)["ShardIterator"]
    [record] = until(lambda: kinesis.get_records(ShardIterator=iterator)["Records"], 60)
    assert (record["PartitionKey"], json.loads(record["Data"])["id"]) == ("VIN1", event_id)
    [file] = until(lambda: [path for path in (there.home / "data" / "firehose").rglob("*.gz") if path.is_file()], 60)
    assert json.loads(gzip.decompress(file.read_bytes()))["id"] == event_id


def test_events_reach_functions_and_buses(yard: Yard, there: There) -> None:
    declare(yard, there.url)
    notes = there.home / "notes"
    function = there.client("lambda").create_function(
        FunctionName="note",
        Runtime="python3.11",
        Role=ROLE,
        Handler="handlers.note",
        Code={"ZipFile": zipped(f"def note(event, context):\n    open({str(notes)!r}, 'a').write(event['id'])\n")},
    )["FunctionArn"]
    events = there.client("events")
    url = there.client("sqs").create_queue(QueueName="bus")["QueueUrl"]
    events.put_rule(Name="all", EventPattern='{"source": ["cars"]}')
    events.put_targets(Rule="all", Targets=[{"Id": "1", "Arn": there.arn("sqs", "bus")}])
    yard.rule(function, "function")
    yard.rule(there.arn("events", "event-bus/default"), "bus")
    event_id = yard.put(vin="VIN1")
    event = json.loads(messages(there, url, 1)[0]["Body"])
    assert (event["detail"], event["source"], event["account"]) == ({"vin": "VIN1"}, "cars", ACCOUNT)
    assert event["id"] != event_id, "it is put there, and so it is another event"
    assert until(lambda: notes.exists() and notes.read_text(), 60) == event_id


def test_a_schedule_puts_an_event_on_a_bus_elsewhere(yard: Yard, there: There) -> None:
    declare(yard, there.url)
    events = there.client("events")
    url = there.client("sqs").create_queue(QueueName="scheduled")["QueueUrl"]
    events.put_rule(Name="scheduled", EventPattern='{"source": ["clock"]}')
    events.put_targets(Rule="scheduled", Targets=[{"Id": "1", "Arn": there.arn("sqs", "scheduled")}])
    yard.client("scheduler").create_schedule(
        Name="now",
        ScheduleExpression=time.strftime("at(%Y-%m-%dT%H:%M:%S)", time.gmtime(time.time() + 1)),
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={
            "Arn": there.arn("events", "event-bus/default"),
            "RoleArn": ROLE,
            "Input": '{"a": 1}',
            "EventBridgeParameters": {"Source": "clock", "DetailType": "Struck"},
        },
    )
    event = json.loads(messages(there, url, 1)[0]["Body"])
    assert (event["detail-type"], event["detail"]) == ("Struck", {"a": 1})


def test_executions_are_started_once(yard: Yard, aws: Aws) -> None:
    declare(yard, aws.url)
    aws.then(503, {})
    aws.then(400, {"__type": "ExecutionAlreadyExists", "message": "Execution Already Exists"})
    machine = f"arn:aws:states:eu-west-1:{ACCOUNT}:stateMachine:lots"
    yard.rule(machine, RoleArn=ROLE)
    event_id = yard.put(vin="VIN1")
    until(lambda: len(aws.asked) == 2, 60)
    (first, asked), (second, again) = aws.asked
    assert first == second == "StartExecution"
    assert asked == again
    assert (asked["stateMachineArn"], json.loads(asked["input"])["id"]) == (machine, event_id)
    assert asked["name"].startswith(event_id)
    until(lambda: yard.page("GET", "/elsewhere")["deliveries"] == {"delivered": 1, "retry": 1, "permanent": 0}, 60)


def test_log_events_go_to_a_stream_that_is_made_on_need(yard: Yard, aws: Aws) -> None:
    declare(yard, aws.url)
    aws.then(400, {"__type": "ResourceNotFoundException", "message": "The specified log stream does not exist."})
    yard.rule(f"arn:aws:logs:eu-west-1:{ACCOUNT}:log-group:/lots:*")
    event_id = yard.put(vin="VIN1")
    until(lambda: len(aws.asked) == 3, 60)
    assert [operation for operation, _ in aws.asked] == ["PutLogEvents", "CreateLogStream", "PutLogEvents"]
    assert aws.asked[1][1] == {"logGroupName": "/lots", "logStreamName": "eventyard"}
    [line] = aws.asked[2][1]["logEvents"]
    assert json.loads(line["message"])["id"] == event_id
    assert abs(line["timestamp"] / 1000 - time.time()) < 60


@pytest.mark.parametrize(
    ("status", "answer", "outcome", "code"),
    [
        (400, {"__type": "ThrottlingException", "message": "Rate exceeded"}, "retry", "THROTTLING"),
        (429, {}, "retry", "THROTTLING"),
        (400, {"__type": "ExecutionLimitExceeded", "message": "full"}, "retry", "THROTTLING"),
        (500, {"__type": "InternalServerError"}, "retry", "SERVER_ERROR"),
        (503, {}, "retry", "SERVER_ERROR"),
        (403, {"__type": "UnrecognizedClientException", "message": "no"}, "retry", "NO_AUTHORIZATION"),
        (400, {"__type": "ExpiredTokenException", "message": "no"}, "retry", "NO_AUTHORIZATION"),
        (400, {"__type": "AccessDeniedException", "message": "no"}, "permanent", "NO_PERMISSIONS"),
        (400, {"__type": "StateMachineDoesNotExist", "message": "no"}, "permanent", "NO_RESOURCE"),
        (400, {"__type": "InvalidExecutionInput", "message": "no"}, "permanent", "SDK_CLIENT_ERROR"),
    ],
)
def test_what_an_error_means(
    yard: Yard, aws: Aws, status: int, answer: dict[str, Any], outcome: str, code: str
) -> None:
    declare(yard, aws.url)
    aws.then(status, answer)
    machine = f"arn:aws:states:eu-west-1:{ACCOUNT}:stateMachine:lots"
    said = yard.page("POST", "/elsewhere/test", {"arn": machine})
    assert (said["outcome"], said["code"]) == (outcome, code)
    assert SECRET not in said["message"]


def test_entries_of_a_batch_fail_by_themselves(yard: Yard, aws: Aws) -> None:
    declare(yard, aws.url)
    url, dead = yard.queue("dead")
    batch = {"Successful": [{"Id": "0", "MessageId": "m", "MD5OfMessageBody": "x"}]}
    refused = {"Id": "1", "SenderFault": True, "Code": "InvalidMessageContents", "Message": "not that"}
    passing = {"Id": "2", "SenderFault": False, "Code": "InternalError", "Message": "later"}
    aws.then(200, {**batch, "Failed": [refused, passing]})
    aws.then(200, batch)
    yard.rule(f"arn:aws:sqs:eu-west-1:{ACCOUNT}:lots", DeadLetterConfig={"Arn": dead})
    ids = yard.put_all([{"number": number} for number in range(3)])
    letter = yard.letter(url)
    assert letter is not None
    assert json.loads(letter["Body"])["id"] == ids[1]
    assert letter["MessageAttributes"]["ERROR_MESSAGE"]["StringValue"] == "InvalidMessageContents: not that"
    until(lambda: len(aws.asked) == 2, 60)
    assert [json.loads(one["MessageBody"])["id"] for one in aws.asked[1][1]["Entries"]] == [ids[2]]
    assert aws.asked[0][1]["QueueUrl"] == f"{aws.url}/{ACCOUNT}/lots"


def test_dead_letters_may_go_elsewhere(yard: Yard, there: There) -> None:
    declare(yard, there.url)
    url = there.client("sqs").create_queue(QueueName="dead")["QueueUrl"]
    missing = f"arn:aws:sqs:us-east-1:{yard.account}:missing"
    yard.rule(missing, DeadLetterConfig={"Arn": there.arn("sqs", "dead")})
    event_id = yard.put(vin="VIN1")
    [letter] = messages(there, url, 1)
    assert json.loads(letter["Body"])["id"] == event_id
    assert letter["MessageAttributes"]["ERROR_CODE"]["StringValue"] == "NO_RESOURCE"


def test_an_account_is_elsewhere_only_for_who_declared_it(yard: Yard, there: There) -> None:
    """In this account of the test's own nobody said so: the ARN means what is on this server."""
    url, dead = yard.queue("dead")
    yard.rule(f"arn:aws:sqs:us-east-1:{ACCOUNT}:lots", DeadLetterConfig={"Arn": dead})
    yard.put(vin="VIN1")
    letter = yard.letter(url)
    assert letter is not None
    with pytest.raises(ClientError, match="only in the account and region"):
        yard.rule(there.arn("kinesis", "stream/lots"), RoleArn=ROLE)
    with pytest.raises(ClientError, match="can't deliver to AWS Step Functions state machine"):
        yard.rule(there.arn("states", "stateMachine:m"), RoleArn=ROLE)


def test_declarations_that_can_not_be(yard: Yard) -> None:
    keys = {"kind": "aws", "access_key_id": "a", "secret_access_key": "b"}
    said = yard.page("PUT", "/own", {**keys, "account": yard.account})
    assert "is this one's own" in said["message"]
    yard.target("one", "aws", account=ACCOUNT, access_key_id="a", secret_access_key="b")
    said = yard.page("PUT", "/two", {**keys, "account": ACCOUNT})
    assert "is declared to be elsewhere by" in said["message"]
    said = yard.page("POST", "/one/test")
    assert (said["outcome"], said["code"]) == ("permanent", "SDK_CLIENT_ERROR")
    assert "stands for a whole account" in said["message"]


def test_a_pipe_leads_there(yard: Yard, there: There) -> None:
    declare(yard, there.url)
    far = there.client("sqs").create_queue(QueueName="piped")["QueueUrl"]
    url, queue = yard.queue("source")
    pipes = yard.client("pipes")
    pipes.create_pipe(Name="out", Source=queue, Target=there.arn("sqs", "piped"), RoleArn=ROLE)
    yard.client("sqs").send_message(QueueUrl=url, MessageBody="hello")
    assert json.loads(messages(there, far, 1)[0]["Body"])["body"] == "hello"
    with pytest.raises(ClientError, match="must be FIRE_AND_FORGET"):
        pipes.create_pipe(Name="f", Source=queue, Target=there.arn("lambda", "function:f"), RoleArn=ROLE)
