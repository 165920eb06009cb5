"""Pages of events in the order of their timestamps: of one stream, or of several at once. All here blocks."""

from __future__ import annotations

import heapq
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from operator import itemgetter
from types import TracebackType
from typing import BinaryIO

import msgspec

from eventyard.loggroups.day import Day, message_in
from eventyard.loggroups.files import Files
from eventyard.loggroups.resources import EVENT_BYTES, Stream

#: Events that are looked at for one page, so that nobody waits for long behind a reader.
_MOST_LOOKED_AT = 50_000
_MOST_FILES = 64
_FAR = 1 << 60

Matches = Callable[[str], bool]


class Gap(msgspec.Struct, frozen=True, order=True):
    """A place between two events: before the one with this timestamp, of the ingestion, stream and number that follow.
    In one stream timestamp and number decide alone; the day's number is unique only in its day, as timestamps are."""

    timestamp: int
    ingested: int = 0
    stream: str = ""
    number: int = 0


class Found(msgspec.Struct, frozen=True):
    """One event and where it is."""

    stream: Stream
    timestamp: int
    ingested: int
    number: int
    message: str


class Query(msgspec.Struct, frozen=True):
    """Events with timestamps from ``low`` up to ``high``; of those, behind ``gap``, or for ``backward`` before it. No
    more than ``count``, nor than ``size`` bytes. ``matches``: None for all."""

    low: int
    high: int
    count: int
    size: int
    gap: Gap | None = None
    backward: bool = False
    matches: Matches | None = None


class Page(msgspec.Struct, frozen=True):
    """``found`` in the order in which it was asked for. ``gap``: where the next page begins; None where nothing is
    left."""

    found: Sequence[Found]
    gap: Gap | None


_Place = tuple[int, int, str, int]


def read_page(files: Files, streams: Sequence[Stream], query: Query) -> Page:
    """The events of ``streams`` that ``query`` asks for, in the order of timestamp, ingestion, stream and number."""
    walks = [_walk(files, stream, query) for stream in streams]
    found: list[Found] = []
    left, size, looked_at = query.count, query.size, 0
    with _Readers() as readers:
        for place, stream, day in heapq.merge(*walks, key=itemgetter(0), reverse=query.backward):
            if looked_at >= _MOST_LOOKED_AT or left == 0:
                return Page(found, _gap(place, query.backward))
            looked_at += 1
            timestamp, ingested, _, number = place
            message = readers.message(day, number)
            if query.matches is not None and not query.matches(message):
                continue
            cost = len(message.encode()) + EVENT_BYTES
            if found and cost > size:
                return Page(found, _gap(place, query.backward))
            found.append(Found(stream, timestamp, ingested, number, message))
            left, size = left - 1, size - cost
    return Page(found, None)


def _walk(files: Files, stream: Stream, query: Query) -> Iterator[tuple[_Place, Stream, Day]]:
    low, high, gap = query.low, (query.high, 0), query.gap
    if gap is not None and query.backward:
        high = min(high, (gap.timestamp, _FAR))
    elif gap is not None:
        low = max(low, gap.timestamp)
    for day in files.days(stream, low, high[0], query.backward):
        numbers = day.between((low, 0), high)
        for number in reversed(numbers) if query.backward else numbers:
            place = (*day.times(number), stream.name, number)
            if gap is None or (place < _place(gap)) == query.backward:
                yield place, stream, day


class _Readers:
    """The files of the days that were read last, open."""

    def __init__(self) -> None:
        self._open: OrderedDict[int, BinaryIO] = OrderedDict()

    def message(self, day: Day, number: int) -> str:
        file = self._open.get(id(day))
        if file is None:
            file = self._open[id(day)] = day.at.open("rb")
            if len(self._open) > _MOST_FILES:
                self._open.popitem(last=False)[1].close()
        start, end = day.place(number)
        file.seek(start)
        return message_in(file.read(end - start))

    def __enter__(self) -> _Readers:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for file in self._open.values():
            file.close()


def _place(gap: Gap) -> _Place:
    return (gap.timestamp, gap.ingested, gap.stream, gap.number)


def _gap(place: _Place, backward: bool) -> Gap:
    """Before the event at ``place``; going backward, behind it."""
    timestamp, ingested, stream, number = place
    return Gap(timestamp, ingested, stream, number + 1 if backward else number)


def before(found: Found) -> Gap:
    return Gap(found.timestamp, found.ingested, found.stream.name, found.number)


def behind(found: Found) -> Gap:
    return Gap(found.timestamp, found.ingested, found.stream.name, found.number + 1)
