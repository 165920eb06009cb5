"""``eventyard codegen``: typed code from contracts, to look at or into files."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from eventyard.cli.options import Contracts, ContractVersion, Event, Source
from eventyard.errors import Conflict


class Language(StrEnum):
    python = "python"
    typescript = "typescript"


class Style(StrEnum):
    pydantic = "pydantic"
    dataclass = "dataclass"
    typeddict = "typeddict"
    msgspec = "msgspec"


Lang = Annotated[Language, typer.Option("--lang", help="The language.")]
StyleOption = Annotated[Style, typer.Option("--style", help="How models look in Python.")]
Out = Annotated[Path | None, typer.Option(help="Folder to write the files to; without it they are printed.")]
Force = Annotated[bool, typer.Option("--force", help="Write over files that are there already.")]

codegen = typer.Typer(help="Generate typed code from contracts.", no_args_is_help=True)


def _command(name: str, words: str) -> None:
    @codegen.command(name, help=words)
    def run(
        event: Event,
        contracts: Contracts = Path(),
        lang: Lang = Language.python,
        style: StyleOption = Style.pydantic,
        out: Out = None,
        source: Source = None,
        version: ContractVersion = None,
        force: Force = False,
    ) -> None:
        import eventyard.codegen
        from eventyard.contract import read_repository

        repository = read_repository(contracts)
        contract = repository.find(event, source, version)
        generate = getattr(eventyard.codegen, name)
        _written(generate(contract, repository.atoms, lang.value, style.value), out, force, lang)


_command("models", "Generate the types of an event.")
_command("handler", "Generate the types of an event, and a function that handles it, to be filled in.")


def _written(files: dict[str, str], out: Path | None, force: bool, lang: Language) -> None:
    """Print ``files``, or write all of them, or none if one is there and must stay."""
    if out is None:
        mark = "#" if lang is Language.python else "//"
        for name, text in files.items():
            typer.echo(f"{mark} {name}\n{text}" if len(files) > 1 else text, nl=False)
        return
    there = [name for name in files if (out / name).exists()]
    if there and not force:
        raise Conflict(f"{', '.join(there)} in {out} would be overwritten. Use --force if that is meant.")
    out.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (out / name).write_text(text, "utf-8")
        typer.echo(out / name)
