"""How many messages of a queue may be in flight: received, and neither deleted nor back.

Sources: SQS developer guide, "Amazon SQS standard queue quotas" (120,000, then ReceiveMessage answers OverLimit) and
"Amazon SQS FIFO queue quotas" (no such error); Kinesis developer guide, "Quotas and limits for queues" (120,000).
"""

from __future__ import annotations

from eventyard.clock import Clock
from eventyard.store import QueueStore

MOST = 120_000


class InFlight:
    """Counts only where the limit may be near: a count of a large queue takes longer than a receive."""

    def __init__(self, store: QueueStore, clock: Clock, most: int = MOST) -> None:
        self._store = store
        self._clock = clock
        self.most = most
        self._before: dict[str, int] = {}

    async def full(self, queue: str, since: int) -> bool:
        """Whether the most messages of ``queue`` are in flight. ``since``: how many at most went into flight since the
        server started."""
        before = self._before.get(queue)
        if before is None:
            before = self._before[queue] = await self._count(queue)
        if before + since < self.most:
            return False
        return await self._count(queue) >= self.most

    async def _count(self, queue: str) -> int:
        return (await self._store.counts(queue, self._clock.now())).claimed
