"""``eventyard contracts``: the toolbox on contract documents in git. One command a file."""

from __future__ import annotations

import typer

from eventyard.cli.contracts.check import check
from eventyard.cli.contracts.diff import diff
from eventyard.cli.contracts.docs import docs
from eventyard.cli.contracts.drift import drift
from eventyard.cli.contracts.enforce import enforce, violations
from eventyard.cli.contracts.form import form
from eventyard.cli.contracts.lint import lint
from eventyard.cli.contracts.new import new
from eventyard.cli.contracts.pull import pull
from eventyard.cli.contracts.push import push
from eventyard.cli.contracts.samples import samples

__all__ = ["contracts"]

contracts = typer.Typer(help="Write, check and use the contracts of events.", no_args_is_help=True)
contracts.command()(new)
contracts.command()(lint)
contracts.command()(samples)
contracts.command()(diff)
contracts.command()(check)
contracts.command()(push)
contracts.command()(pull)
contracts.command()(docs)
contracts.command()(drift)
contracts.command()(form)
contracts.command()(enforce)
contracts.command()(violations)
