"""HTTP endpoints and Firehose streams as subscribers, with a real server for each side."""

from __future__ import annotations

import base64
import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from tests.acceptance.events.endpoints import Asked, Endpoints
from tests.acceptance.refusal import refused
from tests.acceptance.server import Server
from tests.acceptance.waiting import until

from .conftest import Account

_SIGNED = {
    "Notification": ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    "SubscriptionConfirmation": ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
    "UnsubscribeConfirmation": ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
}


@pytest.fixture
def web() -> Iterator[Endpoints]:
    web = Endpoints()
    yield web
    web.close()


def fetch(url: str) -> bytes:
    with urllib.request.urlopen(url) as answer:
        body: bytes = answer.read()
        return body


def subscribe(account: Account, topic: str, url: str, **attributes: str) -> str:
    """Subscribe an endpoint, which is not confirmed by that."""
    answer = account.sns.subscribe(
        TopicArn=topic, Protocol="http", Endpoint=url, Attributes=attributes, ReturnSubscriptionArn=True
    )
    arn: str = answer["SubscriptionArn"]
    return arn


def confirmed(account: Account, web: Endpoints, path: str = "/hook", topic: str = "", **attributes: str) -> str:
    """Subscribe an endpoint that visits its SubscribeURL; the subscription's ARN."""
    before = len(web.at(path))
    arn = subscribe(account, topic or account.topic(), web.url + path, **attributes)
    fetch(web.wait(path, before + 1)[-1].json["SubscribeURL"])
    return arn


def verify(document: dict[str, Any]) -> None:
    """Check the signature as the developer guide says. Raises InvalidSignature."""
    certificate = x509.load_pem_x509_certificate(fetch(document["SigningCertURL"]))
    key = certificate.public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    text = "".join(f"{name}\n{document[name]}\n" for name in _SIGNED[document["Type"]] if name in document)
    algorithm = hashes.SHA1() if document["SignatureVersion"] == "1" else hashes.SHA256()
    key.verify(base64.b64decode(document["Signature"]), text.encode(), padding.PKCS1v15(), algorithm)


def test_endpoint_is_asked_to_confirm_before_it_gets_anything(account: Account, web: Endpoints) -> None:
    topic = account.topic()
    answer = account.sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=web.url + "/hook")
    assert answer["SubscriptionArn"] == "pending confirmation"
    (request,) = web.wait("/hook")
    document = request.json
    verify(document)
    assert (request.method, request.headers["x-amz-sns-message-type"]) == ("POST", "SubscriptionConfirmation")
    assert request.headers["x-amz-sns-topic-arn"] == topic == document["TopicArn"]
    assert request.headers["x-amz-sns-message-id"] == document["MessageId"]
    assert "x-amz-sns-subscription-arn" not in request.headers
    assert request.headers["content-type"] == "text/plain; charset=UTF-8"
    assert request.headers["user-agent"] == "Amazon Simple Notification Service Agent"
    assert list(document) == [
        "Type", "MessageId", "Token", "TopicArn", "Message", "SubscribeURL", "Timestamp", "SignatureVersion",
        "Signature", "SigningCertURL",
    ]  # fmt: skip
    attributes = account.sns.get_topic_attributes(TopicArn=topic)["Attributes"]
    assert (attributes["SubscriptionsPending"], attributes["SubscriptionsConfirmed"]) == ("1", "0")
    account.sns.publish(TopicArn=topic, Message="too early")
    arn = account.sns.confirm_subscription(TopicArn=topic, Token=document["Token"])["SubscriptionArn"]
    described = account.sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]
    assert (described["PendingConfirmation"], described["Protocol"]) == ("false", "http")
    account.sns.publish(TopicArn=topic, Message="now")
    assert web.wait("/hook", 2)[1].json["Message"] == "now"
    again = account.sns.confirm_subscription(TopicArn=topic, Token=document["Token"])
    assert again["SubscriptionArn"] == arn, "a token may come twice"


