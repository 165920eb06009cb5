"""``eventyard explain``: why a rule does, or does not, match an event."""

from __future__ import annotations

from typing import Annotated

import typer

from eventyard.cli.options import LOCAL, Bus, Endpoint
from eventyard.errors import InvalidRequest


def explain(
    rule: Annotated[str, typer.Argument(help="Name of the rule.")],
    event: Annotated[str, typer.Argument(help="The whole event as JSON, @FILE, or - for standard input.")],
    bus: Bus = "default",
    endpoint: Endpoint = LOCAL,
) -> None:
    """Say why a rule does not match an event. Ends with status 0 if it does match, 2 if not."""
    import msgspec
    import orjson

    from eventyard.cli.pages import post
    from eventyard.cli.text import read_text

    text = read_text(event, "event").encode()
    try:
        orjson.loads(text)
    except ValueError as error:
        raise InvalidRequest(f"The event is not JSON: {error}.") from error
    why = post(endpoint, "/_eventyard/explain", {"rule": rule, "bus": bus, "event": msgspec.Raw(text)})
    typer.echo(why["text"])
    if not why["matched"]:
        raise typer.Exit(2)
