"""The messages of queues in memory: plain and linear, for queues of a test's size."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from msgspec.structs import replace

from eventyard.store import Carry, Claim, Counts, Message, NewMessage, Sent, Settled
from eventyard.stores.fairness import noisy_groups
from eventyard.stores.receipts import receipt_of, sequence_in


@dataclass
class _Entry:
    message: NewMessage
    sequence: int
    visible: int
    receives: int = 0
    first_received: int = 0
    receipt: str | None = None

    def claimed(self, now: int) -> bool:
        return self.receives > 0 and self.visible > now


@dataclass
class _Queue:
    last: int = 0
    entries: dict[int, _Entry] = field(default_factory=dict)
    dedup: dict[str, tuple[int, Sent]] = field(default_factory=dict)

    def put(self, message: NewMessage, receives: int = 0, first_received: int = 0) -> Sent:
        self.last += 1
        self.entries[self.last] = _Entry(message, self.last, message.visible, receives, first_received)
        return Sent(message.id, self.last)

    def receivable(self, claim: Claim) -> list[_Entry]:
        """What a claim may take, in order."""
        visible = [entry for entry in self.entries.values() if entry.visible <= claim.now]
        if not claim.fifo:
            noisy = self._noisy(claim.now)
            order = {entry.sequence: (noisy.get(entry.message.group or "", 0), entry.visible) for entry in visible}
            return sorted(visible, key=lambda entry: (order[entry.sequence], entry.sequence))[: claim.limit]
        blocked = {entry.message.group for entry in self.entries.values() if entry.claimed(claim.now)} - {None}
        found = []
        for entry in self.entries.values():
            if entry.visible > claim.now:
                blocked |= {entry.message.group} - {None}
            elif entry.message.group not in blocked:
                found.append(entry)
        return found[: claim.limit]

    def _noisy(self, now: int) -> dict[str, int]:
        claimed = [entry.message.group for entry in self.entries.values() if entry.claimed(now)]
        return noisy_groups(Counter(group for group in claimed if group is not None), len(claimed))


class MemoryQueues:
    """Keeps :class:`eventyard.store.QueueStore`."""

    def __init__(self) -> None:
        self._queues: dict[str, _Queue] = {}

    def _queue(self, name: str) -> _Queue:
        return self._queues.setdefault(name, _Queue())

    async def send(self, queue: str, messages: Sequence[NewMessage], dedup_since: int | None = None) -> list[Sent]:
        held = self._queue(queue)
        answer = []
        for message in messages:
            first = held.dedup.get(message.dedup) if message.dedup is not None else None
            if first is not None and dedup_since is not None and first[0] >= dedup_since:
                answer.append(replace(first[1], duplicate=True))
                continue
            sent = held.put(message)
            if message.dedup is not None:
                held.dedup[message.dedup] = (message.sent, sent)
            answer.append(sent)
        return answer

    async def claim(self, queue: str, claim: Claim) -> list[Message]:
        held = self._queue(queue)
        while True:
            found = held.receivable(claim)
            dead = [entry for entry in found if claim.dead_queue is not None and entry.receives >= claim.max_receives]
            if not dead:
                break
            self._bury(held, self._queue(claim.dead_queue or ""), dead, claim.now, claim.counts_on, claim.carry)
        answer = []
        for entry in found:
            receipt = receipt_of(claim.token, entry.sequence)
            entry.visible, entry.receipt = claim.visible, receipt
            entry.receives += 1
            entry.first_received = entry.first_received or claim.now
            m = entry.message
            answer.append(
                Message(
                    m.id, entry.sequence, m.body, m.sent, receipt, entry.receives, entry.first_received, m.attributes,
                    m.group, m.dedup,
                )
            )  # fmt: skip
        return answer

    async def settle(
        self, queue: str, settlements: Sequence[tuple[str, int | None]], now: int, strict: bool = False
    ) -> list[Settled]:
        entries = self._queue(queue).entries
        answer: list[Settled] = []
        for receipt, visible in settlements:
            entry = entries.get(sequence_in(receipt))
            if entry is None:
                answer.append("gone")
            elif entry.receipt != receipt or (entry.visible <= now and (strict or visible is not None)):
                answer.append("expired")
            else:
                answer.append("done")
                if visible is None:
                    del entries[entry.sequence]
                else:
                    entry.visible = visible
        return answer

    def _bury(
        self, held: _Queue, to: _Queue, dead: Sequence[_Entry], now: int, counts_on: bool, carry: Carry | None = None
    ) -> None:
        for entry in dead:
            del held.entries[entry.sequence]
            counts = (entry.receives, entry.first_received) if counts_on else (0, 0)
            kept = entry.message.attributes
            attributes = kept if carry is None else carry(kept, entry.receives)
            to.put(replace(entry.message, visible=now, attributes=attributes), *counts)

    async def move(self, source: str, destination: str, limit: int, now: int, received: int | None = None) -> int:
        held = self._queue(source)
        moving = [e for e in held.entries.values() if e.visible <= now and e.receives >= (received or 0)][:limit]
        if received is not None:
            self._bury(held, self._queue(destination), moving, now, True)
            return len(moving)
        for entry in moving:
            del held.entries[entry.sequence]
            self._queue(destination).put(replace(entry.message, sent=now, visible=now))
        return len(moving)

    async def purge(self, queue: str, sent_before: int | None = None) -> int:
        held = self._queue(queue)
        before = len(held.entries)
        if sent_before is None:
            held.entries.clear()
            held.dedup.clear()
        else:
            held.entries = {n: entry for n, entry in held.entries.items() if entry.message.sent >= sent_before}
        return before - len(held.entries)

    async def counts(self, queue: str, now: int) -> Counts:
        entries = list(self._queue(queue).entries.values())
        claimed = sum(entry.claimed(now) for entry in entries)
        hidden = sum(entry.visible > now for entry in entries)
        oldest = entries[0].message.sent if entries else None
        return Counts(len(entries) - hidden, claimed, hidden - claimed, oldest)

    def clear(self) -> None:
        self._queues.clear()
