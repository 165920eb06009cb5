"""What was deleted with which client token, so that a request that is repeated succeeds again.

It is kept in memory: whoever repeats a deletion over a restart is told that there is nothing to delete.
"""

from __future__ import annotations

from collections import OrderedDict

_MOST = 10_000


class Deletions:
    """The last 10,000."""

    def __init__(self) -> None:
        self._tokens: OrderedDict[str, str] = OrderedDict()

    def note(self, arn: str, token: str | None) -> None:
        self._tokens.pop(arn, None)
        if token is not None:
            self._tokens[arn] = token
            if len(self._tokens) > _MOST:
                self._tokens.popitem(last=False)

    def was(self, arn: str, token: str | None) -> bool:
        """Whether ``arn`` was last deleted with ``token``."""
        return token is not None and self._tokens.get(arn) == token
