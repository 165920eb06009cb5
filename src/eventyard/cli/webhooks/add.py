"""``eventyard webhooks add``: make a webhook, or change one."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from eventyard.cli.options import LOCAL, Bus, Endpoint
from eventyard.cli.webhooks.options import PAGE, Name, SecretFrom, read_options, read_secret


def add(
    name: Name,
    provider: Annotated[str, typer.Option(help="Who sends; `eventyard webhooks providers` lists them.")],
    secret: SecretFrom = "",
    option: Annotated[
        list[str] | None, typer.Option(metavar="NAME=VALUE", help="An option of the provider; several times.")
    ] = None,
    bus: Bus = "default",
    source: Annotated[str | None, typer.Option(help="Source of the events; the provider's name unless given.")] = None,
    detail_type: Annotated[str, typer.Option(help="Their detail-type; {type} is the provider's.")] = "{type}",
    partner: Annotated[
        str | None, typer.Option(help="Publish through this partner event source instead of on a bus.")
    ] = None,
    header: Annotated[list[str] | None, typer.Option(help="A header to keep; several times.")] = None,
    tolerance: Annotated[int, typer.Option(help="Seconds that a signed time may differ.")] = 300,
    window: Annotated[int, typer.Option(help="Seconds that deliveries are remembered.")] = 345_600,
    rate: Annotated[float, typer.Option(help="New deliveries in a second.")] = 100,
    burst: Annotated[int, typer.Option(help="New deliveries at once.")] = 200,
    body_limit: Annotated[int, typer.Option(help="Bytes that a body may have.")] = 1 << 20,
    archive: Annotated[bool, typer.Option("--archive", help="Keep the raw requests as well.")] = False,
    archive_days: Annotated[int, typer.Option(help="Days that they are kept.")] = 7,
    url: Annotated[str | None, typer.Option(help="The address that the sender was given, behind a proxy.")] = None,
    endpoint: Endpoint = LOCAL,
) -> None:
    """Make a webhook, or have it be as said here from now on; without --secret the secrets stay."""
    from eventyard.cli.pages import ask

    wanted: dict[str, Any] = {
        "provider": provider,
        "options": read_options(option or []),
        "detail_type": detail_type,
        "tolerance": tolerance,
        "window": window,
        "rate": rate,
        "burst": burst,
        "body_limit": body_limit,
        "archive": archive,
        "archive_days": archive_days,
        "url": url or "",
        "source": source or "",
    }
    if header:
        wanted["headers"] = header
    wanted |= {"partner": partner} if partner else {"bus": bus}
    if secret:
        wanted["secrets"] = [read_secret(secret)]
    made = ask(endpoint, "PUT", f"{PAGE}/{name}", body=wanted)
    where = made["partner"] or made["bus"]
    typer.echo(f"{endpoint.rstrip('/')}{made['path']} takes what {made['provider']} posts, for {where}.")
