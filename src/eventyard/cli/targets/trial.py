"""``eventyard targets test``: send one event to a target, to see whether it arrives."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from eventyard.cli.options import LOCAL, Endpoint
from eventyard.cli.targets.page import Name, page
from eventyard.errors import InvalidRequest


def trial(
    name: Name,
    event: Annotated[str | None, typer.Option(help="The detail of the event, as JSON; empty if left out.")] = None,
    arn: Annotated[
        str | None, typer.Option(help="What is to get it in an account that the target declares to be elsewhere.")
    ] = None,
    endpoint: Endpoint = LOCAL,
) -> None:
    """Deliver one event, TargetTested, and say how that went. Ends with status 1 if it did not arrive."""
    body: dict[str, Any] = {} if arn is None else {"arn": arn}
    if event is not None:
        try:
            body["event"] = json.loads(event)
        except ValueError as error:
            raise InvalidRequest(f"--event is no JSON: {error}.") from error
    said = page(endpoint, "POST", f"/{name}/test", body)
    if said["outcome"] == "delivered":
        typer.echo(f"Delivered: event {said['event_id']}.")
        return
    again = "It would be tried again." if said["outcome"] == "retry" else "It would not be tried again."
    typer.echo(f"Not delivered: {said['code']}: {said['message'].rstrip('.')}. {again}", err=True)
    raise typer.Exit(1)
