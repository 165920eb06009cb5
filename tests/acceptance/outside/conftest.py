"""A yard with targets outside: an account of the test's own on a real server, and the server's pages for it."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

import pytest

from tests.acceptance.server import Server

_PAGE = "/_eventyard/targets"


class Yard:
    """``account``: whose yard it is."""

    def __init__(self, server: Server, account: str) -> None:
        self.server = server
        self.account = account

    def client(self, service: str) -> Any:
        return self.server.client(service, self.account)

    def page(self, method: str, path: str = "", body: dict[str, Any] | None = None) -> dict[str, Any]:
        """What the page answers; where it refuses, its status with code and message."""
        data = None if body is None else json.dumps(body).encode()
        url = f"{self.server.url}{_PAGE}{path}?account={self.account}"
        try:
            with urllib.request.urlopen(urllib.request.Request(url, data, method=method)) as answer:
                found: dict[str, Any] = json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                return {"status": error.code, **json.load(error)}
        return found

    def target(self, name: str, kind: str, **settings: Any) -> str:
        """The ARN of a new target."""
        answer = self.page("PUT", f"/{name}", {"kind": kind, **settings})
        assert "arn" in answer, answer
        return str(answer["arn"])

    def rule(self, arn: str, name: str = "all", **target: Any) -> None:
        events = self.client("events")
        events.put_rule(Name=name, EventPattern='{"source": ["cars"]}')
        events.put_targets(Rule=name, Targets=[{"Id": "1", "Arn": arn, **target}])

    def put(self, **detail: Any) -> str:
        return self.put_all([detail])[0]

    def put_all(self, details: list[dict[str, Any]]) -> list[str]:
        entries = [{"Source": "cars", "DetailType": "LotSelected", "Detail": json.dumps(one)} for one in details]
        answer = self.client("events").put_events(Entries=entries)
        assert answer["FailedEntryCount"] == 0
        return [str(one["EventId"]) for one in answer["Entries"]]

    def queue(self, name: str) -> tuple[str, str]:
        """URL and ARN of a new queue."""
        sqs = self.client("sqs")
        url = sqs.create_queue(QueueName=name)["QueueUrl"]
        return url, f"arn:aws:sqs:us-east-1:{self.account}:{name}"

    def letter(self, url: str) -> dict[str, Any] | None:
        found = self.client("sqs").receive_message(
            QueueUrl=url, WaitTimeSeconds=10, MessageAttributeNames=["All"], MessageSystemAttributeNames=["All"]
        )
        messages = found.get("Messages") or [None]
        return messages[0]


@pytest.fixture
def yard(server: Server, account: str) -> Yard:
    return Yard(server, account)


@pytest.fixture
def nats(server_of: Callable[[str], Any]) -> Any:
    return server_of("nats")
