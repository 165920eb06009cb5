"""``eventyard destroy``: delete what a stack has made."""

from __future__ import annotations

from typing import Annotated

import typer

from eventyard.cli.options import LOCAL, Endpoint
from eventyard.cli.stacks.options import RECORDS, Aws, Json, Name, Records, TakeOver, Yes


def destroy(
    stack: Name,
    plan: Annotated[bool, typer.Option("--plan", help="Show what would be deleted, and delete nothing.")] = False,
    yes: Yes = False,
    json: Json = False,
    aws: Aws = False,
    records: Records = RECORDS,
    take_over: TakeOver = False,
    endpoint: Endpoint = LOCAL,
) -> None:
    """Delete all that a stack has made, in reverse order; what the files said to keep stays."""
    from eventyard.cli.stacks.view import View
    from eventyard.cli.stacks.work import Work, open_place
    from eventyard.errors import NotFound
    from eventyard.resource import Stack
    from eventyard.stacks import make_plan

    place = open_place(endpoint, aws, records)
    if place.records.load(stack)[0] is None:
        raise NotFound(f"There is no stack {stack} at {place.name}.")
    work = Work(place, View(destroying=True), json, yes, take_over)
    ledger = work.do(stack, lambda record: make_plan(place.site, Stack(stack, ()), record, prune=True), plan, False)
    if ledger is not None:
        ledger.forget()
