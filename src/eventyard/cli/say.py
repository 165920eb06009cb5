"""How commands speak to people: in lines that names and texts from elsewhere can't break out of."""

from __future__ import annotations

import typer

from eventyard.text import printable, printable_lines


def say(text: str, *, err: bool = False, fg: str | None = None) -> None:
    """One line, whatever is in it."""
    typer.secho(printable(text), err=err, fg=fg)


def say_lines(text: str, *, err: bool = False, fg: str | None = None) -> None:
    """A text that has lines of its own."""
    typer.secho(printable_lines(text), err=err, fg=fg)
