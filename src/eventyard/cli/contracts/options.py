"""Options that the commands on contracts share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

HERE = Path(".")

Folder = Annotated[Path, typer.Option("--folder", "-f", help="The repository of contracts.")]
Type = Annotated[str, typer.Argument(metavar="TYPE", help="The event's type, e.g. OrderPlaced")]
Source = Annotated[str | None, typer.Option(help="Its source, if several publish an event of that type.")]
Version = Annotated[int | None, typer.Option(help="Its version; the newest unless given.")]
