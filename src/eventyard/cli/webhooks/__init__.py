"""``eventyard webhooks``: make webhooks, look after them, try them out, and draft contracts from what came."""

from __future__ import annotations

import typer

from eventyard.cli.webhooks.add import add
from eventyard.cli.webhooks.draft import draft
from eventyard.cli.webhooks.showing import list_webhooks, providers, raw, show
from eventyard.cli.webhooks.tending import remove, rotate
from eventyard.cli.webhooks.trying import try_out

__all__ = ["webhooks"]

webhooks = typer.Typer(help="Take what other systems post, as events.", no_args_is_help=True)
webhooks.command("list")(list_webhooks)
webhooks.command()(add)
webhooks.command()(show)
webhooks.command()(raw)
webhooks.command()(remove)
webhooks.command()(rotate)
webhooks.command("test")(try_out)
webhooks.command()(draft)
webhooks.command()(providers)
