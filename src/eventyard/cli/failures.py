"""Deliveries that fail, told beside the tail of a bus."""

from __future__ import annotations

import threading
import time
from typing import Any

import orjson
from rich.console import Console
from rich.text import Text

from eventyard.cli.pages import get
from eventyard.errors import EventyardError
from eventyard.text import printable

_PAUSE = 1.0
_BAD = ("retrying", "dead-lettered", "dropped", "expired")


class Failures:
    """Asks every second, in a thread that ends with the command."""

    def __init__(self, endpoint: str, bus: str, console: Console) -> None:
        self._endpoint = endpoint
        self._bus = bus
        self._console = console
        self._told: set[tuple[Any, ...]] = set()

    def start(self) -> None:
        threading.Thread(target=self._run, name="failures", daemon=True).start()

    def _run(self) -> None:
        self._told = {_key(fate) for fate in self._ask()}
        while True:
            time.sleep(_PAUSE)
            fates = self._ask()
            for fate in reversed(fates):
                if _key(fate) not in self._told:
                    self._console.print(_line(fate))
            # What is not among the newest any more won't be asked for again.
            self._told = {_key(fate) for fate in fates} if fates else self._told

    def _ask(self) -> list[dict[str, Any]]:
        """The newest, the newest first; none while nobody answers."""
        found: list[dict[str, Any]] = []
        try:
            for outcome in _BAD:
                query = {"bus": self._bus, "outcome": outcome, "limit": "100"}
                with get(self._endpoint, "/_eventyard/fates", query) as answer:
                    found += orjson.loads(answer.read())["fates"]
        except (EventyardError, OSError):
            return []
        return sorted(found, key=lambda fate: -int(fate["at"]))


def _key(fate: dict[str, Any]) -> tuple[Any, ...]:
    return fate["position"], fate["subscriber"], fate["outcome"], fate["attempts"]


def _line(fate: dict[str, Any]) -> Text:
    from eventyard.cli.moments import local

    text = Text()
    text.append(local(fate["at"])[11:], style="dim")
    text.append(f"  {fate['outcome']:<24}", style="bold yellow" if fate["outcome"] == "retrying" else "bold red")
    text.append(f"  {fate['subscriber'].rpartition(':rule/')[2]:<20}  ", style="dim")
    tries = f" after {fate['attempts']} attempts" if fate["attempts"] > 1 else ""
    why = printable(f"{fate['error_code']} {fate['error_message'][:200]}")
    text.append(f"event {fate['event_id']}: {why}{tries}")
    return text
