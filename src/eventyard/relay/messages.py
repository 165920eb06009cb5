"""The messages of the relay's protocol, version 1: JSON texts, each with a ``type``. See docs/relay.md."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from eventyard.errors import InvalidRequest
from eventyard.event import Event

VERSION = 1
MOST_CREDIT = 10_000

_Id = Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
_Names = Annotated[list[Annotated[str, msgspec.Meta(min_length=1, max_length=256)]], msgspec.Meta(max_length=100)]
_Credit = Annotated[int, msgspec.Meta(ge=1, le=MOST_CREDIT)]


class Hello(msgspec.Struct, frozen=True, tag="hello", forbid_unknown_fields=True):
    """The first message. ``token``: where the server wants one. ``account`` and ``region``: whose buses are meant, on
    a server that wants none."""

    version: int
    token: str | None = None
    account: Annotated[str, msgspec.Meta(pattern="^[0-9]{12}$")] | None = None
    region: Annotated[str, msgspec.Meta(pattern="^[a-z0-9-]{1,50}$")] | None = None


class Subscribe(msgspec.Struct, frozen=True, tag="subscribe", forbid_unknown_fields=True):
    """``after`` a position, or ``since`` a time (ms since the epoch), or else from now on. ``log``: the one that
    ``after`` is a position of. ``slow``: what becomes of a subscription that falls behind."""

    id: _Id
    bus: Annotated[str, msgspec.Meta(min_length=1, max_length=1600)] = "default"
    pattern: dict[str, Any] | None = None
    detail_types: _Names | None = None
    after: Annotated[int, msgspec.Meta(ge=0)] | None = None
    since: Annotated[int, msgspec.Meta(ge=0)] | None = None
    log: str | None = None
    credit: _Credit = 100
    slow: Literal["catch-up", "close"] = "catch-up"


class Credit(msgspec.Struct, frozen=True, tag="credit", forbid_unknown_fields=True):
    """``count`` more events may come."""

    id: _Id
    count: _Credit


class Unsubscribe(msgspec.Struct, frozen=True, tag="unsubscribe", forbid_unknown_fields=True):
    id: _Id


Message = Hello | Subscribe | Credit | Unsubscribe

_decode = msgspec.json.Decoder(Message).decode
_encode = msgspec.json.Encoder().encode


def read(text: str) -> Message:
    """The message in ``text``. Raises InvalidRequest with what is wrong with it."""
    try:
        message: Message = _decode(text)
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError) as error:
        raise InvalidRequest(f"This is no message of the protocol: {error}.", "bad-message") from error
    return message


def text_of(type: str, **members: Any) -> str:
    """A message to the client; members that are None are left out."""
    return _encode({"type": type} | {name: value for name, value in members.items() if value is not None}).decode()


def events_text(id: str, taken: list[tuple[int, Event]], position: int) -> str:
    """The events as they were published, byte for byte. ``position``: up to where the client has seen everything."""
    items = b",".join([b'{"position":%d,"event":%b}' % (at, event.body) for at, event in taken])
    return (b'{"type":"events","id":%b,"position":%d,"items":[%b]}' % (_encode(id), position, items)).decode()
