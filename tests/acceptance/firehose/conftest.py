"""A real development server in a process of its own that can be killed and started again, and boto3 clients for it."""

from __future__ import annotations

import itertools
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

_numbers = itertools.count(1)


class Server:
    def __init__(self, data: Path) -> None:
        self.data = data
        self.start()

    def start(self) -> None:
        command = [sys.executable, "-m", "eventyard", "dev", "--port", "0", "--data", str(self.data)]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        assert self._process.stdout is not None
        self.url = next(line.strip().rpartition("=")[2] for line in self._process.stdout if "AWS_ENDPOINT_URL=" in line)

    def kill(self) -> None:
        self._process.kill()
        self._close()

    def stop(self) -> None:
        self._process.terminate()
        self._close()

    def _close(self) -> None:
        self._process.wait(20)
        assert self._process.stdout is not None
        self._process.stdout.close()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("firehose"))
    yield server
    server.stop()


@pytest.fixture
def account() -> str:
    return f"{next(_numbers):012d}"


@pytest.fixture
def connect(server: Server, account: str) -> Iterator[Callable[[str], Any]]:
    clients = []

    def connect(service: str) -> Any:
        client = boto3.client(
            service,
            endpoint_url=server.url,
            region_name="us-east-1",
            aws_access_key_id=account,
            aws_secret_access_key="test",
            config=Config(retries={"total_max_attempts": 1}),
        )
        clients.append(client)
        return client

    yield connect
    for client in clients:
        client.close()


@pytest.fixture
def firehose(connect: Callable[[str], Any]) -> Any:
    return connect("firehose")
