"""The tokens of FilterLogEvents: which way the pages go, and the place where the next one begins."""

from __future__ import annotations

import base64
import binascii

import msgspec

from eventyard.api.loggroups.place import invalid
from eventyard.loggroups import Gap


class _Token(msgspec.Struct, array_like=True):
    group: str
    backward: bool
    timestamp: int
    ingested: int
    stream: str
    number: int


def write_cursor(group: str, backward: bool, gap: Gap) -> str:
    token = _Token(group, backward, gap.timestamp, gap.ingested, gap.stream, gap.number)
    return base64.urlsafe_b64encode(msgspec.json.encode(token)).decode("ascii")


def read_cursor(text: str, group: str) -> tuple[bool, Gap]:
    """Raises InvalidRequest for what is no token of the group with this ARN."""
    try:
        token = msgspec.json.decode(base64.b64decode(text, altchars="-_", validate=True), type=_Token)
    except (binascii.Error, ValueError) as error:
        raise invalid("The specified nextToken is invalid.") from error
    if token.group != group:
        raise invalid("The specified nextToken is invalid.")
    return token.backward, Gap(token.timestamp, token.ingested, token.stream, token.number)
