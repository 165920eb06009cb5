"""Operations on log streams: create, describe, delete."""

from __future__ import annotations

from typing import Any

from eventyard.api.events.place import given
from eventyard.api.loggroups.place import identified, invalid, named, shown
from eventyard.loggroups import LogGroups, Stream
from eventyard.loggroups.files import Summary
from eventyard.wire import Caller, Handler


class StreamOperations:
    """Each method answers one operation."""

    def __init__(self, groups: LogGroups) -> None:
        self._groups = groups

    def operations(self) -> dict[str, Handler]:
        return {
            "CreateLogStream": self.create,
            "DeleteLogStream": self.delete,
            "DescribeLogStreams": self.describe,
        }

    async def create(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        await self._groups.create_stream(named(caller, params), params["logStreamName"])
        return {}

    async def delete(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        await self._groups.delete_stream(named(caller, params), params["logStreamName"])
        return {}

    async def describe(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        group, prefix = identified(caller, params), params.get("logStreamNamePrefix")
        by_time, backward = params.get("orderBy") == "LastEventTime", bool(params.get("descending"))
        if by_time and prefix is not None:
            raise invalid("Cannot order by LastEventTime with a logStreamNamePrefix.")
        found = [stream for stream in self._groups.streams(group) if stream.name.startswith(prefix or "")]
        keys = {stream.name: stream.name for stream in found}
        if by_time:
            for stream, summary in zip(found, await self._groups.summaries(found), strict=True):
                keys[stream.name] = f"{0 if summary is None else summary.last:014d} {stream.name}"
        ordered = sorted(found, key=lambda stream: keys[stream.name], reverse=backward)
        # A page goes on behind the last key: for that the keys must ascend whichever way they are shown.
        key = (lambda stream: _turned(keys[stream.name])) if backward else (lambda stream: keys[stream.name])
        page, token = shown(ordered, key, params, f"log streams {group} {by_time} {backward}")
        summaries = await self._groups.summaries(page)
        described = [_described(stream, summary) for stream, summary in zip(page, summaries, strict=True)]
        return given(logStreams=described, nextToken=token)


def _described(stream: Stream, summary: Summary | None) -> dict[str, Any]:
    times = given(
        firstEventTimestamp=None if summary is None else summary.first,
        lastEventTimestamp=None if summary is None else summary.last,
        lastIngestionTime=None if summary is None else summary.ingested,
    )
    return {
        "logStreamName": stream.name,
        "creationTime": stream.created,
        "arn": stream.arn,
        "storedBytes": 0,  # "always reported as zero" for streams
        **times,
    }


def _turned(text: str) -> str:
    """A text that sorts the other way round among others that were turned."""
    return "".join(chr(0x10FFFF - ord(letter)) for letter in text) + chr(0x10FFFF)
