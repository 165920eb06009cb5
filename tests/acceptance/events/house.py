"""A whole development server in a process of its own that can be killed and started again, and boto3 clients."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config


class House:
    """``data``: the directory that outlives the process."""

    def __init__(self, data: Path) -> None:
        self._data = data
        self._clients: list[Any] = []
        self.start()

    def start(self) -> None:
        command = [sys.executable, "-m", "eventyard", "dev", "--port", "0", "--data", str(self._data)]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        assert self._process.stdout is not None
        self.url = next(line.strip().rpartition("=")[2] for line in self._process.stdout if "AWS_ENDPOINT_URL=" in line)

    def kill(self) -> None:
        self._process.kill()
        self._close()

    def stop(self) -> None:
        self._process.terminate()
        self._close()

    def client(self, service: str, account: str) -> Any:
        client = boto3.client(
            service,
            endpoint_url=self.url,
            region_name="us-east-1",
            aws_access_key_id=account,
            aws_secret_access_key="test",
            config=Config(retries={"total_max_attempts": 1}),
        )
        self._clients.append(client)
        return client

    def _close(self) -> None:
        for client in self._clients:
            client.close()
        self._clients.clear()
        self._process.wait(20)
        assert self._process.stdout is not None
        self._process.stdout.close()


def until(check: Callable[[], Any], seconds: float = 15) -> Any:
    """What ``check`` answers, once that is true; it must be before the time is over."""
    end = time.monotonic() + seconds
    while True:
        found = check()
        if found:
            return found
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)
