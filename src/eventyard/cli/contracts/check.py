"""``eventyard contracts check``: how contracts would have fared with real events."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from eventyard.cli.contracts.options import HERE, Where
from eventyard.cli.options import LOCAL, Bus, Endpoint
from eventyard.cli.say import say
from eventyard.errors import InvalidRequest


def check(
    folder: Where = HERE,
    against_archive: Annotated[
        bool, typer.Option("--against-archive", help="Check with events of the past: of a bus, an archive or files.")
    ] = False,
    bus: Bus = "default",
    archive: Annotated[str | None, typer.Option(help="Name or ARN of an archive, in place of a bus.")] = None,
    files: Annotated[
        Path | None, typer.Option(help="File or folder of events as JSON lines, gzip or not, in place of a server.")
    ] = None,
    since: Annotated[str | None, typer.Option(help="Received since: 90s, 10m, 2h, 1d ago, or a date.")] = None,
    until: Annotated[str | None, typer.Option(help="Received until; now, if left out.")] = None,
    limit: Annotated[
        int, typer.Option(help="Look at so many events, the oldest first.", min=1, max=1_000_000)
    ] = 1_000_000,
    against: Annotated[
        str | None, typer.Option(help="Revision of git: also tell how many it would have refused already.")
    ] = None,
    samples: Annotated[int, typer.Option(help="Events to show of each contract.", min=0, max=100)] = 3,
    json: Annotated[bool, typer.Option("--json", help="All of it as JSON.")] = False,
    endpoint: Endpoint = LOCAL,
) -> None:
    """Tell how many real events the contracts in a folder would refuse, why, and which.

    An event that keeps any version of its contract is taken. Ends with status 1 if one would be refused (with
    --against: one that was not refused before). Personal values are not shown."""
    from eventyard.cli.contracts.options import sound
    from eventyard.cli.contracts.recorded import from_files, from_server
    from eventyard.contract import read_repository
    from eventyard.contracts import past
    from eventyard.contracts.revision import read_revision

    if not against_archive:
        raise InvalidRequest("Say what to check with: --against-archive, with --bus, --archive or --files.")
    if files is not None and (archive or since or until):
        raise InvalidRequest("--files are read as they are: --archive, --since and --until are for a server.")
    repository = sound(read_repository(folder), str(folder))
    former = read_revision(folder, against) if against else None
    events = from_files(files, limit) if files else from_server(endpoint, bus, archive, since, until, limit)
    found = past.check(events, repository, former, samples)
    if json:
        _as_json(found)
    else:
        _as_text(found, against, limit)
    if any(one.rejected > (one.already or 0) for one in found.events):
        raise typer.Exit(1)


def _as_json(found: Any) -> None:
    import msgspec

    whole = {"checked": found.checked, "rejected": found.rejected} | msgspec.to_builtins(found)
    typer.echo(msgspec.json.format(msgspec.json.encode(whole), indent=2))


def _as_text(found: Any, against: str | None, limit: int) -> None:
    for one in found.events:
        already = f", {one.already:,} of them at {against} already" if one.rejected and one.already is not None else ""
        say(f"{one.name}: {one.rejected:,} of {one.checked:,} real events would be rejected{already}")
        for reason in one.reasons:
            say(f"  {reason.count:>8,}  {reason.path or 'detail'} ({reason.keyword}): {reason.message}")
        for sample in one.samples:
            said = "; ".join(str(each) for each in sample.violations)
            say(f"  such as {sample.id} of {sample.time}: {said}")
    say(f"{found.rejected:,} of {found.checked:,} real events would be rejected.")
    if found.uncovered:
        say(f"{found.uncovered:,} more have no contract.")
    if found.checked + found.uncovered == limit:
        say(f"Only the first {limit:,} were looked at; see --limit and --since.")
