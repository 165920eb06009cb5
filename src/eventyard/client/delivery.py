"""What a handler is invoked with: one event, or records of a queue, a topic or a stream that hold events.

Sources: Lambda developer guide, "Using Lambda with Amazon SQS", "... Amazon SNS", "... Amazon Kinesis"; user guide,
"Amazon EventBridge Pipes batching and concurrency" (a pipe's target gets the records as a list).
"""

from __future__ import annotations

import base64
import binascii
import json
import os
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
import orjson

from eventyard.client.admission import ONCE
from eventyard.client.trace import from_xray
from eventyard.errors import InvalidRequest


class EventInfo(msgspec.Struct, frozen=True):
    """What is known of an event beside its detail. ``once``: the id that its producer gave it, the same however often
    it is sent; ``key`` is that with source and type, or the event's own id. ``time``: with a time zone.
    ``traceparent``: W3C's, of the producer."""

    id: str
    type: str
    source: str
    account: str
    region: str
    time: datetime
    resources: tuple[str, ...] = ()
    replay_name: str | None = None
    once: str | None = None
    traceparent: str | None = None

    @property
    def key(self) -> str:
        """What is the same for two deliveries of one event."""
        return f"{self.source} {self.type} {self.once}" if self.once else self.id


class Delivered(msgspec.Struct, frozen=True):
    """An event out of a record. ``item``: by which a record that failed is named; None where the whole invocation
    fails."""

    info: EventInfo
    detail: Any
    item: str | None = None


class Batch(msgspec.Struct, frozen=True):
    """``records``: what is to be read, with the item that names each. ``partial``: whether the answer names those that
    failed. ``ordered``: whether what follows a failed one must wait for it."""

    records: Sequence[tuple[str | None, Mapping[str, Any]]]
    partial: bool
    ordered: bool


def batch_of(event: Any) -> Batch | None:
    """The records that a handler was invoked with; None if it is one event. Raises InvalidRequest for other shapes."""
    if isinstance(event, Mapping) and "detail-type" in event:
        return None
    records = event.get("Records") if isinstance(event, Mapping) else event
    if not isinstance(records, list) or not records or not all(isinstance(record, Mapping) for record in records):
        raise InvalidRequest("This is neither an event of a bus nor records of a queue, a topic or a stream.")
    if all("detail-type" in record for record in records):
        return Batch([(None, record) for record in records], False, False)
    kinds = {str(record.get("eventSource") or record.get("EventSource")) for record in records}
    if kinds == {"aws:sqs"}:
        fifo = any(str(record.get("eventSourceARN", "")).endswith(".fifo") for record in records)
        return Batch([(str(record.get("messageId")), record) for record in records], True, fifo)
    if kinds == {"aws:kinesis"}:
        return Batch([(_sequence(record), record) for record in records], True, True)
    if kinds == {"aws:sns"}:
        return Batch([(None, record) for record in records], False, False)
    raise InvalidRequest(f"Records of {', '.join(sorted(kinds))} are not supported; those of SQS, SNS and Kinesis are.")


def delivered(record: Mapping[str, Any], item: str | None = None) -> Delivered:
    """The event in ``record``. Raises InvalidRequest if there is none."""
    event, header = _unwrapped(record)
    try:
        resources = tuple(event.get("resources") or ())
        info = EventInfo(
            id=event["id"],
            type=event["detail-type"],
            source=event["source"],
            account=event["account"],
            region=event["region"],
            time=datetime.fromisoformat(event["time"]),
            resources=tuple(each for each in resources if not each.startswith(ONCE)),
            replay_name=event.get("replay-name"),
            once=next((each.removeprefix(ONCE) for each in resources if each.startswith(ONCE)), None),
            traceparent=None if header is None else from_xray(header),
        )
        return Delivered(info, event["detail"], item)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InvalidRequest(f"This is no event of a bus: {type(error).__name__}: {error}") from error


def _unwrapped(record: Mapping[str, Any]) -> tuple[Any, str | None]:
    """The event in a record, and X-Ray's header beside it; in Lambda that of the invocation is in the environment."""
    match str(record.get("eventSource") or record.get("EventSource") or ""):
        case "aws:sqs":
            event = _parsed(record.get("body"))
            if isinstance(event, dict) and event.get("Type") == "Notification" and "TopicArn" in event:
                event = _parsed(event.get("Message"))  # a topic between the bus and the queue
            return event, (record.get("attributes") or {}).get("AWSTraceHeader")
        case "aws:sns":
            return _parsed((record.get("Sns") or {}).get("Message")), _environment()
        case "aws:kinesis":
            try:
                return _parsed(base64.b64decode((record.get("kinesis") or {}).get("data", ""), validate=True)), None
            except binascii.Error as error:
                raise InvalidRequest(f"The record of the stream is not Base64: {error}") from error
    return record, _environment()


def _parsed(text: Any) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        shown = json.dumps(text if isinstance(text, str) else str(text))[:100]
        raise InvalidRequest(f"The record holds no event, but {shown}: {error}") from error


def _environment() -> str | None:
    return os.environ.get("_X_AMZN_TRACE_ID") or None


def _sequence(record: Mapping[str, Any]) -> str:
    return str((record.get("kinesis") or {}).get("sequenceNumber", ""))
