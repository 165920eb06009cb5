"""Records: what producers put, in the form in which a shard's log keeps them, sealed where the stream says so."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import msgspec

from eventyard.event import Event, new_ids
from eventyard.streams.resources import Stream
from eventyard.vault import Vault


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
    """A record as it was read. ``arrived``: ms. ``id``: the same for every reader. ``sealed``: whether it lay there
    encrypted."""

    sequence: str
    arrived: int
    key: str
    data: bytes
    id: str
    sealed: bool


class _Kept(msgspec.Struct, frozen=True, omit_defaults=True):
    """The body of a record's event: version and id come first, as in every event; bytes become base64. ``sealed``:
    ``data`` is the key and the data together, in MessagePack, encrypted."""

    version: str
    id: str
    key: str
    data: bytes
    sealed: bool = False


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(_Kept).decode
_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder(tuple[str, bytes]).decode


class Envelope:
    """Puts records into events and takes them out again. ``vault``: seals those of streams that are encrypted."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    def put(self, stream: Stream, entries: Sequence[Entry], now: int) -> list[Event]:
        """The events that keep ``entries``."""
        ids = new_ids(len(entries), now)
        return [Event(_encode(self._kept(stream, id, one)), now) for id, one in zip(ids, entries, strict=True)]

    def take(self, stream: Stream, event: Event, sequence: str) -> Read:
        """The record that ``event`` keeps. Raises Broken for one that was sealed with another key."""
        kept = _decode(event.body)
        key, data = kept.key, kept.data
        if kept.sealed:
            key, data = _unpack(self._vault.unseal(_label(stream, kept.id), data))
        return Read(sequence, event.ingested, key, data, kept.id, kept.sealed)

    def _kept(self, stream: Stream, id: str, entry: Entry) -> _Kept:
        if stream.key_id is None:
            return _Kept("0", id, entry.key, entry.data)
        return _Kept("0", id, "", self._vault.seal(_label(stream, id), _pack((entry.key, entry.data))), True)


def _label(stream: Stream, id: str) -> str:
    return f"{stream.arn} {id}"
