"""FIFO topics that keep their messages, and subscriptions that get them once more."""

from __future__ import annotations

import asyncio
import json
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.refusal import refusal, refused
from tests.acceptance.waiting import until
from tests.reliability.process import ServerProcess

from .conftest import Account

KEPT = json.dumps({"MessageRetentionPeriod": "30"})


def archived(account: Account) -> str:
    return account.topic("t.fifo", FifoTopic="true", ContentBasedDeduplication="true", ArchivePolicy=KEPT)


def publish(account: Account, topic: str, *texts: str) -> None:
    for text in texts:
        account.sns.publish(TopicArn=topic, Message=text, MessageGroupId="g")


def now() -> str:
    return datetime.now(UTC).isoformat()


def span(since: str, until: str | None = None) -> str:
    policy = {"PointType": "Timestamp", "StartingPoint": since}
    return json.dumps(policy if until is None else policy | {"EndingPoint": until})


def replay(account: Account, subscription: str, policy: str) -> None:
    account.sns.set_subscription_attributes(
        SubscriptionArn=subscription, AttributeName="ReplayPolicy", AttributeValue=policy
    )


def attributes(account: Account, subscription: str) -> dict[str, str]:
    found: dict[str, str] = account.sns.get_subscription_attributes(SubscriptionArn=subscription)["Attributes"]
    return found


def texts(account: Account, queue: str, count: int) -> list[tuple[str, bool]]:
    """The messages in a queue, and whether they say that they are replayed."""
    return [(one["Message"], one.get("Replayed") == "true") for one in account.notifications(queue, count)]


def test_a_topic_says_from_when_on_it_keeps_messages(account: Account) -> None:
    topic = archived(account)
    found = account.sns.get_topic_attributes(TopicArn=topic)["Attributes"]
    assert found["ArchivePolicy"] == KEPT
    begins = datetime.fromisoformat(found["BeginningArchiveTime"])
    assert abs((datetime.now(UTC) - begins).total_seconds()) < 60
    with refused("InvalidState", "A topic with an ArchivePolicy can't be deleted."):
        account.sns.delete_topic(TopicArn=topic)
    account.sns.set_topic_attributes(TopicArn=topic, AttributeName="ArchivePolicy", AttributeValue="{}")
    found = account.sns.get_topic_attributes(TopicArn=topic)["Attributes"]
    assert not {"ArchivePolicy", "BeginningArchiveTime"} & found.keys()
    account.sns.delete_topic(TopicArn=topic)


def test_a_new_subscription_gets_the_past_in_order_and_then_what_comes(account: Account) -> None:
    topic, begin = archived(account), now()
    publish(account, topic, "1", "2", "3")
    queue = account.queue("q.fifo", FifoQueue="true")
    subscription = account.subscribe(topic, queue, ReplayPolicy=span(begin))
    publish(account, topic, "4")
    assert texts(account, queue, 4) == [("1", True), ("2", True), ("3", True), ("4", False)]
    until(lambda: attributes(account, subscription).get("ReplayStatus") == "Completed")


def test_what_was_delivered_before_comes_once_more_in_a_replay(account: Account) -> None:
    topic = archived(account)
    queue = account.queue("q.fifo", FifoQueue="true")
    subscription = account.subscribe(topic, queue, FilterPolicy='{"kept": [true]}', FilterPolicyScope="MessageBody")
    publish(account, topic, '{"kept":true,"n":1}')
    time.sleep(0.1)
    begin = now()
    publish(account, topic, '{"kept":true,"n":2}', '{"kept":false}', '{"kept":true,"n":3}')
    assert len(texts(account, queue, 3)) == 3
    for _ in range(2):
        replay(account, subscription, span(begin))
        assert texts(account, queue, 2) == [('{"kept":true,"n":2}', True), ('{"kept":true,"n":3}', True)]


