"""The query protocol answers what JSON answers, field by field, as botocore's model of the older API reads it."""

from __future__ import annotations

import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from typing import Any

import pytest
from botocore.parsers import QueryParser
from botocore.serialize import QuerySerializer

from eventyard.wire.service import load_model
from tests.acceptance.waiting import until

Make = Callable[..., str]
MODEL = load_model("sqs", "query")
#: What differs from one call to the next, by its nature.
_FRESH = {"MessageId", "ReceiptHandle", "SequenceNumber", "TaskHandle"}


def ask(sqs: Any, operation: str, **params: Any) -> Any:
    """The answer to ``operation`` over the query protocol; with ``Error`` if it is refused."""
    model = MODEL.operation_model(operation)
    form = QuerySerializer().serialize_to_request(params, model)["body"]
    scope = f"Credential={sqs._request_signer._credentials.access_key}/20260101/us-east-1/sqs/aws4_request"
    headers = {"Authorization": f"AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=0"}
    url = params.get("QueueUrl", sqs.meta.endpoint_url)
    request = urllib.request.Request(url, urllib.parse.urlencode(form).encode(), headers)
    try:
        with urllib.request.urlopen(request) as answer:
            status, body = answer.status, answer.read()
    except urllib.error.HTTPError as error:
        status, body = error.code, error.read()
        error.close()
    return QueryParser().parse({"status_code": status, "headers": {}, "body": body}, model.output_shape)


def plain(answer: Any) -> Any:
    """An answer without what belongs to the call: metadata, fresh ids."""
    if isinstance(answer, dict):
        return {
            name: plain(value)
            for name, value in answer.items()
            if name != "ResponseMetadata" and name not in _FRESH and value != []
        }
    return [plain(each) for each in answer] if isinstance(answer, list) else answer


def same(sqs: Any, operation: str, **params: Any) -> Any:
    """The answer to ``operation``, which both protocols must agree on."""
    method = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in operation).strip("_")
    over_json = plain(getattr(sqs, method)(**params))
    assert plain(ask(sqs, operation, **params)) == over_json
    return over_json


ATTRIBUTES = {
    "text": {"DataType": "String", "StringValue": "<ü> & more"},
    "number": {"DataType": "Number", "StringValue": "7"},
    "bytes": {"DataType": "Binary", "BinaryValue": b"\x00\x01"},
}


def test_queues_are_described_alike(sqs: Any, make: Make) -> None:
    dead, url = make("dead"), make("q", DelaySeconds="1")
    dead_arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    policy = json.dumps({"deadLetterTargetArn": dead_arn, "maxReceiveCount": 3})
    assert same(sqs, "CreateQueue", QueueName="q", Attributes={"DelaySeconds": "1"}) == {"QueueUrl": url}
    assert same(sqs, "SetQueueAttributes", QueueUrl=url, Attributes={"RedrivePolicy": policy}) == {}
    assert same(sqs, "TagQueue", QueueUrl=url, Tags={"a": "1", "b": "<2>"}) == {}
    assert same(sqs, "ListQueueTags", QueueUrl=url) == {"Tags": {"a": "1", "b": "<2>"}}
    assert same(sqs, "UntagQueue", QueueUrl=url, TagKeys=["a"]) == {}
    assert same(sqs, "GetQueueUrl", QueueName="q") == {"QueueUrl": url}
    assert len(same(sqs, "GetQueueAttributes", QueueUrl=url, AttributeNames=["All"])["Attributes"]) > 10
    assert same(sqs, "ListQueues") == {"QueueUrls": [dead, url]}
    assert "NextToken" in same(sqs, "ListQueues", MaxResults=1)
    assert same(sqs, "ListDeadLetterSourceQueues", QueueUrl=dead) == {"queueUrls": [url]}
    assert same(sqs, "PurgeQueue", QueueUrl=url) == {}
    assert ask(sqs, "AddPermission", QueueUrl=url, Label="l", AWSAccountIds=["111122223333"], Actions=["SendMessage"])
    assert ask(sqs, "RemovePermission", QueueUrl=url, Label="l")["ResponseMetadata"]["HTTPStatusCode"] == 200
    assert same(sqs, "ListMessageMoveTasks", SourceArn=dead_arn) == {}
    assert "TaskHandle" in ask(sqs, "StartMessageMoveTask", SourceArn=dead_arn)
    until(lambda: sqs.list_message_move_tasks(SourceArn=dead_arn)["Results"][0]["Status"] == "COMPLETED")
    task = same(sqs, "ListMessageMoveTasks", SourceArn=dead_arn)["Results"][0]
    assert set(task) >= {"Status", "SourceArn", "ApproximateNumberOfMessagesMoved", "StartedTimestamp"}
    assert ask(sqs, "DeleteQueue", QueueUrl=url)["ResponseMetadata"]["HTTPStatusCode"] == 200


