"""How often contracts were kept and broken, by publisher, event and version: what alarms are raised on."""

from __future__ import annotations

import msgspec

from eventyard.validation.rules import Mode

#: So many different counts at most; what comes later is counted under the name ``other``.
_MOST = 5_000


class Key(msgspec.Struct, frozen=True):
    """``contract``: ``source@DetailType``. ``version``: the newest one that is registered; 0 without a contract."""

    bus: str
    contract: str
    version: int
    publisher: str


class Count(msgspec.Struct):
    """``checked`` events, and what was done with those of them that broke their contract."""

    checked: int = 0
    warn: int = 0
    quarantine: int = 0
    reject: int = 0

    @property
    def violated(self) -> int:
        return self.warn + self.quarantine + self.reject

    def violated_by(self, mode: Mode) -> None:
        """One more event broke its contract, and this was done with it."""
        if mode == "warn":
            self.warn += 1
        elif mode == "quarantine":
            self.quarantine += 1
        elif mode == "reject":
            self.reject += 1


class Tally:
    """The counts since the server started."""

    def __init__(self) -> None:
        self.counts: dict[Key, Count] = {}

    def count(self, key: Key) -> Count:
        """What the events of ``key`` are counted in."""
        if key not in self.counts and len(self.counts) >= _MOST:
            key = Key(key.bus, "other", 0, "other")
        return self.counts.setdefault(key, Count())
