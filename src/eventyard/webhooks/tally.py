"""What came of the requests to a webhook since the server started, and the last ones that were refused."""

from __future__ import annotations

from collections import Counter, deque

import msgspec

_MOST = 20


class Refusal(msgspec.Struct, frozen=True):
    """``reason``: why, in a word; ``message``: for the owner, without secrets. ``at``: ms since the epoch."""

    at: int
    reason: str
    message: str
    peer: str = ""


class Tally:
    """Counts of requests by what they came to: ``accepted``, ``duplicate``, ``answered`` (a challenge), ``limited``,
    ``unavailable``, or the reason why they were refused."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.events = 0
        self.refusals: deque[Refusal] = deque(maxlen=_MOST)

    def refuse(self, refusal: Refusal) -> None:
        self.counts[refusal.reason] += 1
        self.refusals.append(refusal)
