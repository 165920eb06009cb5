"""Pages of lists: the tokens and their age, and what a filter on streams lets through."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from eventyard.errors import InvalidRequest
from eventyard.streams import LIFE, Token, read_token

_PAGE = 100


def expired(token: Token, now: int) -> None:
    """Raises InvalidRequest for a token that is too old."""
    if now - token.issued > LIFE:
        raise InvalidRequest(
            "The pagination token passed to the operation has expired: tokens are good for 300 seconds.",
            "ExpiredNextTokenException",
        )


class Listing(msgspec.Struct, frozen=True):
    """A list by ``name``, at the time ``now`` (ms)."""

    name: str
    now: int


def page(listing: Listing, names: Sequence[str], params: dict[str, Any]) -> tuple[Sequence[str], str | None]:
    """The part of ``names``, which are in order, that MaxResults and NextToken ask for, and the token behind it."""
    after = ""
    if params.get("NextToken"):
        token = read_token(params["NextToken"], listing.name)
        expired(token, listing.now)
        after = token.after
    left = [name for name in names if name > after]
    shown = left[: min(params.get("MaxResults") or _PAGE, _PAGE)]
    return shown, Token(listing.name, shown[-1], listing.now).text() if len(left) > len(shown) else None


def wants(filters: Sequence[dict[str, Any]] | None, arn: str, created: int) -> bool:
    """Whether a StreamFilter lets what is on the stream ``arn``, made at ``created`` (ms), through."""
    if not filters:
        return True
    for one in filters:
        time = one.get("StreamCreationTimestamp")
        if one["StreamARN"] == arn and (time is None or int(time.timestamp()) == created // 1000):
            return True
    return False