@pytest.mark.parametrize("version", ["1", "2"])
def test_notification_is_posted_and_signed(account: Account, web: Endpoints, version: str) -> None:
    topic = account.topic(SignatureVersion=version)
    arn = confirmed(account, web, topic=topic)
    sent = account.sns.publish(
        TopicArn=topic,
        Message='{"price": "9 €"}\n',
        Subject="Sold",
        MessageAttributes={"make": {"DataType": "String", "StringValue": "opel"}},
    )
    request = web.wait("/hook", 2)[1]
    document = request.json
    verify(document)
    assert document["SignatureVersion"] == version
    assert request.headers["x-amz-sns-message-type"] == document["Type"] == "Notification"
    assert request.headers["x-amz-sns-message-id"] == document["MessageId"] == sent["MessageId"]
    assert request.headers["x-amz-sns-subscription-arn"] == arn
    assert "x-amz-sns-rawdelivery" not in request.headers
    assert (document["Message"], document["Subject"]) == ('{"price": "9 €"}\n', "Sold")
    assert document["MessageAttributes"] == {"make": {"Type": "String", "Value": "opel"}}
    with pytest.raises(InvalidSignature):
        verify(document | {"Message": "forged"})


def test_signature_version_is_changed_for_subscriptions_that_are_there(account: Account, web: Endpoints) -> None:
    topic = account.topic()
    confirmed(account, web, topic=topic)
    account.sns.set_topic_attributes(TopicArn=topic, AttributeName="SignatureVersion", AttributeValue="2")
    account.sns.publish(TopicArn=topic, Message="x")
    document = web.wait("/hook", 2)[1].json
    assert document["SignatureVersion"] == "2"
    verify(document)


def test_certificate_outlives_a_restart(tmp_path: Path, web: Endpoints) -> None:
    server = Server(tmp_path / "data")
    try:
        account = Account(server.url, "000000000001")
        subscribe(account, account.topic(), web.url + "/hook")
        before = web.wait("/hook")[0].json
        account.close()
        server.stop()
        server.start()
        path = before["SigningCertURL"].rpartition("/sns/")[2]
        verify(before | {"SigningCertURL": f"{server.url}/sns/{path}"})
        with pytest.raises(urllib.error.HTTPError, match="404"):
            fetch(f"{server.url}/sns/another.pem")
    finally:
        server.stop()


def test_raw_message_is_posted_as_it_is(account: Account, web: Endpoints) -> None:
    topic = account.topic()
    policy = json.dumps({"requestPolicy": {"headerContentType": "application/xml"}})
    confirmed(account, web, topic=topic, RawMessageDelivery="true", DeliveryPolicy=policy)
    account.sns.publish(TopicArn=topic, Message="<price>9 €</price>")
    request = web.wait("/hook", 2)[1]
    assert request.body == "<price>9 €</price>".encode()
    assert request.headers["x-amz-sns-rawdelivery"] == "true"
    assert request.headers["content-type"] == "application/xml"


def test_only_what_passes_the_filter_is_posted(account: Account, web: Endpoints) -> None:
    topic = account.topic()
    confirmed(account, web, topic=topic, FilterPolicy='{"n": [1]}', FilterPolicyScope="MessageBody")
    for number in (2, 1):
        account.sns.publish(TopicArn=topic, Message=json.dumps({"n": number}))
    assert web.wait("/hook", 2)[1].json["Message"] == '{"n": 1}'


