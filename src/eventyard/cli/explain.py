"""``eventyard explain``: why a rule does, or does not, match an event."""

from __future__ import annotations

import re
from typing import Annotated, Any

import typer

from eventyard.cli.options import LOCAL, Bus, Endpoint
from eventyard.cli.say import say
from eventyard.errors import InvalidRequest
from eventyard.text import printable

_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_EVENT = "An event's id, the whole event as JSON, @FILE, or - for standard input."


def explain(
    rule: Annotated[str | None, typer.Argument(help="Name of the rule.")] = None,
    event: Annotated[str | None, typer.Argument(help=_EVENT)] = None,
    named_rule: Annotated[str | None, typer.Option("--rule", help="The same as RULE.")] = None,
    named_event: Annotated[str | None, typer.Option("--event", help="The same as EVENT.")] = None,
    look: Annotated[int, typer.Option(help="How many of the newest events to look at for a rule.")] = 1_000,
    json: Annotated[bool, typer.Option("--json", help="The answer as JSON.")] = False,
    bus: Bus = "default",
    endpoint: Endpoint = LOCAL,
) -> None:
    """Say why a rule does not match an event. Ends with status 0 if it does match, 2 if not.

    Without an event, shows which of the bus's newest events came nearest to the rule; without a rule, which rules are
    nearest to the event."""
    import orjson

    from eventyard.cli.pages import post

    rule, event = rule or named_rule, event or named_event
    asked: dict[str, Any] = {"bus": bus}
    if rule is not None:
        asked["rule"] = rule
    if event is not None:
        asked |= _event(event)
    if len(asked) == 1:
        raise InvalidRequest("Name a rule (--rule), an event (--event), or both.")
    if event is None:
        asked["look"] = look
    found = post(endpoint, "/_eventyard/explain", asked)
    if json:
        typer.echo(orjson.dumps(found, option=orjson.OPT_INDENT_2).decode())
    elif "rules" in found:
        _show_rules(found["rules"])
    elif "misses" in found:
        _show_misses(found)
    else:
        say(found["text"])
    if not found.get("matched", True) and "misses" not in found:
        raise typer.Exit(2)


def _event(given: str) -> dict[str, Any]:
    import msgspec
    import orjson

    from eventyard.cli.text import read_text

    if _ID.fullmatch(given):
        return {"event_id": given}
    text = read_text(given, "event").encode()
    try:
        orjson.loads(text)
    except ValueError as error:
        raise InvalidRequest(f"The event is not JSON: {error}.") from error
    return {"event": msgspec.Raw(text)}


def _show_rules(rules: list[dict[str, Any]]) -> None:
    from rich.console import Console
    from rich.table import Table

    if not rules:
        typer.echo("The bus has no rules with event patterns.")
        return
    table = Table("rule", "conditions", "why not", box=None, header_style="bold", pad_edge=False)
    for each in rules:
        name = each["rule"] + ("" if each["enabled"] else " (disabled)")
        if each["matched"]:
            table.add_row(name, "all hold", "it matches", style="green")
        else:
            table.add_row(
                name, f"{each['held']} of {each['conditions']} hold", printable(each["would"] or each["text"])
            )
    Console(highlight=False, markup=False).print(table)


def _show_misses(found: dict[str, Any]) -> None:
    import orjson
    from rich.console import Console

    from eventyard.cli.line import line

    console = Console(highlight=False, markup=False, soft_wrap=True)
    looked, matched = found["looked"], found["matched"]
    console.print(f"{matched} of the newest {looked} events match." if looked else "The bus has no events.")
    if found["misses"]:
        console.print("Nearest misses:")
    for each in found["misses"]:
        console.print(line(orjson.dumps(each["event"])))
        console.print(printable(f"    {each['would'] or each['text']}"), style="yellow")
