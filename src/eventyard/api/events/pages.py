"""Pages of a list, and the opaque tokens that lead from one to the next."""

from __future__ import annotations

import base64
import binascii
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from eventyard.errors import InvalidRequest

_LARGEST = 100
T = TypeVar("T")


class _Token(msgspec.Struct, array_like=True):
    """``listing``: what is listed, so that a token of one list is refused by another. ``after``: the last key shown."""

    listing: str
    after: str


def page(
    items: Sequence[T], key: Callable[[T], str], params: Mapping[str, Any], listing: str
) -> tuple[Sequence[T], str | None]:
    """The items that ``NextToken`` and ``Limit`` of ``params`` ask for, and the token of the next page, if any.

    ``items`` must be sorted by ``key``. A page starts after the last key of the page before, so that nothing is left
    out when items are deleted in between.

    Raises:
        InvalidRequest: the token is not one of this listing.
    """
    start = 0
    if params.get("NextToken") is not None:
        start = bisect_right(items, _read(params["NextToken"], listing), key=key)
    end = start + (params.get("Limit") or _LARGEST)
    shown = items[start:end]
    more = end < len(items)
    return shown, _write(_Token(listing, key(shown[-1]))) if more else None


def _write(token: _Token) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(token)).decode("ascii")


def _read(text: str, listing: str) -> str:
    try:
        token = msgspec.json.decode(base64.b64decode(text, altchars="-_", validate=True), type=_Token)
    except (binascii.Error, ValueError) as error:
        raise InvalidRequest("Parameter NextToken is not valid.") from error
    if token.listing != listing:
        raise InvalidRequest("Parameter NextToken is not valid.")
    return token.after
