"""``eventyard dev``: the server, for a developer's machine and for CI."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from eventyard.cli.options import AllowNetwork, BusHops, Host, HostName, Organization, Port, StreamLimits


def dev(
    host: Host = "127.0.0.1",
    port: Port = 4010,
    host_name: HostName = None,
    data: Annotated[Path | None, typer.Option(help="Directory to keep state in; in memory if left out.")] = None,
    bus_hops: BusHops = 1,
    stream_limits: StreamLimits = False,
    allow_network: AllowNetwork = None,
    organization: Organization = None,
) -> None:
    """Run a development server: no cool-downs, every fate kept, and it can be reset."""
    from eventyard.cli.running import run
    from eventyard.settings import Settings

    networks = tuple(allow_network or ())
    run(
        Settings(
            host=host,
            port=port,
            host_name=tuple(host_name or ()),
            data=data,
            dev=True,
            bus_hops=bus_hops,
            stream_limits=stream_limits,
            allow_network=networks,
            organization=tuple(organization or ()),
            log_format="console",
        )
    )
