"""``eventyard targets``: places outside that rules, pipes and schedules deliver to, by the server's own pages."""

from __future__ import annotations

import typer

from eventyard.cli.targets.add import add
from eventyard.cli.targets.list import list
from eventyard.cli.targets.remove import remove
from eventyard.cli.targets.show import show
from eventyard.cli.targets.trial import trial

__all__ = ["targets"]

targets = typer.Typer(
    help="Deliver to NATS, Kafka, Redis, AMQP, PostgreSQL, and to accounts of AWS.", no_args_is_help=True
)
for command in (list, add, show, remove):
    targets.command()(command)
targets.command("test")(trial)
