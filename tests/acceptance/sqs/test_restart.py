"""A message move task goes on after kill -9, and each dead letter comes home."""

from __future__ import annotations

import json
from pathlib import Path

from tests.acceptance.server import Server
from tests.acceptance.waiting import until

ACCOUNT = "000000000001"


def test_move_task_goes_on_after_a_kill(tmp_path: Path) -> None:
    server = Server(tmp_path / "data")
    try:
        sqs = server.client("sqs", ACCOUNT)
        dead = sqs.create_queue(QueueName="dead")["QueueUrl"]
        source = f"arn:aws:sqs:us-east-1:{ACCOUNT}:dead"
        policy = json.dumps({"deadLetterTargetArn": source, "maxReceiveCount": 1})
        for name in ("one", "two"):
            url = sqs.create_queue(QueueName=name, Attributes={"RedrivePolicy": policy})["QueueUrl"]
            for number in range(4):
                sqs.send_message(QueueUrl=url, MessageBody=f"{name} {number}")
            sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=0)
            assert "Messages" not in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)
        sqs.start_message_move_task(SourceArn=source, MaxNumberOfMessagesPerSecond=2)
        server.kill()
        server.start()
        sqs = server.client("sqs", ACCOUNT)
        until(lambda: sqs.list_message_move_tasks(SourceArn=source)["Results"][0]["Status"] == "COMPLETED", 60)
        for name in ("one", "two"):
            url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
            found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
            # One that was on its way when the server was killed may be there twice.
            assert {message["Body"] for message in found} == {f"{name} {number}" for number in range(4)}
        assert "Messages" not in sqs.receive_message(QueueUrl=dead)
    finally:
        server.stop()
