"""Records: what producers put, in the form in which a shard's log keeps them. Knows no streams."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import msgspec

from eventyard.event import Event, new_ids


class Entry(msgspec.Struct, frozen=True):
    """A record to be put. ``hash``: places it explicitly; else its key does."""

    data: bytes
    key: str
    hash: int | None = None

    @property
    def size(self) -> int:
        """What counts against the limits."""
        return len(self.data) + len(self.key.encode())

    @property
    def hash_key(self) -> int:
        """What decides about the shard (API reference, PutRecord: the MD5 of the partition key)."""
        if self.hash is not None:
            return self.hash
        return int.from_bytes(hashlib.md5(self.key.encode(), usedforsecurity=False).digest(), "big")


class Placed(msgspec.Struct, frozen=True):
    """Where a record went."""

    shard: str
    sequence: str


class Failed(msgspec.Struct, frozen=True):
    """Why a record was not put, though others of its batch may have been."""

    code: str
    message: str


class Read(msgspec.Struct, frozen=True):
    """A record as it was read. ``arrived``: ms. ``id``: the same for every reader."""

    sequence: str
    arrived: int
    key: str
    data: bytes
    id: str


class _Kept(msgspec.Struct, frozen=True):
    """The body of a record's event: version and id come first, as in every event; bytes become base64."""

    version: str
    id: str
    key: str
    data: bytes


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(_Kept).decode


def to_events(entries: Sequence[Entry], now: int) -> list[Event]:
    """The events that keep ``entries``."""
    ids = new_ids(len(entries), now)
    return [Event(_encode(_Kept("0", id, one.key, one.data)), now) for id, one in zip(ids, entries, strict=True)]


def from_event(event: Event, sequence: str) -> Read:
    """The record that ``event`` keeps."""
    kept = _decode(event.body)
    return Read(sequence, event.ingested, kept.key, kept.data, kept.id)
