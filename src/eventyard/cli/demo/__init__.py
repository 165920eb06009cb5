"""``eventyard demo``: the story of a used-car company, told through events on a server of its own."""

from __future__ import annotations

from typing import Annotated

import typer


def demo(
    once: Annotated[bool, typer.Option("--once", help="End when the story has been told.")] = False,
) -> None:
    """Play the story of a used-car company, live, on a server of its own.

    Ends with status 1 if any service did not receive exactly the events that were meant for it."""
    from eventyard.cli.demo.play import play

    raise typer.Exit(play(once))
