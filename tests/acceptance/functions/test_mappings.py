"""Event source mappings through a real boto3: queues and streams read in batches, and what becomes of failures."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.functions.test_functions import ROLE, noted, zipped
from tests.acceptance.refusal import refused
from tests.acceptance.server import Server, new_account
from tests.acceptance.waiting import until

CODE = """
import base64, json, os

def text(record):
    return record["body"] if "body" in record else base64.b64decode(record["kinesis"]["data"]).decode()

def key(record):
    return record.get("messageId") or record["kinesis"]["sequenceNumber"]

def note(event, context):
    with open(os.environ["NOTES"], "a") as notes:
        notes.write(json.dumps(event) + "\\n")
    bad = [record for record in event["Records"] if "poison" in text(record) and not os.path.exists(os.environ["CURE"])]
    if os.environ.get("PARTIAL"):
        return {"batchItemFailures": [{"itemIdentifier": key(record)} for record in bad]}
    if bad:
        raise ValueError("poisoned")
    return os.environ.get("ANSWER") and json.loads(os.environ["ANSWER"])
"""


class Road:
    """A function that notes what it is called with, and what it is mapped to."""

    def __init__(self, connect: Callable[[str], Any], folder: Path) -> None:
        self.functions, self.sqs, self.kinesis = connect("lambda"), connect("sqs"), connect("kinesis")
        self.connect = connect
        self.notes, self.cure = folder / "notes", folder / "cure"

    def function(self, **environment: str) -> str:
        variables = {"NOTES": str(self.notes), "CURE": str(self.cure), **environment}
        made = self.functions.create_function(
            FunctionName="note", Runtime="python3.11", Role=ROLE, Handler="handlers.note", Timeout=2,
            Code={"ZipFile": zipped(CODE)}, Environment={"Variables": variables},
        )  # fmt: skip
        return str(made["FunctionArn"])

    def queue(self, name: str = "q", **attributes: str) -> tuple[str, str]:
        """URL and ARN."""
        url = self.sqs.create_queue(QueueName=name, Attributes={"VisibilityTimeout": "2", **attributes})["QueueUrl"]
        return url, self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]

    def stream(self) -> str:
        self.kinesis.create_stream(StreamName="s", ShardCount=1)
        self.kinesis.get_waiter("stream_exists").wait(StreamName="s", WaiterConfig={"Delay": 1})
        return str(self.kinesis.describe_stream(StreamName="s")["StreamDescription"]["StreamARN"])

    def put(self, *texts: str) -> None:
        self.kinesis.put_records(StreamName="s", Records=[{"Data": text, "PartitionKey": "k"} for text in texts])

    def map(self, source: str, **params: Any) -> str:
        made = self.functions.create_event_source_mapping(EventSourceArn=source, FunctionName="note", **params)
        return str(made["UUID"])

    def called(self) -> list[list[str]]:
        """The texts of each batch that the function was called with."""
        return [[_text(record) for record in event["Records"]] for event in noted(self.notes)]

    def letters(self, url: str, count: int = 1) -> list[Any]:
        found: list[Any] = []
        while len(found) < count:
            answer = self.sqs.receive_message(QueueUrl=url, WaitTimeSeconds=10, MaxNumberOfMessages=10)
            assert answer.get("Messages"), found
            found += [json.loads(message["Body"]) for message in answer["Messages"]]
        return found

    def left(self, url: str) -> int:
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        return sum(map(int, self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"].values()))


def _text(record: dict[str, Any]) -> str:
    return str(record["body"]) if "body" in record else base64.b64decode(record["kinesis"]["data"]).decode()


@pytest.fixture
def road(connect: Callable[[str], Any], tmp_path: Path) -> Road:
    return Road(connect, tmp_path)


def test_messages_of_a_queue_come_in_lambdas_form_and_are_deleted(road: Road) -> None:
    road.function()
    url, arn = road.queue()
    road.sqs.send_message(
        QueueUrl=url, MessageBody="hello", MessageAttributes={"colour": {"DataType": "String", "StringValue": "blue"}}
    )
    made = road.functions.create_event_source_mapping(EventSourceArn=arn, FunctionName="note")
    assert (made["State"], made["BatchSize"], made["MaximumBatchingWindowInSeconds"]) == ("Creating", 10, 0)
    (event,) = until(lambda: noted(road.notes))
    (record,) = event["Records"]
    assert list(record) == [
        "messageId", "receiptHandle", "body", "attributes", "messageAttributes", "md5OfBody", "eventSource",
        "eventSourceARN", "awsRegion",
    ]  # fmt: skip
    assert (record["body"], record["eventSource"], record["eventSourceARN"]) == ("hello", "aws:sqs", arn)
    assert record["awsRegion"] == "us-east-1"
    assert set(record["attributes"]) == {
        "ApproximateReceiveCount", "SentTimestamp", "SenderId", "ApproximateFirstReceiveTimestamp"
    }  # fmt: skip
    assert record["messageAttributes"]["colour"] == {
        "stringValue": "blue", "stringListValues": [], "binaryListValues": [], "dataType": "String"
    }  # fmt: skip
    assert until(lambda: road.left(url) == 0)
    assert road.functions.get_event_source_mapping(UUID=made["UUID"])["State"] == "Enabled"


def test_a_batch_that_fails_comes_again_whole_and_in_part_only_where_that_was_agreed(road: Road) -> None:
    road.function(PARTIAL="1")
    url, arn = road.queue()
    road.sqs.send_message_batch(
        QueueUrl=url, Entries=[{"Id": str(n), "MessageBody": body} for n, body in enumerate(["a", "poison", "b"])]
    )
    id = road.map(arn, FunctionResponseTypes=["ReportBatchItemFailures"])
    assert until(lambda: ["poison"] in road.called())
    road.cure.touch()
    assert until(lambda: road.left(url) == 0)
    assert road.called()[0] == ["a", "poison", "b"]
    assert {tuple(batch) for batch in road.called()[1:]} == {("poison",)}
    assert road.functions.get_event_source_mapping(UUID=id)["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


def test_a_batch_response_that_is_not_understood_fails_the_batch(road: Road) -> None:
    road.function(ANSWER='{"batchItemFailures": [{"itemIdentifier": ""}]}')
    _, arn = road.queue()
    road.map(arn, FunctionResponseTypes=["ReportBatchItemFailures"])
    road.sqs.send_message(QueueUrl=road.queue()[0], MessageBody="hello")
    assert until(lambda: len(road.called()) == 2)


def test_a_fifo_queue_comes_in_order_and_what_fails_holds_its_group(road: Road) -> None:
    road.function()
    url, arn = road.queue("q.fifo", FifoQueue="true", ContentBasedDeduplication="true")
    for group, body in (("a", "1"), ("a", "poison"), ("a", "3"), ("b", "4")):
        road.sqs.send_message(QueueUrl=url, MessageBody=body, MessageGroupId=group)
    road.map(arn, BatchSize=1)
    assert until(lambda: road.called().count(["poison"]) >= 2)
    assert ["3"] not in road.called()
    assert ["4"] in road.called()
    road.cure.touch()
    assert until(lambda: road.left(url) == 0)
    assert [body for (body,) in road.called() if body in ("1", "3")] == ["1", "3"]
    (attributes,) = {tuple(event["Records"][0]["attributes"]) for event in noted(road.notes)}
    assert {"MessageGroupId", "MessageDeduplicationId", "SequenceNumber"} < set(attributes)


def test_filters_decide_what_the_function_sees(road: Road) -> None:
    road.function()
    url, arn = road.queue()
    id = road.map(arn, FilterCriteria={"Filters": [{"Pattern": '{"body": {"price": [{"numeric": [">", 10]}]}}'}]})
    for price in (5, 50):
        road.sqs.send_message(QueueUrl=url, MessageBody=json.dumps({"price": price}))
    assert until(lambda: road.left(url) == 0)
    assert road.called() == [['{"price": 50}']]
    road.functions.update_event_source_mapping(UUID=id, FilterCriteria={})
    road.sqs.send_message(QueueUrl=url, MessageBody='{"price": 6}')
    assert until(lambda: len(road.called()) == 2)


def test_messages_wait_for_room_in_a_function_that_reserves_little(road: Road) -> None:
    road.function()
    road.functions.put_function_concurrency(FunctionName="note", ReservedConcurrentExecutions=1)
    url, arn = road.queue(VisibilityTimeout="60")
    entries = [{"Id": str(n), "MessageBody": str(n)} for n in range(10)]
    road.sqs.send_message_batch(QueueUrl=url, Entries=entries)
    road.map(arn, BatchSize=1)
    assert until(lambda: road.left(url) == 0)
    received = {event["Records"][0]["attributes"]["ApproximateReceiveCount"] for event in noted(road.notes)}
    assert received == {"1"}


def test_a_mapping_is_listed_switched_off_and_on_changed_and_deleted(road: Road) -> None:
    function = road.function()
    url, arn = road.queue()
    id = road.map(arn, Enabled=False, ScalingConfig={"MaximumConcurrency": 3}, Tags={"team": "lots"})
    (listed,) = road.functions.list_event_source_mappings(FunctionName="note")["EventSourceMappings"]
    assert (listed["UUID"], listed["State"], listed["FunctionArn"]) == (id, "Disabled", function)
    assert listed["ScalingConfig"] == {"MaximumConcurrency": 3}
    assert road.functions.list_event_source_mappings(EventSourceArn=f"{arn}x")["EventSourceMappings"] == []
    assert road.functions.list_tags(Resource=listed["EventSourceMappingArn"])["Tags"] == {"team": "lots"}
    with refused("ResourceConflictException"):
        road.map(arn)
    road.sqs.send_message(QueueUrl=url, MessageBody="hello")
    assert road.functions.update_event_source_mapping(UUID=id, Enabled=True, BatchSize=5)["State"] == "Enabling"
    assert until(lambda: road.called() == [["hello"]])
    assert road.functions.get_event_source_mapping(UUID=id)["BatchSize"] == 5
    assert road.functions.update_event_source_mapping(UUID=id, BatchSize=6)["State"] == "Updating"
    assert road.functions.delete_event_source_mapping(UUID=id)["State"] == "Deleting"
    with refused("ResourceNotFoundException", "The resource you requested does not exist."):
        road.functions.get_event_source_mapping(UUID=id)
    assert road.connect("pipes").list_pipes()["Pipes"] == [], "a mapping is no pipe to who looks at pipes"


def test_records_of_a_stream_come_in_lambdas_form(road: Road) -> None:
    road.function()
    arn = road.stream()
    consumer = road.kinesis.register_stream_consumer(StreamARN=arn, ConsumerName="c")["Consumer"]["ConsumerARN"]
    road.put("hello")
    id = road.map(consumer, StartingPosition="TRIM_HORIZON")
    (event,) = until(lambda: noted(road.notes))
    (record,) = event["Records"]
    assert list(record) == [
        "kinesis", "eventSource", "eventVersion", "eventID", "eventName", "invokeIdentityArn", "awsRegion",
        "eventSourceARN",
    ]  # fmt: skip
    assert list(record["kinesis"]) == [
        "kinesisSchemaVersion", "partitionKey", "sequenceNumber", "data", "approximateArrivalTimestamp"
    ]  # fmt: skip
    assert (record["kinesis"]["partitionKey"], record["kinesis"]["data"]) == ("k", "aGVsbG8=")
    assert (record["eventSource"], record["eventName"]) == ("aws:kinesis", "aws:kinesis:record")
    assert (record["eventSourceARN"], record["invokeIdentityArn"]) == (arn, ROLE)
    assert record["eventID"] == f"shardId-000000000000:{record['kinesis']['sequenceNumber']}"
    assert until(lambda: road.functions.get_event_source_mapping(UUID=id)["LastProcessingResult"] == "OK")


def test_a_stream_goes_on_from_the_checkpoint_that_the_function_names(road: Road) -> None:
    road.function(PARTIAL="1")
    arn = road.stream()
    road.put("a", "b", "poison", "c")
    url, dead = road.queue("dead")
    road.map(
        arn, StartingPosition="TRIM_HORIZON", FunctionResponseTypes=["ReportBatchItemFailures"],
        BisectBatchOnFunctionError=True, MaximumRetryAttempts=1, DestinationConfig={"OnFailure": {"Destination": dead}},
    )  # fmt: skip
    (letter,) = road.letters(url)
    assert until(lambda: ["c"] in road.called())
    assert road.called()[:2] == [["a", "b", "poison", "c"], ["poison", "c"]]
    assert (letter["requestContext"]["condition"], letter["version"]) == ("RetryAttemptsExhausted", "1.0")
    assert letter["requestContext"]["functionArn"].endswith(":function:note")
    assert letter["KinesisBatchInfo"]["batchSize"] == 1
    assert letter["KinesisBatchInfo"]["streamArn"] == arn


def test_a_poisoned_record_is_found_by_halves_and_told_to_a_topic(road: Road) -> None:
    function = road.function()
    arn = road.stream()
    sns = road.connect("sns")
    topic = sns.create_topic(Name="dead")["TopicArn"]
    url, queue = road.queue("told")
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue)
    road.put("a", "b", "poison", "c")
    road.map(
        arn, StartingPosition="AT_TIMESTAMP", StartingPositionTimestamp=datetime.fromtimestamp(time.time() - 3600, UTC),
        BisectBatchOnFunctionError=True, MaximumRetryAttempts=0,
        DestinationConfig={"OnFailure": {"Destination": topic}},
    )  # fmt: skip
    letter = json.loads(road.letters(url)[0]["Message"])
    assert letter["requestContext"]["functionArn"] == function
    assert letter["responseContext"] == {
        "statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"
    }  # fmt: skip
    assert until(lambda: ["c"] in road.called())
    assert [batch for batch in road.called() if "poison" not in batch] == [["a", "b"], ["c"]]


def test_nothing_is_lost_when_the_server_is_killed_in_between(tmp_path: Path) -> None:
    server = Server(tmp_path / "data")
    account = new_account()
    road = Road(lambda service: server.client(service, account), tmp_path)
    road.function()
    url, arn = road.queue()
    stream = road.stream()
    ids = [road.map(arn, BatchSize=2), road.map(stream, StartingPosition="TRIM_HORIZON", BatchSize=2)]
    for start in range(0, 30, 10):
        entries = [{"Id": str(n), "MessageBody": f"m{n}"} for n in range(start, start + 10)]
        road.sqs.send_message_batch(QueueUrl=url, Entries=entries)
        road.put(*(f"r{n}" for n in range(start, start + 10)))
    until(lambda: len(road.called()) >= 2)
    server.kill()
    server.start()
    try:
        everything = {f"{kind}{n}" for kind in "mr" for n in range(30)}
        assert until(lambda: {text for batch in road.called() for text in batch} == everything)
        road = Road(lambda service: server.client(service, account), tmp_path)
        shown = road.functions.list_event_source_mappings()["EventSourceMappings"]
        assert sorted(one["UUID"] for one in shown) == sorted(ids)
    finally:
        server.stop()


STREAM = "arn:aws:kinesis:us-east-1:{}:stream/s"
QUEUE = "arn:aws:sqs:us-east-1:{}:q"


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"EventSourceArn": "arn:aws:dynamodb:us-east-1:{}:table/t/stream/1"}, "can be an SQS queue, a Kinesis"),
        ({"EventSourceArn": "arn:aws:sqs:us-east-1:999999999999:q"}, "in the account and region"),
        ({"EventSourceArn": QUEUE + "x"}, "Cannot access the event source"),
        ({"BatchSize": 11}, "Maximum batch window in seconds must be greater than 0"),
        ({"TumblingWindowInSeconds": 30}, "Parameter TumblingWindowInSeconds is not supported"),
        ({"StartingPosition": "LATEST"}, "Unsupported parameter for an SQS event source mapping: StartingPosition"),
        ({"BisectBatchOnFunctionError": True}, "Unsupported parameter for an SQS event source mapping"),
        ({"EventSourceArn": STREAM}, "'startingPosition'"),
        ({"EventSourceArn": STREAM, "StartingPosition": "AT_TIMESTAMP"}, "StartingPositionTimestamp must be given"),
        ({"FilterCriteria": {"Filters": [{"Pattern": "{"}]}}, "Invalid filter pattern definition"),
        ({"DestinationConfig": {"OnSuccess": {"Destination": QUEUE}}}, "no OnSuccess destination"),
        ({"ProvisionedPollerConfig": {"MinimumPollers": 2}}, "Parameter ProvisionedPollerConfig is not supported"),
    ],
)
def test_what_can_not_be_mapped_is_refused_by_name(road: Road, account: str, params: Any, said: str) -> None:
    road.function()
    road.queue()
    here = json.loads(json.dumps({"EventSourceArn": QUEUE} | params).replace("{}", account))
    with pytest.raises(road.functions.exceptions.InvalidParameterValueException) as caught:
        road.functions.create_event_source_mapping(FunctionName="note", **here)
    assert said in caught.value.response["Error"]["Message"]


def test_a_queue_must_hide_messages_for_as_long_as_the_function_may_take(road: Road) -> None:
    road.function()
    _, arn = road.queue("short", VisibilityTimeout="1")
    with refused(
        "InvalidParameterValueException",
        "Queue visibility timeout: 1 seconds is less than Function timeout: 2 seconds",
    ):
        road.map(arn)
    with refused("ResourceNotFoundException"):
        road.functions.create_event_source_mapping(EventSourceArn=arn, FunctionName="none")
