"""``eventyard lsp``: the language server, on standard input and output."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from eventyard.cli.options import Contracts
from eventyard.errors import Unsupported

if TYPE_CHECKING:
    from eventyard.contract import Finding, Repository


def lsp(contracts: Contracts = Path("contracts")) -> None:
    """Serve an editor: completion, hovers, diagnostics and handlers for events, and findings in contracts."""
    try:
        from eventyard.lsp.server import create_server
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] not in ("pygls", "lsprotocol"):
            raise
        raise Unsupported("The language server needs pygls: pip install 'eventyard[lsp]'") from error
    typer.echo(f"eventyard: contracts of {contracts.resolve()}", err=True)
    create_server(contracts, lambda repository: _lint(repository, contracts)).start_io()


def _lint(repository: Repository, folder: Path) -> list[Finding]:
    """What ``eventyard contracts lint`` finds."""
    from datetime import UTC, datetime

    from eventyard.contracts.conventions import Conventions, read_conventions
    from eventyard.contracts.lint import lint

    conventions = read_conventions(folder) if folder.is_dir() else Conventions()
    return lint(repository, conventions, datetime.now(UTC).date())
