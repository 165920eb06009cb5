"""``eventyard contracts drift``: what documents say against what is really published and received."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from eventyard.cli.contracts.options import HERE, Aws, Where
from eventyard.cli.options import LOCAL, Endpoint
from eventyard.cli.say import say
from eventyard.errors import InvalidRequest


def drift(
    folder: Where = HERE,
    bus: Annotated[
        list[str] | None, typer.Option(help="Name of a bus, several times; those of the documents, if left out.")
    ] = None,
    since: Annotated[str | None, typer.Option(help="Published since: 90s, 10m, 2h, 1d ago, or a date.")] = None,
    limit: Annotated[int, typer.Option(help="Look at so many events of a bus.", min=1, max=1_000_000)] = 100_000,
    files: Annotated[
        Path | None, typer.Option(help="File or folder of published events as JSON lines, in place of the server's.")
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="End with status 1 if anything is apart.")] = False,
    json: Annotated[bool, typer.Option("--json", help="All of it as JSON.")] = False,
    aws: Aws = False,
    endpoint: Endpoint = LOCAL,
) -> None:
    """Compare the contracts in a folder with what a server has seen: events, publishers, subscribers.

    A rule counts for an event if its pattern matches an example of the contract. A target is a service's by `targets`
    in contracts.yml, by a tag `service` of the rule, or by a name that begins with the service's."""
    from datetime import UTC, datetime

    from eventyard.cli.client import aws_client, real_client, told
    from eventyard.cli.contracts.observing import receivers
    from eventyard.cli.contracts.options import sound
    from eventyard.contract import read_repository
    from eventyard.contracts.asyncapi import services
    from eventyard.contracts.conventions import read_conventions
    from eventyard.contracts.drift import bus_of
    from eventyard.contracts.drift import drift as compared

    repository = sound(read_repository(folder), str(folder))
    owners = read_conventions(folder).targets
    buses = bus or sorted({bus_of(one) for one in repository.contracts})
    if files is not None and len(buses) != 1:
        raise InvalidRequest("--files are the events of one bus; say which with --bus.")
    seen, complete = _published(endpoint, buses, since, limit, files, aws)
    known = services(repository.contracts)
    with told("AWS" if aws else endpoint):
        events = real_client("events") if aws else aws_client("events", endpoint)
        there = [
            receiver
            for name in buses
            for receiver in receivers(events, name, known, owners, _delivered(endpoint, name, files, aws))
        ]
    found = compared(repository, seen, there, buses, datetime.now(UTC).date())
    _tell(found, seen, there, json)
    if not complete:
        typer.secho(f"Only the first {limit:,} events of a bus were looked at; see --limit and --since.", err=True)
    if seen is None:
        typer.secho("What was published is not known; give it with --files.", err=True)
    if strict and found:
        raise typer.Exit(1)


def _published(
    endpoint: str, buses: list[str], since: str | None, limit: int, files: Path | None, aws: bool
) -> tuple[list[Any] | None, bool]:
    from eventyard.cli.contracts.observing import seen
    from eventyard.cli.contracts.recorded import from_files
    from eventyard.cli.moments import moment
    from eventyard.contracts.drift import counted

    if files is not None:
        if since:
            raise InvalidRequest("--files are read as they are; --since is for a server.")
        found = counted(from_files(files, limit), buses[0])
        return found, sum(each.count for each in found) < limit
    if aws:
        return None, True
    start = moment(since, "--since") if since else None
    asked = [seen(endpoint, bus, start, limit) for bus in buses]
    return [each for events, _ in asked for each in events], all(complete for _, complete in asked)


def _delivered(endpoint: str, bus: str, files: Path | None, aws: bool) -> Callable[[str, str], bool | None]:
    from eventyard.cli.contracts.observing import ever_delivered

    def delivered(rule: str, target: str) -> bool | None:
        return None if aws or files is not None else ever_delivered(endpoint, bus, rule, target)

    return delivered


def _tell(found: list[Any], seen: list[Any] | None, there: list[Any], as_json: bool) -> None:
    import msgspec

    from eventyard.contracts.drift import KINDS

    if as_json:
        whole = {"differences": found, "published": seen, "receivers": there}
        typer.echo(msgspec.json.format(msgspec.json.encode(whole), indent=2))
        return
    for kind, words in KINDS.items():
        those = [each for each in found if each.kind == kind]
        if those:
            say(f"{kind}: {words}")
        for each in those:
            say("  " + "  ".join(filter(None, (each.event, each.who, each.message))))
    kinds = 0 if seen is None else len(seen)
    say(f"{len(found)} differences; {kinds} kinds of events and {len(there)} targets were looked at.")
