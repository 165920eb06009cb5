"""``eventyard contracts lint``: what is wrong with the contracts of a repository."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from eventyard.cli.say import say

if TYPE_CHECKING:
    from eventyard.contract import Finding, Repository


class Form(StrEnum):
    """How findings are told."""

    text = "text"
    json = "json"
    sarif = "sarif"
    github = "github"


def lint(
    folder: Annotated[Path, typer.Argument(help="The repository of contracts.")] = Path("."),
    form: Annotated[
        Form, typer.Option("--format", help="For people, for programs, for code hosts, or as GitHub's annotations.")
    ] = Form.text,
    warnings: Annotated[bool, typer.Option(help="Tell warnings, too.")] = True,
    explain: Annotated[str | None, typer.Option(metavar="RULE", help="Only tell what a rule is good for.")] = None,
) -> None:
    """Check every contract, example and name of a repository.

    Ends with status 0 if all is well, 1 if something was found, and 2 if there is nothing that could be read. Rules are
    switched off in the repository's contracts.yml, each with a reason."""
    if explain is not None:
        _explain(explain)
        return
    from datetime import UTC, datetime

    from eventyard.contract import read_repository
    from eventyard.contracts.conventions import read_conventions
    from eventyard.contracts.lint import lint as check
    from eventyard.errors import NotFound

    try:
        repository = read_repository(folder)
        if not repository.documents and not repository.findings:
            raise NotFound(f"There are no contracts in {folder}: no file *.md with a block of YAML and a schema.")
        conventions = read_conventions(folder)
    except (NotFound, OSError) as error:
        say(f"eventyard: {error}", fg="red", err=True)
        raise typer.Exit(2) from error
    found = check(repository, conventions, datetime.now(UTC).date())
    found = [each for each in found if warnings or each.severity == "error"]
    _tell(found, form, folder, repository)
    raise typer.Exit(1 if found else 0)


def _tell(found: Sequence[Finding], form: Form, folder: Path, repository: Repository) -> None:
    import orjson

    from eventyard.cli.contracts.place import before

    prefix = before(folder)
    if form is Form.text:
        from eventyard.cli.contracts.findings import show

        documents, atoms = len(repository.documents), len(repository.atoms)
        show(
            found, folder, prefix, f"{documents} document{'s' * (documents != 1)} and {atoms} atom{'s' * (atoms != 1)}"
        )
    elif form is Form.github:
        from eventyard.contracts.lint.annotation import annotation

        for each in found:
            typer.echo(annotation(each, prefix))
    elif form is Form.sarif:
        from eventyard import __version__
        from eventyard.contracts.lint import RULES
        from eventyard.contracts.lint.sarif import sarif

        typer.echo(orjson.dumps(sarif(found, RULES, prefix, __version__), option=orjson.OPT_INDENT_2))
    else:
        import msgspec

        rows = [{**msgspec.to_builtins(each), "path": prefix + each.path} for each in found]
        typer.echo(orjson.dumps(rows, option=orjson.OPT_INDENT_2))


def _explain(name: str) -> None:
    from eventyard.contracts.lint import RULES
    from eventyard.errors import NotFound
    from eventyard.text import did_you_mean

    rule = next((each for each in RULES if each.name == name), None)
    if rule is None:
        raise NotFound(f"There is no rule {name}.{did_you_mean(name, (each.name for each in RULES))}")
    typer.echo(f"{rule.name} ({rule.severity}): {rule.summary}\n{rule.why}")
    if rule.check is None:
        typer.echo("It can't be switched off: without it there is no contract.")
