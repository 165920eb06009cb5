"""The publisher: takes admitted events to the log and answers when they are durable. It never delivers."""

from __future__ import annotations

from collections.abc import Sequence

from eventyard.event import Event
from eventyard.inspection import NONE, Head, Inspector, Open, Rejected
from eventyard.store import EventLog


class Publisher:
    """The one way into a log. ``inspector``: may keep events from buses for what they hold."""

    def __init__(self, log: EventLog, inspector: Inspector | None = None) -> None:
        self._log = log
        self._inspector = inspector or Open()
        self.published = 0

    async def publish(self, bus: str, events: Sequence[Event], heads: list[Head] | None = None) -> Rejected:
        """Append ``events`` to the log of the bus with ARN ``bus``; return once they are durable, with those that were
        rejected for their content. ``heads``: those of the events, if known; the list is emptied, because decoded
        details must not wait for the disk.

        Raises TryAgain when the store has no room, Broken when it is at fault; then any part may be durable."""
        rejected = NONE
        if self._inspector.watches(bus):
            events, rejected = await self._inspector.admit(bus, events, heads)
        if heads is not None:
            heads.clear()
        if events:
            await self.append(bus, events)
        return rejected

    async def append(self, log: str, events: Sequence[Event]) -> None:
        """``publish`` for logs that are no buses: nobody looks at what they hold."""
        await self._log.append(log, events)
        self.published += len(events)
