"""Pipes through a real boto3: from queues and streams, by filters and enrichments, to targets; and over kill -9."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.events.endpoints import Endpoints
from tests.acceptance.functions.test_functions import zipped
from tests.acceptance.refusal import refused
from tests.acceptance.server import Server, new_account
from tests.acceptance.waiting import until

ROLE = "arn:aws:iam::123456789012:role/any"


class Yard:
    """Clients, and queues and pipes by short names."""

    def __init__(self, connect: Callable[[str], Any], account: str) -> None:
        self.connect = connect
        self.account = account
        self.sqs, self.pipes, self.kinesis = connect("sqs"), connect("pipes"), connect("kinesis")
        self.urls: dict[str, str] = {}

    def arn(self, service: str, resource: str) -> str:
        return f"arn:aws:{service}:us-east-1:{self.account}:{resource}"

    def queue(self, name: str, **attributes: str) -> str:
        self.urls[name] = self.sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
        return self.arn("sqs", name)

    def stream(self, name: str, shards: int = 1) -> str:
        self.kinesis.create_stream(StreamName=name, ShardCount=shards)
        return self.arn("kinesis", f"stream/{name}")

    def pipe(self, source: str, target: str, name: str = "pipe", **params: Any) -> str:
        made = self.pipes.create_pipe(Name=name, Source=source, Target=target, RoleArn=ROLE, **params)
        return str(made["Arn"])

    def send(self, queue: str, *bodies: Any, **params: Any) -> None:
        for body in bodies:
            text = body if isinstance(body, str) else json.dumps(body)
            self.sqs.send_message(QueueUrl=self.urls[queue], MessageBody=text, **params)

    def bodies(self, queue: str, count: int) -> list[Any]:
        """The JSON bodies of so many messages, which are deleted."""
        found: list[Any] = []

        def more() -> bool:
            answer = self.sqs.receive_message(QueueUrl=self.urls[queue], MaxNumberOfMessages=10, WaitTimeSeconds=1)
            for message in answer.get("Messages", ()):
                found.append(json.loads(message["Body"]))
                self.sqs.delete_message(QueueUrl=self.urls[queue], ReceiptHandle=message["ReceiptHandle"])
            return len(found) >= count

        until(more)
        return found

    def left(self, queue: str) -> int:
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        counts = self.sqs.get_queue_attributes(QueueUrl=self.urls[queue], AttributeNames=names)["Attributes"]
        return sum(int(count) for count in counts.values())


@pytest.fixture
def yard(connect: Callable[[str], Any], account: str) -> Yard:
    return Yard(connect, account)


@pytest.fixture
def endpoints() -> Iterator[Endpoints]:
    endpoints = Endpoints()
    yield endpoints
    endpoints.close()


def test_a_message_comes_to_the_target_as_its_source_shows_it(yard: Yard) -> None:
    source, target = yard.queue("in"), yard.queue("out")
    yard.pipe(source, target)
    yard.send("in", {"n": 1}, MessageAttributes={"colour": {"DataType": "String", "StringValue": "blue"}})
    (got,) = yard.bodies("out", 1)
    assert got["body"] == '{"n": 1}'
    assert (got["eventSource"], got["eventSourceARN"], got["awsRegion"]) == ("aws:sqs", source, "us-east-1")
    assert got["attributes"]["ApproximateReceiveCount"] == "1"
    assert got["messageAttributes"]["colour"]["stringValue"] == "blue"
    until(lambda: yard.left("in") == 0)


def test_a_filter_sees_json_bodies_and_what_it_keeps_out_is_deleted(yard: Yard) -> None:
    wanted = {"Filters": [{"Pattern": '{"body": {"n": [{"numeric": [">", 1]}]}}'}]}
    yard.pipe(
        yard.queue("in"),
        yard.queue("out"),
        SourceParameters={"FilterCriteria": wanted},
        TargetParameters={"InputTemplate": '{"n": <$.body.n>, "pipe": "<aws.pipes.pipe-name>"}'},
    )
    yard.send("in", {"n": 1}, "no json", {"n": 2}, {"n": 3})
    assert sorted(one["n"] for one in yard.bodies("out", 2)) == [2, 3]
    until(lambda: yard.left("in") == 0)


def test_what_the_target_can_not_take_goes_to_the_sources_dead_letter_queue(yard: Yard) -> None:
    dead = yard.queue("dead")
    policy = json.dumps({"deadLetterTargetArn": dead, "maxReceiveCount": 2})
    source = yard.queue("in", RedrivePolicy=policy, VisibilityTimeout="1")
    yard.pipe(source, yard.arn("sqs", "missing"))
    yard.send("in", {"n": 1})
    assert yard.bodies("dead", 1) == [{"n": 1}]


def test_groups_of_a_fifo_queue_stay_in_order(yard: Yard) -> None:
    fifo = {"FifoQueue": "true", "ContentBasedDeduplication": "true"}
    source, target = yard.queue("in.fifo", **fifo), yard.queue("out.fifo", **fifo)
    settings = {"SqsQueueParameters": {"MessageGroupId": "all"}, "InputTemplate": "<$.body>"}
    yard.pipe(source, target, TargetParameters=settings)
    for n in range(30):
        yard.send("in.fifo", {"n": n}, MessageGroupId="g")
    assert [one["n"] for one in yard.bodies("out.fifo", 30)] == list(range(30))


def test_parameters_of_the_target_come_from_the_event(yard: Yard) -> None:
    source, target = yard.queue("in"), yard.queue("out.fifo", FifoQueue="true")
    settings = {"MessageGroupId": "$.body.shop", "MessageDeduplicationId": "$.body.n"}
    yard.pipe(source, target, TargetParameters={"SqsQueueParameters": settings, "InputTemplate": '{"is": <$.body.n>}'})
    yard.send("in", {"shop": "north", "n": 1}, {"shop": "south", "n": 2}, {"shop": "north", "n": 1})
    found: dict[str, str] = {}

    def more() -> bool:
        answer = yard.sqs.receive_message(
            QueueUrl=yard.urls["out.fifo"], MaxNumberOfMessages=10, WaitTimeSeconds=1, AttributeNames=["All"]
        )
        for message in answer.get("Messages", ()):
            assert message["Body"] not in found, "the deduplication id is the event's"
            found[message["Body"]] = message["Attributes"]["MessageGroupId"]
        return len(found) == 2 and yard.left("in") == 0

    until(more)
    assert found == {'{"is": 1}': "north", '{"is": 2}': "south"}


def test_events_get_their_members_from_the_record(yard: Yard) -> None:
    events = yard.connect("events")
    events.put_rule(Name="r", EventPattern='{"source": ["north"]}')
    events.put_targets(Rule="r", Targets=[{"Id": "q", "Arn": yard.queue("out")}])
    settings = {
        "Source": "$.body.shop",
        "DetailType": "$.body.kind",
        "Time": "$.body.at",
        "Resources": ["$.body.car", yard.arn("sqs", "in")],
    }
    yard.pipe(
        yard.queue("in"),
        yard.arn("events", "event-bus/default"),
        TargetParameters={"EventBridgeEventBusParameters": settings, "InputTemplate": '{"n": <$.body.n>}'},
    )
    yard.send("in", {"shop": "north", "kind": "Moved", "at": "2026-01-02T03:04:05+01:00", "car": "c1", "n": 1})
    (event,) = yard.bodies("out", 1)
    found = {name: event[name] for name in ("source", "detail-type", "time", "resources", "detail")}
    assert found == {
        "source": "north",
        "detail-type": "Moved",
        "time": "2026-01-02T02:04:05Z",
        "resources": ["c1", yard.arn("sqs", "in")],
        "detail": {"n": 1},
    }


def test_an_event_without_what_a_parameter_names_is_not_delivered(yard: Yard) -> None:
    dead = yard.queue("dead")
    policy = json.dumps({"deadLetterTargetArn": dead, "maxReceiveCount": 1})
    source = yard.queue("in", RedrivePolicy=policy, VisibilityTimeout="1")
    settings = {"SqsQueueParameters": {"MessageGroupId": "$.body.shop", "MessageDeduplicationId": "$.messageId"}}
    yard.pipe(source, yard.queue("out.fifo", FifoQueue="true"), TargetParameters=settings)
    yard.send("in", {"n": 1})
    assert yard.bodies("dead", 1) == [{"n": 1}]


def test_a_stream_is_read_from_its_horizon_in_order_and_over_a_split(yard: Yard) -> None:
    stream = yard.stream("cars")
    for n in range(20):
        yard.kinesis.put_record(StreamName="cars", Data=json.dumps({"n": n}), PartitionKey="k")
    yard.pipe(
        stream,
        yard.queue("out.fifo", FifoQueue="true", ContentBasedDeduplication="true"),
        SourceParameters={"KinesisStreamParameters": {"StartingPosition": "TRIM_HORIZON", "BatchSize": 7}},
        TargetParameters={
            "SqsQueueParameters": {"MessageGroupId": "all"},
            "InputTemplate": '{"n": <$.data.n>, "key": <$.partitionKey>}',
        },
    )
    assert yard.bodies("out.fifo", 20) == [{"n": n, "key": "k"} for n in range(20)]
    yard.kinesis.update_shard_count(StreamName="cars", TargetShardCount=2, ScalingType="UNIFORM_SCALING")
    for n in range(20, 30):
        yard.kinesis.put_record(StreamName="cars", Data=json.dumps({"n": n}), PartitionKey="k")
    assert [one["n"] for one in yard.bodies("out.fifo", 10)] == list(range(20, 30))


def test_a_stream_that_is_made_again_is_read_although_its_shards_are_called_as_before(yard: Yard) -> None:
    yard.pipe(
        yard.stream("cars"),
        yard.queue("out"),
        SourceParameters={"KinesisStreamParameters": {"StartingPosition": "TRIM_HORIZON"}},
        TargetParameters={"InputTemplate": '{"n": <$.data.n>}'},
    )
    yard.kinesis.update_shard_count(StreamName="cars", TargetShardCount=2, ScalingType="UNIFORM_SCALING")
    yard.kinesis.put_record(StreamName="cars", Data=b'{"n": 1}', PartitionKey="k")
    assert yard.bodies("out", 1) == [{"n": 1}]  # which says that the first shard has been read to its end
    yard.kinesis.delete_stream(StreamName="cars")
    until(lambda: yard.pipes.describe_pipe(Name="pipe")["CurrentState"] == "STOPPED")
    yard.stream("cars")
    yard.kinesis.put_record(StreamName="cars", Data=b'{"n": 2}', PartitionKey="k")
    yard.pipes.start_pipe(Name="pipe")
    assert yard.bodies("out", 1) == [{"n": 2}]


def test_what_is_put_right_after_a_pipe_was_made_is_the_latest(yard: Yard) -> None:
    stream, target = yard.stream("cars"), yard.queue("out")
    yard.kinesis.put_record(StreamName="cars", Data=b'{"n": 1}', PartitionKey="k")
    settings = {"KinesisStreamParameters": {"StartingPosition": "LATEST"}}
    yard.pipe(stream, target, SourceParameters=settings, TargetParameters={"InputTemplate": '{"n": <$.data.n>}'})
    yard.kinesis.put_record(StreamName="cars", Data=b'{"n": 2}', PartitionKey="k")
    assert yard.bodies("out", 1) == [{"n": 2}]


def test_a_record_that_fails_too_often_is_told_of_and_its_shard_goes_on(yard: Yard) -> None:
    stream, dead = yard.stream("cars"), yard.queue("dead")
    settings = {
        "StartingPosition": "TRIM_HORIZON",
        "MaximumRetryAttempts": 0,
        "DeadLetterConfig": {"Arn": dead},
        "BatchSize": 1,
    }
    yard.pipe(
        stream,
        yard.queue("out"),
        SourceParameters={"KinesisStreamParameters": settings},
        TargetParameters={"InputTemplate": '{"n": <$.data.n>}'},
    )
    bad = yard.kinesis.put_record(StreamName="cars", Data=b'{"n": "a\xff"', PartitionKey="k")
    yard.kinesis.put_record(StreamName="cars", Data=b'{"n": 2}', PartitionKey="k")
    (first, second) = yard.bodies("out", 2)
    assert (first["n"], second["n"]) == ("", 2)  # what is no JSON has no such field, and is no failure
    yard.pipes.update_pipe(Name="pipe", RoleArn=ROLE, Target=yard.arn("sqs", "missing"))
    lost = yard.kinesis.put_record(StreamName="cars", Data=b'{"n": 3}', PartitionKey="k")
    (letter,) = yard.bodies("dead", 1)
    assert letter["KinesisBatchInfo"]["startSequenceNumber"] == lost["SequenceNumber"] != bad["SequenceNumber"]
    assert letter["context"]["condition"] == "RetryAttemptsExhausted"


def destination(yard: Yard, endpoints: Endpoints) -> str:
    events = yard.connect("events")
    connection = events.create_connection(
        Name="c",
        AuthorizationType="API_KEY",
        AuthParameters={"ApiKeyAuthParameters": {"ApiKeyName": "X-Key", "ApiKeyValue": "v"}},
    )["ConnectionArn"]
    made = events.create_api_destination(
        Name="d", ConnectionArn=connection, InvocationEndpoint=f"{endpoints.url}/enrich", HttpMethod="POST"
    )
    return str(made["ApiDestinationArn"])


def test_an_api_destination_enriches(yard: Yard, endpoints: Endpoints) -> None:
    endpoints.answers["/enrich"] = lambda asked: (200, {}, json.dumps({"saw": asked.json, "more": 1}).encode())
    yard.pipe(
        yard.queue("in"),
        yard.queue("out"),
        Enrichment=destination(yard, endpoints),
        EnrichmentParameters={"InputTemplate": '{"n": <$.body.n>}'},
        TargetParameters={"InputTemplate": '{"got": <$.saw.n>, "more": <$.more>}'},
    )
    yard.send("in", {"n": 7})
    assert yard.bodies("out", 1) == [{"got": 7, "more": 1}]


def test_an_enrichment_that_answers_no_text_does_not_hold_a_shard_for_ever(yard: Yard, endpoints: Endpoints) -> None:
    endpoints.answers["/enrich"] = lambda asked: (200, {}, b"\xff" if asked.json == {"n": 1} else asked.body)
    yard.pipe(
        yard.stream("cars"),
        yard.queue("out"),
        SourceParameters={
            "KinesisStreamParameters": {
                "StartingPosition": "TRIM_HORIZON",
                "MaximumRetryAttempts": 0,
                "DeadLetterConfig": {"Arn": yard.queue("dead")},
                "BatchSize": 1,
            }
        },
        Enrichment=destination(yard, endpoints),
        EnrichmentParameters={"InputTemplate": '{"n": <$.data.n>}'},
    )
    for n in (1, 2):
        yard.kinesis.put_record(StreamName="cars", Data=json.dumps({"n": n}), PartitionKey="k")
    assert yard.bodies("out", 1) == [{"n": 2}]
    assert yard.bodies("dead", 1)[0]["context"]["condition"] == "RetryAttemptsExhausted"


CODE = """
def enrich(batch, context):
    return [{"doubled": one["body"]["n"] * 2} for one in batch for _ in range(one["body"]["n"])]

