"""The commands and their options; the work is done in the modules beside this one, imported when needed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from eventyard.errors import EventyardError

app = typer.Typer(
    name="eventyard",
    help="A self-hosted event bus that speaks Amazon EventBridge's and SQS's APIs.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)

Host = Annotated[str, typer.Option(help="Address to listen on. Any but loopback needs --credentials.")]
Port = Annotated[int, typer.Option(help="Port to listen on; 0 takes a free one.")]
Data = Annotated[Path, typer.Option(help="Directory for everything durable; made if it is not there.")]
Endpoint = Annotated[str, typer.Option(envvar="AWS_ENDPOINT_URL", help="The server's address.")]
Bus = Annotated[str, typer.Option(help="Name or ARN of the event bus.")]

LOCAL = "http://127.0.0.1:4010"


@app.command()
def serve(
    host: Host = "127.0.0.1",
    port: Port = 4010,
    data: Data = Path("eventyard-data"),
    credentials: Annotated[Path | None, typer.Option(help="JSON file of access keys; requests must be signed.")] = None,
    retention_days: Annotated[float, typer.Option(help="How long each bus's log keeps events.")] = 7,
    retention_bytes: Annotated[int | None, typer.Option(help="How much each bus's log keeps.")] = None,
) -> None:
    """Run the server until SIGTERM or Ctrl-C."""
    from eventyard.cli.serving import run
    from eventyard.settings import Settings

    run(
        Settings(
            host=host,
            port=port,
            data=data,
            credentials=credentials,
            retention_days=retention_days,
            retention_bytes=retention_bytes,
        )
    )


@app.command()
def dev(
    host: Host = "127.0.0.1",
    port: Port = 4010,
    data: Annotated[Path | None, typer.Option(help="Directory to keep state in; in memory if left out.")] = None,
) -> None:
    """Run a development server: no cool-downs, every fate kept, POST /_eventyard/reset wipes all state."""
    from eventyard.cli.serving import run
    from eventyard.settings import Settings

    run(Settings(host=host, port=port, data=data, dev=True, log_format="console"))


@app.command()
def put(
    source: Annotated[str, typer.Argument(help="Who says it, e.g. uk.co.cars.sales")],
    detail_type: Annotated[str, typer.Argument(help="What happened, e.g. PurchaseApproved")],
    detail: Annotated[str, typer.Argument(help="The detail as JSON, @FILE, or - for standard input.")] = "{}",
    bus: Bus = "default",
    endpoint: Endpoint = LOCAL,
) -> None:
    """Publish one event and print its id."""
    from eventyard.cli.putting import put_event

    put_event(endpoint, bus, source, detail_type, detail)


@app.command()
def tail(
    bus: Bus = "default",
    pattern: Annotated[str | None, typer.Option(help="Event pattern as JSON; only what matches is shown.")] = None,
    since: Annotated[float | None, typer.Option(help="Start this many seconds in the past.")] = None,
    json: Annotated[bool, typer.Option("--json", help="One line of JSON for each event.")] = False,
    endpoint: Endpoint = LOCAL,
) -> None:
    """Show events as they are published."""
    from eventyard.cli.tailing import tail_events

    tail_events(endpoint, bus, pattern, since, json)


@app.command()
def demo(
    once: Annotated[bool, typer.Option("--once", help="End when the story has been told.")] = False,
) -> None:
    """Play the story of the used-car company against a server of its own."""
    from eventyard.cli.demo import play

    raise typer.Exit(play(once))


@app.command()
def version() -> None:
    """Print the version."""
    from eventyard import __version__

    typer.echo(__version__)


def main() -> None:
    """The entry point. What goes wrong ends with status 1 and one sentence on standard error."""
    try:
        app()
    except EventyardError as error:
        typer.secho(f"eventyard: {error.message}", fg="red", err=True)
        raise SystemExit(1) from error
