"""Running the server in this process, with its logs set up."""

from __future__ import annotations

import logging

import structlog
import typer
import uvloop

from eventyard.server import serve
from eventyard.settings import Settings


def run(settings: Settings) -> None:
    """Serve until told to stop."""
    settings.check()
    _set_up_logs(settings)
    uvloop.run(serve(settings, lambda url: _greet(url) if settings.dev else None))


def _set_up_logs(settings: Settings) -> None:
    """Lines of JSON, or coloured ones for people; on standard error, so that standard output is free."""
    renderer: structlog.types.Processor = (
        structlog.processors.JSONRenderer() if settings.log_format == "json" else structlog.dev.ConsoleRenderer()
    )
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(typer.get_text_stream("stderr")),
    )


def _greet(url: str) -> None:
    typer.echo(
        f"\nEventyard listens on {url}. Point your tools at it:\n\n"
        f"  export AWS_ENDPOINT_URL={url}\n"
        "  export AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test AWS_DEFAULT_REGION=us-east-1\n"
    )
