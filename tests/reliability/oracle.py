"""The books that the harness keeps of what it meant, what it was told and what it received: files, append only.

``intent`` is written before an event is sent, ``ack`` when its entry is answered, ``receipts`` when a message is
received and before it is deleted, or when the sink takes an event and before it says so; ``tries`` are all calls of the
sink. ``schedules`` says what is to fire, ``firings`` what did; ``replays`` what was asked for, and what was said;
``runs`` when the server ran and how it ended; ``end`` what it said last. An intent without an answer was cut off: it
may or may not exist.
"""

from __future__ import annotations

import hashlib
import json
import random
import time
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any, TextIO

from .moments import MOMENTS, Schedule
from .topology import KINDS, ROUTES, SOURCE, Intent

BOOKS = ("intent", "ack", "receipts", "tries", "schedules", "firings", "replays", "runs", "end")


class Oracle:
    """Writes the books, and knows what is still owed: by event number or name of a schedule, and place or moment."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._files: dict[str, TextIO] = {name: (folder / f"{name}.jsonl").open("a") for name in BOOKS}
        self.intents: list[Intent] = []  #: by number
        self._acknowledged: list[Intent] = []
        self._schedules: list[Schedule] = []
        self._until = 0
        self._asked: dict[str, tuple[int, int, int]] = {}
        self._seen: set[tuple[int | str, str | int]] = set()
        self.owed: set[tuple[int | str, str | int]] = set()
        self.received = 0

    @property
    def acknowledged(self) -> int:
        return len(self._acknowledged)

    def intend(self, chance: random.Random) -> tuple[int, dict[str, Any]]:
        """Write down a new intent; answers its number and its PutEvents entry. One in fifty has no DetailType."""
        number, now = len(self.intents), int(time.time())
        kind, amount = chance.choice(KINDS), chance.choice((chance.randint(0, 1000), chance.randint(0, 99999) / 100))
        # Spaces, escapes and a trailing zero: a re-serialised detail would not have the same digest.
        pad = chance.choice(("x", "\\u00e9", "\u00fc ", "\\/", "1.50")) * chance.randint(1, 60)
        detail = f'{{"number": {number}, "kind":"{kind}", "amount":{amount}, "pad": "{pad}", "ratio": 1.50}}'
        intent = Intent(number, kind, amount, now, hashlib.sha256(detail.encode()).hexdigest())
        self.intents.append(intent)
        self._write("intent", asdict(intent))
        entry = {"Source": SOURCE, "DetailType": "harness event", "Detail": detail, "Time": now}
        if chance.random() < 0.02:
            del entry["DetailType"]
        return number, entry

    def answered(self, number: int, result: dict[str, Any]) -> None:
        """Write down an entry's result."""
        if "ErrorCode" in result:
            self._write("ack", {"number": number, "error": result["ErrorCode"]})
            return
        self._write("ack", {"number": number, "id": result["EventId"]})
        intent = self.intents[number]
        self._acknowledged.append(intent)
        self._owe({(number, route.place) for route in ROUTES if not route.replays and route.matches(intent)})

    def received_from(self, queue: str, message: dict[str, Any]) -> None:
        """Write down a received message."""
        sent = int(message["Attributes"]["SentTimestamp"])
        if queue == MOMENTS:
            self._fired(message, sent)
            return
        attributes = {
            name: value.get("StringValue") for name, value in sorted(message.get("MessageAttributes", {}).items())
        }
        self._received(queue, message["MessageId"], sent, message["Body"], attributes)

    def tried(self, number: int, tries: int, body: str) -> bool:
        """Write down that the sink was called with this event for the ``tries``-th time; says whether it takes it."""
        now = time.time_ns() // 1_000_000
        taken = number >= len(self.intents) or tries > self.intents[number].failures
        self._write("tries", {"number": number, "at": now, "taken": taken})
        if taken:
            self._received("sink", f"try-{tries}", now, body, {})
        return taken

    def scheduled(self, schedules: Sequence[Schedule]) -> None:
        """Write down what is to fire."""
        self._schedules += schedules
        for each in schedules:
            self._write("schedules", asdict(each))

    def replay_asked(self, name: str, start: int, end: int) -> None:
        """Write down, before it is asked for, a replay of the window from ``start`` to ``end`` (seconds). What was
        acknowledged until now belongs to it."""
        self._asked[name] = (len(self._acknowledged), start, end)
        self._write("replays", {"name": name, "start": start, "end": end, "acknowledged": len(self._acknowledged)})

    def replay_answered(self, name: str, error: str | None) -> None:
        """Write down what was said to that."""
        self._write("replays", {"name": name, "error": error})
        acknowledged, start, end = self._asked.pop(name)
        if error is None:
            window = [it for it in self._acknowledged[:acknowledged] if it.archived and start <= it.time < end]
            again = [route for route in ROUTES if route.replays]
            self._owe({(it.number, route.at(name)) for it in window for route in again if route.matches(it)})

    def ran(self, began: float, ended: float, end: str) -> None:
        """Write down a life of the server (seconds since the epoch), and whether a kill or a stop ended it."""
        self._write("runs", {"began": int(began * 1000), "ended": int(ended * 1000), "end": end})

    def closing(self, until: int) -> None:
        """The moments up to ``until``, and no later ones, are owed."""
        self._until = until
        self._owe({(each.name, moment) for each in self._schedules for moment in each.due(self._until)})

    def closed(self, archived: int) -> None:
        """Write down until when moments are owed, and how many events the archive said that it had."""
        self._write("end", {"until": self._until, "archived": archived})

    def flush(self) -> None:
        for file in self._files.values():
            file.flush()

    def close(self) -> None:
        for file in self._files.values():
            file.close()

    def _owe(self, items: set[tuple[int | str, str | int]]) -> None:
        self.owed |= items - self._seen

    def _got(self, item: tuple[int | str, str | int]) -> None:
        self.received += 1
        self._seen.add(item)
        self.owed.discard(item)

    def _received(self, place: str, message: str, sent: int, body: str, attributes: dict[str, Any]) -> None:
        """The digest is that of the detail as it stands in the body, not as it parses."""
        text = body[body.index('"detail":') + len('"detail":') : -1]
        event = json.loads(body)
        number = event["detail"]["number"]
        if replay := event.get("replay-name"):
            place = f"{place}/{replay}"
        record = {"place": place, "message": message, "sent": sent, "id": event["id"], "number": number}
        record["digest"] = hashlib.sha256(text.encode()).hexdigest()
        self._write("receipts", record | ({"attributes": attributes} if attributes else {}))
        self._got((number, place))

    def _fired(self, message: dict[str, Any], sent: int) -> None:
        said = json.loads(message["Body"])
        moment = int(datetime.fromisoformat(said["moment"]).timestamp())
        self._write(
            "firings",
            {
                "schedule": said["schedule"],
                "moment": moment,
                "firing": said["firing"],
                "message": message["MessageId"],
                "sent": sent,
            },
        )
        item = (said["schedule"], moment)
        if item in self.owed:  # others come for ever
            self._got(item)
        self._seen.add(item)

    def _write(self, book: str, record: dict[str, Any]) -> None:
        self._files[book].write(json.dumps(record) + "\n")
