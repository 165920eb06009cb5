"""Event streams: answers that go on for as long as there is something to say, in AWS's binary frames.

Source: Smithy, "Amazon Event Stream specification": a prelude of two lengths with its checksum, headers, payload,
checksum; all numbers big-endian, checksums CRC-32.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import AsyncIterator, Mapping
from typing import Any

import orjson
import structlog

from eventyard.errors import EventyardError
from eventyard.wire import json

CONTENT_TYPE = b"application/vnd.amazon.eventstream"

log = structlog.get_logger("wire")

_STRING = 7
_JSON = "application/json"


def frame(headers: Mapping[str, str], payload: bytes) -> bytes:
    """One message; all ``headers`` are strings."""
    packed = b"".join(
        struct.pack("!B", len(name)) + name.encode() + struct.pack("!BH", _STRING, len(value.encode())) + value.encode()
        for name, value in headers.items()
    )
    prelude = struct.pack("!II", 16 + len(packed) + len(payload), len(packed))
    message = prelude + struct.pack("!I", zlib.crc32(prelude)) + packed + payload
    return message + struct.pack("!I", zlib.crc32(message))


class EventWriter:
    """Writes the events of an operation whose answer has one member, a stream. ``shape``: the answer's in the model."""

    def __init__(self, shape: Any) -> None:
        self._member: str = shape.event_stream_name
        self._writers = {name: json.make_writer(event) for name, event in shape.members[self._member].members.items()}

    async def write(self, result: Mapping[str, Any]) -> AsyncIterator[bytes]:
        """The frames of ``result``'s stream, whose items are (name of the event, its members).

        An error ends the stream with a frame that says so: the status has long been sent."""
        events: AsyncIterator[tuple[str, dict[str, Any]]] = result[self._member]
        yield _event("initial-response", b"{}")
        try:
            async for name, members in events:
                yield _event(name, orjson.dumps(self._writers[name](members)))
        except EventyardError as error:
            yield _exception(error.code, error.message)
        except Exception:  # the status is sent: the client is told in the stream, the operator in the log
            log.exception("event stream failed")
            yield _exception("InternalFailureException", "Internal Service Failure")
        finally:
            close = getattr(events, "aclose", None)
            if close is not None:
                await close()


def _event(name: str, payload: bytes) -> bytes:
    return frame({":message-type": "event", ":event-type": name, ":content-type": _JSON}, payload)


def _exception(code: str, message: str) -> bytes:
    headers = {":message-type": "exception", ":exception-type": code, ":content-type": _JSON}
    return frame(headers, orjson.dumps({"message": message}))
