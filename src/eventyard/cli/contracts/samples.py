"""``eventyard contracts samples``: details made up from a contract."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

import typer

from eventyard.cli.contracts.options import HERE
from eventyard.cli.options import Contracts, ContractVersion, Event, Source


class Form(StrEnum):
    """How samples are printed."""

    pretty = "pretty"
    lines = "lines"
    entries = "entries"


def samples(
    event: Event,
    contracts: Contracts = HERE,
    count: Annotated[int, typer.Option(min=1, max=100_000, help="How many; fewer if there are no more.")] = 5,
    seed: Annotated[int, typer.Option(help="Another one gives other samples.")] = 0,
    source: Source = None,
    version: ContractVersion = None,
    undescribed: Annotated[
        bool, typer.Option("--undescribed", help="Also with members that the schema allows without describing them.")
    ] = False,
    defects: Annotated[
        bool, typer.Option("--defects", help="Details that are wrong in one way each instead, and in which.")
    ] = False,
    form: Annotated[
        Form, typer.Option("--format", help="For people, one a line, or as the entries of PutEvents.")
    ] = Form.pretty,
) -> None:
    """Print valid details of an event, made up from its schema.

    The first has every member, the second only what is required, the third stretches every limit; the others are as
    chance has it. All of them are checked with the validator that the broker uses."""
    from eventyard.contract import read_repository
    from eventyard.contracts.samples import defects as break_
    from eventyard.contracts.samples import samples as make

    repository = read_repository(contracts)
    contract = repository.find(event, source, version)
    if defects:
        made: list[Any] = [_shown(each) for each in break_(contract, repository, seed)[:count]]
    else:
        made = make(contract, repository, count, seed, undescribed)
        if form is Form.entries:
            made = [_entry(contract.source, contract.type, contract.bus, each) for each in made]
    _print(made, form)


def _shown(defect: Any) -> dict[str, Any]:
    return {"defect": defect.name, "keyword": defect.keyword, "detail": defect.detail}


def _entry(source: str, type: str, bus: str | None, detail: Any) -> dict[str, Any]:
    import orjson

    entry = {"Source": source, "DetailType": type, "Detail": orjson.dumps(detail).decode()}
    return entry if bus is None else {**entry, "EventBusName": bus}


def _print(made: list[Any], form: Form) -> None:
    import orjson
    from rich.console import Console
    from rich.syntax import Syntax

    from eventyard.contracts.scaffold import pretty

    if form is Form.lines:
        for each in made:
            typer.echo(orjson.dumps(each))
        return
    text = pretty(made)
    console = Console()
    if console.is_terminal:
        console.print(Syntax(text, "json", theme="ansi_dark", background_color="default", word_wrap=True))
    else:
        typer.echo(text)
