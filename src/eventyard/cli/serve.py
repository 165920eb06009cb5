"""``eventyard serve``: the server, for production."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from eventyard.cli.options import AllowNetwork, BusHops, Host, HostName, Organization, Port, RelayOrigin, StreamLimits


class LogFormat(StrEnum):
    """Typer wants an enumeration where Settings has a Literal."""

    json = "json"
    console = "console"


def serve(
    host: Host = "127.0.0.1",
    port: Port = 4010,
    host_name: HostName = None,
    data: Annotated[Path, typer.Option(help="Directory for everything durable; made if it is not there.")] = Path(
        "eventyard-data"
    ),
    credentials: Annotated[
        Path | None, typer.Option(help="JSON or TOML file of access keys; every request must then be signed.")
    ] = None,
    retention_days: Annotated[float, typer.Option(help="How long the log of a bus keeps events.")] = 7,
    retention_bytes: Annotated[int | None, typer.Option(help="How much the log of a bus keeps.")] = None,
    retention_fates: Annotated[int, typer.Option(help="How many events' fates are kept, at most.")] = 1_000_000,
    bus_hops: BusHops = 1,
    stream_limits: StreamLimits = False,
    allow_network: AllowNetwork = None,
    organization: Organization = None,
    relay_origin: RelayOrigin = None,
    functions: Annotated[
        bool, typer.Option("--functions", help="Let users bring functions, whose code runs as this server's user.")
    ] = False,
    behind_proxy: Annotated[
        bool,
        typer.Option("--behind-proxy", help="A proxy with TLS is in front, and adds callers to X-Forwarded-For."),
    ] = False,
    log_format: Annotated[LogFormat, typer.Option(help="How log lines look, on standard error.")] = LogFormat.json,
) -> None:
    """Run the server until SIGTERM or Ctrl-C."""
    from eventyard.cli.running import run
    from eventyard.settings import Settings

    run(
        Settings(
            host=host,
            port=port,
            host_name=tuple(host_name or ()),
            data=data,
            credentials=credentials,
            retention_days=retention_days,
            retention_bytes=retention_bytes,
            retention_fates=retention_fates,
            bus_hops=bus_hops,
            stream_limits=stream_limits,
            allow_network=tuple(allow_network or ()),
            functions=functions,
            organization=tuple(organization or ()),
            behind_proxy=behind_proxy,
            relay_origin=tuple(relay_origin or ()),
            log_format=log_format.value,
        )
    )
