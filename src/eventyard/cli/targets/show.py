"""``eventyard targets show``: one target and its settings, without credentials."""

from __future__ import annotations

import typer

from eventyard.cli.options import LOCAL, Endpoint
from eventyard.cli.targets.page import Name, page, written


def show(name: Name, endpoint: Endpoint = LOCAL) -> None:
    """Show a target: its kind, settings with stars for credentials, and how deliveries went."""
    from eventyard.cli.moments import local

    one = page(endpoint, "GET", f"/{name}")
    counts = one["deliveries"]
    went = f"{counts['delivered']} delivered, {counts['retry']} to be tried again, {counts['permanent']} refused"
    lines = {"arn": one["arn"], "kind": one["kind"], "changed": local(one["modified"]), "deliveries": went}
    width = max(map(len, [*lines, *one["settings"]]))
    for label, value in {**lines, **one["settings"]}.items():
        typer.echo(f"{label:<{width}}  {written(value)}")
