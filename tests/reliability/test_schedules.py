"""kill -9 while schedules are due: every moment is fired, exactly once; its message comes at least once."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from .process import ServerProcess

ACCOUNT = "123456789012"
SECONDS = 8


def _client(service: str, server: ServerProcess) -> Any:
    return boto3.client(
        service,
        endpoint_url=f"http://127.0.0.1:{server.port}",
        region_name="us-east-1",
        aws_access_key_id=ACCOUNT,
        aws_secret_access_key="test",
        config=Config(retries={"total_max_attempts": 10}),
    )


async def test_every_moment_fires_once_through_kills(tmp_path: Path) -> None:
    dice = random.Random(20261123)
    server = ServerProcess(tmp_path / "data")
    await server.start()
    scheduler, sqs = _client("scheduler", server), _client("sqs", server)
    url = sqs.create_queue(QueueName="q")["QueueUrl"]
    begun = datetime.now(UTC) + timedelta(seconds=3)
    wanted = [(begun + timedelta(seconds=number % SECONDS)).strftime("%Y-%m-%dT%H:%M:%S") for number in range(40)]
    for number, moment in enumerate(wanted):
        target = {
            "Arn": f"arn:aws:sqs:us-east-1:{ACCOUNT}:q",
            "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/r",
            "Input": f"{number} <aws.scheduler.scheduled-time> <aws.scheduler.execution-id>",
        }
        scheduler.create_schedule(
            Name=f"s{number}", ScheduleExpression=f"at({moment})", Target=target, FlexibleTimeWindow={"Mode": "OFF"}
        )
    while datetime.now(UTC) < begun + timedelta(seconds=SECONDS):
        await asyncio.sleep(dice.uniform(0.3, 1.2))
        server.kill()
        await server.start()
    got: set[str] = set()
    end = time.monotonic() + 15
    while time.monotonic() < end and len(got) < len(wanted):
        for message in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1).get("Messages", ()):
            got.add(message["Body"])
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    await server.stop()
    scheduler.close()
    sqs.close()
    # Deliveries may repeat after a kill, firings may not: a second one would have an id of its own.
    firings = Counter(tuple(body.split()[:2]) for body in got)
    assert firings == Counter({(str(number), f"{moment}Z"): 1 for number, moment in enumerate(wanted)})
