"""``eventyard contracts docs``: the catalogue of all events as a static site."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from eventyard.cli.contracts.options import HERE, Where
from eventyard.errors import InvalidRequest

#: Says that a folder is a catalogue, whose files may be replaced.
_MARK = ".eventyard-catalogue"


def docs(
    folder: Where = HERE,
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder of the site.")] = Path("catalogue"),
    title: Annotated[str, typer.Option(help="What the site is called.")] = "Event catalogue",
    asyncapi: Annotated[
        bool, typer.Option("--asyncapi", help="Print only the AsyncAPI document of all events.")
    ] = False,
    service: Annotated[
        str | None, typer.Option(help="With --asyncapi: only what this service publishes and receives.")
    ] = None,
) -> None:
    """Write the catalogue: every event, service and atom, who publishes and receives, diagrams, search, AsyncAPI.

    The site needs no server and no network; open index.html. A folder that is no catalogue is not written to."""
    from eventyard.cli.contracts.options import sound
    from eventyard.contract import read_repository
    from eventyard.contracts import asyncapi as documents
    from eventyard.contracts.catalogue import build

    repository = sound(read_repository(folder), str(folder))
    if asyncapi:
        import json

        typer.echo(json.dumps(documents.document(repository, service, title), ensure_ascii=False, indent=2))
        return
    if service is not None:
        raise InvalidRequest("--service is for --asyncapi; the site has all services.")
    written = _write(output, build(repository, title))
    typer.echo(f"{written} files in {output}; open {output / 'index.html'}.")


def _write(output: Path, files: dict[str, bytes]) -> int:
    """Raises InvalidRequest for a folder with something else in it."""
    if output.exists() and not output.is_dir():
        raise InvalidRequest(f"{output} is no folder.")
    known = output / _MARK
    if output.is_dir() and any(output.iterdir()) and not known.exists():
        raise InvalidRequest(f"{output} is not empty and no catalogue; name another folder with --output.")
    before = known.read_text("utf-8").splitlines() if known.exists() else []
    for name in before:
        stale = output / name
        if name not in files and stale.is_file() and output.resolve() in stale.resolve().parents:
            stale.unlink()
    for name, content in files.items():
        path = output / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    known.write_text("".join(f"{name}\n" for name in sorted(files)), "utf-8")
    return len(files)
