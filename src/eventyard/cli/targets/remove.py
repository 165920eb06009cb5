"""``eventyard targets remove``: forget a target."""

from __future__ import annotations

import typer

from eventyard.cli.options import LOCAL, Endpoint
from eventyard.cli.targets.page import Name, page


def remove(name: Name, endpoint: Endpoint = LOCAL) -> None:
    """Forget a target and its credentials. Rules that name it stay; what they deliver becomes dead letters."""
    typer.echo(f"{page(endpoint, 'DELETE', f'/{name}')['arn']} is gone.")
