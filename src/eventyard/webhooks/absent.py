"""What stands in for a provider that can't be made any more: nothing is taken, and the sender is told to send again."""

from __future__ import annotations

from collections.abc import Sequence

from eventyard.errors import InvalidRequest, TryAgain
from eventyard.provider import Answer, Arrival, Request, Sample


class Absent:
    """``reason``: why it can't be made."""

    source = ""
    methods = frozenset({"POST"})
    kept: tuple[str, ...] = ()
    secret_headers: frozenset[str] = frozenset()
    thanks: Answer | None = None

    def __init__(self, reason: str) -> None:
        self._reason = reason

    def check_secret(self, secret: str) -> None:
        raise InvalidRequest(self._reason)

    def verify(self, request: Request, secrets: Sequence[str], now: int) -> Sequence[Arrival] | Answer:
        """Raises TryAgain: it is the server that lacks something, not the sender."""
        raise TryAgain(self._reason)

    def sign(self, request: Request, secret: str, now: int) -> Request:
        raise InvalidRequest(self._reason)

    def sample(self) -> Sample:
        raise InvalidRequest(self._reason)
