"""The server's pages on targets, for the account and region that the commands are for."""

from __future__ import annotations

from typing import Annotated, Any

import typer

Name = Annotated[str, typer.Argument(help="The target's name.")]


def page(endpoint: str, method: str, path: str = "", body: dict[str, Any] | None = None) -> dict[str, Any]:
    """What the page answers. Raises as :func:`eventyard.cli.pages.ask` does."""
    from urllib.parse import quote

    from eventyard.cli.identity import identity
    from eventyard.cli.pages import ask

    own = identity()
    query = {"region": own.region}
    if len(own.key) == 12 and own.key.isdecimal():  # in development a key of twelve digits is the account
        query["account"] = own.key
    return ask(endpoint, method, f"/_eventyard/targets{quote(path)}", query, body)


def written(value: object) -> str:
    """A setting's value as ``add`` takes it."""
    import json

    return value if isinstance(value, str) else json.dumps(value)