def sink(batch, context):
    return {"batchItemFailures": [{"itemIdentifier": one["messageId"]} for one in batch if "bad" in one["body"]]}
"""


def function(yard: Yard, name: str) -> str:
    made = yard.connect("lambda").create_function(
        FunctionName=name,
        Runtime="python3.11",
        Role=ROLE,
        Handler=f"handlers.{name}",
        Code={"ZipFile": zipped(CODE)},
        Timeout=20,
    )
    return str(made["FunctionArn"])


def test_a_function_enriches_a_batch_and_decides_what_comes_of_it(yard: Yard) -> None:
    yard.pipe(
        yard.queue("in"),
        yard.queue("out"),
        Enrichment=function(yard, "enrich"),
        EnrichmentParameters={"InputTemplate": '{"body": <$.body>}'},
    )
    yard.send("in", {"n": 0}, {"n": 2})
    assert yard.bodies("out", 2) == [{"doubled": 4}] * 2
    until(lambda: yard.left("in") == 0)
    assert yard.left("out") == 0


def test_a_function_as_target_says_which_messages_it_could_not_do(yard: Yard) -> None:
    dead = yard.queue("dead")
    policy = json.dumps({"deadLetterTargetArn": dead, "maxReceiveCount": 1})
    source = yard.queue("in", RedrivePolicy=policy, VisibilityTimeout="1")
    yard.pipe(source, function(yard, "sink"))
    yard.send("in", {"good": 1}, {"bad": 1}, {"good": 2})
    assert yard.bodies("dead", 1) == [{"bad": 1}]
    until(lambda: yard.left("in") == 0)


def test_events_come_to_a_bus(yard: Yard) -> None:
    events = yard.connect("events")
    events.put_rule(Name="r", EventPattern='{"source": ["cars"], "detail-type": ["Moved"]}')
    events.put_targets(Rule="r", Targets=[{"Id": "q", "Arn": yard.queue("out")}])
    yard.pipe(
        yard.queue("in"),
        yard.arn("events", "event-bus/default"),
        TargetParameters={
            "EventBridgeEventBusParameters": {"Source": "cars", "DetailType": "Moved"},
            "InputTemplate": "<$.body>",
        },
    )
    yard.send("in", {"vrm": "AB12 CDE"})
    (got,) = yard.bodies("out", 1)
    assert got["detail"] == {"vrm": "AB12 CDE"}


def test_what_is_no_object_does_not_become_an_event(yard: Yard) -> None:
    events = yard.connect("events")
    events.put_rule(Name="r", EventPattern='{"source": ["cars"]}')
    events.put_targets(Rule="r", Targets=[{"Id": "q", "Arn": yard.queue("out")}])
    policy = json.dumps({"deadLetterTargetArn": yard.queue("dead"), "maxReceiveCount": 1})
    yard.pipe(
        yard.queue("in", RedrivePolicy=policy, VisibilityTimeout="1"),
        yard.arn("events", "event-bus/default"),
        TargetParameters={
            "EventBridgeEventBusParameters": {"Source": "cars", "DetailType": "Moved"},
            "InputTemplate": "<$.body>",
        },
    )
    yard.send("in", "[1]", {"vrm": "AB12 CDE"})
    assert yard.bodies("dead", 1) == [[1]]
    assert [got["detail"] for got in yard.bodies("out", 1)] == [{"vrm": "AB12 CDE"}]
    assert yard.left("out") == 0


def test_a_stopped_pipe_stands_still_and_a_started_one_goes_on(yard: Yard) -> None:
    yard.pipe(yard.queue("in"), yard.queue("out"), DesiredState="STOPPED")
    yard.send("in", {"n": 1})
    assert yard.pipes.describe_pipe(Name="pipe")["CurrentState"] == "STOPPED"
    with refused("ConflictException"):
        yard.pipes.stop_pipe(Name="pipe")
    assert yard.left("in") == 1
    assert yard.pipes.start_pipe(Name="pipe")["CurrentState"] == "STARTING"
    yard.bodies("out", 1)
    assert yard.pipes.describe_pipe(Name="pipe")["CurrentState"] == "RUNNING"


def test_a_pipe_without_its_source_fails_and_says_so_and_can_be_started_later(yard: Yard) -> None:
    described = functools.partial(yard.pipes.describe_pipe, Name="pipe")
    assert yard.pipe(yard.arn("sqs", "in"), yard.queue("out"))
    failed = described()
    assert (failed["DesiredState"], failed["CurrentState"]) == ("RUNNING", "CREATE_FAILED")
    assert failed["StateReason"].startswith("The specified queue does not exist.")
    yard.pipes.start_pipe(Name="pipe")
    assert described()["CurrentState"] == "START_FAILED"
    yard.pipes.update_pipe(Name="pipe", RoleArn=ROLE, Description="still without")
    assert described()["CurrentState"] == "UPDATE_FAILED"
    assert [one["Name"] for one in yard.pipes.list_pipes(CurrentState="UPDATE_FAILED")["Pipes"]] == ["pipe"]
    yard.queue("in")
    yard.send("in", {"n": 1})
    yard.pipes.start_pipe(Name="pipe")
    yard.bodies("out", 1)
    running = described()
    assert running["CurrentState"] == "RUNNING"
    assert "StateReason" not in running
    assert yard.pipes.stop_pipe(Name="pipe")["CurrentState"] == "STOPPING"


def test_a_pipe_whose_stream_is_deleted_stops_and_stays_so_over_a_restart(tmp_path: Path) -> None:
    server, account = Server(tmp_path), new_account()
    yard = Yard(lambda service: server.client(service, account), account)
    position = {"KinesisStreamParameters": {"StartingPosition": "LATEST"}}
    yard.pipe(yard.stream("in"), yard.queue("out"), SourceParameters=position)
    yard.kinesis.delete_stream(StreamName="in")
    gone = until(lambda: (found := yard.pipes.describe_pipe(Name="pipe"))["CurrentState"] == "STOPPED" and found)
    assert gone["StateReason"] == "Stream not found. To resume processing please delete the pipe and create a new one."
    server.kill()
    server.start()
    pipes = server.client("pipes", account)
    assert pipes.describe_pipe(Name="pipe")["StateReason"] == gone["StateReason"]
    assert pipes.delete_pipe(Name="pipe")["CurrentState"] == "DELETING"
    server.stop()


def test_nothing_is_lost_over_kill_and_restart(tmp_path: Path) -> None:
    server, account = Server(tmp_path), new_account()
    yard = Yard(lambda service: server.client(service, account), account)
    yard.queue("out")
    yard.pipe(yard.queue("in", VisibilityTimeout="2"), yard.arn("sqs", "out"), "queues",
              TargetParameters={"InputTemplate": '{"q": <$.body.n>}'})  # fmt: skip
    yard.pipe(
        yard.stream("cars"),
        yard.arn("sqs", "out"),
        "streams",
        SourceParameters={"KinesisStreamParameters": {"StartingPosition": "TRIM_HORIZON"}},
        TargetParameters={"InputTemplate": '{"s": <$.data.n>}'},
    )
    for n in range(40):
        yard.send("in", {"n": n})
        yard.kinesis.put_record(StreamName="cars", Data=json.dumps({"n": n}), PartitionKey=str(n))
    server.kill()
    server.start()
    try:
        yard = Yard(lambda service: server.client(service, account), account)
        yard.urls["out"] = yard.sqs.get_queue_url(QueueName="out")["QueueUrl"]
        assert len(yard.pipes.list_pipes()["Pipes"]) == 2
        seen: list[Any] = []
        until(lambda: seen.extend(yard.bodies("out", 1)) or len({json.dumps(one) for one in seen}) == 80)
        assert {one["s"] for one in seen if "s" in one} == {one["q"] for one in seen if "q" in one} == set(range(40))
    finally:
        server.stop()


def test_pipes_are_listed_tagged_changed_and_deleted(yard: Yard) -> None:
    source, target = yard.queue("in"), yard.queue("out")
    arn = yard.pipe(source, target, "a", Tags={"team": "lots"}, Description="first")
    yard.pipe(source, target, "b", DesiredState="STOPPED")
    assert [one["Name"] for one in yard.pipes.list_pipes(DesiredState="STOPPED")["Pipes"]] == ["b"]
    first = yard.pipes.list_pipes(Limit=1)
    assert [one["Name"] for one in first["Pipes"]] == ["a"]
    assert [one["Name"] for one in yard.pipes.list_pipes(NextToken=first["NextToken"])["Pipes"]] == ["b"]
    yard.pipes.tag_resource(resourceArn=arn, tags={"more": "1"})
    yard.pipes.untag_resource(resourceArn=arn, tagKeys=["team"])
    assert yard.pipes.list_tags_for_resource(resourceArn=arn)["tags"] == {"more": "1"}
    yard.pipes.update_pipe(Name="a", RoleArn=ROLE, Description="second", SourceParameters={
        "SqsQueueParameters": {"BatchSize": 5}})  # fmt: skip
    found = yard.pipes.describe_pipe(Name="a")
    shown = {"SqsQueueParameters": {"BatchSize": 5, "MaximumBatchingWindowInSeconds": 0}}
    assert (found["Description"], found["SourceParameters"]) == ("second", shown)
    assert yard.pipes.describe_pipe(Name="b")["SourceParameters"]["SqsQueueParameters"]["BatchSize"] == 10
    assert yard.pipes.delete_pipe(Name="a")["DesiredState"] == "DELETED"
    with refused("NotFoundException", "Pipe a does not exist."):
        yard.pipes.describe_pipe(Name="a")
    with refused("ConflictException", "Pipe b already exists."):
        yard.pipe(source, target, "b")


@pytest.mark.parametrize(
    ("source", "target", "params", "said"),
    [
        ("dynamodb/table/t/stream/1", "sqs/out", {}, "not supported"),
        ("sqs/in", "states/stateMachine:m", {}, "not supported"),
        ("sqs/in", "sns/t.fifo", {}, "not supported"),
        ("kinesis/stream/s", "sqs/out", {}, "StartingPosition"),
        ("sqs/in", "sqs/out.fifo", {}, "MessageGroupId"),
        ("sqs/in", "kinesis/stream/s", {}, "PartitionKey"),
        ("sqs/in", "sqs/out", {"SourceParameters": {"FilterCriteria": {"Filters": [{"Pattern": "{"}]}}}, "pattern"),
        ("sqs/in", "sqs/out", {"TargetParameters": {"InputTemplate": "<aws.pipes.other>"}}, "unknown variable"),
        ("sqs/in", "sqs/out", {"Enrichment": "arn:aws:states:us-east-1:{account}:stateMachine:m"}, "not supported"),
        ("sqs/in", "sqs/out", {"SourceParameters": {"SqsQueueParameters": {"BatchSize": 50}}}, "BatchingWindow"),
        ("sqs/in", "sqs/out", {"KmsKeyIdentifier": "k"}, "KmsKeyIdentifier"),
        ("sqs/in", "sqs/out", {"LogConfiguration": {"Level": "INFO"}}, "Logging"),
        (
            "sqs/in",
            "sqs/out.fifo",
            {"TargetParameters": {"SqsQueueParameters": {"MessageGroupId": "$.[x"}}},
            "Invalid JSONPath",
        ),
        (
            "sqs/in",
            "sqs/out",
            {"TargetParameters": {"SqsQueueParameters": {"MessageDeduplicationId": "x"}}},
            "FIFO queue only",
        ),
    ],
)
def test_what_can_not_be_had_is_refused_by_name(
    yard: Yard, source: str, target: str, params: dict[str, Any], said: str
) -> None:
    given = json.loads(json.dumps(params).replace("{account}", yard.account))
    with pytest.raises(yard.pipes.exceptions.ValidationException) as caught:
        yard.pipe(yard.arn(*source.split("/", 1)), yard.arn(*target.split("/", 1)), **given)
    assert said in caught.value.response["Error"]["Message"]
    assert yard.pipes.list_pipes()["Pipes"] == []
