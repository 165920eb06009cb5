"""The oracle's books, read. Nothing is judged here."""

from __future__ import annotations

import json
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .moments import Schedule
from .topology import Intent


@dataclass(frozen=True)
class Replay:
    """A replay of the window from ``start`` to ``end``, of all that was among the first ``acknowledged`` at least.
    ``error``: what was answered, None for success. Without an answer it may or may not have been started."""

    start: int
    end: int
    acknowledged: int
    answered: bool = False
    error: str | None = None

    def covers(self, intent: Intent) -> bool:
        return intent.archived and self.start <= intent.time < self.end


@dataclass(frozen=True)
class Run:
    """A life of the server, in milliseconds since the epoch, and whether ``kill`` or ``stop`` ended it."""

    began: int
    ended: int
    end: str


class Books:
    """``until``: up to when moments were waited for."""

    def __init__(self, folder: Path) -> None:
        self.intents = {row["number"]: Intent(**row) for row in _lines(folder, "intent")}
        #: number -> id, in the order in which they were acknowledged
        self.ids: dict[int, str] = {}
        self.refused: dict[int, str] = {}
        for answer in _lines(folder, "ack"):
            if "error" in answer:
                self.refused[answer["number"]] = answer["error"]
            else:
                self.ids[answer["number"]] = answer["id"]
        #: (number, place) -> the records of what was received
        self.receipts: dict[tuple[int, str], list[dict[str, Any]]] = defaultdict(list)
        for receipt in _lines(folder, "receipts"):
            self.receipts[receipt["number"], receipt["place"]].append(receipt)
        #: number -> when the sink was called with it
        self.tries: dict[int, list[int]] = defaultdict(list)
        for each in _lines(folder, "tries"):
            self.tries[each["number"]].append(each["at"])
        self.schedules = {row["name"]: Schedule(**row) for row in _lines(folder, "schedules")}
        #: (schedule, moment) -> the records of what was received
        self.firings: dict[tuple[str, int], list[dict[str, Any]]] = defaultdict(list)
        for firing in _lines(folder, "firings"):
            self.firings[firing["schedule"], firing["moment"]].append(firing)
        self.replays: dict[str, Replay] = {}
        for row in _lines(folder, "replays"):
            name = row.pop("name")
            asked = self.replays.get(name)
            if asked is None:
                self.replays[name] = Replay(**row)
            else:
                self.replays[name] = Replay(asked.start, asked.end, asked.acknowledged, True, row["error"])
        self.runs = [Run(**row) for row in _lines(folder, "runs")]
        self._begins = [run.began for run in self.runs]
        ends = list(_lines(folder, "end"))
        self.until: int = ends[-1]["until"] if ends else 0
        self.archived: int | None = ends[-1]["archived"] if ends else None

    def run_at(self, moment: int) -> int:
        """The number of the run in which something happened at ``moment`` (ms)."""
        return bisect_right(self._begins, moment) - 1

    @property
    def existing(self) -> set[int]:
        """The numbers of the events that were acknowledged, or cut off and seen all the same."""
        return self.ids.keys() | {number for number, _ in self.receipts}


def _lines(folder: Path, book: str) -> Iterator[dict[str, Any]]:
    with (folder / f"{book}.jsonl").open() as file:
        for line in file:
            yield json.loads(line)
