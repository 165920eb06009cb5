"""The books that the harness keeps of what it meant, what it was told and what it received: three files, append only.

``intent.jsonl`` is written before an event is sent, ``ack.jsonl`` when its entry is answered, ``receipts.jsonl`` when a
message is received and before it is deleted. An intent without an answer was cut off: it may or may not exist.
"""

from __future__ import annotations

import hashlib
import json
import random
from pathlib import Path
from typing import Any, TextIO

from .topology import KINDS, ROUTES, SOURCE, Intent


class Oracle:
    """Writes the books, and knows what is still owed."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._files: dict[str, TextIO] = {
            name: (folder / f"{name}.jsonl").open("a") for name in ("intent", "ack", "receipts")
        }
        self._intents: dict[int, Intent] = {}
        self._seen: set[tuple[int, str]] = set()
        self.owed: set[tuple[int, str]] = set()
        self.acknowledged = self.received = 0
        self._next = 0

    def intend(self, chance: random.Random) -> tuple[int, dict[str, str]]:
        """Write down a new intent; answers its number and its PutEvents entry. One in fifty has no DetailType."""
        number, self._next = self._next, self._next + 1
        kind, amount = chance.choice(KINDS), chance.choice((chance.randint(0, 1000), chance.randint(0, 99999) / 100))
        # Spaces, escapes and a trailing zero: a re-serialised detail would not have the same digest.
        pad = chance.choice(("x", "\\u00e9", "\u00fc ", "\\/", "1.50")) * chance.randint(1, 60)
        detail = f'{{"number": {number}, "kind":"{kind}", "amount":{amount}, "pad": "{pad}", "ratio": 1.50}}'
        digest = hashlib.sha256(detail.encode()).hexdigest()
        self._intents[number] = Intent(number, kind, amount, digest)
        self._write("intent", {"number": number, "kind": kind, "amount": amount, "digest": digest})
        entry = {"Source": SOURCE, "DetailType": "harness event", "Detail": detail}
        if chance.random() < 0.02:
            del entry["DetailType"]
        return number, entry

    def answered(self, number: int, result: dict[str, Any]) -> None:
        """Write down an entry's result."""
        intent = self._intents.pop(number)
        if "ErrorCode" in result:
            self._write("ack", {"number": number, "error": result["ErrorCode"]})
            return
        self._write("ack", {"number": number, "id": result["EventId"]})
        self.acknowledged += 1
        owed = {(number, route.queue) for route in ROUTES if route.matches(intent)}
        self.owed |= owed - self._seen

    def received_from(self, queue: str, message: dict[str, Any]) -> None:
        """Write down a received message: the digest of its detail as it stands in the body, not as it parses."""
        body = message["Body"]
        text = body[body.index('"detail":') + len('"detail":') : -1]
        event = json.loads(body)
        number = event["detail"]["number"]
        attributes = {
            name: value.get("StringValue") for name, value in sorted(message.get("MessageAttributes", {}).items())
        }
        record = {"queue": queue, "message": message["MessageId"], "id": event["id"], "number": number}
        record["digest"] = hashlib.sha256(text.encode()).hexdigest()
        self._write("receipts", record | ({"attributes": attributes} if attributes else {}))
        self.received += 1
        self._seen.add((number, queue))
        self.owed.discard((number, queue))

    def _write(self, book: str, record: dict[str, Any]) -> None:
        self._files[book].write(json.dumps(record) + "\n")

    def flush(self) -> None:
        for file in self._files.values():
            file.flush()

    def close(self) -> None:
        for file in self._files.values():
            file.close()
