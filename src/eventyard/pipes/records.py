"""Events of sources in the form in which pipes see them.

Sources: user guide, "Amazon EventBridge Pipes sources" (the pages on SQS and Kinesis) and "Event filtering in Amazon
EventBridge Pipes": filters and templates see the payload as JSON where it is JSON.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

import msgspec

from eventyard.pipes.resources import Record

_encode = msgspec.json.Encoder().encode
_RAW = msgspec.json.Decoder(msgspec.Raw)


def queue_record(
    arn: str, region: str, message: Mapping[str, Any], body: str, at: int, group: str | None, trace: str | None
) -> Record:
    """``message``: the members beside the body."""
    shown = {**message, "eventSource": "aws:sqs", "eventSourceARN": arn, "awsRegion": region}
    whole = {"messageId": shown.pop("messageId"), "receiptHandle": shown.pop("receiptHandle")}
    plain, parsed = _encode(body), _json(body.encode()) or _encode(body)
    form = _with(whole, "body", shown)
    return Record(str(whole["messageId"]), form(plain), form(parsed), at, group, trace)


def stream_record(arn: str, region: str, shard: str, sequence: str, key: str, data: bytes, at: int) -> Record:
    head = {"kinesisSchemaVersion": "1.0", "partitionKey": key, "sequenceNumber": sequence}
    tail = {
        "approximateArrivalTimestamp": at / 1000,
        "eventSource": "aws:kinesis",
        "eventVersion": "1.0",
        "eventID": f"{shard}:{sequence}",
        "eventName": "aws:kinesis:record",
        "awsRegion": region,
        "eventSourceARN": arn,
    }
    form = _with(head, "data", tail)
    plain = _encode(base64.b64encode(data).decode())
    return Record(sequence, form(plain), form(_json(data) or plain), at, key)


def mapped_record(
    arn: str, region: str, role: str, shard: str, sequence: str, key: str, data: bytes, at: int
) -> Record:
    """A stream's record as a function's event source mapping shows it. Filters see it as a pipe's do.

    Source: Lambda developer guide, "Using AWS Lambda with Amazon Kinesis", "Using event filtering with a Kinesis event
    source"."""
    seen = stream_record(arn, region, shard, sequence, key, data, at)
    shown = {
        "kinesis": {
            "kinesisSchemaVersion": "1.0",
            "partitionKey": key,
            "sequenceNumber": sequence,
            "data": base64.b64encode(data).decode(),
            "approximateArrivalTimestamp": at / 1000,
        },
        "eventSource": "aws:kinesis",
        "eventVersion": "1.0",
        "eventID": f"{shard}:{sequence}",
        "eventName": "aws:kinesis:record",
        "invokeIdentityArn": role,
        "awsRegion": region,
        "eventSourceARN": arn,
    }
    return msgspec.structs.replace(seen, body=_encode(shown))


class _Form:
    """An object whose one member is still to come."""

    def __init__(self, before: bytes, after: bytes) -> None:
        self._before, self._after = before, after

    def __call__(self, value: bytes) -> bytes:
        return self._before + value + self._after


def _with(head: Mapping[str, Any], name: str, tail: Mapping[str, Any]) -> _Form:
    return _Form(_encode(head)[:-1] + b"," + _encode(name) + b":", b"," + _encode(tail)[1:])


def _json(text: bytes) -> bytes | None:
    """``text`` if it is one JSON value, else None."""
    try:
        return bytes(_RAW.decode(text)).strip()
    except (msgspec.DecodeError, RecursionError, ValueError):
        return None
