"""AWS's cool-downs: for a minute nobody purges a queue again, or makes one of the name of one that was deleted.

They outlive restarts. Source: SQS API reference, DeleteQueue and PurgeQueue.
"""

from __future__ import annotations

from eventyard.clock import Clock
from eventyard.errors import Conflict
from eventyard.store import Catalog, Change

_DELETED, _PURGED = "queue-deleted", "queue-purged"
_MILLIS = 60_000


class CoolDowns:
    """``dev``: there are none."""

    def __init__(self, catalog: Catalog, clock: Clock, dev: bool) -> None:
        self._catalog = catalog
        self._clock = clock
        self._dev = dev
        self._times: dict[tuple[str, str], int] = {}

    async def load(self) -> None:
        """Bring them back."""
        for kind in (_DELETED, _PURGED):
            for arn, value in (await self._catalog.load(kind)).items():
                self._times[kind, arn] = int(value)

    def check_creation(self, arn: str) -> None:
        """Raises Conflict if a queue of this name was deleted just now."""
        if self._hot(_DELETED, arn):
            raise Conflict(
                "You must wait 60 seconds after deleting a queue before you can create another with the same name.",
                "QueueDeletedRecently",
            )

    def check_purge(self, arn: str, name: str) -> None:
        """Raises Conflict if the queue was purged just now."""
        if self._hot(_PURGED, arn):
            raise Conflict(
                f"Only one PurgeQueue operation on {name} is allowed every 60 seconds.", "PurgeQueueInProgress"
            )

    def deleting(self, arn: str) -> list[Change]:
        """What keeps that a queue is deleted now, to be written with the deletion."""
        self._times.pop((_PURGED, arn), None)
        return [Change(_PURGED, arn, None), *self._note(_DELETED, arn)]

    async def purging(self, arn: str) -> None:
        """Keep that a queue is purged now."""
        if changes := self._note(_PURGED, arn):
            await self._catalog.apply(changes)

    async def sweep(self) -> None:
        """Forget what is over."""
        over = [key for key in self._times if not self._hot(*key)]
        for key in over:
            del self._times[key]
        if over:
            await self._catalog.apply([Change(kind, arn, None) for kind, arn in over])

    def _note(self, kind: str, arn: str) -> list[Change]:
        if self._dev:
            return []
        now = self._times[kind, arn] = self._clock.now()
        return [Change(kind, arn, str(now).encode())]

    def _hot(self, kind: str, arn: str) -> bool:
        return not self._dev and self._clock.now() - self._times.get((kind, arn), -_MILLIS) < _MILLIS
