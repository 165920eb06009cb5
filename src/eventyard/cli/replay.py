"""``eventyard replay``: events of the past, once more, to rules or to a URL."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Annotated

import typer

from eventyard.cli.options import LOCAL, Bus, Endpoint
from eventyard.cli.say import say
from eventyard.errors import InvalidRequest

_CHUNK = 50

Deliver = Callable[[Sequence[str]], Counter[str]]


def replay(
    event: Annotated[list[str] | None, typer.Option(help="Id of an event; may be given several times.")] = None,
    where: Annotated[str | None, typer.Option(help="Event pattern as JSON; what matches is replayed.")] = None,
    since: Annotated[str | None, typer.Option(help="Received since: 90s, 10m, 2h, 1d ago, or a date.")] = None,
    until: Annotated[str | None, typer.Option(help="Received until; now, if left out.")] = None,
    to_rule: Annotated[str | None, typer.Option(help="Only to this rule, if it matches.")] = None,
    to_target: Annotated[
        str | None, typer.Option(help="Only to this target, by id or ARN, of the rules that match.")
    ] = None,
    to_url: Annotated[str | None, typer.Option(help="POST the events there from here, to no rule.")] = None,
    name: Annotated[str | None, typer.Option(help="What the events have as replay-name.")] = None,
    rate: Annotated[int | None, typer.Option(help="Events a second, at most.", min=1)] = None,
    limit: Annotated[int, typer.Option(help="Refuse to replay more.", min=1, max=1_000_000)] = 10_000,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be replayed.")] = False,
    bus: Bus = "default",
    endpoint: Endpoint = LOCAL,
) -> None:
    """Replay events that a bus still has to the rules that match them now, or to a URL. No archive is needed.

    Archives of longer ago are replayed with StartReplay of the EventBridge API. Ends with status 2 if an event could
    not be delivered to the URL."""
    from eventyard.cli.chosen import chosen

    if not event and since is None:
        raise InvalidRequest("Say which events: --event ID, or --since 10m, with --where PATTERN if not all.")
    if event and (where or since or until):
        raise InvalidRequest("Either --event, or --where with --since and --until.")
    if to_url and (to_rule or to_target):
        raise InvalidRequest("Either --to-url, or --to-rule and --to-target.")
    texts = chosen(endpoint, bus, event or [], where, since, until, limit)
    name = name or f"cli-{int(time.time())}"
    if to_url:
        _to_url(texts, to_url, rate, dry_run)
        return
    counts = _paced(texts, _to_rules(endpoint, bus, to_rule, to_target, name, dry_run), None if dry_run else rate)
    nobody = counts.pop("", 0)
    say(f"{'Would replay' if dry_run else 'Replayed'} {_events(len(texts))} as {name}.")
    for rule, count in sorted(counts.items()):
        say(f"  {rule}: {count}")
    if nobody:
        say(f"  matched by no rule with a target: {nobody}")


def _to_url(texts: Sequence[str], url: str, rate: int | None, dry_run: bool) -> None:
    from eventyard.cli.posting import Posting

    posting = Posting(url)
    if dry_run:
        say(f"Would post {_events(len(texts))} to {url}.")
        return
    with posting:
        counts = _paced(texts, posting.deliver, rate)
    say(f"Posted {_events(counts['posted'])} to {url}.")
    for why, count in sorted(counts.items()):
        if why != "posted":
            say(f"  failed: {count} ({why})")
    if len(texts) != counts["posted"]:
        raise typer.Exit(2)


def _to_rules(endpoint: str, bus: str, rule: str | None, target: str | None, name: str, dry_run: bool) -> Deliver:
    from eventyard.cli.pages import post

    def deliver(texts: Sequence[str]) -> Counter[str]:
        asked = {"bus": bus, "rule": rule, "target": target, "name": name, "events": texts, "dry_run": dry_run}
        done = post(endpoint, "/_eventyard/redeliver", asked)
        return Counter(done["rules"]) + Counter({"": done["nobody"]})

    return deliver


def _paced(texts: Sequence[str], deliver: Deliver, rate: int | None) -> Counter[str]:
    """``deliver`` all, at most ``rate`` a second, under a progress bar where somebody looks."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (TextColumn("replaying"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    size = _CHUNK if rate is None else max(1, min(_CHUNK, rate // 5))
    counts: Counter[str] = Counter()
    begun = time.monotonic()
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        task = progress.add_task("", total=len(texts))
        for start in range(0, len(texts), size):
            if rate is not None:
                time.sleep(max(0.0, begun + start / rate - time.monotonic()))
            part = texts[start : start + size]
            counts.update(deliver(part))
            progress.advance(task, len(part))
    return counts


def _events(count: int) -> str:
    return f"{count} event{'' if count == 1 else 's'}"
