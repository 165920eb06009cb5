"""``eventyard tail``: events as they are published."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from eventyard.cli.options import LOCAL, Bus, Endpoint

_PAUSE = 1.0


def tail(
    bus: Bus = "default",
    pattern: Annotated[str | None, typer.Option(help="Event pattern as JSON; only what matches is shown.")] = None,
    since: Annotated[float | None, typer.Option(help="Start that many seconds in the past.", min=0)] = None,
    json: Annotated[bool, typer.Option("--json", help="One line of JSON for each event.")] = False,
    endpoint: Endpoint = LOCAL,
) -> None:
    """Show events as they are published, until Ctrl-C."""
    from rich.console import Console

    from eventyard.cli.line import line
    from eventyard.cli.stream import Stream
    from eventyard.errors import NotFound, TryAgain

    console = Console(highlight=False, soft_wrap=True)
    errors = Console(stderr=True, style="yellow", highlight=False)
    stream = Stream(endpoint, bus, pattern, None if since is None else int((time.time() - since) * 1000))
    met = lost = False
    try:
        while True:
            try:
                for event in stream.events():
                    if lost:
                        errors.print("It answers again.")
                    met, lost = True, False
                    if event is not None and json:
                        typer.echo(event)
                    elif event is not None:
                        console.print(line(event))
                reason = f"{endpoint} ended the connection."
            except (TryAgain, NotFound) as error:
                # A server that was there is waited for, and so is a bus: a reset takes it away until it is made again.
                if not met:
                    raise
                reason = error.message
            if not lost:
                errors.print(f"{reason} Trying again until Ctrl-C.")
            lost = True
            time.sleep(_PAUSE)
    except KeyboardInterrupt:
        return
