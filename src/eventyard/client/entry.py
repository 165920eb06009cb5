"""One entry of PutEvents as the client sends it, and how many bytes AWS counts for it.

Sources: API reference, "PutEventsRequestEntry"; user guide, "Calculating PutEvents event entry size".
"""

from __future__ import annotations

import msgspec

#: API reference, "PutEvents": entries of one request.
MOST_ENTRIES = 10
#: Bytes of all entries of one request, and so of one: 1 MiB since January 2026, 256 KiB before.
MOST_BYTES = 1 << 20
_TIME_SIZE = 14


class Entry(msgspec.Struct, frozen=True, rename="pascal", omit_defaults=True, gc=False):
    """``detail``: a JSON object as text. ``time``: seconds since the epoch; the server's clock if None.
    ``trace_header``: in X-Ray's form. Its JSON is what PutEvents takes and what the outbox keeps."""

    source: str
    detail_type: str
    detail: str
    event_bus_name: str
    time: float | None = None
    resources: tuple[str, ...] = ()
    trace_header: str | None = None

    @property
    def size(self) -> int:
        """The bytes that AWS counts; a trace header is free."""
        size = 0 if self.time is None else _TIME_SIZE
        for text in (self.source, self.detail_type, self.detail, *self.resources):
            size += len(text) if text.isascii() else len(text.encode())
        return size


class Admitted(msgspec.Struct, frozen=True, gc=False):
    """An entry that keeps its contract. ``key``: entries of one key never overtake each other. ``label``: the event's
    name in metrics, ``other`` for those without a contract. ``size``: of the entry."""

    entry: Entry
    key: str | None
    label: str
    size: int
