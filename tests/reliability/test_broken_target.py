"""A rule whose queue was deleted: its producer notices nothing, and its events are found in the dead-letter queue."""

from __future__ import annotations

import json
from pathlib import Path

from .client import Client
from .process import ServerProcess
from .topology import create_queue


async def test_events_for_a_deleted_queue_go_to_the_dead_letter_queue(tmp_path: Path) -> None:
    server = ServerProcess(tmp_path / "data")
    client = Client(server.port)
    try:
        await server.start()
        healthy_url, healthy = await create_queue(client, "healthy")
        gone_url, gone = await create_queue(client, "gone")
        dead_url, dead = await create_queue(client, "dead-letters")
        rule = await client.call("events", "PutRule", Name="sold", EventPattern='{"detail-type": ["sold"]}')
        targets = [{"Id": "1", "Arn": gone, "DeadLetterConfig": {"Arn": dead}}, {"Id": "2", "Arn": healthy}]
        await client.call("events", "PutTargets", Rule="sold", Targets=targets)
        await client.call("sqs", "DeleteQueue", QueueUrl=gone_url)

        entry = {"Source": "shop", "DetailType": "sold", "Detail": '{"price":  1.50}'}
        answer = await client.call("events", "PutEvents", Entries=[entry])
        assert answer["FailedEntryCount"] == 0
        event_id = answer["Entries"][0]["EventId"]

        wanted = {"WaitTimeSeconds": 10, "MessageAttributeNames": ["All"]}
        [letter] = (await client.call("sqs", "ReceiveMessage", QueueUrl=dead_url, **wanted))["Messages"]
        assert json.loads(letter["Body"])["id"] == event_id
        assert letter["Body"].endswith('"detail":{"price":  1.50}}')
        attributes = {name: value["StringValue"] for name, value in letter["MessageAttributes"].items()}
        assert attributes["RULE_ARN"] == rule["RuleArn"]
        assert attributes["TARGET_ARN"] == gone
        # AWS sends what cannot succeed straight to the queue (EventBridge user guide, "Using dead-letter queues").
        assert attributes["ERROR_CODE"] == "NO_RESOURCE"
        assert attributes["ERROR_MESSAGE"]
        assert attributes.get("RETRY_ATTEMPTS", "0") == "0"

        [message] = (await client.call("sqs", "ReceiveMessage", QueueUrl=healthy_url, **wanted))["Messages"]
        assert json.loads(message["Body"])["id"] == event_id
    finally:
        client.close()
        server.kill()
