"""What FIFO queues gave out lately under a name that the receiver chose, so that a receive can be asked for again.

Source: SQS API reference, ReceiveMessage, "ReceiveRequestAttemptId". It lives as long as the server: after a restart
the messages come back when their visibility timeout is over.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Sequence

import msgspec

from eventyard.queues.messages import Received

_LIFE = 300_000
#: So many receives are remembered, and so many bytes of what they gave out (or the last, however large).
_MOST, _MOST_BYTES = 1_000, 64 << 20


class _Given(msgspec.Struct, frozen=True):
    """``at``: when (ms). ``until``: until when the messages are hidden."""

    at: int
    until: int
    messages: Sequence[Received]
    size: int


class Attempts:
    """The receives of all queues. Whoever changes or deletes a message must tell."""

    def __init__(self) -> None:
        self._given: OrderedDict[tuple[str, str], _Given] = OrderedDict()
        self._by_receipt: dict[str, tuple[str, str]] = {}
        self._size = 0

    def find(self, queue: str, attempt: str, now: int) -> Sequence[Received] | None:
        """The messages that were given out for ``attempt``, if all are still as they were and hidden."""
        given = self._given.get((queue, attempt))
        if given is None:
            return None
        if now - given.at >= _LIFE or now >= given.until:
            self._forget((queue, attempt))
            return None
        return given.messages

    def keep(self, queue: str, attempt: str, now: int, until: int, messages: Sequence[Received]) -> None:
        """Remember what was given out."""
        key = (queue, attempt)
        self._forget(key)
        size = sum(len(one.message.body) + len(one.message.attributes) for one in messages)
        self._given[key] = _Given(now, until, messages, size)
        self._size += size
        for one in messages:
            self._by_receipt[one.message.receipt] = key
        while len(self._given) > 1 and (
            len(self._given) > _MOST or self._size > _MOST_BYTES or now - next(iter(self._given.values())).at >= _LIFE
        ):
            self._forget(next(iter(self._given)))

    def touched(self, receipts: Iterable[str]) -> None:
        """These messages were deleted, or when they come back has changed."""
        for receipt in receipts:
            key = self._by_receipt.get(receipt)
            if key is not None:
                self._forget(key)

    def _forget(self, key: tuple[str, str]) -> None:
        given = self._given.pop(key, None)
        if given is None:
            return
        self._size -= given.size
        for one in given.messages:
            self._by_receipt.pop(one.message.receipt, None)
