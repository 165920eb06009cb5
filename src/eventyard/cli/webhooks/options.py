"""Options that the commands on webhooks share, and how secrets are read: never from the command line's own text."""

from __future__ import annotations

import os
import sys
from typing import Annotated, Any

import typer

from eventyard.errors import InvalidRequest

PAGE = "/_eventyard/webhooks"

Name = Annotated[str, typer.Argument(help="Name of the webhook: the last part of its address.")]
SecretFrom = Annotated[
    str,
    typer.Option(
        "--secret", metavar="-|env:NAME", help="Where the secret is read from: - is standard input, or a variable."
    ),
]


def read_secret(text: str) -> str:
    """The secret itself. Raises InvalidRequest for one that stands on the command line itself."""
    if text == "-":
        found = sys.stdin.readline().strip()
    elif text.startswith("env:"):
        found = os.environ.get(text.removeprefix("env:"), "").strip()
    else:
        raise InvalidRequest(
            "A secret on the command line could be seen by others: say --secret - or --secret env:NAME."
        )
    if not found:
        raise InvalidRequest(f"There is no secret in {'standard input' if text == '-' else text}.")
    return found


def read_options(given: list[str]) -> dict[str, Any]:
    """``actions=true`` and the like as a provider's options; ``proxies=10.0.0.1,10.0.0.2`` is a list. Raises
    InvalidRequest."""
    found: dict[str, Any] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise InvalidRequest(f"An option is NAME=VALUE, as in actions=true, not {text!r}.")
        if name in ("proxies", "origins"):
            found[name] = [each for each in value.split(",") if each]
        else:
            found[name] = {"true": True, "false": False}.get(value, value)
    return found
