"""SQS as boto3 sees it. boto3 compares the digests of bodies by itself."""

from __future__ import annotations

import json
import time
import urllib.parse
import urllib.request
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError

Make = Callable[..., str]


def receive(sqs: Any, url: str, **more: Any) -> list[dict[str, Any]]:
    return sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, **more).get("Messages", [])


def arn(sqs: Any, url: str) -> str:
    return sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]


def code(error: pytest.ExceptionInfo[ClientError]) -> str:
    return error.value.response["Error"]["Code"]


def test_message_is_received_once_while_it_is_hidden_and_gone_when_deleted(sqs: Any, make: Make) -> None:
    url = make()
    sent = sqs.send_message(
        QueueUrl=url,
        MessageBody="hello",
        MessageAttributes={
            "text": {"DataType": "String", "StringValue": "a"},
            "number": {"DataType": "Number.int", "StringValue": "7"},
            "bytes": {"DataType": "Binary", "BinaryValue": b"\x00\x01"},
        },
    )
    (message,) = receive(sqs, url, AttributeNames=["All"], MessageAttributeNames=["All"])
    assert message["MessageId"] == sent["MessageId"]
    assert message["MD5OfMessageAttributes"] == sent["MD5OfMessageAttributes"]
    assert message["MessageAttributes"]["bytes"]["BinaryValue"] == b"\x00\x01"
    assert message["Attributes"]["ApproximateReceiveCount"] == "1"
    assert receive(sqs, url) == []
    sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    assert (
        sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"][
            "ApproximateNumberOfMessagesNotVisible"
        ]
        == "0"
    )


def test_visibility_can_be_ended_and_extended(sqs: Any, make: Make) -> None:
    url = make()
    sqs.send_message(QueueUrl=url, MessageBody="a")
    (message,) = receive(sqs, url)
    sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0)
    (again,) = receive(sqs, url, AttributeNames=["ApproximateReceiveCount"])
    assert again["Attributes"] == {"ApproximateReceiveCount": "2"}
    entries = [{"Id": "x", "ReceiptHandle": again["ReceiptHandle"], "VisibilityTimeout": 100}]
    assert sqs.change_message_visibility_batch(QueueUrl=url, Entries=entries)["Successful"] == [{"Id": "x"}]


def test_batch_answers_for_each_entry(sqs: Any, make: Make) -> None:
    url = make()
    entries = [{"Id": "good", "MessageBody": "a"}, {"Id": "bad", "MessageBody": "\x00"}]
    answer = sqs.send_message_batch(QueueUrl=url, Entries=entries)
    assert [entry["Id"] for entry in answer["Successful"]] == ["good"]
    assert [(entry["Id"], entry["Code"], entry["SenderFault"]) for entry in answer["Failed"]] == [
        ("bad", "InvalidMessageContents", True)
    ]
    (message,) = receive(sqs, url)
    gone = sqs.delete_message_batch(
        QueueUrl=url,
        Entries=[
            {"Id": "a", "ReceiptHandle": message["ReceiptHandle"]},
            {"Id": "b", "ReceiptHandle": "nonsense"},
        ],
    )
    assert [entry["Id"] for entry in gone["Successful"]] == ["a"]
    assert gone["Failed"][0]["Code"] == "ReceiptHandleIsInvalid"


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        ([{"Id": str(n), "MessageBody": "a"} for n in range(11)], "TooManyEntriesInBatchRequest"),
        ([{"Id": "a", "MessageBody": "a"}] * 2, "BatchEntryIdsNotDistinct"),
        ([{"Id": "a b", "MessageBody": "a"}], "InvalidBatchEntryId"),
        ([{"Id": str(n), "MessageBody": "a" * 300_000} for n in range(4)], "BatchRequestTooLong"),
    ],
)
def test_bad_batch_is_refused_whole(sqs: Any, make: Make, entries: list[Any], expected: str) -> None:
    with pytest.raises(ClientError) as error:
        sqs.send_message_batch(QueueUrl=make(), Entries=entries)
    assert code(error).endswith(expected)


