"""Plays the story: a server, the company on it, something to look at, and a check at the end."""

from __future__ import annotations

import signal
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Any

from rich.console import Console
from rich.live import Live

from eventyard.cli.demo.company import BUS, Company
from eventyard.cli.demo.process import server
from eventyard.cli.demo.story import DEAD_LETTERS, Happening, tell
from eventyard.cli.demo.view import View, progress, result
from eventyard.cli.pages import post
from eventyard.cli.running import exports
from eventyard.errors import Broken

_CARS = 500
#: Events a second on a terminal, so that there is something to see; elsewhere as many as go through.
_PACE = 240.0
_PATIENCE = 60.0


def play(once: bool) -> int:
    """The whole demo; 0 if every service received exactly what it should. With ``once`` it ends after the story."""
    console = Console(highlight=False, soft_wrap=True)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    try:
        with tempfile.TemporaryDirectory(prefix="eventyard-demo-") as folder, server(Path(folder)) as endpoint:
            console.print(f"\n  [bold]Eventyard[/] runs on {endpoint}, on a temporary directory.")
            company = Company(endpoint)
            company.found()
            try:
                status = _perform(console, company)
            finally:
                company.close()
            if not once and status == 0:
                _stay(console, endpoint)
            return status
    except KeyboardInterrupt:
        console.print()
        return 130


def _perform(console: Console, company: Company) -> int:
    story = list(tell(_CARS))
    started = time.monotonic()
    company.start(story, _PACE if console.is_terminal else None)
    if console.is_terminal:
        _watch(console, company, len(story), started)
    else:
        _log(console, company, len(story), started)
    seconds = time.monotonic() - started
    if company.failure is not None:
        raise Broken(f"The demo was cut short: {company.failure}") from company.failure
    time.sleep(0.5)  # a delivery too many would come now
    company.gauge()
    if not company.finished:
        console.print("\n  [bold red]Not every service received what it should.[/]")
        for service in company.services:
            if not service.satisfied:
                console.print(f"  {service.complaint}")
        return 1
    deliveries = sum(each.received.total() for each in company.services)
    console.print(
        f"\n  [bold green]Every service received exactly what it should:[/] {deliveries:,} deliveries of "
        f"{company.published:,} events in {seconds:.1f} s, checked by event id."
    )
    _tell_more(console, company)
    return 0


def _watch(console: Console, company: Company, total: int, started: float) -> None:
    view = View(company, total)
    with Live(console=Console(), auto_refresh=False) as live:  # one that crops, where the other lets lines run on
        while not _over(company, started):
            company.gauge()
            view.sample()
            live.update(view.table(console.width), refresh=True)
            time.sleep(0.15)
        company.gauge()
        live.update(view.table(console.width), refresh=True)


def _log(console: Console, company: Company, total: int, started: float) -> None:
    said = time.monotonic()
    while not _over(company, started):
        company.gauge()
        if time.monotonic() - said >= 1:
            said = time.monotonic()
            progress(console, company, total)
        time.sleep(0.1)
    progress(console, company, total)
    result(console, company)


def _over(company: Company, started: float) -> bool:
    return company.finished or company.failure is not None or time.monotonic() - started > _PATIENCE


def _tell_more(console: Console, company: Company) -> None:
    """What the table does not show: a dead letter's reasons, and why a rule did not match."""
    dead = next(each for each in company.services if each.name == DEAD_LETTERS)
    console.print(
        "\n  The queue of [bold]old-crm[/] was deleted. Nobody noticed; its events are dead letters, such as:"
    )
    for name, attribute in sorted(dead.letter["MessageAttributes"].items()):
        console.print(f"    {name:<26} [dim]{attribute['StringValue']}[/]")
    failed = next(each for each in tell(_CARS) if each.kind == "PaymentFailed" and each.detail["amount"] <= 20_000)
    why = post(company.endpoint, "/_eventyard/explain", {"rule": "fraud-watch", "bus": BUS, "event": _event(failed)})
    console.print(f"\n  Why did [bold]fraud-watch[/] not get the failed payment of £{failed.detail['amount']:,}?")
    console.print(f"    [yellow]{why['text']}[/]")


def _event(happening: Happening) -> dict[str, Any]:
    return {"source": f"uk.co.cars.{happening.service}", "detail-type": happening.kind, "detail": happening.detail}


def _stay(console: Console, endpoint: str) -> None:
    with suppress(KeyboardInterrupt):  # also one that comes with the first line
        console.print(f"\n  The server stays up. Point your tools at it:\n\n{exports(endpoint)}\n")
        console.print(f"  eventyard tail --bus {BUS} --since 1m      Ctrl-C here ends it all.")
        while True:
            time.sleep(3600)
    console.print()


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
