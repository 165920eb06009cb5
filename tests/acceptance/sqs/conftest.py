"""A real development server in a process of its own, and boto3 clients for it."""

from __future__ import annotations

import itertools
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    data: Path = tmp_path_factory.mktemp("sqs")
    command = [sys.executable, "-m", "eventyard", "dev", "--port", "0", "--data", str(data)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        assert server.stdout is not None
        yield next(line.strip().rpartition("=")[2] for line in server.stdout if "AWS_ENDPOINT_URL=" in line)
        server.terminate()


@pytest.fixture
def sqs(endpoint: str) -> Iterator[Any]:
    client = boto3.client(
        "sqs",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id=f"{next(_numbers):012d}",
        aws_secret_access_key="test",
    )
    yield client
    client.close()


@pytest.fixture
def make(sqs: Any) -> Callable[..., str]:
    """Make a queue with attributes; its URL."""

    def make(name: str = "queue", **attributes: str) -> str:
        url: str = sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
        return url

    return make
