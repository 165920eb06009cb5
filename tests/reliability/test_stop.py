"""SIGTERM is a clean stop, and a restart forgets nothing of a queue's state."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

from .client import Client
from .harness import Campaign, Harness
from .process import ServerProcess
from .topology import create_queue


async def test_stopping_under_load_repeats_and_loses_nothing(tmp_path: Path) -> None:
    result = await Harness(Campaign(tmp_path, rounds=3, seed=5, end="stop", shortest=0.5, longest=1.5)).run()

    assert result.report.faults == [], str(result.report)
    assert [code for code, _ in result.stops] == [0, 0, 0]
    assert max(seconds for _, seconds in result.stops) <= 10
    assert sum(result.acknowledged) >= 300
    print(f"stopped in {[f'{seconds:.2f} s' for _, seconds in result.stops]}: {result.report}")


async def test_a_killed_server_keeps_visible_claimed_and_delayed_messages_apart(tmp_path: Path) -> None:
    server = ServerProcess(tmp_path / "data")
    client = Client(server.port)
    try:
        await server.start()
        url, _ = await create_queue(client, "backlog", VisibilityTimeout="4")
        for text in ("claimed", "visible-1", "visible-2"):
            await client.call("sqs", "SendMessage", QueueUrl=url, MessageBody=text)
        await client.call("sqs", "SendMessage", QueueUrl=url, MessageBody="delayed", DelaySeconds=600)
        claim = await client.call("sqs", "ReceiveMessage", QueueUrl=url, MaxNumberOfMessages=1)
        [claimed] = claim["Messages"]
        server.kill()
        await server.start()

        names = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
        wanted = [*names, "ApproximateNumberOfMessagesDelayed"]
        counts = (await client.call("sqs", "GetQueueAttributes", QueueUrl=url, AttributeNames=wanted))["Attributes"]
        assert [counts[name] for name in wanted] == ["2", "1", "1"]

        rest = await client.call("sqs", "ReceiveMessage", QueueUrl=url, MaxNumberOfMessages=10)
        assert {message["Body"] for message in rest["Messages"]} == {"visible-1", "visible-2", "claimed"} - {
            claimed["Body"]
        }
        handles = [message["ReceiptHandle"] for message in rest["Messages"]]
        for handle in handles:
            await client.call("sqs", "DeleteMessage", QueueUrl=url, ReceiptHandle=handle)
        again = await client.call(
            "sqs", "ReceiveMessage", QueueUrl=url, WaitTimeSeconds=10, AttributeNames=["ApproximateReceiveCount"]
        )
        [message] = again["Messages"]
        assert message["Body"] == claimed["Body"]
        assert message["Attributes"]["ApproximateReceiveCount"] == "2"
    finally:
        client.close()
        server.kill()


async def test_events_published_before_a_kill_reach_a_queue_nobody_has_read_yet(tmp_path: Path) -> None:
    server = ServerProcess(tmp_path / "data")
    client = Client(server.port)
    try:
        await server.start()
        url, arn = await create_queue(client, "later")
        await client.call("events", "PutRule", Name="all", EventPattern='{"source": ["shop"]}')
        await client.call("events", "PutTargets", Rule="all", Targets=[{"Id": "1", "Arn": arn}])
        entries = [{"Source": "shop", "DetailType": "sold", "Detail": f'{{"n": {n}}}'} for n in range(10)]
        answer = await client.call("events", "PutEvents", Entries=entries)
        server.kill()
        await server.start()

        received: set[str] = set()
        async with asyncio.timeout(10):
            while len(received) < 10:
                more = await client.call(
                    "sqs", "ReceiveMessage", QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1
                )
                received |= {json.loads(message["Body"])["id"] for message in more.get("Messages") or []}
        assert received == {entry["EventId"] for entry in answer["Entries"]}
    finally:
        client.close()
        server.kill()
