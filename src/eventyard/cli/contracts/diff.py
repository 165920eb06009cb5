"""``eventyard contracts diff``: whom a change of contracts breaks, why, and a detail that shows it."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from eventyard.cli.contracts.options import HERE, Where
from eventyard.cli.say import say, say_lines


class Format(StrEnum):
    text = "text"
    json = "json"
    github = "github"
    markdown = "markdown"


class Who(StrEnum):
    both = "both"
    subscribers = "subscribers"
    publishers = "publishers"


def diff(
    folder: Where = HERE,
    against: Annotated[str, typer.Option(help="Revision of git to compare with.")] = "HEAD",
    direction: Annotated[
        Who,
        typer.Option(
            help="Who must not be broken: subscribers that read with the old contract, publishers and archives whose "
            "events keep the old contract, or both."
        ),
    ] = Who.both,
    only_declared: Annotated[
        bool,
        typer.Option("--only-declared", help="Pass what breaks only by members that the contract does not name."),
    ] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="Fail, too, where neither a proof nor a counter-example was found.")
    ] = False,
    format: Annotated[Format, typer.Option(help="How to tell it.")] = Format.text,
) -> None:
    """Compare the contracts in a folder with those of another revision.

    Ends with status 1 if somebody is broken: give the event a new version and keep the old one beside it."""
    from datetime import UTC, datetime

    from eventyard.cli.contracts.options import sound
    from eventyard.cli.contracts.verdicts import as_github, as_json, as_markdown, as_text
    from eventyard.contract import read_repository
    from eventyard.contracts.compatibility import Direction, compare
    from eventyard.contracts.revision import read_revision

    new = sound(read_repository(folder), str(folder))
    old = read_revision(folder, against)
    directions: dict[Who, tuple[Direction, ...]] = {
        Who.both: ("subscribers", "publishers"),
        Who.subscribers: ("subscribers",),
        Who.publishers: ("publishers",),
    }
    found = compare(old, new, datetime.now(UTC).date(), directions[direction], only_declared)
    unreadable = [document.path for document in old.documents if document.contract is None]
    told = {Format.text: as_text, Format.json: as_json, Format.github: as_github, Format.markdown: as_markdown}
    say_lines(told[format](found, folder, against).rstrip("\n"))
    for path in unreadable:
        say(f"{path} had errors at {against}; it counts as new.", fg="yellow", err=True)
    if any(one.breaking or (strict and one.undecided and one.status != "new-version") for one in found):
        raise typer.Exit(1)
