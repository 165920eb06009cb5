"""Options that the commands on contracts share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from eventyard.contract import Repository
from eventyard.errors import InvalidRequest

HERE = Path(".")

Folder = Annotated[Path, typer.Option("--folder", "-f", help="The repository of contracts.")]
Type = Annotated[str, typer.Argument(metavar="TYPE", help="The event's type, e.g. OrderPlaced")]
Source = Annotated[str | None, typer.Option(help="Its source, if several publish an event of that type.")]
Version = Annotated[int | None, typer.Option(help="Its version; the newest unless given.")]
Where = Annotated[Path, typer.Argument(metavar="FOLDER", help="The repository of contracts.")]


def sound(repository: Repository, where: str) -> Repository:
    """``repository``, if nothing in it is wrong. Raises InvalidRequest that tells the first findings."""
    findings = [*repository.findings, *(one for each in repository.documents for one in each.findings)]
    errors = [str(one) for one in findings if one.severity == "error"]
    if errors:
        more = f"\n... and {len(errors) - 5} more" if len(errors) > 5 else ""
        raise InvalidRequest(f"The contracts in {where} have errors:\n" + "\n".join(errors[:5]) + more)
    return repository
