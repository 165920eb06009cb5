"""PutEvents: entries become events and go to the logs of their buses. It matches nothing and delivers nothing.

Sources: API reference, "PutEvents" and "PutEventsResultEntry"; user guide, "Calculating PutEvents event entry size".
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Annotated, Any

import msgspec

from eventyard.api.events.access import Access
from eventyard.api.events.entries import (
    LAST_SECOND,
    TIME_SIZE,
    Batch,
    Entry,
    Publish,
    Refusal,
    answer,
    check_size,
    entry_of,
    event_of,
    publish_batches,
)
from eventyard.api.events.limits import Limits
from eventyard.api.events.place import arn_of
from eventyard.bus.directory import Directory
from eventyard.clock import Clock
from eventyard.endpoints import Endpoint, Endpoints
from eventyard.errors import Forbidden, Unsupported
from eventyard.event import Event, derived_id, iso_seconds, new_ids, with_id
from eventyard.names import Arn
from eventyard.wire import Caller

_BUS = re.compile(r"(arn:aws[\w-]*:events:[a-z]+-[a-z]+-[\w-]+:[0-9]{12}:event-bus/)?[.\-_A-Za-z0-9]{1,256}", re.ASCII)


class _Request(msgspec.Struct, rename="pascal"):
    entries: Annotated[list[Entry], msgspec.Meta(min_length=1, max_length=10)]
    endpoint_id: str | None = None


_iso = lru_cache(maxsize=64)(iso_seconds)
_decode = msgspec.json.Decoder(_Request).decode
_encode = msgspec.json.Encoder().encode


class PutEvents:
    """The operation, in its fast and its general form."""

    def __init__(
        self,
        directory: Directory,
        publish: Publish,
        clock: Clock,
        limits: Limits,
        endpoints: Endpoints | None = None,
        access: Access | None = None,
    ) -> None:
        self._directory = directory
        self._access = access or Access(directory, clock)
        self._publish = publish
        self._clock = clock
        self._limits = limits
        self._endpoints = endpoints

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
            if entry.time is not None and not 0 <= entry.time <= LAST_SECOND:
                return None
            if entry.event_bus_name is not None and not _is_bus(entry.event_bus_name):
                return None
        failed = 0
        parts = []
        # A request's text is never shorter than its entries, but for a time, which counts as more than it may take.
        if len(body) + TIME_SIZE * len(entries) > self._limits.put_size:
            check_size(entries, self._limits.put_size)
        for outcome in await self._put(caller, entries):
            if isinstance(outcome, str):
                parts.append(b'{"EventId":"' + outcome.encode("ascii") + b'"}')
            else:
                failed += 1
                parts.append(_encode({"ErrorCode": outcome.code, "ErrorMessage": outcome.message}))
        return b'{"FailedEntryCount":%d,"Entries":[%b]}' % (failed, b",".join(parts))

    async def general(self, caller: Caller, params: dict[str, Any]) -> dict[str, Any]:
        """PutEvents of checked parameters."""
        entries = [entry_of(given) for given in params["Entries"]]
        check_size(entries, self._limits.put_size)
        endpoint_id = params.get("EndpointId")
        if endpoint_id is None:
            return answer(await self._put(caller, entries))
        if self._endpoints is None:
            raise Unsupported("Parameter EndpointId is not supported here.")
        endpoint = self._endpoints.route(caller.account, endpoint_id)
        # Whichever region the request was signed for, the events are those of the endpoint's own.
        home = Arn.parse(endpoint.primary)
        region = caller.region if home is None else home.region
        return answer(await self._put(msgspec.structs.replace(caller, region=region), entries, endpoint))

    async def _put(
        self, caller: Caller, entries: Sequence[Entry], endpoint: Endpoint | None = None
    ) -> Sequence[str | Refusal]:
        """Publish what can be published, by ``endpoint`` or directly; for each entry its event's id, or why not."""
        account, region = caller.account, caller.region
        now = self._clock.now()
        time = _iso(now // 1000 * 1000)
        ids = new_ids(len(entries), now)
        outcomes: list[str | Refusal] = [*ids]
        batches: dict[str, Batch] = {}
        for at, entry in enumerate(entries):
            described = event_of(entry, ids[at], account, region, now, time)
            if isinstance(described, Refusal):
                outcomes[at] = described
                continue
            event, head = described
            bus = arn_of(account, region, entry.event_bus_name)
            copies = [(bus, event)] if endpoint is None else _replicas(endpoint, bus, event)
            if isinstance(copies, Refusal):
                outcomes[at] = copies
                continue
            try:
                for place, _ in copies:
                    self._access.check_put(caller, place, entry.source or "", entry.detail_type or "")
            except Forbidden as error:
                outcomes[at] = Refusal(error.code, error.message)
                continue
            for place, copy in copies:
                # As on AWS: an event for a bus that isn't there is accepted, and goes nowhere.
                if self._directory.has_bus(place):
                    batch = batches.get(place)
                    if batch is None:
                        batch = batches[place] = Batch()
                    batch.add(at, copy, head)
        await publish_batches(self._publish, batches, outcomes)
        return outcomes


@lru_cache(maxsize=4096)
def _is_bus(name: str) -> bool:
    return _BUS.fullmatch(name) is not None


def _replicas(endpoint: Endpoint, bus: str, event: Event) -> list[tuple[str, Event]] | Refusal:
    """On which buses an event goes by way of ``endpoint``, if ``bus`` is one of its two.

    The copy in the other region has another id ("Best practices for Amazon EventBridge global endpoints")."""
    if bus not in (endpoint.primary, endpoint.secondary):
        return Refusal(
            "InvalidArgument",
            f"Parameter EventBusName is not valid. Reason: {bus} is not an event bus of endpoint {endpoint.id}.",
        )
    if not endpoint.replicated:
        return [(endpoint.primary, event)]
    copy = with_id(event.body, derived_id(event.id, endpoint.secondary))
    return [(endpoint.primary, event), (endpoint.secondary, msgspec.structs.replace(event, body=copy))]
