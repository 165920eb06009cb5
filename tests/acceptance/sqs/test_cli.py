"""SQS as the AWS CLI sees it, and what is refused."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

Make = Callable[..., str]
AWS = Path(sys.executable).with_name("aws")


def test_cli_sends_receives_and_deletes(endpoint: str) -> None:
    environment = {
        "PATH": os.environ["PATH"],
        "AWS_ACCESS_KEY_ID": "444455557777",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }

    def aws(*words: str) -> Any:
        command = [str(AWS), "--endpoint-url", endpoint, "--output", "json", "sqs", *words]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=30, check=False)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout) if done.stdout.strip() else {}

    url = aws("create-queue", "--queue-name", "cli")["QueueUrl"]
    sent = aws("send-message", "--queue-url", url, "--message-body", "hi")
    (message,) = aws("receive-message", "--queue-url", url)["Messages"]
    assert (message["MessageId"], message["Body"]) == (sent["MessageId"], "hi")
    aws("delete-message", "--queue-url", url, "--receipt-handle", message["ReceiptHandle"])
    assert aws("receive-message", "--queue-url", url, "--visibility-timeout", "0") == {}


@pytest.mark.parametrize(
    ("operation", "parameters", "expected"),
    [
        ("delete_message", {"ReceiptHandle": "nonsense"}, "ReceiptHandleIsInvalid"),
        ("change_message_visibility", {"ReceiptHandle": "x", "VisibilityTimeout": 1}, "ReceiptHandleIsInvalid"),
        ("get_queue_attributes", {"AttributeNames": ["Nonsense"]}, "InvalidAttributeName"),
        ("set_queue_attributes", {"Attributes": {"Nonsense": "1"}}, "InvalidAttributeName"),
        ("receive_message", {"MaxNumberOfMessages": 11}, "InvalidParameterValue"),
        ("receive_message", {"AttributeNames": ["SentTimestamp", "Nonsense"]}, "InvalidAttributeName"),
        ("receive_message", {"MessageSystemAttributeNames": ["all"], "WaitTimeSeconds": 20}, "InvalidAttributeName"),
        ("send_message", {"MessageBody": "a", "DelaySeconds": 901}, "InvalidParameterValue"),
        ("delete_message_batch", {"Entries": []}, "AWS.SimpleQueueService.EmptyBatchRequest"),
        ("remove_permission", {"Label": "absent"}, "InvalidParameterValue"),
    ],
)
def test_bad_request_is_refused(
    sqs: Any, make: Make, operation: str, parameters: dict[str, Any], expected: str
) -> None:
    url = make()
    with pytest.raises(ClientError) as error:
        getattr(sqs, operation)(QueueUrl=url, **parameters)
    assert error.value.response["Error"]["Code"] == expected


@pytest.mark.parametrize("operation", ["delete_queue", "purge_queue", "list_queue_tags", "receive_message"])
def test_absent_queue_does_not_exist(sqs: Any, endpoint: str, operation: str) -> None:
    with pytest.raises(sqs.exceptions.QueueDoesNotExist):
        getattr(sqs, operation)(QueueUrl=f"{endpoint}/000000000000/absent")
