"""``eventyard schemas search``: which schemas are about something."""

from __future__ import annotations

from typing import Annotated

import typer

from eventyard.cli.options import LOCAL, Endpoint
from eventyard.cli.say import say


def search(
    keywords: Annotated[str, typer.Argument(help="Words that must all be there; * for any characters in a word.")],
    registry: Annotated[str | None, typer.Option(help="Only in this registry; in all of them, if left out.")] = None,
    endpoint: Endpoint = LOCAL,
) -> None:
    """Find schemas by what is in them: names, properties, titles, sources. Ends with status 1 if there are none."""
    from eventyard.cli.client import aws_client, told

    with told(endpoint):
        client = aws_client("schemas", endpoint)
        pages = client.get_paginator("list_registries").paginate()
        registries = [registry] if registry else [each["RegistryName"] for page in pages for each in page["Registries"]]
        found = [
            (schema["SchemaName"], len(schema["SchemaVersions"]), name)
            for name in registries
            for page in client.get_paginator("search_schemas").paginate(RegistryName=name, Keywords=keywords)
            for schema in page["Schemas"]
        ]
    width = max((len(name) for name, _, _ in found), default=0)
    for name, count, home in found:
        words = f"Found in {count} version{'' if count == 1 else 's'}"
        say(f"{name:<{width}}  {words}" if registry else f"{name:<{width}}  {words:<20}  {home}")
    if not found:
        typer.echo("Nothing found.", err=True)
        raise typer.Exit(1)
