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


class Tally:
    """The counts since the server started."""

    def __init__(self) -> None:
        self.counts: dict[Key, Count] = {}

    def checked(self, key: Key) -> Count:
        """One more event was looked at; what it is counted in."""
        count = self.counts.get(key)
        if count is None:
            if len(self.counts) >= _MOST:
                key = Key(key.bus, "other", 0, "other")
            count = self.counts.setdefault(key, Count())
        count.checked += 1
        return count

    def violated(self, count: Count, mode: Mode) -> None:
        if mode == "warn":
            count.warn += 1
        elif mode == "quarantine":
            count.quarantine += 1
        elif mode == "reject":
            count.reject += 1
