"""``eventyard webhooks remove`` and ``rotate``."""

from __future__ import annotations

import re
from typing import Annotated

import typer

from eventyard.cli.options import LOCAL, Endpoint
from eventyard.cli.webhooks.options import PAGE, Name, SecretFrom, read_secret
from eventyard.errors import InvalidRequest

_UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_LENGTH = re.compile(r"(\d{1,8})([smhd])")


def remove(name: Name, endpoint: Endpoint = LOCAL) -> None:
    """Remove a webhook, and what it remembers. Its events stay on their bus."""
    from eventyard.cli.pages import ask

    ask(endpoint, "DELETE", f"{PAGE}/{name}")
    typer.echo(f"Webhook {name} is removed.")


def rotate(
    name: Name,
    secret: SecretFrom,
    keep: Annotated[str, typer.Option(help="How long the secrets before it still hold: 0s, 30m, 24h, 7d.")] = "24h",
    endpoint: Endpoint = LOCAL,
) -> None:
    """Give a webhook a new secret; those it has hold on for a while."""
    from eventyard.cli.pages import ask

    length = _LENGTH.fullmatch(keep)
    if length is None:
        raise InvalidRequest(f"--keep is a time like 30m, 24h or 7d, not {keep!r}.")
    seconds = int(length.group(1)) * _UNITS[length.group(2)]
    ask(endpoint, "POST", f"{PAGE}/{name}/rotate", body={"secret": read_secret(secret), "keep": seconds})
    typer.echo(f"Webhook {name} has a new secret; those before it hold for {keep} at most.")