def test_long_poll_is_woken_by_a_message(sqs: Any, make: Make) -> None:
    url = make()
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(receive, sqs, url, WaitTimeSeconds=10)
        time.sleep(0.3)
        started = time.monotonic()
        sqs.send_message(QueueUrl=url, MessageBody="wake")
        assert [message["Body"] for message in waiting.result(10)] == ["wake"]
    assert time.monotonic() - started < 5


def test_delayed_message_comes_later(sqs: Any, make: Make) -> None:
    url = make(DelaySeconds="1")
    sqs.send_message(QueueUrl=url, MessageBody="later")
    assert receive(sqs, url) == []
    assert len(receive(sqs, url, WaitTimeSeconds=5)) == 1


def test_fifo_keeps_the_order_of_a_group_and_drops_duplicates(sqs: Any, make: Make) -> None:
    url = make("orders.fifo", FifoQueue="true", ContentBasedDeduplication="true")
    first = sqs.send_message(QueueUrl=url, MessageBody="1", MessageGroupId="a")
    again = sqs.send_message(QueueUrl=url, MessageBody="1", MessageGroupId="a")
    assert again["MessageId"] == first["MessageId"]
    for body in ("2", "3"):
        sqs.send_message(QueueUrl=url, MessageBody=body, MessageGroupId="a")
    sqs.send_message(QueueUrl=url, MessageBody="other", MessageGroupId="b")
    (one,) = sqs.receive_message(QueueUrl=url, AttributeNames=["All"])["Messages"]
    assert (one["Body"], one["Attributes"]["MessageGroupId"]) == ("1", "a")
    assert [message["Body"] for message in receive(sqs, url)] == ["other"]
    sqs.delete_message(QueueUrl=url, ReceiptHandle=one["ReceiptHandle"])
    assert [message["Body"] for message in receive(sqs, url)] == ["2", "3"]
    with pytest.raises(ClientError) as error:
        sqs.send_message(QueueUrl=url, MessageBody="x")
    assert code(error) == "MissingParameter"


def test_fifo_queue_refuses_to_delete_by_a_receipt_that_has_expired(sqs: Any, make: Make) -> None:
    url = make("q.fifo", FifoQueue="true", ContentBasedDeduplication="true")
    sqs.send_message(QueueUrl=url, MessageBody="a", MessageGroupId="g")
    (late,) = receive(sqs, url, VisibilityTimeout=0)
    handle = late["ReceiptHandle"]
    with pytest.raises(ClientError) as error:
        sqs.delete_message(QueueUrl=url, ReceiptHandle=handle)
    assert error.value.response["Error"]["Code"] == "InvalidParameterValue"
    told = f"Value {handle} for parameter ReceiptHandle is invalid. Reason: The receipt handle has expired."
    assert error.value.response["Error"]["Message"] == told
    (again,) = receive(sqs, url)
    entries = [{"Id": "late", "ReceiptHandle": handle}, {"Id": "good", "ReceiptHandle": again["ReceiptHandle"]}]
    answer = sqs.delete_message_batch(QueueUrl=url, Entries=entries)
    assert answer["Successful"] == [{"Id": "good"}]
    expected = {"Id": "late", "Code": "ReceiptHandleIsInvalid", "Message": "The receipt handle has expired"}
    assert answer["Failed"] == [{**expected, "SenderFault": True}]
    sqs.delete_message(QueueUrl=url, ReceiptHandle=again["ReceiptHandle"])  # once more, and it still succeeds
    answer = sqs.delete_message_batch(QueueUrl=url, Entries=entries)
    assert [entry["Id"] for entry in answer["Successful"]] == ["late", "good"]


