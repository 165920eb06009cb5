"""``eventyard transform``: what a target would get, tried out without a server."""

from __future__ import annotations

from typing import Annotated

import typer

from eventyard.errors import InvalidRequest

transform = typer.Typer(help="Try out input transformers.", no_args_is_help=True)


@transform.callback()
def _group() -> None:
    """Try out input transformers."""


@transform.command("test")
def try_out(
    event: Annotated[str, typer.Argument(help="The whole event as JSON, @FILE, or - for standard input.")],
    template: Annotated[str | None, typer.Option(help="The InputTemplate, or @FILE.")] = None,
    path: Annotated[list[str] | None, typer.Option(help="NAME=JSONPATH of the InputPathsMap; several times.")] = None,
    input_path: Annotated[str | None, typer.Option(help="An InputPath instead of a template.")] = None,
    rule: Annotated[str, typer.Option(help="What <aws.events.rule-arn> stands for.")] = (
        "arn:aws:events:us-east-1:123456789012:rule/test"
    ),
) -> None:
    """Print what a target would get for an event."""
    import time

    from eventyard.cli.text import read_text
    from eventyard.event import iso_seconds
    from eventyard.transform import Context, compile_transform

    body = _compact(read_text(event, "event"))
    change = compile_transform(
        "test",
        input=None,
        input_path=input_path,
        paths=_paths(path or []),
        template=None if template is None else read_text(template, "template"),
    )
    context = Context(rule, rule.rpartition("/")[2], iso_seconds(int(time.time() * 1000)))
    typer.echo((body if change is None else change(body, context)).decode())


def _compact(text: str) -> bytes:
    """The event without the spaces between its members, which a target never sees; its detail stays as it is."""
    import msgspec

    from eventyard.detail import deeply

    try:
        return msgspec.json.encode(deeply(msgspec.json.Decoder(dict[str, msgspec.Raw]).decode, text.encode()))
    except RecursionError as error:
        raise InvalidRequest("The event is nested more deeply than any that a bus takes.") from error
    except msgspec.DecodeError as error:
        raise InvalidRequest(f"The event is not a JSON object: {error}.") from error


def _paths(given: list[str]) -> dict[str, str]:
    paths = {}
    for text in given:
        name, found, path = text.partition("=")
        if not found or not name:
            raise InvalidRequest(f"--path is NAME=JSONPATH, as in --path car=$.detail.car, not {text!r}.")
        paths[name] = path
    return paths
