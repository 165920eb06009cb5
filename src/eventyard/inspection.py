"""What is asked before events reach a bus: the contract between the publisher and who checks what they hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Protocol

from eventyard.event import Event

Rejected = Mapping[int, str]
"""The places in a batch of the events that were not taken, and why."""

Head = tuple[str, str, Any]
"""What is looked at of an event: its source, its detail-type, and its detail as it was decoded (a JSON object)."""

NONE: Rejected = MappingProxyType({})

CODE = "ContractViolation"
"""The code of what is rejected: of an entry of PutEvents, and of a delivery that would have become an event."""


class Inspector(Protocol):
    """Looks at the content of events, and decides which of them reach the bus."""

    def watches(self, bus: str) -> bool:
        """Whether the events of the bus with ARN ``bus`` are looked at. Asked for every batch, so it must cost
        nothing."""
        ...

    async def admit(
        self, bus: str, events: Sequence[Event], heads: Sequence[Head] | None = None
    ) -> tuple[Sequence[Event], Rejected]:
        """The events to be appended, in their order, and those that are rejected. An event that is in neither is kept
        elsewhere, durably, before this returns. ``heads``: those of ``events``, if somebody has decoded them before.
        Raises TryAgain where there is no room for it."""
        ...


class Open:
    """Looks at nothing."""

    def watches(self, bus: str) -> bool:
        return False

    async def admit(
        self, bus: str, events: Sequence[Event], heads: Sequence[Head] | None = None
    ) -> tuple[Sequence[Event], Rejected]:
        return events, NONE