def test_standard_queue_takes_a_receipt_that_has_expired(sqs: Any, make: Make) -> None:
    url = make()
    sqs.send_message(QueueUrl=url, MessageBody="a")
    (late,) = receive(sqs, url, VisibilityTimeout=0)
    (again,) = receive(sqs, url, VisibilityTimeout=0)
    sqs.delete_message(QueueUrl=url, ReceiptHandle=late["ReceiptHandle"])  # of no effect
    (last,) = receive(sqs, url, VisibilityTimeout=0)
    assert again["MessageId"] == last["MessageId"]
    sqs.delete_message(QueueUrl=url, ReceiptHandle=last["ReceiptHandle"])
    assert receive(sqs, url) == []


def test_a_dead_letters_receives_are_counted_over_all_queues_but_for_each_policy_by_themselves(
    sqs: Any, make: Make
) -> None:
    def policy(dead: str, most: int) -> str:
        return json.dumps({"deadLetterTargetArn": arn(sqs, dead), "maxReceiveCount": most})

    def counts(url: str, times: int) -> list[tuple[str, str]]:
        got = [receive(sqs, url, AttributeNames=["All"], MessageAttributeNames=["All"]) for _ in range(times)]
        assert all(len(messages) == 1 for messages in got)
        return [
            (m["Attributes"]["ApproximateReceiveCount"], m["MessageAttributes"]["a"]["StringValue"]) for (m,) in got
        ]

    last = make("last", VisibilityTimeout="0")
    middle = make("middle", VisibilityTimeout="0", RedrivePolicy=policy(last, 3))
    first = make("first", VisibilityTimeout="0", RedrivePolicy=policy(middle, 2))
    sqs.send_message(
        QueueUrl=first, MessageBody="m", MessageAttributes={"a": {"DataType": "String", "StringValue": "kept"}}
    )
    assert counts(first, 2) == [("1", "kept"), ("2", "kept")]
    assert receive(sqs, first) == []
    assert counts(middle, 3) == [("3", "kept"), ("4", "kept"), ("5", "kept")]
    assert receive(sqs, middle) == []
    assert counts(last, 2) == [("6", "kept"), ("7", "kept")]


def test_message_goes_to_the_dead_letter_queue_exactly_at_the_limit_and_back_by_a_move_task(
    sqs: Any, make: Make
) -> None:
    dead = make("dead")
    policy = json.dumps({"deadLetterTargetArn": arn(sqs, dead), "maxReceiveCount": 2})
    url = make("work", VisibilityTimeout="0", RedrivePolicy=policy)
    assert sqs.list_dead_letter_source_queues(QueueUrl=dead)["queueUrls"] == [url]
    sqs.send_message(QueueUrl=url, MessageBody="poison")
    assert [len(receive(sqs, url)) for _ in range(3)] == [1, 1, 0]
    (message,) = receive(sqs, dead, VisibilityTimeout=0)
    assert message["Body"] == "poison"
    handle = sqs.start_message_move_task(SourceArn=arn(sqs, dead))["TaskHandle"]
    for _ in range(50):
        (task,) = sqs.list_message_move_tasks(SourceArn=arn(sqs, dead))["Results"]
        if task["Status"] == "COMPLETED":
            break
        time.sleep(0.1)
    assert task["ApproximateNumberOfMessagesMoved"] == 1
    (back,) = receive(sqs, url, AttributeNames=["ApproximateReceiveCount"])
    assert back["Attributes"] == {"ApproximateReceiveCount": "1"}, "what is moved by a task is a new message"
    with pytest.raises(ClientError) as error:
        sqs.cancel_message_move_task(TaskHandle=handle)
    assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == 404


