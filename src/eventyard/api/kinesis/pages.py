"""The age of list tokens."""

from __future__ import annotations

from eventyard.errors import InvalidRequest
from eventyard.streams import LIFE, Token


def expired(token: Token, now: int) -> None:
    """Raises InvalidRequest for a token that is too old."""
    if now - token.issued > LIFE:
        raise InvalidRequest(
            "The pagination token passed to the operation has expired: tokens are good for 300 seconds.",
            "ExpiredNextTokenException",
        )
