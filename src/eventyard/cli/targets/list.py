"""``eventyard targets list``: which targets there are, and how deliveries to them went."""

from __future__ import annotations

import typer

from eventyard.cli.options import LOCAL, Endpoint
from eventyard.cli.targets.page import page


def list(endpoint: Endpoint = LOCAL) -> None:
    """List the targets, with what was delivered since the server started."""
    from rich.console import Console
    from rich.table import Table

    found = page(endpoint, "GET")
    if not found["targets"]:
        typer.echo(f"There is no target. `eventyard targets add NAME KIND` makes one: {', '.join(found['kinds'])}.")
        return
    table = Table(
        "name",
        "kind",
        "delivered",
        "to be tried again",
        "refused",
        "ARN",
        box=None,
        header_style="bold",
        pad_edge=False,
    )
    for one in found["targets"]:
        counts = [str(one["deliveries"][word]) for word in ("delivered", "retry", "permanent")]
        table.add_row(one["name"], one["kind"], *counts, one["arn"], style="" if counts[1:] == ["0", "0"] else "yellow")
    Console(highlight=False, width=None if Console().is_terminal else 200).print(table)
