"""``eventyard targets add``: make a target, or change one."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Annotated, Any

import typer

from eventyard.cli.options import LOCAL, Endpoint
from eventyard.cli.targets.page import Name, page
from eventyard.errors import InvalidRequest


def add(
    name: Name,
    kind: Annotated[str, typer.Argument(help="nats, kafka, redis, amqp, postgresql, aws, or a plug-in's.")],
    settings: Annotated[
        list[str] | None,
        typer.Argument(help="Settings, name=value; name=@FILE takes a file's text, as for passwords."),
    ] = None,
    endpoint: Endpoint = LOCAL,
) -> None:
    """Make a target of a kind, or replace it; passwords that are left out stay. It prints the ARN that rules name."""
    body = {"kind": kind} | dict(_setting(text) for text in settings or ())
    typer.echo(page(endpoint, "PUT", f"/{name}", body)["arn"])


def _setting(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not equals or not name or name == "kind":
        raise InvalidRequest(f"A setting is name=value, subject=lots.sold, not {text!r}.")
    if value.startswith("@"):
        try:
            return name, Path(value[1:]).read_text().rstrip("\n")
        except (OSError, UnicodeDecodeError) as error:
            raise InvalidRequest(f"Can't read the setting {name} from {value[1:]}: {error}.") from error
    if value == "null" or value.startswith(("{", "[")):
        with contextlib.suppress(ValueError):  # then it is text that begins so
            return name, json.loads(value)
    return name, value  # the kind knows what is a number, and that an account is none
