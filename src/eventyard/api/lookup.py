"""Finding an event by its id: the id says when it was made, and logs are in order of time."""

from __future__ import annotations

from eventyard.event import Event, published_at
from eventyard.store import EventLog

_READ = 500
#: An event is appended within so many ms after it got its id, unless the server was very busy.
_LATE = 10_000


async def find_event(eventlog: EventLog, name: str, event_id: str) -> tuple[int, Event] | None:
    """The event with ``event_id`` in the log ``name`` and its position; None if it is not there (any more)."""
    made = published_at(event_id)
    if not made:
        return None
    after = await eventlog.locate(name, made) - 1
    while rows := await eventlog.read(name, after, _READ):
        for after, event in rows:
            if event.id == event_id:
                return after, event
            if event.ingested > made + _LATE:
                return None
    return None
