"""How the demo looks: a table that lives on a terminal, plain lines everywhere else."""

from __future__ import annotations

import time
from collections import deque
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from eventyard.cli.demo.company import BUS, Company, Service
from eventyard.cli.demo.story import DEAD_LETTERS, Happening
from eventyard.cli.line import colour

_WINDOW = 2.0


class View:
    """What there is to see of ``company`` at a moment. ``total``: how many events the story has."""

    def __init__(self, company: Company, total: int) -> None:
        self._company = company
        self._total = total
        self._samples: deque[tuple[float, int, dict[str, int]]] = deque()

    def sample(self) -> None:
        """Take note of the counts of the moment, for the rates."""
        now = time.monotonic()
        counts = {each.name: each.received.total() for each in self._company.services}
        self._samples.append((now, self._company.published, counts))
        while self._samples[0][0] < now - _WINDOW and len(self._samples) > 2:
            self._samples.popleft()

    def table(self, width: int) -> RenderableType:
        """The services, and below them the latest events."""
        published = self._company.published
        head = Text.assemble(
            ("  ● ", "green" if not self._company.told.is_set() else "dim"),
            (f"{published:,}", "bold"),
            f" of {self._total:,} events published on bus ",
            (BUS, "bold"),
            (f"   {self._rate(None):,.0f}/s" if not self._company.told.is_set() else "   all told", "dim"),
        )
        table = Table(box=SIMPLE_HEAD, expand=True, pad_edge=True)
        table.add_column("service", no_wrap=True, min_width=13)
        table.add_column("in queue", justify="right", no_wrap=True, min_width=8)
        table.add_column("received", justify="right", no_wrap=True, min_width=8)
        table.add_column("per s", justify="right", no_wrap=True, min_width=6)
        table.add_column("last message", no_wrap=True, overflow="ellipsis", ratio=1)
        for service in self._company.services:
            table.add_row(*self._row(service))
        return Group(head, table, *(_latest(each) for each in list(self._company.latest)), Text(""))

    def _row(self, service: Service) -> tuple[Text, ...]:
        down = service.late and not self._company.half.is_set()
        style = "red" if service.name == DEAD_LETTERS else "bold"
        depth = Text(f"{service.depth:,}", "yellow" if service.depth > 50 else "dim")
        rate = self._rate(service.name)
        last = Text("down; its events wait", "yellow") if down else Text(_summary(service.last), "dim")
        received = Text(f"{service.received.total():,}", "cyan")
        if self._company.told.is_set() and service.satisfied:
            received = Text(f"✓ {service.received.total():,}", "green")
        return Text(service.name, style), depth, received, Text(f"{rate:,.0f}" if rate else "", "dim"), last

    def _rate(self, name: str | None) -> float:
        if len(self._samples) < 2:
            return 0.0
        (start, before, counts), (end, after, now) = self._samples[0], self._samples[-1]
        done = after - before if name is None else now[name] - counts[name]
        return done / (end - start) if end > start else 0.0


def progress(console: Console, company: Company, total: int) -> None:
    """One plain line for where there is no terminal."""
    counts = ", ".join(f"{each.name} {each.received.total()}" for each in company.services)
    console.out(f"{company.published} of {total} events published; received: {counts}", highlight=False)


def result(console: Console, company: Company) -> None:
    """What each service received, in plain lines."""
    for service in company.services:
        count = service.received.total()
        mark = "ok " if service.satisfied else "NOT"
        line = f"  {mark} {service.name:<14} {count:>6,} of {len(service.expected):>6,}   {service.purpose}"
        console.out(line, highlight=False)


def _latest(happening: Happening) -> Text:
    text = Text("  ", no_wrap=True, overflow="ellipsis")
    text.append(f"{happening.kind:<24}", style=colour(happening.kind))
    text.append(_car(happening.detail), style="dim")
    return text


def _summary(body: dict[str, Any]) -> str:
    if not body:
        return ""
    return f"{body['detail-type']}  {_car(body['detail'])}" if "detail" in body else str(body["text"])


def _car(detail: dict[str, Any]) -> str:
    return f"{detail['make']} {detail['vrm']}  £{detail['amount']:,}"
