"""A partner event source as a plain frozen record. Times are milliseconds since the epoch."""

from __future__ import annotations

import msgspec

from eventyard.names import bus_arn

PENDING, ACTIVE, DELETED = "PENDING", "ACTIVE", "DELETED"

#: How long a source may be pending (API reference, "DeactivateEventSource": two weeks).
PATIENCE = 14 * 86_400_000


class Source(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the account ``partner`` offers to ``account`` in ``region``. ``expires``: when it ends if it is pending
    then."""

    name: str
    region: str
    partner: str
    account: str
    created: int
    state: str = PENDING
    expires: int | None = None

    @property
    def arn(self) -> str:
        """It belongs to no account (API reference, examples of partner event sources)."""
        return f"arn:aws:events:{self.region}::event-source/{self.name}"

    @property
    def bus(self) -> str:
        """The ARN of the bus that matches it."""
        return bus_arn(self.account, self.region, self.name)

    @property
    def partner_name(self) -> str:
        """What stands behind ``aws.partner/``."""
        return self.name.split("/")[1]
