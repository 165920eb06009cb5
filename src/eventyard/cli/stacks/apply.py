"""``eventyard apply``: make what files ask for."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from eventyard.cli.options import LOCAL, Endpoint
from eventyard.cli.stacks.options import RECORDS, Aws, ExitCode, Json, Records, TakeOver, Yes


def apply(
    files: Annotated[
        list[Path] | None, typer.Argument(help="What is wanted: eventyard.yml unless said; several are one stack.")
    ] = None,
    stack: Annotated[str | None, typer.Option(help="The stack's name, if not the one in the file.")] = None,
    plan: Annotated[bool, typer.Option("--plan", help="Show what would be done, and do nothing.")] = False,
    yes: Yes = False,
    prune: Annotated[bool, typer.Option("--prune", help="Delete what the files no longer want.")] = False,
    adopt: Annotated[bool, typer.Option("--adopt", help="Take over what is there under a wanted name.")] = False,
    parameter: Annotated[
        list[str] | None, typer.Option("--parameter", "-p", help="A value for the files, NAME=VALUE; several times.")
    ] = None,
    details: Annotated[bool, typer.Option("--details", help="Every property of what is to be created.")] = False,
    json: Json = False,
    exit_code: ExitCode = False,
    aws: Aws = False,
    records: Records = RECORDS,
    take_over: TakeOver = False,
    schema: Annotated[bool, typer.Option("--schema", help="Print the JSON Schema of eventyard.yml.")] = False,
    endpoint: Endpoint = LOCAL,
) -> None:
    """Make buses, rules, queues and all the rest as files want them; only what differs is changed."""
    if schema:
        typer.echo(schema_text(), nl=False)
        return
    from eventyard.cli.stacks.files import pairs, read_files
    from eventyard.cli.stacks.view import View
    from eventyard.cli.stacks.work import Work, open_place
    from eventyard.stacks import Plan, Record, make_plan

    place = open_place(endpoint, aws, records)
    wanted, found = read_files(files or [], stack, pairs(parameter or ()), place.site)
    view = View(details)
    if wanted is None:
        if json:
            import msgspec

            typer.echo(msgspec.json.format(msgspec.json.encode({"findings": found})).decode())
        else:
            view.findings(found)
        raise typer.Exit(1)

    def make(record: Record) -> Plan:
        import msgspec

        made = make_plan(place.site, wanted, record, prune=prune, adopt=adopt, others=lambda: place.others(record.name))
        return msgspec.structs.replace(made, findings=tuple(sorted((*found, *made.findings))))

    Work(place, view, json, yes, take_over).do(wanted.name, make, plan, exit_code)


def schema_text() -> str:
    """The schema of ``eventyard.yml``, as it is in docs/eventyard.schema.json."""
    import orjson

    from eventyard.templates.own import FILE, schema

    head = {"$schema": "http://json-schema.org/draft-07/schema#", "title": "eventyard.yml"}
    return orjson.dumps(head | schema(FILE), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE).decode()
