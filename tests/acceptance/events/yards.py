"""A real server in a process of its own, and what a test of deliveries needs of it."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from tests.acceptance.shapes import watch

_accounts = (f"{number:012d}" for number in itertools.count(300_000_000_001))


class Process:
    """``eventyard dev`` or ``serve`` on ``data``."""

    def __init__(self, data: Path, *options: str, command: str = "dev") -> None:
        self.data = data
        self._arguments = [command, "--port", "0", "--data", str(data), *options]
        self._clients: list[Any] = []
        self.start()

    def start(self) -> None:
        self.log = (self.data.parent / f"{self.data.name}.log").open("a")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "eventyard", *self._arguments],
            stdout=subprocess.DEVNULL,
            stderr=self.log,
            text=True,
        )
        until = time.monotonic() + 20
        started = Path(self.log.name).read_text().count("url=")
        while True:
            assert time.monotonic() < until, Path(self.log.name).read_text()
            lines = [line for line in Path(self.log.name).read_text().splitlines() if "serving" in line]
            if len(lines) > started:
                break
            time.sleep(0.05)
        line = lines[-1]
        self.url = json.loads(line)["url"] if line.startswith("{") else line.split("url=")[1].split()[0]

    def kill(self) -> None:
        self._process.kill()
        self._process.wait(20)
        self.log.close()

    def stop(self) -> int:
        self._process.terminate()
        self._process.wait(20)
        self.log.close()
        for client in self._clients:
            client.close()
        return self._process.returncode

    def yard(self) -> Yard:
        return Yard(self, next(_accounts))

    def client(self, service: str, account: str, region: str = "eu-west-1") -> Any:
        client = boto3.client(
            service,
            endpoint_url=self.url,
            region_name=region,
            aws_access_key_id=account,
            aws_secret_access_key="secret",
            config=Config(retries={"total_max_attempts": 1}),
        )
        self._clients.append(watch(client))
        return client


class Yard:
    """An account of its own on a server, with shortcuts to API destinations."""

    def __init__(self, process: Process, account: str) -> None:
        self.process = process
        self.account = account
        self.connect()

    def connect(self) -> None:
        self.events = self.process.client("events", self.account)
        self.sqs = self.process.client("sqs", self.account)

    def connection(self, name: str = "conn", kind: str = "API_KEY", **parameters: Any) -> str:
        if kind == "API_KEY":
            parameters.setdefault("ApiKeyAuthParameters", {"ApiKeyName": "X-Key", "ApiKeyValue": "key-value"})
        made = self.events.create_connection(Name=name, AuthorizationType=kind, AuthParameters=parameters)
        arn: str = made["ConnectionArn"]
        return arn

    def destination(self, url: str, connection: str, name: str = "dest", **more: Any) -> str:
        arn: str = self.events.create_api_destination(
            **{"Name": name, "ConnectionArn": connection, "InvocationEndpoint": url, "HttpMethod": "POST"} | more
        )["ApiDestinationArn"]
        return arn

    def rule(self, destination: str, name: str = "rule", retries: int = 0, **target: Any) -> str:
        """A rule for events whose detail-type is its name; what it can't deliver goes to the queue whose URL comes
        back."""
        url: str = self.sqs.create_queue(QueueName=f"{name}-dead")["QueueUrl"]
        arn = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        self.events.put_rule(Name=name, EventPattern=json.dumps({"detail-type": [name]}))
        role = f"arn:aws:iam::{self.account}:role/caller"
        answer = self.events.put_targets(
            Rule=name,
            Targets=[
                {
                    "Id": "1",
                    "Arn": destination,
                    "RoleArn": role,
                    "RetryPolicy": {"MaximumRetryAttempts": retries},
                    "DeadLetterConfig": {"Arn": arn},
                    **target,
                }
            ],
        )
        assert answer["FailedEntryCount"] == 0
        return url

    def put(self, kind: str = "rule", **detail: Any) -> str:
        entry = {"Source": "test", "DetailType": kind, "Detail": json.dumps(detail)}
        event_id: str = self.events.put_events(Entries=[entry])["Entries"][0]["EventId"]
        return event_id

    def dead(self, queue: str) -> dict[str, str]:
        """The attributes of the next dead letter."""
        found = self.sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=15, MessageAttributeNames=["All"])
        attributes = found["Messages"][0]["MessageAttributes"]
        return {name: value["StringValue"] for name, value in attributes.items()}

    def waits_for(self, name: str, state: str) -> dict[str, Any]:
        """The connection, once it is in ``state``."""
        until = time.monotonic() + 10
        while True:
            found: dict[str, Any] = self.events.describe_connection(Name=name)
            if found["ConnectionState"] == state:
                return found
            assert time.monotonic() < until, found
            time.sleep(0.02)
