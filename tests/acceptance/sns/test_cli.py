"""SNS as the AWS CLI sees it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

AWS = Path(sys.executable).with_name("aws")


def test_cli_subscribes_a_queue_and_publishes(endpoint: str) -> None:
    environment = {
        "PATH": os.environ["PATH"],
        "AWS_ACCESS_KEY_ID": "444455556666",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }

    def aws(*words: str) -> Any:
        command = [str(AWS), "--endpoint-url", endpoint, "--output", "json", *words]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=30, check=False)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout) if done.stdout.strip() else {}

    topic = aws("sns", "create-topic", "--name", "cli")["TopicArn"]
    url = aws("sqs", "create-queue", "--queue-name", "cli")["QueueUrl"]
    queue = "arn:aws:sqs:us-east-1:444455556666:cli"
    subscribe = ["sns", "subscribe", "--topic-arn", topic, "--protocol", "sqs", "--notification-endpoint", queue]
    aws(*subscribe, "--attributes", '{"FilterPolicy": "{\\"n\\": [1]}", "FilterPolicyScope": "MessageBody"}')
    aws("sns", "publish", "--topic-arn", topic, "--message", '{"n": 2}')
    sent = aws("sns", "publish", "--topic-arn", topic, "--message", '{"n": 1}')
    (message,) = aws("sqs", "receive-message", "--queue-url", url, "--wait-time-seconds", "5")["Messages"]
    document = json.loads(message["Body"])
    assert (document["MessageId"], document["Message"]) == (sent["MessageId"], '{"n": 1}')
