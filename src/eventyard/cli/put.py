"""``eventyard put``: publishing one event."""

from __future__ import annotations

from typing import Annotated

import typer

from eventyard.cli.options import LOCAL, Bus, Endpoint
from eventyard.errors import InvalidRequest


def put(
    source: Annotated[str, typer.Argument(help="Who says it, e.g. uk.co.cars.sales")],
    detail_type: Annotated[str, typer.Argument(help="What happened, e.g. PurchaseApproved")],
    detail: Annotated[str, typer.Argument(help="The detail as JSON, @FILE, or - for standard input.")] = "{}",
    bus: Bus = "default",
    endpoint: Endpoint = LOCAL,
) -> None:
    """Publish one event and print its id."""
    from eventyard.cli.client import aws_client, told
    from eventyard.cli.text import read_text

    entry = {"Source": source, "DetailType": detail_type, "Detail": read_text(detail, "detail"), "EventBusName": bus}
    with told(endpoint):
        client = aws_client("events", endpoint)
        client.describe_event_bus(Name=bus)  # PutEvents takes events for an unknown bus without a word, as on AWS
        (result,) = client.put_events(Entries=[entry])["Entries"]
    if "ErrorCode" in result:
        raise InvalidRequest(f"{result['ErrorCode']}: {result['ErrorMessage']}")
    typer.echo(result["EventId"])
