"""Log groups as targets of rules and pipes: each delivery becomes a log event.

A template may say all of it, ``{"timestamp": .., "message": ..}``; any other payload is the message, and the time that
of the event. EventBridge names the log streams of rules itself, and documents no names: here each rule has one, called
by a UUID.
"""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from eventyard.clock import Clock
from eventyard.errors import InvalidRequest, NotFound, TryAgain
from eventyard.target import DELIVERED, Delivery, Outcome, Permanent, Retry

Write = Callable[[str, str, Sequence[tuple[int, str]]], Awaitable[None]]
"""``write(group, stream, events)``, by ARN and name; (ms, message) each. Durable when it returns. Raises NotFound
without the group, and TryAgain."""

#: How old and how new a log event may be (PutLogEvents): ms.
_OLDEST, _NEWEST = 14 * 86_400_000, 2 * 3_600_000
_NAMES = uuid.UUID("5c7f3c5e-3f0b-5d0e-9d5a-6a1f0f6f3f55")


class _Whole(msgspec.Struct, forbid_unknown_fields=True):
    timestamp: int | str
    message: msgspec.Raw


class _Envelope(msgspec.Struct):
    time: str = ""


_whole = msgspec.json.Decoder(_Whole).decode
_envelope = msgspec.json.Decoder(_Envelope).decode


class LogGroupTarget:
    """The log group with ``arn``. ``parameters``: a pipe's CloudWatchLogsParameters, without paths."""

    batch_size = 100

    def __init__(self, write: Write, clock: Clock, arn: str, parameters: Mapping[str, Any]) -> None:
        self._write = write
        self._clock = clock
        self._arn = arn.removesuffix(":*")
        self._stream: str | None = parameters.get("LogStreamName")
        self._time: str | None = parameters.get("Timestamp")
        self.place = None

    async def deliver(self, batch: Sequence[Delivery]) -> Sequence[Outcome]:
        """All that are for one stream in one write."""
        outcomes: list[Outcome] = [DELIVERED] * len(batch)
        streams: dict[str, list[tuple[int, tuple[int, str]]]] = {}
        for number, item in enumerate(batch):
            try:
                event = self._event(item)
            except InvalidRequest as error:
                outcomes[number] = Permanent("SDK_CLIENT_ERROR", error.message)
                continue
            stream = self._stream or str(uuid.uuid5(_NAMES, item.rule))
            streams.setdefault(stream, []).append((number, event))
        for stream, events in streams.items():
            failure = await self._put(stream, [event for _, event in events])
            if failure is not None:
                for number, _ in events:
                    outcomes[number] = failure
        return outcomes

    async def _put(self, stream: str, events: Sequence[tuple[int, str]]) -> Outcome | None:
        try:
            await self._write(self._arn, stream, events)
        except NotFound as error:
            return Permanent("NO_RESOURCE", error.message)
        except TryAgain as error:
            return Retry(error.code, error.message)
        except InvalidRequest as error:
            return Permanent("SDK_CLIENT_ERROR", error.message)
        return None

    def _event(self, item: Delivery) -> tuple[int, str]:
        """Raises InvalidRequest for a time that a log does not take."""
        now = self._clock.now()
        if self._time is not None:
            return self._checked(_millis(self._time), now), item.payload.decode()
        try:
            whole = _whole(item.payload)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return self._own_time(item, now), item.payload.decode()
        raw = bytes(whole.message)
        message = msgspec.json.decode(raw, type=str) if raw.startswith(b'"') else raw.decode()
        if not message:
            raise InvalidRequest("Log event message must not be empty.")
        return self._checked(_millis(whole.timestamp), now), message

    def _own_time(self, item: Delivery, now: int) -> int:
        """The event's; now for what a log would not take, such as an event of long ago that is replayed."""
        try:
            moment = _millis(_envelope(item.event).time)
        except (msgspec.DecodeError, UnicodeDecodeError, InvalidRequest):
            return now
        return moment if now - _OLDEST < moment <= now + _NEWEST else now

    def _checked(self, moment: int, now: int) -> int:
        if not now - _OLDEST < moment <= now + _NEWEST:
            raise InvalidRequest("The timestamp is more than 14 days in the past or 2 hours in the future.")
        return moment


def _millis(given: int | str) -> int:
    """A time in ms, or as ISO 8601 has it. Raises InvalidRequest."""
    if isinstance(given, int):
        return given
    if given.isdecimal() and len(given) <= 16:
        return int(given)
    try:
        moment = datetime.fromisoformat(given)
    except ValueError as error:
        raise InvalidRequest(f"{given} is no timestamp: it must be milliseconds, or a time like an event's.") from error
    return int(moment.replace(tzinfo=moment.tzinfo or UTC).timestamp() * 1000)
