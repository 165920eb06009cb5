"""The query protocol: what botocore's own serialiser writes is read, and what is written its parser reads."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import pytest
from botocore.parsers import QueryParser
from botocore.serialize import QuerySerializer

from eventyard.wire.service import load_model

from .conftest import House

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
URL = "http://localhost/123456789012/q"
ATTRIBUTE = {"k": {"DataType": "String", "StringValue": "v"}, "b": {"DataType": "Binary", "BinaryValue": b"\0\xff"}}


def post(house: House, form: dict[str, str], path: str = "/", **headers: str) -> tuple[int, bytes]:
    status, answer, body = house.send(urlencode({"Version": "2012-11-05"} | form).encode(), FORM | headers, path=path)
    assert answer["content-type"] == "text/xml"
    assert answer["x-amzn-requestid"].encode() in body
    return status, body


@pytest.mark.parametrize(
    ("operation", "params"),
    [
        ("CreateQueue", {"QueueName": "q", "Attributes": {"DelaySeconds": "1", "Policy": "{}"}, "tags": {"a": "b"}}),
        ("SetQueueAttributes", {"QueueUrl": URL, "Attributes": {"DelaySeconds": "5"}}),
        ("GetQueueAttributes", {"QueueUrl": URL, "AttributeNames": ["All", "Policy"]}),
        ("TagQueue", {"QueueUrl": URL, "Tags": {"a": "1", "b": ""}}),
        ("UntagQueue", {"QueueUrl": URL, "TagKeys": ["a", "b"]}),
        (
            "SendMessage",
            {"QueueUrl": URL, "MessageBody": "ä & <b> + %", "DelaySeconds": 3, "MessageAttributes": ATTRIBUTE},
        ),
        (
            "SendMessageBatch",
            {
                "QueueUrl": URL,
                "Entries": [{"Id": str(n), "MessageBody": "x", "MessageAttributes": ATTRIBUTE} for n in range(11)],
            },
        ),
        ("SendMessageBatch", {"QueueUrl": URL, "Entries": []}),
        (
            "ReceiveMessage",
            {
                "QueueUrl": URL,
                "AttributeNames": ["All"],
                "MessageAttributeNames": ["a.*"],
                "MessageSystemAttributeNames": ["SenderId"],
                "MaxNumberOfMessages": 10,
            },
        ),
        (
            "ChangeMessageVisibilityBatch",
            {"QueueUrl": URL, "Entries": [{"Id": "1", "ReceiptHandle": "h", "VisibilityTimeout": 0}]},
        ),
        ("AddPermission", {"QueueUrl": URL, "Label": "l", "AWSAccountIds": ["1", "2"], "Actions": ["SendMessage"]}),
    ],
)
def test_what_botocore_serialises_is_read(house: House, operation: str, params: dict[str, Any]) -> None:
    model = load_model("sqs", "query").operation_model(operation)
    body = QuerySerializer().serialize_to_request(params, model)["body"]
    status, text = post(house, {name: str(value) for name, value in body.items()})
    assert status == 200, text
    assert house.asked[0][1] == params


@pytest.mark.parametrize(
    ("operation", "result"),
    [
        ("SendMessage", {"MessageId": "1", "MD5OfMessageBody": "x"}),
        ("GetQueueAttributes", {"Attributes": {"Policy": '{"a":"<&>"}', "DelaySeconds": "0"}}),
        ("ListQueues", {"QueueUrls": ["http://a/1", "http://a/2"], "NextToken": "n"}),
        (
            "ReceiveMessage",
            {
                "Messages": [
                    {"Body": "line\r\n\tä\x01", "Attributes": {"SenderId": "s"}, "MessageAttributes": ATTRIBUTE}
                ]
                * 2
            },
        ),
        ("SendMessageBatch", {"Successful": [{"Id": "1"}], "Failed": [{"Id": "2", "SenderFault": True, "Code": "c"}]}),
        ("ReceiveMessage", {}),
    ],
)
def test_what_is_written_botocore_parses(house: House, operation: str, result: dict[str, Any]) -> None:
    house.result = result
    form = {"Action": operation, "QueueUrl": URL, "MessageBody": "x"}
    status, body = post(house, form)
    shape = load_model("sqs", "query").operation_model(operation).output_shape
    parsed = QueryParser().parse({"status_code": status, "headers": {}, "body": body}, shape)
    del parsed["ResponseMetadata"]
    for message in result.get("Messages", []):
        message["Body"] = message["Body"].replace("\x01", "\ufffd")
    assert parsed == result


def test_hand_written_forms_of_older_clients(house: House) -> None:
    post(house, {"Action": "SetQueueAttributes", "Attribute.Name": "DelaySeconds", "Attribute.Value": "7"}, "/1/q")
    post(house, {"Action": "GetQueueAttributes", "AttributeName": "All"}, "/1/q")
    post(house, {"Action": "GetQueueAttributes", "AttributeNames.1": "All"}, "/1/q")
    post(house, {"Action": "TagQueue", "Tags.member.1.Key": "a", "Tag.2.Key": "b", "Tag.2.Value": "c"}, "/1/q")
    asked = [params for _, params in house.asked]
    assert asked[0] == {"QueueUrl": house.url + "/1/q", "Attributes": {"DelaySeconds": "7"}}
    assert [params["AttributeNames"] for params in asked[1:3]] == [["All"], ["All"]]
    assert asked[3]["Tags"] == {"b": "c"}


def test_queue_is_named_by_the_url_posted_to(house: House) -> None:
    post(
        house, {"Action": "DeleteMessage", "ReceiptHandle": "h"}, "/123456789012/q", Host="sqs.eu-west-1.localhost:4010"
    )
    assert house.asked[0][1]["QueueUrl"] == "http://sqs.eu-west-1.localhost:4010/123456789012/q"
    status, _, _ = house.send(b"", method="GET", path="/123456789012/q?Action=SendMessage&MessageBody=a+b%20c")
    assert status == 200
    assert house.asked[1][1] == {"QueueUrl": house.url + "/123456789012/q", "MessageBody": "a b c"}


def test_errors_are_xml_with_the_older_codes(house: House) -> None:
    status, body = post(house, {"Action": "GetQueueUrl", "QueueName": "q"})
    assert status == 400
    assert b"<Type>Sender</Type><Code>AWS.SimpleQueueService.NonExistentQueue</Code>" in body
    assert b"<Message>The specified queue does not exist for this wsdl version.</Message>" in body


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({"Action": "SendMessage"}, b"MissingParameter"),
        ({"Action": "PurgeQueue"}, b"UnsupportedOperation"),
        ({"Action": "Nonsense<>"}, b"InvalidAction"),
        ({}, b"MissingAction"),
        ({"Action": "SendMessage", "DelaySeconds": "x", "MessageBody": "a"}, b"MalformedInput"),
        ({"Action": "SendMessage", ".".join("a" * 100): "x"}, b"MalformedQueryString"),
    ],
)
def test_wrong_requests_are_named(house: House, form: dict[str, str], code: bytes) -> None:
    status, body = post(house, form)
    assert status == 400
    assert b"<Code>" + code in body.replace(b"AWS.SimpleQueueService.", b"")


def test_broken_utf8_is_refused(house: House) -> None:
    status, _, body = house.send(b"Action=SendMessage&MessageBody=%ff", FORM)
    assert (status, b"MalformedQueryString" in body) == (400, True)


def test_service_not_served_here_is_named(house: House) -> None:
    scope = "AWS4-HMAC-SHA256 Credential=a/20261123/us-east-1/sns/aws4_request, SignedHeaders=host, Signature=0"
    status, body = post(house, {"Action": "Publish"}, Authorization=scope)
    assert status == 400
    assert b"Service sns is not implemented by this server." in body


def test_another_query_service_needs_nothing_of_its_own(house: House) -> None:
    client = house.client("sts")
    assert client.get_caller_identity()["Arn"] == "arn:aws:iam::111122223333:root"
    client.close()
