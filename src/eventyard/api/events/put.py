"""PutEvents: entries become events and go to the logs of their buses. It matches nothing and delivers nothing.

Sources: API reference, "PutEvents" and "PutEventsResultEntry"; user guide, "Calculating PutEvents event entry size".
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Annotated, Any

import msgspec

from eventyard.api.events.access import Access
from eventyard.api.events.limits import Limits
from eventyard.api.events.place import arn_of
from eventyard.bus.directory import Directory
from eventyard.clock import Clock
from eventyard.detail import parse_object
from eventyard.errors import EventyardError, Forbidden, InvalidRequest, TryAgain
from eventyard.event import Event, beside, envelope, iso_seconds, new_ids
from eventyard.wire import Caller

Publish = Callable[[str, Sequence[Event]], Awaitable[None]]
"""``publish(bus_arn, events)`` returns when the events are durable; TryAgain when there is no room for them."""

_LAST_SECOND = 253_402_300_799  # 9999-12-31T23:59:59Z
_TIME_SIZE = 14
_BUS = re.compile(r"(arn:aws[\w-]*:events:[a-z]+-[a-z]+-[\w-]+:[0-9]{12}:event-bus/)?[.\-_A-Za-z0-9]{1,256}", re.ASCII)


class Entry(msgspec.Struct, rename="pascal", gc=False):
    """One entry of a request. ``time``: seconds since the epoch. The bounds are those of the service's model."""

    source: str | None = None
    detail_type: str | None = None
    detail: str | None = None
    time: int | float | None = None
    resources: list[Annotated[str, msgspec.Meta(max_length=2048)]] | None = None
    event_bus_name: Annotated[str, msgspec.Meta(min_length=1, max_length=1600)] | None = None
    trace_header: Annotated[str, msgspec.Meta(min_length=1, max_length=500)] | None = None


class _Request(msgspec.Struct, rename="pascal"):
    entries: Annotated[list[Entry], msgspec.Meta(min_length=1, max_length=10)]
    endpoint_id: str | None = None


class Refusal(msgspec.Struct, frozen=True):
    """Why one entry was not published."""

    code: str
    message: str


_MALFORMED = Refusal("MalformedDetail", "Detail is malformed.")
_NOT_AUTHORIZED = Refusal("NotAuthorizedForSourceException", "Not authorized for the source.")
_iso = lru_cache(maxsize=64)(iso_seconds)
_decode = msgspec.json.Decoder(_Request).decode
_encode = msgspec.json.Encoder().encode


