"""An event as tests see it."""

from __future__ import annotations

from typing import Any

import msgspec
import orjson

from eventyard.text import printable


class Event(msgspec.Struct, frozen=True, eq=False):
    """``time``: as published, ISO 8601. ``detail``: decoded JSON. ``position``: in the log of its bus. ``body``: the
    whole event as it was published, byte for byte."""

    id: str
    source: str
    detail_type: str
    account: str
    time: str
    region: str
    resources: tuple[str, ...]
    detail: Any
    position: int
    body: bytes

    def __str__(self) -> str:
        return printable(f"{self.source} {self.detail_type} {orjson.dumps(self.detail).decode()}")


class Look(msgspec.Struct, frozen=True):
    """What was on a bus. ``whole``: whether ``events`` are all there were."""

    events: tuple[Event, ...] = ()
    whole: bool = False


class _Envelope(msgspec.Struct):
    id: str
    source: str
    account: str
    time: str
    region: str
    resources: tuple[str, ...]
    detail: msgspec.Raw
    detail_type: str = msgspec.field(name="detail-type")


_decode = msgspec.json.Decoder(_Envelope).decode


def read_event(position: int, body: bytes) -> Event:
    found = _decode(body)
    return Event(
        found.id,
        found.source,
        found.detail_type,
        found.account,
        found.time,
        found.region,
        found.resources,
        orjson.loads(memoryview(found.detail)),
        position,
        body,
    )
