"""Shard iterators and the tokens of lists: opaque texts that say where to go on. Knows no records."""

from __future__ import annotations

import base64
import binascii

import msgspec

from eventyard.errors import InvalidRequest

#: How long (ms) an iterator, or the token of a list, can be used (API reference, GetShardIterator and ListShards).
LIFE = 300_000


class Iterator(msgspec.Struct, frozen=True, array_like=True):
    """Read what follows ``after`` in the log of a shard. ``made``: when the stream was made, so that an iterator does
    not outlive it; ``issued``: when the iterator was given out (ms)."""

    arn: str
    made: int
    shard: int
    after: int
    issued: int

    def text(self) -> str:
        return _pack(msgspec.json.encode(self))


def read_iterator(text: str) -> Iterator:
    """Raises InvalidRequest for what was never given out."""
    try:
        return msgspec.json.decode(_unpack(text), type=Iterator)
    except (msgspec.DecodeError, ValueError) as error:
        raise InvalidRequest("Invalid ShardIterator.", "InvalidArgumentException") from error


class Token(msgspec.Struct, frozen=True, array_like=True):
    """Where a list goes on: behind ``after``. ``query``: what was asked for, so that the pages fit together."""

    listing: str
    after: str
    issued: int
    query: bytes = b""

    def text(self) -> str:
        return _pack(msgspec.json.encode(self))


def read_token(text: str, listing: str) -> Token:
    """Raises InvalidRequest for a token that is none of ``listing``."""
    try:
        token = msgspec.json.decode(_unpack(text), type=Token)
    except (msgspec.DecodeError, ValueError) as error:
        raise _bad_token() from error
    if token.listing != listing:
        raise _bad_token()
    return token


def _bad_token() -> InvalidRequest:
    return InvalidRequest("Invalid NextToken.", "InvalidArgumentException")


def _pack(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _unpack(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError("not base64") from error
