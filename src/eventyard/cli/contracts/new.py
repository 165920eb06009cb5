"""``eventyard contracts new``: the first text of a contract."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from eventyard.cli.contracts.options import HERE
from eventyard.cli.options import Contracts
from eventyard.errors import Conflict, InvalidRequest, NotFound

if TYPE_CHECKING:
    from eventyard.contract import Repository


def new(
    type: Annotated[
        str | None, typer.Argument(metavar="[TYPE]", help="What happened, in the past tense, e.g. LotSelected")
    ] = None,
    contracts: Contracts = HERE,
    publisher: Annotated[str | None, typer.Option(help="The service that publishes it.")] = None,
    subscriber: Annotated[list[str] | None, typer.Option(help="A service that wants it; several times.")] = None,
    source: Annotated[str | None, typer.Option(help="Its source; the publisher unless given.")] = None,
    bus: Annotated[str | None, typer.Option(help="The bus that it is published to.")] = None,
    owner: Annotated[str | None, typer.Option(help="Who answers for it.")] = None,
    field: Annotated[
        list[str] | None,
        typer.Option(help="NAME=TYPE, or NAME?=TYPE if it may be missing; a type, a format or an atom. Several times."),
    ] = None,
    prose: Annotated[str | None, typer.Option(help="When it is raised.")] = None,
    version: Annotated[
        int, typer.Option(min=1, help="From 2 on it begins as a copy of the newest version that there is.")
    ] = 1,
) -> None:
    """Write the first text of a contract, with an example, and say what is still to be done.

    What is not given is asked for, if there is somebody to ask. Files that are there are never overwritten."""
    from eventyard.contract import read_repository
    from eventyard.contracts.placeholders import PROSE
    from eventyard.contracts.scaffold import field as read_field
    from eventyard.contracts.scaffold import first_text

    repository = read_repository(contracts)
    type = type or _asked("What happened (in the past tense, such as LotSelected)", "TYPE")
    if version > 1:
        text = _next(repository, type, source, version)
    else:
        publisher = publisher or _asked("Which service publishes it", "--publisher")
        if any(each.type == type and each.source == (source or publisher) for each in repository.contracts):
            raise Conflict(f"There is a contract for {type} already; --version 2 begins another version of it.")
        settings: dict[str, Any] = {"publisher": publisher}
        settings |= {
            name: value for name, value in (("source", source), ("bus", bus), ("owner", owner)) if value is not None
        }
        settings["subscribers"] = subscriber if subscriber is not None else _asked_list("Who wants it (with commas)")
        text = first_text(type, settings, [read_field(each) for each in field or []], repository, prose or PROSE)
    path = _write(contracts, repository, type, version, text)
    typer.echo(f"{path} is written.")
    _remarks(contracts, path, type)


def _asked(question: str, name: str) -> str:
    if not sys.stdin.isatty():
        raise InvalidRequest(f"Say {name}; there is nobody to ask.")
    answer: str = typer.prompt(question)
    return answer.strip()


def _asked_list(question: str) -> list[str]:
    if not sys.stdin.isatty():
        return []
    answer: str = typer.prompt(question, default="", show_default=False)
    return [each.strip() for each in answer.split(",") if each.strip()]


def _next(repository: Repository, type: str, source: str | None, version: int) -> str:
    from eventyard.contracts.scaffold import next_version

    newest = repository.find(type, source)
    if version <= newest.version:
        raise Conflict(f"{type} has a version {newest.version}; the next one is {newest.version + 1}.")
    document = next(each for each in repository.documents if each.path == newest.path)
    return next_version(document, version)


def _write(folder: Path, repository: Repository, type: str, version: int, text: str) -> Path:
    """Beside the other documents, or in ``events/``."""
    from collections import Counter

    from eventyard.contracts.scaffold import file_name

    places = Counter(Path(document.path).parent for document in repository.documents).most_common(1)
    path = folder / (places[0][0] if places else Path("events")) / file_name(type, version)
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError as error:
        raise Conflict(f"{path} is there already, and is left as it is.") from error
    except OSError as error:
        raise NotFound(f"Can't write {path}: {error.strerror}.") from error
    return path


def _remarks(folder: Path, path: Path, type: str) -> None:
    """What the lint says of the new file, and of other versions of the event."""
    from datetime import UTC, datetime

    from eventyard.cli.contracts.findings import show
    from eventyard.cli.contracts.place import before
    from eventyard.contract import read_repository
    from eventyard.contracts.conventions import read_conventions
    from eventyard.contracts.lint import lint

    name = path.relative_to(folder).as_posix()
    repository = read_repository(folder)
    found = lint(repository, read_conventions(folder), datetime.now(UTC).date())
    names = {name, *(document.path for document in repository.documents if document.settings.get("type") == type)}
    show([each for each in found if each.path in names], folder, before(folder), name)
