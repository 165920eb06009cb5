"""Messages with their attributes: how they are checked, kept and digested. Knows no queues."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping

import msgspec

from eventyard.errors import InvalidRequest
from eventyard.store import Message

_NAME = re.compile(r"[A-Za-z0-9_\-.]{1,256}")
# Characters of XML 1.0, which SQS allows; anything else it refuses (API reference, SendMessage).
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ALLOWED_ASCII = bytes([9, 10, 13, *range(32, 128)])
_TYPES = ("String", "Number", "Binary")
_NUMBER = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*", re.ASCII)
# Alphanumeric characters and punctuation (API reference, SendMessage).
_TOKEN = re.compile(r"[!-~]{1,128}")

ORIGIN = "DeadLetterQueueSourceArn"


class Attribute(msgspec.Struct, frozen=True, array_like=True):
    """A message attribute. ``type``: String, Number or Binary, with a custom part after a dot if wanted."""

    type: str
    string: str | None = None
    binary: bytes | None = None


def typed(values: Mapping[str, tuple[str, str | bytes]]) -> dict[str, Attribute]:
    """Attributes of (type, value)."""
    return {
        name: Attribute(kind, None, value) if isinstance(value, bytes) else Attribute(kind, value)
        for name, (kind, value) in values.items()
    }


class Outgoing(msgspec.Struct, frozen=True):
    """A message to be sent. ``delay``: seconds; None is the queue's. ``system``: e.g. ``AWSTraceHeader``.
    ``sender``: the account that sends it; None is the queue's own."""

    body: str
    attributes: Mapping[str, Attribute] = {}
    system: Mapping[str, str] = {}
    delay: int | None = None
    group: str | None = None
    dedup: str | None = None
    sender: str | None = None


class Kept(msgspec.Struct, frozen=True, array_like=True):
    """What of a message is opaque to the store. ``earlier``: how often it was received from other queues, before it
    became a dead letter."""

    attributes: dict[str, Attribute] = {}
    system: dict[str, str] = {}
    earlier: int = 0


class Received(msgspec.Struct, frozen=True):
    """A message as it was received. ``attributes`` and ``system`` as they were sent."""

    message: Message
    attributes: dict[str, Attribute]
    system: dict[str, str]


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Kept).decode
_NOTHING = Kept()


def pack(attributes: Mapping[str, Attribute], system: Mapping[str, str]) -> bytes:
    """The attributes as the store keeps them; empty for none."""
    return _encode(Kept(dict(attributes), dict(system))) if attributes or system else b""


def unpack(kept: bytes) -> Kept:
    """The other way round."""
    return _decode(kept) if kept else _NOTHING


def carried(kept: bytes, receives: int) -> bytes:
    """What the store keeps of a message that becomes a dead letter after so many receives."""
    before = unpack(kept)
    return _encode(msgspec.structs.replace(before, earlier=before.earlier + receives))


def received_of(message: Message) -> Received:
    """``message``, with how often it was received from all queues, where the store counts for each queue.

    Source: SQS API reference, ReceiveMessage, "ApproximateReceiveCount"."""
    kept = unpack(message.attributes)
    if kept.earlier:
        message = msgspec.structs.replace(message, receives=message.receives + kept.earlier)
    return Received(message, kept.attributes, kept.system)


def check(outgoing: Outgoing, most: int) -> int:
    """The size of a message in bytes. Raises InvalidRequest for one that SQS would refuse."""
    if not outgoing.body:
        raise InvalidRequest("The request must contain the parameter MessageBody.", "MissingParameter")
    size = _size_of(outgoing.body)
    if len(outgoing.attributes) > 10:
        raise InvalidRequest(
            f"Number of message attributes [{len(outgoing.attributes)}] exceeds the allowed maximum [10].",
            "InvalidParameterValue",
        )
    for name, attribute in outgoing.attributes.items():
        size += _check_attribute(name, attribute)
    if size > most:
        raise InvalidRequest(
            f"One or more parameters are invalid. Reason: Message must be shorter than {most} bytes.",
            "InvalidParameterValue",
        )
    return size


def _size_of(body: str) -> int:
    """The bytes of ``body``. Raises InvalidRequest for characters that SQS would refuse."""
    if body.isascii():  # to delete what is allowed and see whether anything is left takes a seventh of a search
        refused, size = body.encode().translate(None, _ALLOWED_ASCII) != b"", len(body)
    else:
        refused, size = _FORBIDDEN.search(body) is not None, 0
    if refused:
        raise InvalidRequest("Invalid characters found in the message body.", "InvalidMessageContents")
    return size or len(body.encode())


def _check_attribute(name: str, attribute: Attribute) -> int:
    lower = name.lower()
    if not _NAME.fullmatch(name) or lower.startswith(("aws.", "amazon.")) or ".." in name or name.strip(".") != name:
        raise InvalidRequest(
            f"The message attribute name '{name}' is invalid. Attribute name can contain A-Z, a-z, 0-9, underscore "
            "(_), hyphen (-), and period (.) characters.",
            "InvalidParameterValue",
        )
    kind = attribute.type.partition(".")[0]
    if kind not in _TYPES:
        raise InvalidRequest(
            f"The message attribute '{name}' has an invalid message attribute type, the set of supported type prefixes "
            "is Binary, Number, and String.",
            "InvalidParameterValue",
        )
    value = attribute.binary if kind == "Binary" else attribute.string
    if not value:
        raise InvalidRequest(
            f"The message attribute '{name}' must contain a non-empty message attribute value for type '{kind}'.",
            "InvalidParameterValue",
        )
    if kind == "Number" and not _NUMBER.fullmatch(attribute.string or ""):
        raise InvalidRequest(
            f"Can't cast the value of message (user) attribute '{name}' to a number.", "InvalidParameterValue"
        )
    data = value if isinstance(value, bytes) else value.encode()
    return len(name) + len(attribute.type) + len(data)


def check_token(parameter: str, value: str) -> None:
    """Raises InvalidRequest for a group or deduplication id that SQS would refuse."""
    if not _TOKEN.fullmatch(value):
        raise InvalidRequest(
            f"Value {value} for parameter {parameter} is invalid. Reason: {parameter} can only include alphanumeric "
            "and punctuation characters. 1 to 128 in length.",
            "InvalidParameterValue",
        )


def md5_of_body(body: str) -> str:
    """What the SDKs compare with their own digest."""
    return hashlib.md5(body.encode(), usedforsecurity=False).hexdigest()


def md5_of_attributes(attributes: Mapping[str, Attribute]) -> str:
    """SQS's digest of attributes: sorted by name; each part with its length, values with a byte for their kind.

    Source: SQS developer guide, "Calculating the MD5 message digest for message attributes"."""
    digest = hashlib.md5(usedforsecurity=False)
    for name in sorted(attributes):
        attribute = attributes[name]
        binary = attribute.type.startswith("Binary")
        value = (attribute.binary or b"") if binary else (attribute.string or "").encode()
        for part in (name.encode(), attribute.type.encode()):
            digest.update(len(part).to_bytes(4, "big") + part)
        digest.update((b"\x02" if binary else b"\x01") + len(value).to_bytes(4, "big") + value)
    return digest.hexdigest()
