"""The commands, and what happens to what goes wrong in them. One command a file, heavy imports inside of them."""

from __future__ import annotations

import typer

from eventyard.cli.codegen import codegen
from eventyard.cli.contracts import contracts
from eventyard.cli.demo import demo
from eventyard.cli.dev import dev
from eventyard.cli.dlq import dlq
from eventyard.cli.event import event
from eventyard.cli.explain import explain
from eventyard.cli.lsp import lsp
from eventyard.cli.put import put
from eventyard.cli.relay import relay
from eventyard.cli.replay import replay
from eventyard.cli.say import say_lines
from eventyard.cli.schemas import schemas
from eventyard.cli.serve import serve
from eventyard.cli.stacks import apply, destroy, stacks
from eventyard.cli.tail import tail
from eventyard.cli.targets import targets
from eventyard.cli.transform import transform
from eventyard.cli.version import version
from eventyard.cli.webhooks import webhooks
from eventyard.errors import EventyardError

app = typer.Typer(
    name="eventyard",
    help="A self-hosted event bus that speaks the APIs of Amazon EventBridge and SQS.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
for command in (serve, dev, put, tail, explain, event, replay, relay, apply, destroy, demo, lsp, version):
    app.command()(command)
app.add_typer(contracts, name="contracts")
app.add_typer(dlq, name="dlq")
app.add_typer(schemas, name="schemas")
app.add_typer(stacks, name="stacks")
app.add_typer(targets, name="targets")
app.add_typer(transform, name="transform")
app.add_typer(codegen, name="codegen")
app.add_typer(webhooks, name="webhooks")


def main() -> None:
    """The entry point. What goes wrong ends with status 1 and a sentence on standard error."""
    try:
        app()
    except EventyardError as error:
        say_lines(f"eventyard: {error.message}", fg="red", err=True)
        raise SystemExit(1) from error
