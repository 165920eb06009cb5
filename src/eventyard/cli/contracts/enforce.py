"""``eventyard contracts enforce`` and ``violations``: what a bus does about events that break their contracts."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from eventyard.cli.options import LOCAL, Bus, Endpoint
from eventyard.cli.say import say
from eventyard.errors import InvalidRequest
from eventyard.text import printable

_PAGE = "/_eventyard/validation"


def enforce(
    mode: Annotated[str, typer.Argument(help="off, warn, quarantine or reject; `none` forgets all rules of the bus.")],
    bus: Bus = "default",
    registry: Annotated[str, typer.Option(help="Name or ARN of the registry with the contracts.")] = "contracts",
    event: Annotated[
        list[str] | None, typer.Option(help="Another mode for one event, PhotosTaken=warn; several times.")
    ] = None,
    unknown: Annotated[str, typer.Option(help="The mode for events without a contract.")] = "off",
    queue: Annotated[str | None, typer.Option(help="ARN of a queue that gets what is quarantined.")] = None,
    endpoint: Endpoint = LOCAL,
) -> None:
    """Have a bus hold events against the contracts in a registry (`eventyard contracts push` puts them there)."""
    from eventyard.cli.pages import ask

    if mode == "none":
        ask(endpoint, "DELETE", _PAGE, {"bus": bus})
        typer.echo(f"Nothing is checked on bus {bus} any more.")
        return
    events = {}
    for each in event or ():
        name, equals, other = each.partition("=")
        if not equals:
            raise InvalidRequest(f"--event is a name and a mode, PhotosTaken=warn, not {each!r}.")
        events[name] = other
    asked = {"bus": bus, "registry": registry, "mode": mode, "events": events, "unknown": unknown}
    ask(endpoint, "PUT", _PAGE, body=asked | ({"queue": queue} if queue else {}))
    others = "".join(f", {name}: {other}" for name, other in events.items())
    say(f"Bus {bus}, contracts of {registry}: {mode}{others}; without a contract: {unknown}.")


def violations(
    json: Annotated[bool, typer.Option("--json", help="Rules and counts as JSON.")] = False,
    endpoint: Endpoint = LOCAL,
) -> None:
    """Show what buses do about violations, and how many there were since the server started."""
    import orjson

    from eventyard.cli.pages import ask

    found = ask(endpoint, "GET", _PAGE)
    if json:
        typer.echo(orjson.dumps(found, option=orjson.OPT_INDENT_2).decode())
        return
    _show(found)


def _show(found: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False, markup=False)
    if not found["rules"]:
        console.print("No bus holds events against contracts. Begin with `eventyard contracts enforce warn`.")
        return
    for rules in found["rules"]:
        others = "".join(f", {name}: {mode}" for name, mode in rules["events"].items())
        console.print(f"{_short(rules['bus'])}: {rules['mode']}{others}; without a contract: {rules['unknown']}")
    table = Table(
        "contract", "version", "publisher", "checked", "warned", "quarantined", "rejected", box=None,
        header_style="bold", pad_edge=False,
    )  # fmt: skip
    for count in sorted(found["counts"], key=lambda each: -each["violated"]):
        numbers = [str(count[name]) for name in ("checked", "warn", "quarantine", "reject")]
        style = "yellow" if count["violated"] else ""
        names = printable(count["contract"]), str(count["version"]), printable(count["publisher"])
        table.add_row(*names, *numbers, style=style)
    if found["counts"]:
        console.print(table)


def _short(bus: str) -> str:
    return bus.partition(":event-bus/")[2] or bus
