"""A whole development server in a process of its own that can be killed and started again, and boto3 clients for it."""

from __future__ import annotations

import itertools
import subprocess
import sys
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from tests.acceptance.shapes import watch

_numbers = itertools.count(1)


def new_account() -> str:
    """An account that no other test has."""
    return f"{next(_numbers):012d}"


class Server:
    """``data``: the directory that outlives the process. ``url``: another one after each start that names no port."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.start()

    def start(self, port: str = "0") -> None:
        command = [sys.executable, "-m", "eventyard", "dev", "--port", port, "--data", str(self.data)]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        assert self._process.stdout is not None
        self.url = next(line.strip().rpartition("=")[2] for line in self._process.stdout if "AWS_ENDPOINT_URL=" in line)
        self._clients: list[Any] = []

    def kill(self) -> None:
        self._process.kill()
        self._close()

    def stop(self) -> None:
        self._process.terminate()
        self._close()

    def client(self, service: str, account: str) -> Any:
        """A client that is closed with the server."""
        client = boto3.client(
            service,
            endpoint_url=self.url,
            region_name="us-east-1",
            aws_access_key_id=account,
            aws_secret_access_key="test",
            config=Config(retries={"total_max_attempts": 1}),
        )
        self._clients.append(watch(client))
        return client

    def _close(self) -> None:
        for client in self._clients:
            client.close()
        self._process.wait(20)
        assert self._process.stdout is not None
        self._process.stdout.close()
