"""Streams as targets of rules and schedules: each delivery becomes a record."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import msgspec

from eventyard.target import Delivery
from eventyard.targets.letters import LetterTarget
from eventyard.transform.path import parse_path, select

_LONGEST_KEY = 256


class StreamRecord(msgspec.Struct, frozen=True):
    """What is handed to the streams."""

    data: bytes
    key: str


Put = Callable[[str, Sequence[StreamRecord]], Awaitable[Sequence[tuple[str, str] | None]]]
"""For each record None once it is durable, or the code and message of why it isn't yet. Raises NotFound without the
stream, InvalidRequest when any record is not taken (then none is put)."""


class StreamTarget(LetterTarget[StreamRecord]):
    """The stream with ``arn``. ``parameters``: a rule's KinesisParameters (PartitionKeyPath) or a schedule's
    (PartitionKey). Without either, and where the path leads nowhere, the event's id is the partition key."""

    batch_size = 500

    def __init__(self, put: Put, arn: str, parameters: Mapping[str, Any]) -> None:
        super().__init__(put, arn, lambda item: StreamRecord(item.payload, self._key_of(item)))
        path = parameters.get("PartitionKeyPath")
        self._path = None if path is None else parse_path(path)
        self._key: str | None = parameters.get("PartitionKey")

    def _key_of(self, item: Delivery) -> str:
        if self._key is not None:
            return self._key
        found = None if self._path is None else select(item.event, self._path)
        if found is None or found == b"null":
            return item.event_id
        key = msgspec.json.decode(found, type=str) if found.startswith(b'"') else found.decode()
        # A key only has to be the same for what belongs together, so a long one is cut to what a stream takes.
        return key[:_LONGEST_KEY] or item.event_id