def test_unsubscribe_url_works_and_tells_the_endpoint_how_to_come_back(account: Account, web: Endpoints) -> None:
    topic = account.topic()
    arn = confirmed(account, web, topic=topic)
    account.sns.publish(TopicArn=topic, Message="one")
    fetch(web.wait("/hook", 2)[1].json["UnsubscribeURL"])
    farewell = web.wait("/hook", 3)[2]
    assert farewell.headers["x-amz-sns-message-type"] == farewell.json["Type"] == "UnsubscribeConfirmation"
    assert arn in farewell.json["Message"]
    verify(farewell.json)
    assert account.sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"] == []
    with refused("NotFound"):
        account.sns.get_subscription_attributes(SubscriptionArn=arn)
    account.sns.publish(TopicArn=topic, Message="unheard")
    assert arn.encode() in fetch(farewell.json["SubscribeURL"])
    account.sns.publish(TopicArn=topic, Message="back")
    assert web.wait("/hook", 4)[3].json["Message"] == "back"


def test_owner_unsubscribes_without_a_farewell(account: Account, web: Endpoints) -> None:
    topic, queue = account.topic(), account.queue()
    arn = confirmed(account, web, topic=topic)
    account.subscribe(topic, queue)
    account.sns.unsubscribe(SubscriptionArn=arn)
    account.sns.publish(TopicArn=topic, Message="x")
    assert len(account.receive(queue)) == 1
    assert len(web.at("/hook")) == 1


def test_subscription_that_is_locked_is_not_ended_by_its_url(account: Account, web: Endpoints) -> None:
    topic = account.topic()
    subscribe(account, topic, web.url + "/hook")
    token = web.wait("/hook")[0].json["Token"]
    query = f"Action=ConfirmSubscription&TopicArn={topic}&Token={token}&AuthenticateOnUnsubscribe=true"
    with pytest.raises(urllib.error.HTTPError, match="403"):
        fetch(f"{account.sns.meta.endpoint_url}/?{query}")
    account.sns.confirm_subscription(TopicArn=topic, Token=token, AuthenticateOnUnsubscribe="true")
    account.sns.publish(TopicArn=topic, Message="x")
    with pytest.raises(urllib.error.HTTPError, match="403"):
        fetch(web.wait("/hook", 2)[1].json["UnsubscribeURL"])
    assert len(account.sns.list_subscriptions()["Subscriptions"]) == 1


def test_endpoint_that_fails_is_tried_again_and_then_dead_lettered(account: Account, web: Endpoints) -> None:
    topic, dead = account.topic(), account.queue("dead")
    retries = {"minDelayTarget": 1, "maxDelayTarget": 1, "numRetries": 2, "numNoDelayRetries": 1}
    arn = confirmed(
        account,
        web,
        topic=topic,
        DeliveryPolicy=json.dumps({"healthyRetryPolicy": retries}),
        RedrivePolicy=json.dumps({"deadLetterTargetArn": dead}),
    )
    web.answers["/hook"] = lambda asked: (503, {}, b"closed")
    receipt = account.sns.publish(TopicArn=topic, Message="x")
    (letter,) = account.receive(dead)
    assert {asked.json["MessageId"] for asked in web.at("/hook")[1:]} == {receipt["MessageId"]}
    assert len(web.at("/hook")) == 1 + 3
    assert json.loads(letter["Body"])["Message"] == "x"
    assert letter["MessageAttributes"]["ErrorCode"]["StringValue"] == "SERVER_ERROR"
    policy = json.loads(
        account.sns.get_subscription_attributes(SubscriptionArn=arn)["Attributes"]["EffectiveDeliveryPolicy"]
    )
    assert policy["healthyRetryPolicy"] == {"backoffFunction": "linear", "numMinDelayRetries": 0,
                                            "numMaxDelayRetries": 0, **retries}  # fmt: skip


def test_endpoint_that_refuses_is_not_asked_again(account: Account, web: Endpoints) -> None:
    topic, dead = account.topic(), account.queue("dead")
    confirmed(account, web, topic=topic, RedrivePolicy=json.dumps({"deadLetterTargetArn": dead}))
    web.answers["/hook"] = lambda asked: (404, {}, b"gone")
    account.sns.publish(TopicArn=topic, Message="x")
    (letter,) = account.receive(dead)
    assert letter["MessageAttributes"]["ErrorCode"]["StringValue"] == "CLIENT_ERROR"
    assert len(web.at("/hook")) == 2


