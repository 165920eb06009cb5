"""AWS's JSON protocols, spoken by a real boto3 and by clients that send nonsense."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from botocore.exceptions import ClientError

from .conftest import MAX_BODY, House

BUS = "arn:aws:events:eu-west-1:111122223333:event-bus/default"
PUT_RULE = {"X-Amz-Target": "AWSEvents.PutRule", "Content-Type": "application/x-amz-json-1.1"}


def refused(house: House, body: bytes, **headers: str) -> tuple[int, str]:
    status, answer, text = house.send(body, PUT_RULE | headers)
    error = json.loads(text)
    assert answer["x-amzn-requestid"]
    assert answer["x-amzn-errortype"] == error["__type"]
    return status, error["__type"]


def test_caller_comes_from_the_credential(house: House) -> None:
    client = house.client("events")
    client.put_rule(Name="a")
    client.close()
    other = house.client("events", key="AKIAEXAMPLE", region="ap-south-1")
    other.put_rule(Name="a")
    other.close()
    first, second = (caller for caller, _ in house.asked)
    assert (first.account, first.region, first.endpoint) == ("111122223333", "eu-west-1", house.url)
    assert (second.account, second.region) == ("123456789012", "ap-south-1")


def test_request_id_is_the_one_the_handler_saw(house: House) -> None:
    client = house.client("events")
    answer = client.put_rule(Name="a")
    client.close()
    assert answer["ResponseMetadata"]["RequestId"] == house.asked[0][0].request_id


@pytest.mark.parametrize("text", ["1700000000.25", '"2023-11-14T22:13:20.25Z"', '"1700000000.25"'])
def test_timestamps_are_read_in_every_form(house: House, text: str) -> None:
    body = b'{"Entries":[{"Source":"a","Time":%s,"Unknown":{}}]}' % text.encode()
    status, _, _ = house.send(body, PUT_RULE | {"X-Amz-Target": "AWSEvents.PutEvents"})
    assert status == 200
    moment = datetime(2023, 11, 14, 22, 13, 20, 250_000, UTC)
    assert house.asked[0][1] == {"Entries": [{"Source": "a", "Time": moment}]}


def test_blobs_and_timestamps_survive_both_ways(house: House) -> None:
    moment = datetime(2023, 11, 14, 22, 13, 20, 999_000, UTC)
    house.result = {"Name": "a", "Description": None}
    client = house.client("events")
    assert "Description" not in client.describe_rule(Name="a")
    house.result = {"ArchiveArn": "arn", "CreationTime": moment}
    answer = client.create_archive(ArchiveName="a", EventSourceArn=BUS)
    client.close()
    assert answer["CreationTime"] == moment.replace(microsecond=0)
    queue = house.client("sqs")
    house.result = {"Messages": [{"MessageAttributes": {"k": {"BinaryValue": b"\0\xff", "DataType": "Binary"}}}]}
    message = queue.receive_message(QueueUrl=house.url + "/1/q")["Messages"][0]
    queue.close()
    assert message["MessageAttributes"]["k"]["BinaryValue"] == b"\0\xff"


def test_fast_way_answers_unless_it_steps_aside(house: House) -> None:
    client = house.client("events")
    assert client.put_events(Entries=[{"Source": "quick"}])["Entries"] == [{"EventId": "fast"}]
    assert not house.asked
    client.put_events(Entries=[{"Source": "slow"}])
    client.close()
    assert house.asked[0][1] == {"Entries": [{"Source": "slow"}]}


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[]",
        b"nonsense",
        b'{"Name":1}',
        b'{"Name":{}}',
        b'{"Name":NaN}',
        b'{"Name":"\xff"}',
        b'{"Tags":{}}',
        b'{"Name":' + b"[" * 3000 + b"]" * 3000 + b"}",
    ],
)
def test_unreadable_bodies_are_serialization_errors(house: House, body: bytes) -> None:
    assert refused(house, body) == (400, "SerializationException")


def test_wrong_requests_are_named(house: House) -> None:
    assert refused(house, b"{}", **{"X-Amz-Target": "AWSEvents.Nonsense"}) == (400, "UnknownOperationException")
    assert refused(house, b"{}", **{"X-Amz-Target": "DynamoDB_20120810.GetItem"}) == (400, "UnknownOperationException")
    assert refused(house, b"{}", **{"X-Amz-Target": "AWSEvents.DeleteRule"}) == (400, "UnsupportedOperationException")
    assert refused(house, b"{}", **{"Content-Type": "text/plain"}) == (415, "UnsupportedMediaTypeException")
    assert refused(house, b"{}", **{"Content-Encoding": "gzip"}) == (415, "UnsupportedMediaTypeException")
    assert refused(house, b" " * (MAX_BODY + 1)) == (413, "RequestEntityTooLargeException")
    assert house.send(b"{}")[0] == 400
    assert house.send(b"", method="GET", path="/nowhere")[0] == 404


def test_defect_in_a_door_is_an_internal_failure_without_a_traceback(
    house: House, capsys: pytest.CaptureFixture[str]
) -> None:
    status, headers, body = house.send(b"{}", PUT_RULE | {"X-Amz-Target": "AWSEvents.ListRules"})
    assert status == 500
    assert headers["x-amzn-errortype"] == "InternalFailure"
    assert b"a defect" not in body


def test_result_with_an_unknown_member_is_a_defect(house: House) -> None:
    house.result = {"Nonsense": 1}
    assert house.send(b'{"Name":"a"}', PUT_RULE)[0] == 500


def test_errors_arrive_as_boto3_exceptions(house: House) -> None:
    client = house.client("events")
    with pytest.raises(client.exceptions.ResourceAlreadyExistsException, match="Replay x already exists"):
        client.start_replay(
            ReplayName="x", EventSourceArn=BUS, EventStartTime=1, EventEndTime=2, Destination={"Arn": BUS}
        )
    client.close()


def test_sqs_errors_carry_both_names(house: House) -> None:
    client = house.client("sqs")
    with pytest.raises(client.exceptions.QueueDoesNotExist) as caught:
        client.get_queue_url(QueueName="q")
    client.close()
    assert caught.value.response["Error"]["Code"] == "AWS.SimpleQueueService.NonExistentQueue"
    headers = {"X-Amz-Target": "AmazonSQS.GetQueueUrl", "Content-Type": "application/x-amz-json-1.0"}
    status, answer, body = house.send(b'{"QueueName":"q"}', headers)
    assert status == 400
    assert json.loads(body)["__type"] == "com.amazonaws.sqs#QueueDoesNotExist"
    assert answer["x-amzn-query-error"] == "AWS.SimpleQueueService.NonExistentQueue;Sender"
    assert answer["content-type"] == "application/x-amz-json-1.0"


def test_sqs_names_the_missing_parameter(house: House) -> None:
    client = house.client("sqs")
    with pytest.raises(ClientError) as caught:
        client.send_message(QueueUrl=house.url + "/1/q")
    assert caught.value.response["Error"]["Code"] == "MissingParameter"
    assert caught.value.response["Error"]["Message"] == "The request must contain the parameter MessageBody."
    with pytest.raises(ClientError, match=r"parameter SendMessageBatchRequestEntry\.2\.MessageBody\."):
        client.send_message_batch(QueueUrl=house.url + "/1/q", Entries=[{"Id": "1", "MessageBody": "a"}, {"Id": "2"}])
    client.close()
