"""Options that several commands share, each with its one name, help and default."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

LOCAL = "http://127.0.0.1:4010"

Host = Annotated[str, typer.Option(help="Address to listen on. Any but loopback needs credentials.")]
Port = Annotated[int, typer.Option(help="Port to listen on; 0 takes a free one.")]
HostName = Annotated[
    list[str] | None,
    typer.Option(help="Another name that requests without signatures may come by; may be given more than once."),
]
Bus = Annotated[str, typer.Option(help="Name or ARN of the event bus.")]
Endpoint = Annotated[str, typer.Option(envvar="AWS_ENDPOINT_URL", help="URL of the server.")]
BusHops = Annotated[int, typer.Option(help="How often an event may be sent on from one event bus to another.")]
StreamLimits = Annotated[
    bool, typer.Option("--stream-limits", help="Hold the shards of streams to AWS's limits for each second.")
]
Organization = Annotated[
    list[str] | None,
    typer.Option(help="An organization's id and accounts, o-exampleorg1=111122223333,444455556666; several times."),
]
AllowNetwork = Annotated[
    list[str] | None,
    typer.Option(
        help="Private network (CIDR) that API destinations and targets outside may be in; may be given more than once."
    ),
]
RelayOrigin = Annotated[
    list[str] | None,
    typer.Option(
        help="Origin of web pages that may use the relay, https://app.example.com; may be given more than once."
    ),
]
Contracts = Annotated[Path, typer.Option(help="Folder with the documents and atoms of the contracts.")]
Event = Annotated[str, typer.Argument(help="The event's type, e.g. PurchaseApproved")]
Source = Annotated[str | None, typer.Option(help="Who publishes it, where several do.")]
ContractVersion = Annotated[
    int | None, typer.Option("--version", help="The contract's version; the newest if not said.")
]
