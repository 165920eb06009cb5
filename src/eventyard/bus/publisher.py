"""The publisher: takes admitted events to the log and answers when they are durable. It never delivers."""

from __future__ import annotations

from collections.abc import Sequence

from eventyard.event import Event
from eventyard.store import EventLog


class Publisher:
    """The one way into a bus's log."""

    def __init__(self, log: EventLog) -> None:
        self._log = log
        self.published = 0

    async def publish(self, bus: str, events: Sequence[Event]) -> None:
        """Append ``events`` to the log of the bus with ARN ``bus``; return once they are durable.

        Raises TryAgain when the store has no room, Broken when it is at fault; then any part may be durable."""
        await self._log.append(bus, events)
        self.published += len(events)
