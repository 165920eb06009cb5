"""The accounts that committed themselves to a least throughput, which lets them warm up streams on demand.

Here nobody is billed: only what AWS makes of a commitment's times is kept. Source: Kinesis API reference,
MinimumThroughputBillingCommitmentInput.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from eventyard.clock import Clock
from eventyard.store import Catalog, Change

_KIND = "stream-commitment"
_LEAST = 86_400_000

Status = Literal["ENABLED", "DISABLED", "ENABLED_UNTIL_EARLIEST_ALLOWED_END"]


class Commitment(msgspec.Struct, frozen=True):
    """``started``: when (ms); None if never. ``ends``: when it ends or has ended; None while nobody wants it to."""

    started: int | None = None
    ends: int | None = None

    @property
    def earliest_end(self) -> int | None:
        return None if self.started is None else self.started + _LEAST

    def status(self, now: int) -> Status:
        if self.started is None or (self.ends is not None and self.ends <= now):
            return "DISABLED"
        return "ENABLED" if self.ends is None else "ENABLED_UNTIL_EARLIEST_ALLOWED_END"


class Commitments:
    """Those of all accounts and regions. Reads answer from memory; a change is durable when it returns."""

    def __init__(self, catalog: Catalog, clock: Clock) -> None:
        self._catalog = catalog
        self._clock = clock
        self._known: dict[str, Commitment] = {}

    async def load(self) -> None:
        """Bring all back. Call once."""
        for key, value in (await self._catalog.load(_KIND)).items():
            self._known[key] = msgspec.json.decode(value, type=Commitment)

    def get(self, account: str, region: str) -> Commitment:
        return self._known.get(f"{account} {region}", Commitment())

    def holds(self, account: str, region: str) -> bool:
        """Whether the account is committed now."""
        return self.get(account, region).status(self._clock.now()) != "DISABLED"

    async def set(self, account: str, region: str, wanted: bool) -> Commitment:
        """Begin a commitment, or end it as soon as it may; what is so already stays as it is."""
        now, old = self._clock.now(), self.get(account, region)
        status = old.status(now)
        if wanted:
            new = Commitment(now) if status == "DISABLED" else Commitment(old.started)
        elif status == "ENABLED":
            new = Commitment(old.started, max(old.earliest_end or now, now))
        else:
            new = old
        if new != old:
            key = f"{account} {region}"
            await self._catalog.apply([Change(_KIND, key, msgspec.json.encode(new))])
            self._known[key] = new
        return new
