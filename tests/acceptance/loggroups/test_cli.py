"""Logs as the AWS CLI sees them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from eventyard.cli.running import exports
from tests.acceptance.server import Server

AWS = Path(sys.executable).with_name("aws")


def test_cli_puts_gets_and_filters_events(server: Server, account: str) -> None:
    environment = {
        "PATH": os.environ["PATH"],
        "AWS_ACCESS_KEY_ID": account,
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }

    def aws(*words: str) -> Any:
        command = [str(AWS), "--endpoint-url", server.url, "--output", "json", "logs", *words]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout) if done.stdout.strip() else {}

    place = ("--log-group-name", "/cli", "--log-stream-name", "s")
    aws("create-log-group", *place[:2])
    aws("create-log-stream", *place)
    at = int(time.time() * 1000)
    events = [{"timestamp": at, "message": "ERROR one"}, {"timestamp": at + 1, "message": "INFO two"}]
    aws("put-log-events", *place, "--log-events", json.dumps(events))
    found = aws("get-log-events", *place)["events"]
    assert [event["message"] for event in found] == ["ERROR one", "INFO two"]
    (event,) = aws("filter-log-events", *place[:2], "--filter-pattern", "ERROR")["events"]
    assert (event["message"], event["timestamp"], event["logStreamName"]) == ("ERROR one", at, "s")


def test_live_tail_which_has_a_host_of_its_own_in_aws_is_refused_by_name(server: Server) -> None:
    """With the environment that ``eventyard dev`` says to set."""
    group = "arn:aws:logs:us-east-1:123456789012:log-group:/a"
    tail = f"{AWS} --endpoint-url $AWS_ENDPOINT_URL logs start-live-tail --log-group-identifiers {group}"
    environment = {"PATH": os.environ["PATH"], "AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
    command = ["bash", "-c", f"{exports(server.url)}\n{tail}"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert "Operation StartLiveTail of service logs is not implemented by this server." in done.stderr