class PutEvents:
    """The operation, in its fast and its general form."""

    def __init__(self, directory: Directory, publish: Publish, clock: Clock, limits: Limits) -> None:
        self._directory = directory
        self._access = Access(directory)
        self._publish = publish
        self._clock = clock
        self._limits = limits

    async def fast(self, caller: Caller, body: bytes) -> bytes | None:
        """PutEvents from bytes to bytes; None for whatever the model's checks must explain."""
        try:
            request = _decode(body)
        except (msgspec.DecodeError, ValueError, RecursionError):
            return None
        entries = request.entries
        if request.endpoint_id is not None:
            return None
        for entry in entries:
            if entry.time is not None and not 0 <= entry.time <= _LAST_SECOND:
                return None
            if entry.event_bus_name is not None and not _is_bus(entry.event_bus_name):
                return None
        failed = 0
        parts = []
        # A request's text is never shorter than its entries, but for a time, which counts as more than it may take.
        if len(body) + _TIME_SIZE * len(entries) > self._limits.put_size:
            self._check_size(entries)
        for outcome in await self._put(caller, entries):
            if isinstance(outcome, str):
                parts.append(b'{"EventId":"' + outcome.encode("ascii") + b'"}')
            else:
                failed += 1
                parts.append(_encode({"ErrorCode": outcome.code, "ErrorMessage": outcome.message}))
        return b'{"FailedEntryCount":%d,"Entries":[%b]}' % (failed, b",".join(parts))

    async def general(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        """PutEvents of checked parameters."""
        entries = [_entry(given) for given in params["Entries"]]
        self._check_size(entries)
        outcomes = await self._put(caller, entries)
        results: list[dict[str, str]] = []
        for outcome in outcomes:
            if isinstance(outcome, str):
                results.append({"EventId": outcome})
            else:
                results.append({"ErrorCode": outcome.code, "ErrorMessage": outcome.message})
        return {"FailedEntryCount": sum("ErrorCode" in result for result in results), "Entries": results}

    def _check_size(self, entries: Sequence[Entry]) -> None:
        if sum(map(entry_size, entries)) > self._limits.put_size:
            raise InvalidRequest("Total size of the entries in the request is over the limit.")

    async def _put(self, caller: Caller, entries: Sequence[Entry]) -> Sequence[str | Refusal]:
        """Publish what can be published; for each entry its event's id, or why not."""
        account, region = caller.account, caller.region
        now = self._clock.now()
        time = _iso(now // 1000 * 1000)
        ids = new_ids(len(entries), now)
        outcomes: list[str | Refusal] = [*ids]
        batches: dict[str, tuple[list[int], list[Event]]] = {}
        for at, entry in enumerate(entries):
            event = _event(entry, ids[at], account, region, now, time)
            if isinstance(event, Refusal):
                outcomes[at] = event
                continue
            bus = arn_of(account, region, entry.event_bus_name)
            try:
                self._access.check_put(caller, bus, entry.source or "", entry.detail_type or "")
            except Forbidden as error:
                outcomes[at] = Refusal(error.code, error.message)
                continue
            # As on AWS: an event for a bus that isn't there is accepted, and goes nowhere.
            if self._directory.has_bus(bus):
                places, events = batches.setdefault(bus, ([], []))
                places.append(at)
                events.append(event)
        if len(batches) == 1:
            refusals = [await self._publish_batch(bus, events) for bus, (_, events) in batches.items()]
        else:
            refusals = await asyncio.gather(*(self._publish_batch(bus, events) for bus, (_, events) in batches.items()))
        for refusal, (places, _) in zip(refusals, batches.values(), strict=True):
            if refusal is not None:
                for at in places:
                    outcomes[at] = refusal
        return outcomes

    async def _publish_batch(self, bus: str, events: Sequence[Event]) -> Refusal | None:
        try:
            await self._publish(bus, events)
        except TryAgain as error:
            return Refusal("ThrottlingException", error.message)
        except EventyardError as error:
            return Refusal("InternalFailure", error.message)
        return None


def entry_size(entry: Entry) -> int:
    """The bytes that AWS counts for an entry."""
    size = 0 if entry.time is None else _TIME_SIZE
    for text in (entry.source, entry.detail_type, entry.detail, *(entry.resources or ())):
        if text:
            size += len(text) if text.isascii() else len(text.encode("utf-8", "replace"))
    return size


def _event(entry: Entry, id: str, account: str, region: str, now: int, time: str) -> Event | Refusal:
    """The event that ``entry`` describes, or why it describes none. ``time``: ``now`` as an envelope has it."""
    source, detail_type, text = entry.source, entry.detail_type, entry.detail
    if not source:
        return _missing("Source")
    if not detail_type:
        return _missing("DetailType")
    if not text:
        return _missing("Detail")
    if source.startswith("aws."):
        return _NOT_AUTHORIZED
    try:
        detail = text.encode("utf-8")
        if parse_object(detail) is None:
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
    return Event(body, now, beside(entry.trace_header))


@lru_cache(maxsize=4096)
def _is_bus(name: str) -> bool:
    return _BUS.fullmatch(name) is not None


def _missing(name: str) -> Refusal:
    return Refusal("InvalidArgument", f"Parameter {name} is not valid. Reason: {name} is a required argument.")


def _entry(given: dict[str, Any]) -> Entry:
    time = given.get("Time")
    if isinstance(time, datetime):
        time = (time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp()
    if time is not None and not -62_135_596_800 <= time <= _LAST_SECOND:
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
