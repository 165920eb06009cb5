"""Running the server in this process, with its logs set up; for ``serve`` and ``dev``."""

from __future__ import annotations

import asyncio
import logging
import sys

import structlog
import typer

from eventyard.server import serve
from eventyard.settings import Settings

#: Libraries that would write lines of their own about what is an outcome of a delivery, and told as that.
_SILENT = ("aiokafka", "aiormq", "nats", "psycopg")


def run(settings: Settings) -> None:
    """Serve until told to stop. Raises InvalidRequest before anything is opened, and Broken, as ``serve`` does."""
    settings.check()
    _set_up_logs(settings)
    greet = _greet if settings.dev else None
    if sys.platform == "win32":
        asyncio.run(serve(settings, greet))
    else:
        import uvloop

        uvloop.run(serve(settings, greet))


def exports(url: str) -> str:
    """The lines of shell that point AWS's tools at ``url``. They put words before the host's name for some operations
    (``stream-127.0.0.1``) unless told not to, and then nobody would be there to say what is wrong."""
    return (
        f"  export AWS_ENDPOINT_URL={url}\n"
        "  export AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test AWS_DEFAULT_REGION=us-east-1\n"
        "  export AWS_DISABLE_HOST_PREFIX_INJECTION=true"
    )


def _set_up_logs(settings: Settings) -> None:
    """Lines of JSON, or lines for people (coloured on a terminal); on standard error, so standard output is free."""
    renderer: structlog.types.Processor
    if settings.log_format == "json":
        renderer = structlog.processors.JSONRenderer()
    else:
        renderer = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    for name in _SILENT:
        logging.getLogger(name).setLevel(logging.CRITICAL)


def _greet(url: str) -> None:
    typer.echo(f"\nEventyard listens on {url}. Point your tools at it:\n\n{exports(url)}\n")
    sys.stdout.flush()
