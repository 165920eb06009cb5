"""A client of one account for each test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest

from tests.acceptance.server import Server, new_account
from tests.acceptance.shapes import watch


@pytest.fixture
def endpoint(server: Server) -> str:
    return server.url


@pytest.fixture
def sqs(endpoint: str) -> Iterator[Any]:
    client = boto3.client(
        "sqs",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id=new_account(),
        aws_secret_access_key="test",
    )
    yield watch(client)
    client.close()


@pytest.fixture
def make(sqs: Any) -> Callable[..., str]:
    """Make a queue with attributes; its URL."""

    def make(name: str = "queue", **attributes: str) -> str:
        url: str = sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
        return url

    return make
