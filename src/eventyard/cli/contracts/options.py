"""Options that the commands on contracts share."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from eventyard.errors import InvalidRequest

if TYPE_CHECKING:
    from eventyard.contract import Repository

HERE = Path(".")

Where = Annotated[Path, typer.Argument(metavar="FOLDER", help="The repository of contracts.")]
Aws = Annotated[
    bool, typer.Option("--aws", help="Ask AWS itself, as this machine is configured for it, in place of a server.")
]


def sound(repository: Repository, where: str) -> Repository:
    """``repository``, if nothing in it is wrong. Raises InvalidRequest that tells the first findings."""
    findings = [*repository.findings, *(one for each in repository.documents for one in each.findings)]
    errors = [str(one) for one in findings if one.severity == "error"]
    if errors:
        more = f"\n... and {len(errors) - 5} more" if len(errors) > 5 else ""
        raise InvalidRequest(f"The contracts in {where} have errors:\n" + "\n".join(errors[:5]) + more)
    return repository
