"""One file: the events of one stream and one day (UTC), in the order in which they came. All here blocks.

A line is ``{"timestamp":..,"ingestionTime":..,"message":".."}``. What a crash left half written was never acknowledged,
and is cut off when the file is first opened again.
"""

from __future__ import annotations

import os
from array import array
from bisect import bisect_left
from collections.abc import Sequence
from pathlib import Path

import msgspec
import structlog

from eventyard.loggroups.resources import LogEvent

log = structlog.get_logger("loggroups")

_READ = 1 << 20
_MOST_LINE = 8 << 20  # a message of 1 MiB, however much of it JSON escapes


class _Times(msgspec.Struct):
    timestamp: int
    ingested: int = msgspec.field(name="ingestionTime")


class _Line(msgspec.Struct):
    timestamp: int
    ingested: int = msgspec.field(name="ingestionTime")
    message: str


_encode = msgspec.json.Encoder().encode
_times = msgspec.json.Decoder(_Times).decode
_decode = msgspec.json.Decoder(_Line).decode


class Day:
    """``at``: the file, which need not exist. ``durable``: what is appended is on disk when :meth:`append` returns.
    An event's number is its place in the file."""

    def __init__(self, at: Path, durable: bool) -> None:
        self.at = at
        self._durable = durable
        self._timestamps = array("q")
        self._ingested = array("q")
        self._starts = array("q")
        self._size = 0
        self._order: list[int] | None = None
        self._load()

    def __len__(self) -> int:
        return len(self._timestamps)

    @property
    def first(self) -> int:
        """The earliest timestamp; there must be an event."""
        return min(self._timestamps)

    @property
    def last(self) -> int:
        """The latest timestamp; there must be an event."""
        return max(self._timestamps)

    @property
    def last_ingested(self) -> int:
        """When the latest came; 0 without one."""
        return self._ingested[-1] if self._ingested else 0

    def append(self, events: Sequence[LogEvent], now: int) -> None:
        """Raises OSError when there is no room; then none of ``events`` is there."""
        now = max(now, self.last_ingested)
        lines = [_encode(_Line(event.timestamp, now, event.message)) + b"\n" for event in events]
        made = not self.at.exists()
        if made:
            self.at.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self.at.open("ab") as file:
            try:
                file.write(b"".join(lines))
                file.flush()
                if self._durable:
                    os.fsync(file.fileno())
            except OSError:
                os.truncate(self.at, self._size)
                raise
        if made and self._durable:
            sync(self.at.parent)
        for event, line in zip(events, lines, strict=True):
            self._note(event.timestamp, now, len(line))

    def between(self, low: tuple[int, int], high: tuple[int, int]) -> Sequence[int]:
        """The numbers of the events from ``low`` on and before ``high``, each a timestamp and a number, in the order of
        those."""
        order = self._sorted()
        start = bisect_left(order, low, key=self._key)
        return order[start : bisect_left(order, high, key=self._key)]

    def times(self, number: int) -> tuple[int, int]:
        """Timestamp and time of arrival of an event."""
        return self._timestamps[number], self._ingested[number]

    def place(self, number: int) -> tuple[int, int]:
        """Where the line of an event begins and ends in the file."""
        end = self._starts[number + 1] if number + 1 < len(self._starts) else self._size
        return self._starts[number], end

    # --- inside -----------------------------------------------------------------------------------------------------

    def _key(self, number: int) -> tuple[int, int]:
        return self._timestamps[number], number

    def _sorted(self) -> list[int]:
        if self._order is None:
            self._order = sorted(range(len(self)), key=self._key)
        return self._order

    def _note(self, timestamp: int, ingested: int, length: int) -> None:
        if self._order is not None:
            if self._timestamps and timestamp < self._timestamps[self._order[-1]]:
                self._order = None
            else:
                self._order.append(len(self))
        self._timestamps.append(timestamp)
        self._ingested.append(ingested)
        self._starts.append(self._size)
        self._size += length

    def _load(self) -> None:
        if not self.at.exists():
            return
        with self.at.open("rb", buffering=_READ) as file:
            while line := file.readline(_MOST_LINE):
                if not line.endswith(b"\n"):
                    break
                try:
                    times = _times(line)
                except (msgspec.DecodeError, UnicodeDecodeError):
                    log.warning("a line of a log is not readable", file=str(self.at), at=self._size)
                    self._size += len(line)
                    continue
                self._note(times.timestamp, times.ingested, len(line))
        if self.at.stat().st_size > self._size:
            log.warning("a line that was never finished is cut off", file=str(self.at), at=self._size)
            os.truncate(self.at, self._size)


def message_in(text: bytes) -> str:
    """The message of the first line of ``text``; an unreadable line may follow, which nobody counts."""
    return _decode(text[: text.index(b"\n")]).message


def sync(directory: Path) -> None:
    """Make the names in ``directory`` durable, and its own in those above."""
    for place in (directory, directory.parent, directory.parent.parent):
        handle = os.open(place, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
