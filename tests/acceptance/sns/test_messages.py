"""From publishers to queues as boto3 sees it: documents, raw messages, filters, order, dead letters."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.acceptance.refusal import refused

from .conftest import Account


def text(value: str, kind: str = "String") -> dict[str, str]:
    return {"DataType": kind, "StringValue": value}


def test_notification_holds_the_message_and_says_where_it_comes_from(account: Account) -> None:
    topic, queue = account.topic(), account.queue()
    subscription = account.subscribe(topic, queue)
    said = 'Hällo "world"\n{"not": json'
    attributes = {"n": text("1.50", "Number"), "b": {"DataType": "Binary", "BinaryValue": b"\x00\xff"}}
    answer = account.sns.publish(TopicArn=topic, Message=said, Subject="Greeting", MessageAttributes=attributes)
    (document,) = account.notifications(queue)
    assert document["Type"] == "Notification"
    assert document["MessageId"] == answer["MessageId"]
    assert "SequenceNumber" not in answer
    assert document["TopicArn"] == topic
    assert (document["Subject"], document["Message"]) == ("Greeting", said)
    assert document["MessageAttributes"] == {
        "n": {"Type": "Number", "Value": "1.50"},
        "b": {"Type": "Binary", "Value": "AP8="},
    }
    assert document["UnsubscribeURL"].endswith(f"/?Action=Unsubscribe&SubscriptionArn={subscription}")
    assert document["Timestamp"].endswith("Z")
    assert {"SignatureVersion", "Signature", "SigningCertURL"} <= document.keys()


def test_message_arrives_byte_for_byte(account: Account) -> None:
    topic, queue = account.topic(), account.queue()
    account.subscribe(topic, queue, RawMessageDelivery="true")
    texts = [' {"a" : 1.0,\n "b":"\\u00e9"}\n', '{"a":1,"a":2}', "[1]", "é\t\r\n ", '"x"', '{"n":1e400}']
    for one in texts:
        account.sns.publish(TopicArn=topic, Message=one)
    assert sorted(message["Body"] for message in account.receive(queue, len(texts))) == sorted(texts)


def test_raw_message_keeps_its_attributes(account: Account) -> None:
    topic, queue = account.topic(), account.queue()
    account.subscribe(topic, queue, RawMessageDelivery="true")
    attributes = {
        "s": text("x"),
        "l": text('["a", 1]', "String.Array"),
        "b": {"DataType": "Binary", "BinaryValue": b"\x00\xff"},
    }
    account.sns.publish(TopicArn=topic, Message="raw", MessageAttributes=attributes)
    (message,) = account.receive(queue)
    assert message["Body"] == "raw"
    assert message["MessageAttributes"] == attributes


def test_every_subscription_gets_its_copy(account: Account) -> None:
    topic = account.topic()
    queues = [account.queue(f"q{number}") for number in range(3)]
    for queue in queues:
        account.subscribe(topic, queue)
    account.sns.publish(TopicArn=topic, Message="to all")
    assert [account.notifications(queue)[0]["Message"] for queue in queues] == ["to all"] * 3


def test_filter_on_attributes_chooses_messages(account: Account) -> None:
    topic, queue = account.topic(), account.queue()
    policy = {"store": ["a", {"prefix": "b"}], "price": [{"numeric": [">=", 100]}], "gone": [{"exists": False}]}
    account.subscribe(topic, queue, FilterPolicy=json.dumps(policy))
    for name, attributes in {
        "yes": {"store": text("bee"), "price": text("100.5", "Number")},
        "in a list": {"store": text('["x", "a"]', "String.Array"), "price": text("1e3", "Number")},
        "cheap": {"store": text("a"), "price": text("99", "Number")},
        "text": {"store": text("a"), "price": text("100")},
        "elsewhere": {"store": text("c"), "price": text("100", "Number")},
        "there": {"store": text("a"), "price": text("100", "Number"), "gone": text("x")},
        "binary": {"store": {"DataType": "Binary", "BinaryValue": b"a"}, "price": text("100", "Number")},
        "none": {},
        "last": {"store": text("a"), "price": text("100", "Number")},
    }.items():
        account.sns.publish(TopicArn=topic, Message=name, MessageAttributes=attributes)
    assert sorted(one["Message"] for one in account.notifications(queue, 3)) == ["in a list", "last", "yes"]
    assert (
        account.sqs.get_queue_attributes(
            QueueUrl=account.sqs.get_queue_url(QueueName="queue")["QueueUrl"], AttributeNames=["All"]
        )["Attributes"]["ApproximateNumberOfMessages"]
        == "0"
    )


def test_filter_on_the_body_chooses_messages(account: Account) -> None:
    topic, queue = account.topic(), account.queue()
    policy = {"car": {"make": ["opel"], "sold": [{"exists": False}]}, "$or": [{"a": [1]}, {"b": [2]}]}
    account.subscribe(
        topic, queue, FilterPolicy=json.dumps(policy), FilterPolicyScope="MessageBody", RawMessageDelivery="true"
    )
    opel = {"make": "opel"}
    wanted = [json.dumps({"car": opel, "a": 1}), " " + json.dumps({"car": opel, "b": 2})]
    unwanted = [{"car": opel}, {"car": {"make": "vw"}, "a": 1}, {"car": {**opel, "sold": 1}, "a": 1}, [1], "opel"]
    for message in [*map(json.dumps, unwanted), "no json", *wanted]:
        account.sns.publish(TopicArn=topic, Message=message)
    assert sorted(message["Body"] for message in account.receive(queue, 2)) == sorted(wanted)


def test_changed_filter_counts_from_then_on(account: Account) -> None:
    topic, queue = account.topic(), account.queue()
    subscription = account.subscribe(topic, queue, FilterPolicy='{"n": ["1"]}')
    account.sns.publish(TopicArn=topic, Message="no", MessageAttributes={"n": text("2")})
    account.sns.set_subscription_attributes(
        SubscriptionArn=subscription, AttributeName="FilterPolicy", AttributeValue='{"n": ["2"]}'
    )
    account.sns.publish(TopicArn=topic, Message="yes", MessageAttributes={"n": text("2")})
    account.sns.set_subscription_attributes(
        SubscriptionArn=subscription, AttributeName="FilterPolicy", AttributeValue="{}"
    )
    account.sns.publish(TopicArn=topic, Message="any")
    assert sorted(one["Message"] for one in account.notifications(queue, 2)) == ["any", "yes"]


def test_message_structure_gives_a_protocol_its_own_text(account: Account) -> None:
    topic, queue = account.topic(), account.queue()
    account.subscribe(topic, queue)
    for message in ({"default": "for all", "sqs": "for queues"}, {"default": "for all", "http": "x"}):
        account.sns.publish(TopicArn=topic, Message=json.dumps(message), MessageStructure="json")
    assert sorted(one["Message"] for one in account.notifications(queue, 2)) == ["for all", "for queues"]
    with refused("InvalidParameter", "Invalid parameter: Message Structure - No default entry in JSON message body"):
        account.sns.publish(TopicArn=topic, Message="{}", MessageStructure="json")


def test_batch_answers_each_entry(account: Account) -> None:
    topic, queue = account.topic(), account.queue()
    account.subscribe(topic, queue)
    answer = account.sns.publish_batch(
        TopicArn=topic,
        PublishBatchRequestEntries=[
            {"Id": "a", "Message": "1", "MessageAttributes": {"x": text("y")}},
            {"Id": "b", "Message": "2", "Subject": "no\nlines"},
            {"Id": "c", "Message": "3", "MessageAttributes": {"x": text("y", "Nonsense")}},
            {"Id": "d", "Message": "4"},
        ],
    )
    assert [one["Id"] for one in answer["Successful"]] == ["a", "d"]
    assert [(one["Id"], one["Code"], one["SenderFault"]) for one in answer["Failed"]] == [
        ("b", "InvalidParameter", True),
        ("c", "ParameterValueInvalid", True),
    ]
    assert sorted(one["Message"] for one in account.notifications(queue, 2)) == ["1", "4"]


@pytest.mark.parametrize(
    ("ids", "message", "code"),
    [
        ([], "x", "EmptyBatchRequest"),
        (["a", "a"], "x", "BatchEntryIdsNotDistinct"),
        (["a b"], "x", "InvalidBatchEntryId"),
        ([str(number) for number in range(11)], "x", "TooManyEntriesInBatchRequest"),
        (["a", "b"], "x" * 131_073, "BatchRequestTooLong"),
    ],
)
def test_bad_batch_is_refused_whole(account: Account, ids: list[str], message: str, code: str) -> None:
    topic = account.topic()
    with refused(code):
        account.sns.publish_batch(
            TopicArn=topic, PublishBatchRequestEntries=[{"Id": id, "Message": message} for id in ids]
        )


@pytest.mark.parametrize(
    ("parameters", "code", "message"),
    [
        ({"Message": ""}, "InvalidParameter", "Invalid parameter: Empty message"),
        ({"Message": "x" * 262_145}, "InvalidParameter", "Invalid parameter: Message too long"),
        ({"Message": "x", "Subject": "x" * 101}, "InvalidParameter", "Invalid parameter: Subject"),
        ({"Message": "x", "MessageDeduplicationId": "d"}, "InvalidParameter", None),
        ({"Message": "x", "MessageStructure": "xml"}, "InvalidParameter", "Invalid parameter: MessageStructure"),
        ({"Message": "x", "MessageAttributes": {"a": text("x", "Number")}}, "ParameterValueInvalid", None),
        ({"Message": "x", "MessageAttributes": {"a": {"DataType": "String"}}}, "ParameterValueInvalid", None),
        ({"Message": "x", "MessageAttributes": {"AWS.a": text("x")}}, "ParameterValueInvalid", None),
    ],
)
def test_bad_message_is_refused(account: Account, parameters: dict[str, Any], code: str, message: str | None) -> None:
    topic = account.topic()
    with refused(code, message):
        account.sns.publish(TopicArn=topic, **parameters)


def test_fifo_topic_keeps_the_order_of_groups(account: Account) -> None:
    topic = account.topic("t.fifo", FifoTopic="true", ContentBasedDeduplication="true")
    queue = account.queue("q.fifo", FifoQueue="true")
    account.subscribe(topic, queue, RawMessageDelivery="true")
    sequences = [
        account.sns.publish(TopicArn=topic, Message=f"{group}{number}", MessageGroupId=group)["SequenceNumber"]
        for number in range(10)
        for group in "ab"
    ]
    assert sequences == sorted(set(sequences))
    assert {len(sequence) for sequence in sequences} == {20}
    got: list[dict[str, Any]] = []
    while len(got) < 20 and (more := account.receive(queue, 20 - len(got))):
        got += more
    for group in "ab":
        bodies = [message["Body"] for message in got if message["Attributes"]["MessageGroupId"] == group]
        assert bodies == [f"{group}{number}" for number in range(10)]


def test_fifo_topic_delivers_duplicates_once(account: Account) -> None:
    topic = account.topic("t.fifo", FifoTopic="true")
    queue = account.queue("standard")
    account.subscribe(topic, queue)
    order = {"TopicArn": topic, "MessageGroupId": "g"}
    first = account.sns.publish(Message="1", MessageDeduplicationId="d", **order)
    again = account.sns.publish(Message="1 again", MessageDeduplicationId="d", **order)
    batch = account.sns.publish_batch(
        TopicArn=topic,
        PublishBatchRequestEntries=[
            {"Id": id, "Message": id, "MessageGroupId": "h", "MessageDeduplicationId": dedup}
            for id, dedup in (("x", "d"), ("y", "e"), ("z", "e"))
        ],
    )["Successful"]
    assert (again["MessageId"], again["SequenceNumber"]) == (first["MessageId"], first["SequenceNumber"])
    assert [one["MessageId"] == first["MessageId"] for one in batch] == [True, False, False]
    assert batch[1]["MessageId"] == batch[2]["MessageId"]
    got = account.notifications(queue, 2)
    assert [(one["Message"], one["SequenceNumber"]) for one in got] == [
        ("1", first["SequenceNumber"]),
        ("y", batch[1]["SequenceNumber"]),
    ]
    for parameters in ({}, {"MessageGroupId": "g"}):
        with refused("InvalidParameter"):
            account.sns.publish(TopicArn=topic, Message="x", **parameters)


def test_message_for_a_missing_queue_becomes_a_dead_letter(account: Account) -> None:
    topic, dead = account.topic(), account.queue("dead")
    missing = f"arn:aws:sqs:us-east-1:{account.number}:missing"
    account.subscribe(
        topic,
        missing,
        RedrivePolicy=json.dumps({"deadLetterTargetArn": dead}),
        RawMessageDelivery="true",
    )
    attributes = {str(number): text("x") for number in range(8)}
    account.sns.publish(TopicArn=topic, Message="lost", MessageAttributes=attributes)
    (letter,) = account.receive(dead)
    assert letter["Body"] == "lost"
    assert letter["MessageAttributes"].keys() == {*attributes, "RequestID", "ErrorCode"}
    assert letter["MessageAttributes"]["ErrorCode"]["StringValue"] == "NO_RESOURCE"


def test_raw_message_with_more_attributes_than_a_queue_takes_is_not_delivered(account: Account) -> None:
    topic, queue, dead = account.topic(), account.queue(), account.queue("dead")
    redrive = json.dumps({"deadLetterTargetArn": dead})
    account.subscribe(topic, queue, RedrivePolicy=redrive, RawMessageDelivery="true")
    attributes = {str(number): text("x") for number in range(11)}
    account.sns.publish(TopicArn=topic, Message="many", MessageAttributes=attributes)
    account.sns.publish(TopicArn=topic, Message="few")
    (document,) = account.notifications(dead)
    assert (document["Message"], len(document["MessageAttributes"])) == ("many", 11)
    assert [message["Body"] for message in account.receive(queue)] == ["few"]


def test_dead_letters_of_a_fifo_topic_keep_their_group(account: Account) -> None:
    topic = account.topic("t.fifo", FifoTopic="true", ContentBasedDeduplication="true")
    dead = account.queue("dead.fifo", FifoQueue="true")
    redrive = json.dumps({"deadLetterTargetArn": dead})
    account.subscribe(topic, f"arn:aws:sqs:us-east-1:{account.number}:missing.fifo", RedrivePolicy=redrive)
    account.sns.publish(TopicArn=topic, Message="lost", MessageGroupId="g")
    (letter,) = account.receive(dead)
    assert json.loads(letter["Body"])["Message"] == "lost"
    assert letter["Attributes"]["MessageGroupId"] == "g"


def test_rule_publishes_to_a_topic(account: Account) -> None:
    topic, queue = account.topic(), account.queue()
    account.subscribe(topic, queue, FilterPolicy='{"detail": {"n": [1]}}', FilterPolicyScope="MessageBody")
    account.events.put_rule(Name="r", EventPattern='{"source": ["shop"]}')
    target = {"Id": "1", "Arn": topic}
    assert account.events.put_targets(Rule="r", Targets=[target])["FailedEntryCount"] == 0
    entries = [{"Source": "shop", "DetailType": "sold", "Detail": json.dumps({"n": number})} for number in (0, 1)]
    ids = [entry["EventId"] for entry in account.events.put_events(Entries=entries)["Entries"]]
    (document,) = account.notifications(queue)
    event = json.loads(document["Message"])
    assert (document["MessageId"], event["id"], event["detail"]) == (ids[1], ids[1], {"n": 1})


def test_fifo_topic_can_not_be_a_rules_target(account: Account) -> None:
    topic = account.topic("t.fifo", FifoTopic="true")
    account.events.put_rule(Name="r", EventPattern='{"source": ["shop"]}')
    with refused("ValidationException"):
        account.events.put_targets(Rule="r", Targets=[{"Id": "1", "Arn": topic}])


def test_schedule_publishes_to_a_topic(account: Account) -> None:
    topic, queue = account.topic(), account.queue()
    account.subscribe(topic, queue)
    moment = datetime.now(UTC) + timedelta(seconds=1)
    account.scheduler.create_schedule(
        Name="s",
        ScheduleExpression=f"at({moment:%Y-%m-%dT%H:%M:%S})",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": topic, "RoleArn": "arn:aws:iam::123456789012:role/r", "Input": "time to go"},
    )
    assert [one["Message"] for one in account.notifications(queue)] == ["time to go"]
