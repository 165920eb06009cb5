"""The client against a real server: durable when acknowledged, found as every AWS client finds it, received by
handlers."""

from __future__ import annotations

import asyncio
import io
import itertools
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from eventyard import ContractViolation, EventClient, EventInfo, SyncEventClient, handler
from eventyard.client import Backoff, Batching
from tests.acceptance.server import Server
from tests.acceptance.waiting import until
from tests.reliability.process import ServerProcess
from tests.unit.client.contracts import GOOD, repository

TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


@pytest.fixture
def queue(connect: Callable[[str], Any], account: str, monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[Any]]:
    """Takes messages out of a queue that gets every event of source uk.co.cars.sales."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", account)
    queues, events = connect("sqs"), connect("events")
    url = queues.create_queue(QueueName="all")["QueueUrl"]
    events.put_rule(Name="all", EventPattern='{"source": ["uk.co.cars.sales"]}')
    arn = f"arn:aws:sqs:us-east-1:{account}:all"
    events.put_targets(Rule="all", Targets=[{"Id": "all", "Arn": arn}])

    def take() -> list[Any]:
        found = queues.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1, MessageSystemAttributeNames=["AWSTraceHeader"]
        ).get("Messages", [])
        for each in found:
            queues.delete_message(QueueUrl=url, ReceiptHandle=each["ReceiptHandle"])
        return found

    return take


async def test_event_that_keeps_its_contract_is_delivered_with_its_trace_and_id(
    server: Server, queue: Callable[[], list[Any]]
) -> None:
    async with EventClient(repository(), endpoint_url=server.url) as events:
        event_id = await events.put("PurchaseConfirmed", GOOD, traceparent=TRACEPARENT, once="order-1")
        with pytest.raises(ContractViolation):
            await events.put("PurchaseConfirmed", {})
    (message,) = await asyncio.to_thread(until, queue)

    seen: list[Any] = []

    @handler("PurchaseConfirmed", contracts=repository())
    def note(purchase: dict[str, Any], info: EventInfo) -> None:
        seen.extend([purchase, info])

    record = {
        "messageId": message["MessageId"],
        "body": message["Body"],
        "attributes": message["Attributes"],
        "eventSource": "aws:sqs",
    }
    assert await note.handle({"Records": [record]}) == {"batchItemFailures": []}
    assert seen[0] == GOOD
    assert (seen[1].id, seen[1].once, seen[1].traceparent) == (event_id, "order-1", TRACEPARENT)


@pytest.mark.parametrize("way", ["service", "all", "profile"])
def test_endpoint_is_found_as_every_aws_client_finds_it(
    server: Server,
    queue: Callable[[], list[Any]],
    way: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    account: str,
) -> None:
    options = {}
    if way == "profile":
        config = tmp_path / "config"
        config.write_text(
            f"[profile cars]\nregion = us-east-1\naws_access_key_id = {account}\naws_secret_access_key = x\n"
            f"services = here\n[services here]\neventbridge =\n  endpoint_url = {server.url}\n"
        )
        monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION"):
            monkeypatch.delenv(name)
        options["profile"] = "cars"
    else:
        monkeypatch.setenv("AWS_ENDPOINT_URL" + ("_EVENTBRIDGE" if way == "service" else ""), server.url)
    with SyncEventClient(repository(), **options) as events:
        event_id = events.put("PurchaseConfirmed", GOOD)
    (message,) = until(queue)
    assert json.loads(message["Body"])["id"] == event_id


async def test_nothing_acknowledged_is_lost_when_the_server_is_killed_under_load(tmp_path: Path) -> None:
    server = ServerProcess(tmp_path / "data")
    await server.start()
    events = EventClient(
        unknown="allow",
        source="cars",
        endpoint_url=f"http://127.0.0.1:{server.port}",
        backoff=Backoff(first=0.05, longest=0.5, tries=1000, patience=60),
        batching=Batching(linger=0.001),
    )
    acknowledged: dict[int, str] = {}
    numbers, stop = itertools.count(), asyncio.Event()

    async def publish(key: str) -> None:
        while not stop.is_set():
            n = next(numbers)
            acknowledged[n] = await events.put("A", {"n": n, "key": key}, key=key)

    publishing: list[asyncio.Task[None]] = []
    try:
        await asyncio.to_thread(_rule, server.port)
        publishing += [asyncio.create_task(publish(str(n))) for n in range(20)]
        for _ in range(3):
            before = len(acknowledged)
            while len(acknowledged) < before + 200:  # noqa: ASYNC110 - of 20 tasks, none of which is the one to tell
                await asyncio.sleep(0.01)
            server.kill()
            await server.start()
        stop.set()
        await asyncio.gather(*publishing)
        await events.close()
        received = await asyncio.to_thread(_drain, server.port, len(acknowledged))
    finally:
        for task in publishing:
            task.cancel()
        server.kill()
    assert events.tally.count("retries") > 0, "the server was not missed"
    by_id = {event["id"]: event["detail"]["n"] for event in received}
    assert {n: by_id.get(event_id) for n, event_id in acknowledged.items()} == {n: n for n in acknowledged}


def _sqs(port: int, service: str) -> Any:
    import boto3

    return boto3.client(service, endpoint_url=f"http://127.0.0.1:{port}", region_name="us-east-1")


def _rule(port: int) -> None:
    queues, events = _sqs(port, "sqs"), _sqs(port, "events")
    queues.create_queue(QueueName="all")
    events.put_rule(Name="all", EventPattern='{"source": ["cars"]}')
    events.put_targets(Rule="all", Targets=[{"Id": "q", "Arn": "arn:aws:sqs:us-east-1:123456789012:all"}])
    queues.close()
    events.close()


def _drain(port: int, least: int) -> list[dict[str, Any]]:
    queues = _sqs(port, "sqs")
    url = queues.get_queue_url(QueueName="all")["QueueUrl"]
    found: list[dict[str, Any]] = []
    quiet = 0
    while quiet < 2 or len({event["id"] for event in found}) < least:
        messages = queues.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1).get("Messages", [])
        quiet = 0 if messages else quiet + 1
        assert quiet < 15, f"only {len(found)} of {least} came"
        found += [json.loads(message["Body"]) for message in messages]
        if messages:
            entries = [{"Id": str(n), "ReceiptHandle": each["ReceiptHandle"]} for n, each in enumerate(messages)]
            queues.delete_message_batch(QueueUrl=url, Entries=entries)
    queues.close()
    return found


_FUNCTION = """
from eventyard import EventInfo, handler

@handler("PurchaseConfirmed")
def on_confirmed(purchase: dict, info: EventInfo):
    return {"vin": purchase["vin"], "type": info.type}
"""


def test_handler_runs_as_a_function_of_the_server(connect: Callable[[str], Any]) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("handlers.py", _FUNCTION)
    functions = connect("lambda")
    functions.create_function(
        FunctionName="on-confirmed",
        Runtime="python3.11",
        Role="arn:aws:iam::123456789012:role/any",
        Handler="handlers.on_confirmed",
        Code={"ZipFile": file.getvalue()},
    )
    event = {
        "id": "e-1",
        "detail-type": "PurchaseConfirmed",
        "source": "uk.co.cars.sales",
        "account": "1",
        "region": "r",
        "time": "2026-11-25T12:00:00Z",
        "detail": GOOD,
    }
    answer = functions.invoke(FunctionName="on-confirmed", Payload=json.dumps(event))
    assert json.loads(answer["Payload"].read()) == {"vin": GOOD["vin"], "type": "PurchaseConfirmed"}
