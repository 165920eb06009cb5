"""Clients of one account for each test, and what tests do with them again and again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from tests.acceptance.server import Server, new_account
from tests.acceptance.shapes import watch


@pytest.fixture
def endpoint(server: Server) -> str:
    return server.url


class Account:
    """One account's clients, and what tests do with them again and again."""

    def __init__(self, endpoint: str, number: str) -> None:
        self.number = number

        def client(service: str) -> Any:
            return watch(
                boto3.client(
                    service,
                    endpoint_url=endpoint,
                    region_name="us-east-1",
                    aws_access_key_id=number,
                    aws_secret_access_key="test",
                )
            )

        self.sns, self.sqs = client("sns"), client("sqs")
        self.events, self.scheduler = client("events"), client("scheduler")

    def topic(self, name: str = "topic", **attributes: str) -> str:
        """Make a topic; its ARN."""
        arn: str = self.sns.create_topic(Name=name, Attributes=attributes)["TopicArn"]
        return arn

    def queue(self, name: str = "queue", **attributes: str) -> str:
        """Make a queue; its ARN."""
        self.sqs.create_queue(QueueName=name, Attributes=attributes)
        return f"arn:aws:sqs:us-east-1:{self.number}:{name}"

    def subscribe(self, topic: str, queue: str, **attributes: str) -> str:
        """Subscribe a queue; the subscription's ARN."""
        answer = self.sns.subscribe(
            TopicArn=topic, Protocol="sqs", Endpoint=queue, Attributes=attributes, ReturnSubscriptionArn=True
        )
        arn: str = answer["SubscriptionArn"]
        return arn

    def receive(self, queue: str, count: int = 1) -> list[dict[str, Any]]:
        """The next ``count`` messages of a queue, deleted from it; fewer if nothing comes for five seconds."""
        url = self.sqs.get_queue_url(QueueName=queue.rpartition(":")[2])["QueueUrl"]
        found: list[dict[str, Any]] = []
        while len(found) < count:
            answer = self.sqs.receive_message(
                QueueUrl=url,
                MaxNumberOfMessages=min(10, count - len(found)),
                WaitTimeSeconds=5,
                MessageAttributeNames=["All"],
                MessageSystemAttributeNames=["All"],
            )
            if not answer.get("Messages"):
                break
            for message in answer["Messages"]:
                self.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            found += answer["Messages"]
        return found

    def notifications(self, queue: str, count: int = 1) -> list[dict[str, Any]]:
        """The documents in the next messages of a queue."""
        return [json.loads(message["Body"]) for message in self.receive(queue, count)]

    def close(self) -> None:
        for client in (self.sns, self.sqs, self.events, self.scheduler):
            client.close()


@pytest.fixture
def account(endpoint: str) -> Iterator[Account]:
    account = Account(endpoint, new_account())
    yield account
    account.close()


@pytest.fixture
def other(endpoint: str) -> Iterator[Account]:
    """Another account on the same server."""
    account = Account(endpoint, new_account())
    yield account
    account.close()
