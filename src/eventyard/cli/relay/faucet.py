"""The temporary rule and queue in somebody's AWS account that bring a bus's events here, and their end.

All of it is tagged with when it ends, which is put off as long as somebody receives. What is left behind by a process
that was killed is found by the tag, and removed by the next one.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

PREFIX = "eventyard-relay-"
_TAG = "eventyard-relay-until"
_LIFE = 300


class Faucet:
    """Synchronous, as boto is. ``events`` and ``sqs``: clients. ``pattern``: what of the bus is wanted."""

    def __init__(self, events: Any, sqs: Any, bus: str, pattern: str) -> None:
        self._events = events
        self._sqs = sqs
        self._bus = bus
        self._pattern = pattern
        self._name = f"{PREFIX}{uuid4().hex[:12]}"
        self._url = ""
        self._rule_arn = ""

    @property
    def name(self) -> str:
        """Of the rule, and of the queue."""
        return self._name

    def open(self) -> None:
        """Make queue and rule. Raises what botocore raises; then :meth:`close` removes what was made."""
        tags = _tags()
        made = self._sqs.create_queue(
            QueueName=self._name, Attributes={"MessageRetentionPeriod": "300", "VisibilityTimeout": "30"}, tags=tags
        )
        self._url = made["QueueUrl"]
        asked = self._sqs.get_queue_attributes(QueueUrl=self._url, AttributeNames=["QueueArn"])
        queue_arn = asked["Attributes"]["QueueArn"]
        self._rule_arn = self._events.put_rule(
            Name=self._name,
            EventBusName=self._bus,
            EventPattern=self._pattern,
            Description="Temporary: `eventyard relay` shows events to tests.",
            Tags=[{"Key": key, "Value": value} for key, value in tags.items()],
        )["RuleArn"]
        policy = {
            "Version": "2012-10-17",
            "Statement": {
                "Effect": "Allow",
                "Principal": {"Service": "events.amazonaws.com"},
                "Action": "sqs:SendMessage",
                "Resource": queue_arn,
                "Condition": {"ArnEquals": {"aws:SourceArn": self._rule_arn}},
            },
        }
        self._sqs.set_queue_attributes(QueueUrl=self._url, Attributes={"Policy": json.dumps(policy)})
        target = {"Id": "relay", "Arn": queue_arn}
        self._events.put_targets(Rule=self._name, EventBusName=self._bus, Targets=[target])

    def receive(self) -> list[str]:
        """The next events, after at most 2 seconds of waiting. They are deleted from the queue."""
        got = self._sqs.receive_message(QueueUrl=self._url, MaxNumberOfMessages=10, WaitTimeSeconds=2)
        messages = got.get("Messages", [])
        if messages:
            entries = [
                {"Id": str(at), "ReceiptHandle": message["ReceiptHandle"]} for at, message in enumerate(messages)
            ]
            self._sqs.delete_message_batch(QueueUrl=self._url, Entries=entries)
        return [message["Body"] for message in messages]

    def put_off(self) -> None:
        """It is still used."""
        tags = _tags()
        self._sqs.tag_queue(QueueUrl=self._url, Tags=tags)
        listed = [{"Key": key, "Value": value} for key, value in tags.items()]
        self._events.tag_resource(ResourceARN=self._rule_arn, Tags=listed)

    def close(self) -> None:
        """Remove rule and queue."""
        if self._rule_arn:
            self._remove_rule(self._name)
        if self._url:
            self._sqs.delete_queue(QueueUrl=self._url)

    def remove_stale(self) -> list[str]:
        """Remove what earlier ones left behind on this bus; answers the names."""
        gone = []
        for rule in self._pages(self._events.list_rules, "Rules", EventBusName=self._bus, NamePrefix=PREFIX):
            tags = self._events.list_tags_for_resource(ResourceARN=rule["Arn"])["Tags"]
            if _is_over({tag["Key"]: tag["Value"] for tag in tags}):
                self._remove_rule(rule["Name"])
                gone.append(rule["Name"])
        for url in self._pages(self._sqs.list_queues, "QueueUrls", QueueNamePrefix=PREFIX):
            if _is_over(self._sqs.list_queue_tags(QueueUrl=url).get("Tags", {})):
                self._sqs.delete_queue(QueueUrl=url)
                gone.append(url.rpartition("/")[2])
        return sorted(set(gone))

    def _remove_rule(self, name: str) -> None:
        targets = self._events.list_targets_by_rule(Rule=name, EventBusName=self._bus)["Targets"]
        if targets:
            ids = [target["Id"] for target in targets]
            self._events.remove_targets(Rule=name, EventBusName=self._bus, Ids=ids)
        self._events.delete_rule(Name=name, EventBusName=self._bus)

    def _pages(self, ask: Any, member: str, **asked: Any) -> Iterator[Any]:
        token: dict[str, Any] = {}
        if member == "QueueUrls":
            asked["MaxResults"] = 1000
        while True:
            page = ask(**asked, **token)
            yield from page.get(member, [])
            if not page.get("NextToken"):
                return
            token = {"NextToken": page["NextToken"]}


def _tags() -> dict[str, str]:
    return {_TAG: str(int(time.time()) + _LIFE)}


def _is_over(tags: dict[str, str]) -> bool:
    """Whether it is one of ours and nobody uses it any more. What has no such tag is somebody else's."""
    until = tags.get(_TAG, "")
    return until.isdecimal() and int(until) < time.time()
