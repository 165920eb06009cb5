"""``eventyard stacks``: which there are, what one has made, and what was changed outside of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from eventyard.cli.options import LOCAL, Endpoint
from eventyard.cli.stacks.options import RECORDS, Aws, Json, Name, Records

if TYPE_CHECKING:
    from eventyard.cli.stacks.work import Place
    from eventyard.stacks import Record

#: Of a table that goes to no terminal.
_WIDE = 240

stacks = typer.Typer(no_args_is_help=True, help="What was applied.")


@stacks.command("list")
def list_stacks(json: Json = False, aws: Aws = False, records: Records = RECORDS, endpoint: Endpoint = LOCAL) -> None:
    """The stacks, and how many resources each has."""
    from rich.console import Console
    from rich.table import Table

    from eventyard.cli.stacks.work import open_place

    place = open_place(endpoint, aws, records)
    table = Table("stack", "resources", "revision", "", box=None, header_style="bold", pad_edge=False)
    found = []
    for name in place.records.names():
        record, revision = place.records.load(name)
        if record is not None:
            held = f"being applied by {record.holder}" if record.holder else ""
            table.add_row(name, str(len(record.resources)), str(revision), held)
            found.append({"name": name, "resources": len(record.resources), "revision": revision, "holder": held})
    if json:
        _print(found)
    elif found:
        Console(highlight=False).print(table)
    else:
        typer.echo(f"There are no stacks at {place.name}. `eventyard apply` makes one.")


@stacks.command("show")
def show(
    stack: Name, json: Json = False, aws: Aws = False, records: Records = RECORDS, endpoint: Endpoint = LOCAL
) -> None:
    """What a stack has made, and its outputs."""
    import msgspec
    from rich.console import Console
    from rich.table import Table

    from eventyard.cli.stacks.work import open_place

    record = _record(place := open_place(endpoint, aws, records), stack)
    if json:
        _print(msgspec.to_builtins(record) | {"salt": ""})
        return
    console = Console(highlight=False)
    console = console if console.is_terminal else Console(highlight=False, width=_WIDE)
    table = Table("resource", "type", "is", "asked for in", box=None, header_style="bold", pad_edge=False)
    for id, entry in record.resources.items():
        known = " ".join((entry.key or {}).values()) or "(being made)"
        table.add_row(
            id, entry.type, known, f"{entry.place[0]}:{entry.place[1]}", style="yellow" if entry.making else ""
        )
    console.print(f"Stack {stack} at {place.name}")
    console.print(table)
    for name, value in record.outputs.items():
        console.print(f"{name} = {value}")


@stacks.command("drift")
def drift(
    stack: Name,
    json: Json = False,
    aws: Aws = False,
    records: Records = RECORDS,
    exit_code: Annotated[bool, typer.Option("--exit-code", help="End with status 2 if there is any.")] = False,
    endpoint: Endpoint = LOCAL,
) -> None:
    """What was changed or deleted outside of a stack since it was applied."""
    from eventyard.cli.stacks.view import View, as_json
    from eventyard.cli.stacks.work import open_place
    from eventyard.resource import Stack
    from eventyard.stacks import Plan, find_drift

    record = _record(place := open_place(endpoint, aws, records), stack)
    found = find_drift(place.site, record)
    if json:
        _print(as_json(Plan(Stack(stack, ()), drift=found))["drift"])
    elif found:
        view = View()
        view.say(f"Changed outside of stack {stack}", "bold yellow")
        for each in found:
            view.drift(each)
    else:
        typer.secho(f"Stack {stack} is as it was applied.", fg="green")
    raise typer.Exit(2 if found and exit_code else 0)


def _record(place: Place, stack: str) -> Record:
    from eventyard.errors import NotFound

    record = place.records.load(stack)[0]
    if record is None:
        raise NotFound(f"There is no stack {stack} at {place.name}.")
    return record


def _print(found: object) -> None:
    import orjson

    typer.echo(orjson.dumps(found, option=orjson.OPT_INDENT_2).decode())
