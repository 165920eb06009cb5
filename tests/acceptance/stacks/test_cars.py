"""The example of the used-car company, applied: every event reaches the services that its contract names."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from eventyard.contract import read_document
from tests.acceptance.server import Server
from tests.acceptance.stacks.driver import Driver
from tests.acceptance.waiting import until

CARS = Path(__file__).parents[3] / "examples" / "cars"


def _run(server: Server, *command: str) -> None:
    environment = os.environ | {"AWS_ENDPOINT_URL": server.url}
    done = subprocess.run(
        [sys.executable, "-m", "eventyard", *command],
        cwd=CARS, env=environment, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_event_reaches_those_whom_its_contract_names(server: Server, driver: Driver) -> None:
    _run(server, "contracts", "push", "contracts", "--registry", "contracts")
    _run(server, "apply", "eventyard.yml", "--yes")
    contracts = [
        read_document(path.name, path.read_text()).contract for path in (CARS / "contracts/events").glob("*.md")
    ]
    wanted: dict[str, set[str]] = {}
    for contract in contracts:
        assert contract is not None
        for service in contract.subscribers:
            wanted.setdefault(service, set()).add(contract.type)
        detail = json.dumps(contract.examples[0].detail)
        entry = {"EventBusName": "cars", "Source": contract.source, "DetailType": contract.type, "Detail": detail}
        assert driver.call("events", "PutEvents", Entries=[entry])["FailedEntryCount"] == 0
    del wanted["capture"]  # is a stream, which has all of them
    for service, types in wanted.items():
        assert _received(driver, service, len(types)) == types, service


def _received(driver: Driver, service: str, enough: int) -> set[str]:
    url = driver.call("sqs", "GetQueueUrl", QueueName=service)["QueueUrl"]
    found: set[str] = set()

    def look() -> bool:
        asked: dict[str, Any] = {"QueueUrl": url, "MaxNumberOfMessages": 10, "WaitTimeSeconds": 1}
        for message in driver.call("sqs", "ReceiveMessage", **asked).get("Messages", []):
            body = json.loads(message["Body"])
            found.add(body.get("detail-type") or body["what"])
        return len(found) >= enough

    until(look)
    return found
