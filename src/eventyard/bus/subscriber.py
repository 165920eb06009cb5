"""One subscriber: takes matched events from its bounded inbox, delivers them in batches, and settles each.

When the inbox is full it stops listening to the router and reads the log itself, from where it was, until it meets the
router again. An idle subscriber has no task and no row: its position is the router's.
"""

from __future__ import annotations

import asyncio
from collections import deque

import structlog

from eventyard.bus.delivery import Desk
from eventyard.bus.router import Router
from eventyard.bus.subscription import Subscription
from eventyard.errors import TryAgain
from eventyard.event import Event
from eventyard.pattern import matches
from eventyard.store import Checkpoint, EventLog, Fate

log = structlog.get_logger("bus.subscriber")

INBOX = 1_000
INBOX_BYTES = 8 << 20
_READ = 500
_STUMBLE = 1.0


class Subscriber:
    """``until``: the position after which it takes no more from the log (its rule was disabled there), or None.

    ``resume``: where it goes on after such a gap, once its rule is enabled again."""

    def __init__(self, subscription: Subscription, router: Router, eventlog: EventLog, desk: Desk) -> None:
        self.subscription = subscription
        self._router = router
        self._log = eventlog
        self._desk = desk
        self._inbox: deque[tuple[int, Event]] = deque()
        self._bytes = 0
        self._in_hand: list[tuple[int, Event]] = []
        self._read = 0
        self._lagging = False
        self._gap: tuple[int, int | None] | None = None
        self._task: asyncio.Task[None] | None = None
        self._closed = False

    @property
    def name(self) -> str:
        return self.subscription.name

    @property
    def lagging(self) -> bool:
        """Whether it reads from the log rather than from the router."""
        return self._lagging

    @property
    def waiting(self) -> int:
        """Events in the inbox and in hand."""
        return len(self._inbox) + len(self._in_hand)

    def offer(self, position: int, event: Event) -> None:
        """Take ``event`` from the router; with no room, fall back to reading the log."""
        if self._lagging or position <= self._read:
            return
        if self._closed or len(self._inbox) >= INBOX or self._bytes >= INBOX_BYTES:
            # Also while stopping: the checkpoint must not pass what nobody is going to deliver.
            self._lagging = True
            self._read = position - 1
            self._desk.ledger.moved(self.name, self.checkpoint)
            return
        self._inbox.append((position, event))
        self._bytes += len(event.body)
        self._desk.ledger.moved(self.name, self.checkpoint)
        if self._task is None:
            self._start()

    def start_at(self, position: int, gap: tuple[int, int | None] | None = None) -> None:
        """Go on from a checkpoint: everything above ``position`` but inside ``gap`` is read from the log."""
        self._read, self._lagging, self._gap = position, True, gap
        self._desk.ledger.moved(self.name, self.checkpoint)
        self._start()

    def disable(self) -> None:
        """Deliver what was published until now, and nothing after it."""
        if (self._lagging or self.waiting) and self._gap is None:
            self._gap = (self._router.position, None)
            self._desk.ledger.moved(self.name + "!gap", self._gap_checkpoint)

    def enable(self) -> None:
        """Take events again, from now on."""
        if self._gap is not None and self._gap[1] is None:
            self._gap = (self._gap[0], self._router.position)
            self._desk.ledger.moved(self.name + "!gap", self._gap_checkpoint)

    def checkpoint(self) -> Checkpoint | None:
        """What to write: the position below which all is settled, or None where that is the router's."""
        if self._in_hand:
            return Checkpoint(self._in_hand[0][0] - 1)
        if self._inbox:
            return Checkpoint(self._inbox[0][0] - 1)
        return Checkpoint(self._read) if self._lagging else None

    async def close(self) -> None:
        """Stop at once. What is in hand is delivered again after the next start."""
        self._closed = True
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def drain(self) -> None:
        """Finish the delivery in hand, then stop."""
        self._closed = True
        if self._task is not None:
            await asyncio.gather(self._task, return_exceptions=True)

    def _gap_checkpoint(self) -> Checkpoint | None:
        if self._gap is None:
            return None
        until, resume = self._gap
        return Checkpoint(until, () if resume is None else (resume,))

    def _start(self) -> None:
        if self._task is None and not self._closed:
            self._task = asyncio.get_running_loop().create_task(self._run(), name=f"subscriber {self.name}")

    async def _run(self) -> None:
        try:
            while not self._closed:
                if not (self._in_hand or self._inbox or self._lagging):
                    return
                try:
                    await self._step()
                except TryAgain as error:
                    log.warning("an ordered subscriber waits", subscriber=self.name, reason=error.message)
                    await self._desk.clock.sleep(_STUMBLE)
                except Exception:
                    # Whatever it was, what is in hand stays in hand: wait and go on, or the events would be stuck.
                    log.exception("a subscriber stumbled, trying again", subscriber=self.name)
                    await self._desk.clock.sleep(_STUMBLE)
        finally:
            self._task = None
            self._desk.ledger.moved(self.name, self.checkpoint)

    async def _step(self) -> None:
        if self._in_hand or self._inbox:
            await self._deliver_some()
        else:
            await self._catch_up()

    async def _deliver_some(self) -> None:
        if not self._in_hand:  # else an error interrupted the last delivery: those come first
            size = min(len(self._inbox), self.subscription.target.batch_size)
            self._in_hand = [self._inbox.popleft() for _ in range(size)]
        await self._desk.deliver(self.subscription, self._in_hand)
        # Settled: only now may the checkpoint pass these. A cancelled delivery stays in hand and below the mark.
        self._bytes -= sum(len(event.body) for _, event in self._in_hand)
        self._in_hand = []
        self._desk.ledger.moved(self.name, self.checkpoint)

    async def _catch_up(self) -> None:
        """Read the next stretch of the log into the inbox; with nothing left to read, be live again."""
        if self._gap is not None and self._read >= self._gap[0]:
            if self._gap[1] is None:
                self._lagging = False
                return
            self._read = max(self._read, self._gap[1])
            self._gap = None
            self._desk.ledger.moved(self.name + "!gap", self._gap_checkpoint)
        if self._read >= self._router.position:
            self._lagging = False
            return
        rows = await self._log.read(self.subscription.bus, self._read, _READ)
        if not rows:  # trimmed up to where the router is
            self._expired(self._read + 1, self._router.position)
            self._read = self._router.position
            return
        if rows[0][0] > self._read + 1:
            self._expired(self._read + 1, rows[0][0] - 1)
        until = self._gap[0] if self._gap else rows[-1][0]
        pattern = self.subscription.pattern
        for position, event in rows:
            if position > until:
                break
            self._read = position
            if matches(pattern, event.body):
                self._inbox.append((position, event))
                self._bytes += len(event.body)
        self._desk.ledger.moved(self.name, self.checkpoint)
        await asyncio.sleep(0)

    def _expired(self, first: int, last: int) -> None:
        message = f"events {first} to {last} left the log before this subscriber read them"
        log.error("retention overtook a subscriber", subscriber=self.name, first=first, last=last)
        self._desk.ledger.fate(
            Fate(self.subscription.bus, first, "", self.name, "expired", self._desk.clock.now(), 0, "EXPIRED", message)
        )
