"""``eventyard webhooks draft``: contract documents for what has come through a webhook."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from eventyard.cli.options import LOCAL, Endpoint
from eventyard.cli.webhooks.options import PAGE, Name
from eventyard.errors import NotFound

if TYPE_CHECKING:
    from eventyard.schemas.shape import Shape

_LONGEST = 100_000


def draft(
    name: Name,
    folder: Annotated[Path, typer.Argument(help="The repository of contracts to write to.")] = Path("."),
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="Events to learn from, the oldest first.")] = 1_000,
    endpoint: Endpoint = LOCAL,
) -> None:
    """Write a contract document for each type of events that came through the webhook and are still on its bus.

    The schema is learned from all of them. Files that are there are left as they are. What only people can say is
    left open: `eventyard contracts lint` tells what."""
    from eventyard.cli.pages import ask, get

    webhook = ask(endpoint, "GET", f"{PAGE}/{name}")
    query = {"limit": str(limit), "pattern": json.dumps({"resources": [webhook["arn"]]})}
    query["bus"] = webhook["bus"] or webhook["partner"]
    found: dict[tuple[str, str], list[dict[str, Any]]] = {}
    with get(endpoint, "/_eventyard/events", query) as answer:
        for line in answer:
            if line.strip():
                event = json.loads(line)["event"]
                found.setdefault((event["source"], event["detail-type"]), []).append(event["detail"])
    if not found:
        raise NotFound(f"No events that came through webhook {name} are on {query['bus']} any more.")
    for (source, type), details in sorted(found.items()):
        _write(folder, source, type, webhook["provider"], name, details)
    _conventions(folder, webhook)


def _write(folder: Path, source: str, type: str, publisher: str, name: str, details: list[dict[str, Any]]) -> None:
    from functools import reduce

    from eventyard.contracts.draft import drafted, personal_in
    from eventyard.contracts.lint.schemas import PERSONAL
    from eventyard.contracts.scaffold import file_name
    from eventyard.schemas.shape import join, shape_of

    schema = _schema(reduce(join, map(shape_of, details)))
    count = f"{len(details)} event{'s' * (len(details) != 1)}"
    prose = f"Posted by {publisher}. Drafted from {count} that came through the webhook {name}."
    text = drafted(type, publisher, source, schema, details[-1], prose, personal_in(schema, PERSONAL))
    path = folder / file_name(type, 1)
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        typer.echo(f"{path} is there already, and is left as it is.", err=True)
    except OSError as error:
        raise NotFound(f"Can't write {path}: {error.strerror}.") from error
    else:
        typer.echo(f"{path} is drafted from {count}.")


def _schema(shape: Shape) -> dict[str, Any]:
    """Of the whole shape, or if that is too long, of its upper levels."""
    from eventyard.schemas.shape import DEEPEST, pruned
    from eventyard.schemas.written import plain

    for levels in range(DEEPEST, 0, -1):
        schema: dict[str, Any] = plain(pruned(shape, levels))
        if len(json.dumps(schema)) <= _LONGEST:
            break
    return schema


def _conventions(folder: Path, webhook: dict[str, Any]) -> None:
    from eventyard.contracts.conventions import FILE
    from eventyard.contracts.draft import conventions_for

    path = folder / FILE
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(conventions_for(webhook["provider"], bool(webhook["partner"])))
    except FileExistsError:
        return
    except OSError as error:
        raise NotFound(f"Can't write {path}: {error.strerror}.") from error
    typer.echo(f"{path} says which conventions do not hold for names of others.")
