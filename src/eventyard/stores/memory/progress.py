"""Progress in memory."""

from __future__ import annotations

from eventyard.store import Attempt, Checkpoint, Deferred, Fate, Outcome, Record


class MemoryProgress:
    """Keeps :class:`eventyard.store.Progress`."""

    def __init__(self) -> None:
        self._checkpoints: dict[str, Checkpoint] = {}
        self._deferred: dict[tuple[str, int], Deferred] = {}
        self._fates: dict[tuple[str, int, str], Fate] = {}
        self._changed: dict[tuple[str, int, str], int] = {}
        self._changes = 0
        self._attempts: dict[tuple[str, int, str, int], Attempt] = {}

    async def load(self) -> dict[str, Checkpoint]:
        return dict(self._checkpoints)

    async def record(self, record: Record) -> None:
        for subscriber, checkpoint in record.checkpoints.items():
            if checkpoint is None:
                self._checkpoints.pop(subscriber, None)
            else:
                self._checkpoints[subscriber] = checkpoint
        for key in record.done:
            self._deferred.pop(key, None)
        for each in record.deferred:
            self._deferred[each.subscriber, each.position] = each
        for fate in record.fates:
            # Taken out first, so that it goes to the end: the newest are the last.
            which = (fate.bus, fate.position, fate.subscriber)
            self._fates.pop(which, None)
            self._fates[which] = fate
            self._changes += 1
            self._changed[which] = self._changes
        for attempt in record.attempts:
            if (attempt.bus, attempt.position, attempt.subscriber) in self._fates:
                place = (attempt.bus, attempt.position, attempt.subscriber, attempt.number)
                self._attempts.pop(place, None)
                self._attempts[place] = attempt

    async def due(self, subscriber: str, until: int, limit: int) -> list[Deferred]:
        found = [each for each in self._deferred.values() if each.subscriber == subscriber and each.due <= until]
        return sorted(found, key=lambda each: (each.due, each.position))[:limit]

    async def backlog(self) -> dict[str, tuple[int, int]]:
        found: dict[str, tuple[int, int]] = {}
        for each in self._deferred.values():
            count, due = found.get(each.subscriber, (0, each.due))
            found[each.subscriber] = (count + 1, min(due, each.due))
        return found

    async def forget(self, subscriber: str) -> None:
        self._checkpoints.pop(subscriber, None)
        self._deferred = {key: each for key, each in self._deferred.items() if key[0] != subscriber}

    async def fates(
        self,
        *,
        bus: str | None = None,
        event_id: str | None = None,
        subscriber: str | None = None,
        outcome: Outcome | None = None,
        limit: int = 100,
    ) -> list[Fate]:
        found = [
            fate
            for fate in reversed(self._fates.values())
            if bus in (None, fate.bus)
            and event_id in (None, fate.event_id)
            and subscriber in (None, fate.subscriber)
            and outcome in (None, fate.outcome)
        ]
        return found[:limit]

    async def attempts(self, event_id: str) -> list[Attempt]:
        of = {key for key, fate in self._fates.items() if fate.event_id == event_id}
        found = [each for key, each in self._attempts.items() if key[:3] in of]
        return sorted(found, key=lambda each: each.number)

    async def prune(self, *, older_than: int, most: int) -> None:
        first = self._changes - most
        for key, fate in list(self._fates.items()):
            if fate.at >= older_than and self._changed[key] > first:
                break
            del self._fates[key], self._changed[key]
        kept = [each for each in self._attempts.items() if each[0][:3] in self._fates]
        self._attempts = dict(kept[max(len(kept) - most, 0) :])

    def clear(self) -> None:
        self._checkpoints.clear()
        self._deferred.clear()
        self._fates.clear()
        self._changed.clear()
        self._attempts.clear()