def test_messages_are_sent_and_received_alike(sqs: Any, make: Make) -> None:
    url = make("q.fifo", FifoQueue="true", ContentBasedDeduplication="true")
    sent = same(
        sqs, "SendMessage", QueueUrl=url, MessageBody="<a> & ü", MessageAttributes=ATTRIBUTES, MessageGroupId="g"
    )
    assert set(sent) == {"MD5OfMessageBody", "MD5OfMessageAttributes"}
    entries = [{"Id": "one", "MessageBody": "b", "MessageGroupId": "g"}, {"Id": "two", "MessageBody": ""}]
    batch = same(sqs, "SendMessageBatch", QueueUrl=url, Entries=entries)
    assert [batch["Successful"][0]["Id"], batch["Failed"][0]["Id"]] == ["one", "two"]
    names: dict[str, Any] = {"MessageAttributeNames": ["All"], "MessageSystemAttributeNames": ["All"]}
    received = same(
        sqs, "ReceiveMessage", QueueUrl=url, MaxNumberOfMessages=10, ReceiveRequestAttemptId="try", **names
    )["Messages"]
    assert [message["Body"] for message in received] == ["<a> & ü", "b"]
    assert received[0]["MessageAttributes"]["bytes"]["BinaryValue"] == b"\x00\x01"
    receipts = [
        message["ReceiptHandle"]
        for message in ask(sqs, "ReceiveMessage", QueueUrl=url, MaxNumberOfMessages=10, ReceiveRequestAttemptId="try")[
            "Messages"
        ]
    ]
    changes = [{"Id": "x", "ReceiptHandle": receipts[0], "VisibilityTimeout": 9}]
    assert same(sqs, "ChangeMessageVisibility", QueueUrl=url, ReceiptHandle=receipts[0], VisibilityTimeout=9) == {}
    assert same(sqs, "ChangeMessageVisibilityBatch", QueueUrl=url, Entries=changes) == {"Successful": [{"Id": "x"}]}
    gone = [{"Id": "y", "ReceiptHandle": receipts[1]}, {"Id": "z", "ReceiptHandle": "never"}]
    deleted = same(sqs, "DeleteMessageBatch", QueueUrl=url, Entries=gone)
    assert deleted["Failed"][0]["Code"] == "ReceiptHandleIsInvalid"
    assert same(sqs, "DeleteMessage", QueueUrl=url, ReceiptHandle=receipts[0]) == {}
    assert same(sqs, "ReceiveMessage", QueueUrl=url) == {}


@pytest.mark.parametrize(
    ("operation", "params"),
    [
        ("SendMessage", {"MessageBody": "x", "MessageDeduplicationId": "d"}),
        ("ReceiveMessage", {"ReceiveRequestAttemptId": "a"}),
        ("SetQueueAttributes", {"Attributes": {"Policy": "{}"}}),
        ("RemovePermission", {"Label": "absent"}),
        ("SendMessageBatch", {"Entries": [{"Id": "a", "MessageBody": "x"}] * 2}),
        ("SendMessageBatch", {"Entries": []}),
        ("DeleteMessage", {"ReceiptHandle": "nonsense"}),
        ("ReceiveMessage", {"AttributeNames": ["VisibilityTimeout"]}),
        ("ReceiveMessage", {"MessageSystemAttributeNames": ["SenderID"]}),
    ],
)
def test_requests_are_refused_alike(sqs: Any, make: Make, operation: str, params: dict[str, Any]) -> None:
    url = make()
    method = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in operation).strip("_")
    with pytest.raises(sqs.exceptions.ClientError) as caught:
        getattr(sqs, method)(QueueUrl=url, **params)
    over_json = caught.value.response["Error"]
    over_query = ask(sqs, operation, QueueUrl=url, **params)["Error"]
    assert (over_query["Code"], over_query["Message"]) == (over_json["Code"], over_json["Message"])
