"""Entries of PutEvents and PutPartnerEvents: their size, the events that they become, or why they become none.

Sources: API reference, "PutEventsRequestEntry" and "PutEventsResultEntry"; user guide, "Calculating PutEvents event
entry size".
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec

from eventyard.detail import parse_object
from eventyard.errors import EventyardError, InvalidRequest, TryAgain
from eventyard.event import Event, beside, envelope, iso_seconds
from eventyard.inspection import CODE, NONE, Head, Rejected

Publish = Callable[[str, Sequence[Event], list[Head]], Awaitable[Rejected]]
"""``publish(bus_arn, events, heads)`` returns when the events are durable, with those that break their contracts; it
empties the list of heads. TryAgain when there is no room for them."""

LAST_SECOND = 253_402_300_799  # 9999-12-31T23:59:59Z
TIME_SIZE = 14

#: The code of stores without room.
_NO_ROOM = "ServiceUnavailable"


class Entry(msgspec.Struct, rename="pascal", gc=False):
    """One entry of a request. ``time``: seconds since the epoch. The bounds are those of the service's model."""

    source: str | None = None
    detail_type: str | None = None
    detail: str | None = None
    time: int | float | None = None
    resources: list[Annotated[str, msgspec.Meta(max_length=2048)]] | None = None
    event_bus_name: Annotated[str, msgspec.Meta(min_length=1, max_length=1600)] | None = None
    trace_header: Annotated[str, msgspec.Meta(min_length=1, max_length=500)] | None = None


class Batch(msgspec.Struct):
    """Events for one bus: each with its head and its place among the entries of the request."""

    places: list[int] = []
    events: list[Event] = []
    heads: list[Head] = []

    def add(self, place: int, event: Event, head: Head) -> None:
        self.places.append(place)
        self.events.append(event)
        self.heads.append(head)


class Refusal(msgspec.Struct, frozen=True):
    """Why one entry was not published."""

    code: str
    message: str


_MALFORMED = Refusal("MalformedDetail", "Detail is malformed.")
NOT_AUTHORIZED = Refusal("NotAuthorizedForSourceException", "Not authorized for the source.")


def entry_size(entry: Entry) -> int:
    """The bytes that AWS counts for an entry."""
    size = 0 if entry.time is None else TIME_SIZE
    for text in (entry.source, entry.detail_type, entry.detail, *(entry.resources or ())):
        if text:
            size += len(text) if text.isascii() else len(text.encode("utf-8", "replace"))
    return size


def event_of(
    entry: Entry, id: str, account: str, region: str, now: int, time: str, *, reserved: bool = False
) -> tuple[Event, Head] | Refusal:
    """The event that ``entry`` describes and its head, or why it describes none. ``time``: ``now`` as an envelope has
    it. ``reserved``: whether its source may begin with ``aws.``."""
    source, detail_type, text = entry.source, entry.detail_type, entry.detail
    if not source:
        return _missing("Source")
    if not detail_type:
        return _missing("DetailType")
    if not text:
        return _missing("Detail")
    if source.startswith("aws.") and not reserved:
        return NOT_AUTHORIZED
    try:
        detail = text.encode("utf-8")
        decoded = parse_object(detail)
        if decoded is None:
            return _MALFORMED
        body = envelope(
            id=id,
            detail_type=detail_type,
            source=source,
            account=account,
            time=time if entry.time is None else iso_seconds(int(entry.time * 1000)),
            region=region,
            resources=entry.resources or (),
            detail=detail,
        )
    except UnicodeEncodeError:
        return Refusal("InvalidArgument", "The entry is not valid. Reason: It holds text that is not valid Unicode.")
    return Event(body, now, beside(entry.trace_header)), (source, detail_type, decoded)


async def publish_batches(publish: Publish, batches: Mapping[str, Batch], outcomes: list[str | Refusal]) -> None:
    """Publish the events of each bus; a failure is written to their places in ``outcomes``.

    Raises TryAgain where there was no room for any entry: SDKs repeat requests that fail by themselves, entries not."""
    if len(batches) == 1:
        ends = [await _publish_batch(publish, bus, batch) for bus, batch in batches.items()]
    else:
        ends = await asyncio.gather(*(_publish_batch(publish, bus, batch) for bus, batch in batches.items()))
    failed = 0
    for (error, rejected), batch in zip(ends, batches.values(), strict=True):
        places = batch.places
        for at, reason in rejected.items():
            outcomes[places[at]] = Refusal(CODE, reason)
        if error is not None:
            throttled = isinstance(error, TryAgain) and error.code != _NO_ROOM
            for at in places:
                outcomes[at] = Refusal("ThrottlingException" if throttled else "InternalFailure", error.message)
            failed += len(places) if error.code == _NO_ROOM else 0
            if failed == len(outcomes):
                raise error


async def _publish_batch(publish: Publish, bus: str, batch: Batch) -> tuple[EventyardError | None, Rejected]:
    """Publish ``batch``; why it failed for all of it, if it did, and for which events."""
    try:
        return None, await publish(bus, batch.events, batch.heads)
    except EventyardError as error:
        return error, NONE


def check_size(entries: Sequence[Entry], most: int) -> None:
    """Raises InvalidRequest for more than ``most`` bytes."""
    if sum(map(entry_size, entries)) > most:
        raise InvalidRequest("Total size of the entries in the request is over the limit.")


def answer(outcomes: Sequence[str | Refusal]) -> dict[str, Any]:
    """The ids of events and the refusals as AWS's structure."""
    results = [
        {"EventId": outcome}
        if isinstance(outcome, str)
        else {"ErrorCode": outcome.code, "ErrorMessage": outcome.message}
        for outcome in outcomes
    ]
    return {"FailedEntryCount": sum("ErrorCode" in result for result in results), "Entries": results}


def _missing(name: str) -> Refusal:
    return Refusal("InvalidArgument", f"Parameter {name} is not valid. Reason: {name} is a required argument.")


def entry_of(given: dict[str, Any]) -> Entry:
    """The entry in checked parameters. Raises InvalidRequest."""
    time = given.get("Time")
    if isinstance(time, datetime):
        time = (time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp()
    if time is not None and not -62_135_596_800 <= time <= LAST_SECOND:
        raise InvalidRequest("Parameter Time is not valid.")
    return Entry(
        source=given.get("Source"),
        detail_type=given.get("DetailType"),
        detail=given.get("Detail"),
        time=time,
        resources=given.get("Resources"),
        event_bus_name=given.get("EventBusName"),
        trace_header=given.get("TraceHeader"),
    )
