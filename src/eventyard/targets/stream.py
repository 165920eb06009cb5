"""Streams as targets of rules and schedules: each delivery becomes a record."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import msgspec

from eventyard.errors import InvalidRequest, NotFound, TryAgain
from eventyard.target import DELIVERED, Delivery, Outcome, Permanent, Retry
from eventyard.transform.path import parse_path, select

_LONGEST_KEY = 256


class StreamRecord(msgspec.Struct, frozen=True):
    """What is handed to the streams."""

    data: bytes
    key: str


Put = Callable[[str, Sequence[StreamRecord]], Awaitable[Sequence[tuple[str, str] | None]]]
"""For each record None once it is durable, or the code and message of why it isn't yet. Raises NotFound without the
stream, InvalidRequest when any record is not taken (then none is put)."""


class StreamTarget:
    """The stream with ``arn``. ``parameters``: a rule's KinesisParameters (PartitionKeyPath) or a schedule's
    (PartitionKey). Without either, and where the path leads nowhere, the event's id is the partition key."""

    batch_size = 500

    def __init__(self, put: Put, arn: str, parameters: Mapping[str, Any]) -> None:
        self._put = put
        self._arn = arn
        path = parameters.get("PartitionKeyPath")
        self._path = None if path is None else parse_path(path)
        self._key: str | None = parameters.get("PartitionKey")

    async def deliver(self, batch: Sequence[Delivery]) -> Sequence[Outcome]:
        """All of ``batch`` in one put. If that is refused, one by one, so that one bad event fails alone."""
        records = [StreamRecord(item.payload, self._key_of(item)) for item in batch]
        try:
            failures = await self._put(self._arn, records)
        except NotFound as error:
            return [Permanent("NO_RESOURCE", error.message)] * len(batch)
        except TryAgain as error:
            return [Retry(error.code, error.message)] * len(batch)
        except InvalidRequest as error:
            if len(batch) == 1:
                return [Permanent("SDK_CLIENT_ERROR", error.message)]
            outcomes = await asyncio.gather(*(self.deliver([item]) for item in batch))
            return [outcome for (outcome,) in outcomes]
        return [DELIVERED if failure is None else Retry(*failure) for failure in failures]

    def _key_of(self, item: Delivery) -> str:
        if self._key is not None:
            return self._key
        found = None if self._path is None else select(item.event, self._path)
        if found is None or found == b"null":
            return item.event_id
        key = msgspec.json.decode(found, type=str) if found.startswith(b'"') else found.decode()
        # A key only has to be the same for what belongs together, so a long one is cut to what a stream takes.
        return key[:_LONGEST_KEY] or item.event_id
