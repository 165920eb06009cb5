"""The files of all log streams: where each is, and what is known of those that were used last. All here blocks.

It is called from one thread at a time.
"""

from __future__ import annotations

import shutil
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from hashlib import blake2b
from pathlib import Path
from urllib.parse import quote

import msgspec

from eventyard.loggroups.day import Day, sync
from eventyard.loggroups.resources import DAY, LogEvent, Stream
from eventyard.names import Arn

#: Days that are kept open, so to say: their lines' places are known without reading them again.
_MOST_OPEN = 256
#: Bytes of a directory's name, in most file systems at most 255. Names that are as long are shortened ones, all others
#: are shorter, so that none of these can be spelled as one of those.
_LONGEST_NAME = 180
_SUFFIX = ".jsonl"


class Summary(msgspec.Struct, frozen=True):
    """Of a stream with events: the first and the last timestamp, and when the last event came."""

    first: int
    last: int
    ingested: int


class Files:
    """``root``: the directory for all groups. ``durable``: see :class:`Day`."""

    def __init__(self, root: Path, durable: bool) -> None:
        self._root = root
        self._durable = durable
        self._open: OrderedDict[Path, Day] = OrderedDict()

    def append(self, stream: Stream, events: Sequence[LogEvent], now: int) -> None:
        """Append ``events``, which are in the order of their timestamps. Raises OSError; then any part may be there."""
        place, start = self._stream(stream), 0
        for at in range(1, len(events) + 1):
            if at == len(events) or events[at].timestamp // DAY != events[start].timestamp // DAY:
                self._day(place / _name(events[start].timestamp // DAY)).append(events[start:at], now)
                start = at

    def days(self, stream: Stream, low: int, high: int, newest_first: bool = False) -> Iterator[Day]:
        """The days of ``stream`` that may have events with timestamps from ``low`` up to ``high``."""
        place = self._stream(stream)
        found = [number for number in _numbers(place) if low // DAY <= number <= high // DAY]
        for number in sorted(found, reverse=newest_first):
            yield self._day(place / _name(number))

    def summary(self, stream: Stream, oldest: int) -> Summary | None:
        """Of the events that are not older than ``oldest``."""
        place = self._stream(stream)
        numbers = sorted(number for number in _numbers(place) if number >= oldest // DAY)
        days = [day for number in numbers if len(day := self._day(place / _name(number)))]
        if not days or days[-1].last < oldest:
            return None
        return Summary(max(days[0].first, oldest), days[-1].last, max(day.last_ingested for day in days))

    def size(self, group: str, oldest: int) -> int:
        """Bytes of the files of a group that have not expired."""
        files = self._group(group).glob(f"*/*{_SUFFIX}")
        return sum(file.stat().st_size for file in files if (_number(file) or 0) >= oldest // DAY)

    def expire(self, stream: Stream, oldest: int) -> None:
        """Delete the days that are wholly older than ``oldest``."""
        place = self._stream(stream)
        for number in _numbers(place):
            if number < oldest // DAY:
                self._open.pop(place / _name(number), None)
                (place / _name(number)).unlink(missing_ok=True)

    def drop(self, stream: Stream) -> None:
        """Delete all files of ``stream``."""
        self._drop(self._stream(stream))

    def drop_group(self, group: str) -> None:
        """Delete all files of a group."""
        self._drop(self._group(group))

    # --- inside -----------------------------------------------------------------------------------------------------

    def _drop(self, place: Path) -> None:
        for known in [known for known in self._open if place in known.parents]:
            del self._open[known]
        if place.exists():
            shutil.rmtree(place)
            if self._durable:
                sync(place.parent)

    def _day(self, at: Path) -> Day:
        day = self._open.pop(at, None) or Day(at, self._durable)
        self._open[at] = day
        if len(self._open) > _MOST_OPEN:
            self._open.popitem(last=False)
        return day

    def _group(self, group: str) -> Path:
        arn = Arn.parse(group)
        if arn is None:
            raise ValueError(f"{group} is no ARN")
        return self._root / arn.account / arn.region / _safe(arn.resource.removeprefix("log-group:"))

    def _stream(self, stream: Stream) -> Path:
        return self._group(stream.group) / _safe(stream.name)


def _safe(name: str) -> str:
    """A name for a directory, the same for the same ``name`` and for no other, and none that leads elsewhere."""
    text = quote(name, safe="", errors="surrogatepass")
    if text.startswith("."):
        text = "%2E" + text[1:]
    if len(text) >= _LONGEST_NAME:
        text = f"{text[: _LONGEST_NAME - 33]}~{blake2b(text.encode(), digest_size=16).hexdigest()}"
    return text


def _name(day: int) -> str:
    return f"{datetime.fromtimestamp(day * 86_400, UTC):%Y-%m-%d}{_SUFFIX}"


def _number(file: Path) -> int | None:
    """The day (since the epoch) that a file is of; None for a file of somebody else."""
    try:
        return int(datetime.strptime(file.name, f"%Y-%m-%d{_SUFFIX}").replace(tzinfo=UTC).timestamp()) // 86_400
    except ValueError:
        return None


def _numbers(place: Path) -> list[int]:
    if not place.exists():
        return []
    return [number for file in place.iterdir() if (number := _number(file)) is not None]
