"""``eventyard schemas``: look for schemas, and have them discovered. It speaks the EventBridge Schemas API."""

from __future__ import annotations

import typer

from eventyard.cli.schemas.discover import discover
from eventyard.cli.schemas.search import search

__all__ = ["schemas"]

schemas = typer.Typer(help="Find schemas, and have them discovered from events.", no_args_is_help=True)
schemas.command()(search)
schemas.command()(discover)
