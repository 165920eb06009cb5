"""``eventyard webhooks list``, ``show``, ``raw`` and ``providers``."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from eventyard.cli.options import LOCAL, Endpoint
from eventyard.cli.webhooks.options import PAGE, Name

_SETTINGS = (
    "provider", "options", "bus", "partner", "source", "detail_type", "headers", "tolerance", "window", "rate", "burst",
    "body_limit", "archive", "url", "description",
)  # fmt: skip


def list_webhooks(endpoint: Endpoint = LOCAL) -> None:
    """List the webhooks of this account."""
    from eventyard.cli.pages import ask

    found = ask(endpoint, "GET", PAGE)["webhooks"]
    width = max((len(each["name"]) for each in found), default=0)
    for each in found:
        typer.echo(f"{each['name']:<{width}}  {each['provider']:<18} {each['partner'] or each['bus']}")
    if not found:
        typer.echo("There are no webhooks.", err=True)


def show(name: Name, endpoint: Endpoint = LOCAL) -> None:
    """Show a webhook: its settings, what came, and why requests were refused."""
    from eventyard.cli.moments import local
    from eventyard.cli.pages import ask

    found = ask(endpoint, "GET", f"{PAGE}/{name}")
    typer.echo(f"{endpoint.rstrip('/')}{found['path']}")
    for setting in _SETTINGS:
        if found[setting] not in ("", None, {}, [], False):
            typer.echo(f"  {setting:<12} {found[setting]}")
    for each in found["secrets"]:
        end = "no end" if each["expires"] is None else f"until {local(each['expires'])}"
        typer.echo(f"  secret       since {local(each['added'])}, {end}{'' if each['valid'] else ' (over)'}")
    _tell(found)


def providers() -> None:
    """List the providers whose webhooks can be taken, those of plug-ins included."""
    from eventyard.providers import names

    for name in names():
        typer.echo(name)


def raw(
    name: Name,
    since: Annotated[str, typer.Option(help="From when on: 90s, 2h, or a date with a time.")] = "1d",
    endpoint: Endpoint = LOCAL,
) -> None:
    """Print the raw requests that a webhook with --archive has kept, a line of JSON each."""
    from eventyard.cli.moments import moment
    from eventyard.cli.pages import get

    with get(endpoint, f"{PAGE}/{name}/raw", {"since": str(moment(since, "--since"))}) as answer:
        for line in answer:
            typer.echo(line.decode(), nl=False)


def _tell(found: dict[str, Any]) -> None:
    from eventyard.cli.moments import local

    counts = ", ".join(f"{outcome} {count}" for outcome, count in sorted(found["counts"].items()))
    typer.echo(f"Since the server started: {counts or 'nothing'}; {found['events']} events.")
    for each in found["refusals"]:
        peer = f" (from {each['peer']})" if each["peer"] else ""
        typer.echo(f"  refused {local(each['at'])} {each['reason']}: {each['message']}{peer}")
