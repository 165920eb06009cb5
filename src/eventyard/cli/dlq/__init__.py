"""``eventyard dlq``: dead letters with their causes, and sending them once more. It speaks the SQS API."""

from __future__ import annotations

import typer

from eventyard.cli.dlq.list import list_letters
from eventyard.cli.dlq.redrive import redrive
from eventyard.cli.dlq.show import show

__all__ = ["dlq"]

dlq = typer.Typer(help="Look at dead letters, and send them once more.", no_args_is_help=True)
dlq.command("list")(list_letters)
dlq.command()(show)
dlq.command()(redrive)