def test_name_and_password_are_given_to_an_endpoint_that_asks_for_them(account: Account, web: Endpoints) -> None:
    def guarded(asked: Asked) -> tuple[int, dict[str, str], bytes]:
        if asked.headers.get("authorization") == "Basic " + base64.b64encode(b"me:secret").decode():
            return 200, {}, b""
        return 401, {"WWW-Authenticate": 'Basic realm="cars"'}, b""

    web.answers["/hook"] = guarded
    topic = account.topic()
    subscribe(account, topic, web.url.replace("://", "://me:secret@") + "/hook")
    proved = web.wait("/hook", 2)[1]
    assert proved.headers["authorization"].startswith("Basic ")
    (listed,) = account.sns.list_subscriptions()["Subscriptions"]
    assert listed["Endpoint"] == web.url.replace("://", "://me:****@") + "/hook"


def test_private_addresses_are_not_called(account: Account, web: Endpoints) -> None:
    """A development server may call loopback, and nothing else of what is private."""
    topic, dead = account.topic(), account.queue("dead")
    attributes = {"RedrivePolicy": json.dumps({"deadLetterTargetArn": dead})}
    subscribe(account, topic, "http://169.254.169.254/latest/meta-data", **attributes)
    (letter,) = account.receive(dead)
    assert letter["MessageAttributes"]["ErrorCode"]["StringValue"] == "NO_PERMISSIONS"


@pytest.mark.parametrize(
    ("protocol", "url"),
    [("http", "https://example.com"), ("https", "http://example.com"), ("http", "example.com"), ("http", "http://"),
     ("http", "http://a b/"), ("http", "http://example.com:99999/"), ("https", "https://exämple.com")],
)  # fmt: skip
def test_bad_url_is_refused(account: Account, protocol: str, url: str) -> None:
    with refused("InvalidParameter"):
        account.sns.subscribe(TopicArn=account.topic(), Protocol=protocol, Endpoint=url)


def test_http_endpoints_are_not_subscribed_to_fifo_topics(account: Account) -> None:
    topic = account.topic("t.fifo", FifoTopic="true")
    with refused("InvalidParameter"):
        account.sns.subscribe(TopicArn=topic, Protocol="https", Endpoint="https://example.com")


def test_firehose_stream_gets_a_line_for_each_message(server: Server, account: Account) -> None:
    hose = server.client("firehose", account.number)
    role = f"arn:aws:iam::{account.number}:role/r"
    bucket = f"bucket-{account.number}"
    stream = hose.create_delivery_stream(
        DeliveryStreamName="s",
        ExtendedS3DestinationConfiguration={
            "RoleARN": role,
            "BucketARN": f"arn:aws:s3:::{bucket}",
            "BufferingHints": {"SizeInMBs": 1, "IntervalInSeconds": 0},
        },
    )["DeliveryStreamARN"]
    topic = account.topic()
    with refused("InvalidParameter"):
        account.sns.subscribe(TopicArn=topic, Protocol="firehose", Endpoint=stream)
    answer = account.sns.subscribe(
        TopicArn=topic, Protocol="firehose", Endpoint=stream, Attributes={"SubscriptionRoleArn": role}
    )
    assert answer["SubscriptionArn"].startswith(topic)
    for text in ("one", "two"):
        account.sns.publish(TopicArn=topic, Message=text, Subject="s")

    def lines() -> list[str]:
        folder = server.data / "firehose" / bucket
        return [line for file in sorted(folder.rglob("*")) if file.is_file() for line in file.read_text().splitlines()]

    until(lambda: len(lines()) == 2)
    documents = [json.loads(line) for line in lines()]
    assert {document["Message"] for document in documents} == {"one", "two"}
    assert list(documents[0]) == [
        "Type", "MessageId", "TopicArn", "Subject", "Message", "Timestamp", "UnsubscribeURL",
    ]  # fmt: skip
