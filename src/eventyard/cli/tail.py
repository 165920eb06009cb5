"""``eventyard tail``: events as they are published, the rules that match them, and what goes wrong with them."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from eventyard.cli.options import LOCAL, Bus, Endpoint

_PAUSE = 1.0


def tail(
    bus: Bus = "default",
    pattern: Annotated[str | None, typer.Option(help="Event pattern as JSON; only what matches is shown.")] = None,
    since: Annotated[str | None, typer.Option(help="Start in the past: 90s, 10m, 2h ago, or at a date.")] = None,
    json: Annotated[bool, typer.Option("--json", help="One line of JSON for each event, and nothing else.")] = False,
    fates: Annotated[bool, typer.Option(help="Also tell of deliveries that fail, are tried again or given up.")] = True,
    endpoint: Endpoint = LOCAL,
) -> None:
    """Show events as they are published, with the rules that match them, until Ctrl-C."""
    from rich.console import Console

    from eventyard.cli.failures import Failures
    from eventyard.cli.line import line
    from eventyard.cli.moments import moment
    from eventyard.cli.stream import Stream
    from eventyard.errors import NotFound, TryAgain
    from eventyard.text import printable

    console = Console(highlight=False, soft_wrap=True)
    errors = Console(stderr=True, style="yellow", highlight=False, markup=False)
    stream = Stream(endpoint, bus, pattern, None if since is None else moment(since, "--since"))
    failures = Failures(endpoint, bus, console) if fates and not json else None
    met = lost = False
    try:
        while True:
            try:
                for event in stream.events():
                    if not met and failures is not None:
                        failures.start()
                    if lost:
                        errors.print("It answers again.")
                    met, lost = True, False
                    if event is not None and json:
                        typer.echo(event[0])
                    elif event is not None:
                        console.print(line(*event))
                reason = f"{endpoint} ended the connection."
            except (TryAgain, NotFound) as error:
                # A server that was there is waited for, and so is a bus: a reset takes it away until it is made again.
                if not met:
                    raise
                reason = error.message
            if not lost:
                errors.print(f"{printable(reason)} Trying again until Ctrl-C.")
            lost = True
            time.sleep(_PAUSE)
    except KeyboardInterrupt:
        return
