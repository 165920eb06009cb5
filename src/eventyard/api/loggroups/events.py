"""Operations on log events: put, get, filter."""

from __future__ import annotations

import re
from typing import Any
from zlib import crc32

from eventyard.api.events.place import given
from eventyard.api.loggroups.cursor import read_cursor, write_cursor
from eventyard.api.loggroups.place import identified, invalid, named, unsupported
from eventyard.loggroups import MOST_EVENTS, Found, Gap, LogEvent, LogGroups, Query, parse_filter
from eventyard.loggroups.reading import before, behind
from eventyard.wire import Caller, Handler

#: What one page holds (GetLogEvents, FilterLogEvents).
_PAGE = 1 << 20
_LATEST = 1 << 53
_TOKEN = re.compile(r"([fb])/([0-9]{1,16})/([0-9]{1,16})/([0-9]{1,10})")


class EventOperations:
    """Each method answers one operation."""

    def __init__(self, groups: LogGroups) -> None:
        self._groups = groups

    def operations(self) -> dict[str, Handler]:
        return {
            "FilterLogEvents": self.filter,
            "GetLogEvents": self.get,
            "PutLogEvents": self.put,
        }

    async def put(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        if params.get("entity"):
            raise unsupported("Parameter entity")
        events = [LogEvent(event["timestamp"], event["message"]) for event in params["logEvents"]]
        rejected = await self._groups.put(named(caller, params), params["logStreamName"], events)
        info = given(
            tooNewLogEventStartIndex=rejected.too_new,
            tooOldLogEventEndIndex=rejected.too_old,
            expiredLogEventEndIndex=rejected.expired,
        )
        return given(rejectedLogEventsInfo=info or None)

    async def get(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        """Events in the order of their times, whichever way the pages go."""
        if params.get("unmask"):
            raise unsupported("Parameter unmask")
        group, stream = identified(caller, params), params["logStreamName"]
        token, backward, gap = params.get("nextToken"), not params.get("startFromHead"), None
        if token is not None:
            found = _TOKEN.fullmatch(token)
            if found is None:
                raise invalid("The specified nextToken is invalid.")
            backward = found[1] == "b"
            gap = Gap(int(found[2]), int(found[3]), stream, int(found[4]))
        page = await self._groups.read(group, [stream], _query(params, gap, backward))
        events = list(reversed(page.found)) if backward else list(page.found)
        here = gap or Gap(params.get("startTime") or 0, 0, stream, 0)
        first, last = (before(events[0]), behind(events[-1])) if events else (here, here)
        return {
            "events": [_event(event) for event in events],
            "nextForwardToken": _token("f", last),
            "nextBackwardToken": _token("b", first),
        }

    async def filter(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        if params.get("unmask"):
            raise unsupported("Parameter unmask")
        group = identified(caller, params)
        names, prefix = params.get("logStreamNames"), params.get("logStreamNamePrefix")
        if names is not None and prefix is not None:
            raise invalid("logStreamNames and logStreamNamePrefix are mutually exclusive.")
        if names is None:
            names = [stream.name for stream in self._groups.streams(group) if stream.name.startswith(prefix or "")]
        matches = parse_filter(params.get("filterPattern") or "")
        backward, gap = params.get("startFromHead") is False, None
        if params.get("nextToken") is not None:
            backward, gap = read_cursor(params["nextToken"], group)
        if params.get("endTime") is not None:
            params = {**params, "endTime": params["endTime"] + 1}  # here the end of the range is in it
        page = await self._groups.read(group, sorted(set(names)), _query(params, gap, backward, matches))
        return given(
            events=[
                _event(event) | {"logStreamName": event.stream.name, "eventId": _id(event)} for event in page.found
            ],
            searchedLogStreams=[],
            nextToken=None if page.gap is None else write_cursor(group, backward, page.gap),
        )


def _query(params: dict[str, Any], gap: Gap | None, backward: bool, matches: Any = None) -> Query:
    end = params.get("endTime")
    return Query(
        low=params.get("startTime") or 0,
        high=_LATEST if end is None else end,
        count=params.get("limit") or MOST_EVENTS,
        size=_PAGE,
        gap=gap,
        backward=backward,
        matches=matches,
    )


def _event(event: Found) -> dict[str, Any]:
    return {"timestamp": event.timestamp, "message": event.message, "ingestionTime": event.ingested}


def _id(event: Found) -> str:
    """Digits, as AWS's ids are: the timestamp, and what tells the event from all others of that time."""
    return f"{event.timestamp:020d}{crc32(event.stream.arn.encode()):010d}{event.number:020d}"


def _token(way: str, gap: Gap) -> str:
    return f"{way}/{gap.timestamp}/{gap.ingested}/{gap.number}"
