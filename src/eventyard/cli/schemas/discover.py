"""``eventyard schemas discover``: have the schemas of a bus's events discovered, or no more."""

from __future__ import annotations

from typing import Annotated

import typer

from eventyard.cli.options import LOCAL, Bus, Endpoint


def discover(
    bus: Bus = "default",
    stop: Annotated[bool, typer.Option("--stop", help="Discover nothing more on this bus.")] = False,
    endpoint: Endpoint = LOCAL,
) -> None:
    """Discover the schemas of the events on a bus, from now on. They are put into the registry discovered-schemas."""
    from eventyard.cli.client import aws_client, told

    with told(endpoint):
        arn = aws_client("events", endpoint).describe_event_bus(Name=bus)["Arn"]
        client = aws_client("schemas", endpoint)
        pages = client.get_paginator("list_discoverers").paginate(SourceArnPrefix=arn)
        known = [each for page in pages for each in page["Discoverers"] if each["SourceArn"] == arn]
        if stop:
            for each in known:
                client.stop_discoverer(DiscovererId=each["DiscovererId"])
            typer.echo(f"Nothing is discovered on {bus}.")
            return
        if known:
            client.start_discoverer(DiscovererId=known[0]["DiscovererId"])
        else:
            client.create_discoverer(SourceArn=arn)
        typer.echo(f"Schemas of the events on {bus} are being discovered, into the registry discovered-schemas.")
