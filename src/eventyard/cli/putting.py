"""Publishing one event from the command line."""

from __future__ import annotations

import sys
from pathlib import Path

import typer
from botocore.exceptions import BotoCoreError, ClientError

from eventyard.cli.client import aws_client
from eventyard.errors import InvalidRequest, TryAgain


def put_event(endpoint: str, bus: str, source: str, detail_type: str, detail: str) -> None:
    """Publish and print the id. Raises InvalidRequest for what the bus refuses, TryAgain where nobody answers."""
    if detail == "-":
        detail = sys.stdin.read()
    elif detail.startswith("@"):
        path = Path(detail[1:])
        if not path.is_file():
            raise InvalidRequest(f"There is no file {path}.")
        detail = path.read_text()
    entry = {"Source": source, "DetailType": detail_type, "Detail": detail, "EventBusName": bus}
    try:
        client = aws_client("events", endpoint)
        client.describe_event_bus(Name=bus)  # an unknown bus takes events without a word, as on AWS
        (result,) = client.put_events(Entries=[entry])["Entries"]
    except ClientError as error:
        raise InvalidRequest(error.response["Error"]["Message"]) from error
    except BotoCoreError as error:
        raise TryAgain(f"No server answers at {endpoint}. Start one with `eventyard dev`.") from error
    if "ErrorCode" in result:
        raise InvalidRequest(f"{result['ErrorCode']}: {result['ErrorMessage']}")
    typer.echo(result["EventId"])