def test_queues_are_found_listed_described_and_deleted(sqs: Any, make: Make) -> None:
    urls = [make(f"q{number}") for number in range(3)]
    assert sqs.list_queues(QueueNamePrefix="q")["QueueUrls"] == urls
    page = sqs.list_queues(MaxResults=2)
    assert page["QueueUrls"] + sqs.list_queues(MaxResults=2, NextToken=page["NextToken"])["QueueUrls"] == urls
    assert sqs.get_queue_url(QueueName="q1")["QueueUrl"] == urls[1]
    assert make("q0", VisibilityTimeout="30") == urls[0]
    with pytest.raises(ClientError) as error:
        make("q0", VisibilityTimeout="31")
    assert code(error) == "QueueAlreadyExists"
    sqs.set_queue_attributes(QueueUrl=urls[0], Attributes={"VisibilityTimeout": "5"})
    got = sqs.get_queue_attributes(QueueUrl=urls[0], AttributeNames=["VisibilityTimeout"])["Attributes"]
    assert got == {"VisibilityTimeout": "5"}
    sqs.delete_queue(QueueUrl=urls[0])
    with pytest.raises(ClientError) as error:
        sqs.send_message(QueueUrl=urls[0], MessageBody="a")
    assert code(error) == "AWS.SimpleQueueService.NonExistentQueue"


@pytest.mark.parametrize("key", ["aws:cloudformation:stack-name", "AWS:x"])
def test_tags_that_are_kept_for_aws_are_refused(sqs: Any, make: Make, key: str) -> None:
    url = make()
    with pytest.raises(ClientError) as error:
        sqs.tag_queue(QueueUrl=url, Tags={"a": "1", key: "2"})
    assert code(error) == "InvalidParameterValue"
    with pytest.raises(ClientError) as error:
        sqs.create_queue(QueueName="tagged", tags={key: "2"})
    assert code(error) == "InvalidParameterValue"
    assert "Tags" not in sqs.list_queue_tags(QueueUrl=url)


def test_tags_and_permissions_are_kept(sqs: Any, make: Make) -> None:
    url = make()
    assert "Tags" not in sqs.list_queue_tags(QueueUrl=url)
    sqs.tag_queue(QueueUrl=url, Tags={"a": "1", "b": "2"})
    sqs.untag_queue(QueueUrl=url, TagKeys=["a", "absent"])
    assert sqs.list_queue_tags(QueueUrl=url)["Tags"] == {"b": "2"}
    sqs.add_permission(QueueUrl=url, Label="x", AWSAccountIds=["111122223333"], Actions=["SendMessage"])
    policy = json.loads(sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"])["Attributes"]["Policy"])
    assert policy["Statement"][0]["Action"] == "SQS:SendMessage"
    sqs.remove_permission(QueueUrl=url, Label="x")
    assert "Attributes" not in sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"])


def test_purge_empties_a_queue(sqs: Any, make: Make) -> None:
    url = make()
    sqs.send_message(QueueUrl=url, MessageBody="a")
    sqs.purge_queue(QueueUrl=url)
    assert receive(sqs, url) == []


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ({"VisibilityTimeout": "43201"}, "InvalidAttributeValue"),
        ({"Nonsense": "1"}, "InvalidAttributeName"),
        ({"RedrivePolicy": '{"maxReceiveCount": 1}'}, "InvalidParameterValue"),
    ],
)
def test_bad_attributes_are_refused(make: Make, attributes: dict[str, str], expected: str) -> None:
    with pytest.raises(ClientError) as error:
        make("bad", **attributes)
    assert code(error) == expected


def test_query_protocol_answers_in_xml(sqs: Any, make: Make) -> None:
    url = make()

    def ask(**form: str) -> str:
        data = urllib.parse.urlencode({"Version": "2012-11-05", **form}).encode()
        key = sqs._request_signer._credentials.access_key
        scope = f"AWS4-HMAC-SHA256 Credential={key}/20260101/us-east-1/sqs/aws4_request, Signature=0"
        request = urllib.request.Request(url, data, {"Authorization": scope})
        with urllib.request.urlopen(request, timeout=5) as answer:
            return answer.read().decode()

    assert "<MD5OfMessageBody>49f68a5c8493ec2c0bf489821c21fc3b<" in ask(Action="SendMessage", MessageBody="hi")
    assert "<Body>hi</Body>" in ask(Action="ReceiveMessage")
    with pytest.raises(urllib.error.HTTPError) as refused:
        ask(Action="DeleteMessage", ReceiptHandle="nonsense")
    assert b"<Code>ReceiptHandleIsInvalid</Code>" in refused.value.read()
    refused.value.close()