def test_after_the_end_of_a_replay_nothing_comes_until_it_is_taken_away(account: Account) -> None:
    topic, begin = archived(account), now()
    queue = account.queue("plain")
    publish(account, topic, "1", "2")
    time.sleep(0.1)
    end = now()
    time.sleep(0.1)
    publish(account, topic, "3")
    subscription = account.subscribe(topic, queue, ReplayPolicy=span(begin, end))
    assert texts(account, queue, 2) == [("1", True), ("2", True)]
    until(lambda: attributes(account, subscription)["ReplayStatus"] == "Completed")
    publish(account, topic, "4")
    replay(account, subscription, "{}")
    assert not {"ReplayPolicy", "ReplayStatus"} & attributes(account, subscription).keys()
    publish(account, topic, "5")
    assert texts(account, queue, 1) == [("5", False)]


@pytest.mark.parametrize(
    ("policy", "said"),
    [
        ('{"PointType":"Offset","StartingPoint":"2026-01-01T00:00:00Z"}', "PointType must be Timestamp"),
        ('{"PointType":"Timestamp"}', "it must hold PointType and StartingPoint"),
        ('{"PointType":"Timestamp","StartingPoint":"yesterday"}', "StartingPoint is not a time"),
        ('{"PointType":"Timestamp","StartingPoint":"2020-01-01T00:00:00Z"}', "BeginningArchiveTime and now"),
        ("x", "failed to parse JSON"),
    ],
)
def test_replays_that_can_not_be_are_refused(account: Account, policy: str, said: str) -> None:
    topic, queue = archived(account), account.queue("q.fifo", FifoQueue="true")
    code, message = refusal(
        account.sns.subscribe, TopicArn=topic, Protocol="sqs", Endpoint=queue, Attributes={"ReplayPolicy": policy}
    )
    assert code == "InvalidParameter"
    assert said in message
    assert account.sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"] == []


def test_a_topic_without_an_archive_has_nothing_to_replay(account: Account) -> None:
    plain, fifo = account.topic("plain"), account.topic("t.fifo", FifoTopic="true")
    queue = account.queue()
    policy = {"ReplayPolicy": span(now())}
    for topic, said in ((plain, "only supported for FIFO topics"), (fifo, "has no ArchivePolicy")):
        _, message = refusal(account.sns.subscribe, TopicArn=topic, Protocol="sqs", Endpoint=queue, Attributes=policy)
        assert said in message
    for days in ("0", "366", "x"):
        policy = {"ArchivePolicy": json.dumps({"MessageRetentionPeriod": days})}
        code, _ = refusal(account.sns.create_topic, Name="u.fifo", Attributes={"FifoTopic": "true"} | policy)
        assert code == "InvalidParameter"


async def test_a_replay_goes_on_after_a_kill_and_is_not_repeated(tmp_path: Path) -> None:
    server = ServerProcess(tmp_path / "data", module="eventyard")
    account = Account(f"http://127.0.0.1:{server.port}", "123456789012")
    try:
        await server.start()
        topic, begin = archived(account), now()
        for start in range(0, 300, 10):
            entries = [{"Id": str(n), "Message": str(n), "MessageGroupId": "g"} for n in range(start, start + 10)]
            account.sns.publish_batch(TopicArn=topic, PublishBatchRequestEntries=entries)
        queue = account.queue("q")
        subscription = account.subscribe(topic, queue, ReplayPolicy=span(begin))
        server.kill()
        await server.start()
        found: set[str] = set()

        def all_came() -> Any:
            found.update(text for text, replayed in texts(account, queue, 10) if replayed)
            return len(found) == 300

        until(all_came, 30)
        until(lambda: attributes(account, subscription)["ReplayStatus"] == "Completed")
        await asyncio.sleep(0.2)
        assert len(texts(account, queue, 300)) <= 100, "no more than what was in flight comes twice"
        server.kill()
        await server.start()
        assert texts(account, queue, 1) == []
        assert attributes(account, subscription)["ReplayStatus"] == "Completed"
    finally:
        account.close()
        server.kill()
