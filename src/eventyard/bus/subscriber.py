"""One subscriber: takes matched events into its bounded inbox, and hands them in batches to the lane of its target.

When the inbox is full it stops listening to the router and reads the log itself, from where it was, until it meets the
router again. An idle subscriber has no task and no row: its position is the router's.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence

import structlog

from eventyard.bus.delivery import Desk
from eventyard.bus.lane import STUMBLE, Lanes
from eventyard.bus.router import Router
from eventyard.bus.subscription import Subscription
from eventyard.errors import EventyardError
from eventyard.event import Event
from eventyard.pattern import matches
from eventyard.store import Checkpoint, EventLog, Fate

log = structlog.get_logger("bus.subscriber")

INBOX = 1_000
INBOX_BYTES = 8 << 20
_READ = 500


class Subscriber:
    """``until``: the position after which it takes no more from the log (its rule was disabled there), or None.

    ``resume``: where it goes on after such a gap, once its rule is enabled again."""

    def __init__(
        self, subscription: Subscription, router: Router, eventlog: EventLog, desk: Desk, lanes: Lanes
    ) -> None:
        self.subscription = subscription
        self._router = router
        self._log = eventlog
        self._desk = desk
        self._lanes = lanes
        self._inbox: deque[tuple[int, Event]] = deque()
        self._bytes = 0
        self._in_hand: list[tuple[int, Event]] = []
        self._read = 0
        self._moves = 0
        self._lagging = False
        self._gap: tuple[int, int | None] | None = None
        self._reader: asyncio.Task[None] | None = None
        self._busy = False  # a lane has been told, or the log is being read
        self._held = False
        self._drained: asyncio.Event | None = None
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
        self._take(position, event)
        self._desk.ledger.moved(self.name, self.checkpoint)
        if not self._busy:
            self._go_on()

    def start_at(self, position: int, gap: tuple[int, int | None] | None = None) -> None:
        """Go on from a checkpoint: everything above ``position`` but inside ``gap`` is read from the log."""
        self._read, self._lagging, self._gap = position, True, gap
        self._desk.ledger.moved(self.name, self.checkpoint)
        if not self._busy:
            self._go_on()

    def bound(self, end: int | None) -> None:
        """Take nothing behind ``end`` from the log. Whoever calls this sees to it that the router offers nothing."""
        if end is not None:
            self._gap = (end, None)
        elif self._gap is not None and self._gap[1] is None:
            self._gap = None

    @property
    def stands(self) -> int:
        """All up to there is settled."""
        saved = self.checkpoint()
        return self._router.position if saved is None else saved.position

    def move_to(self, position: int) -> None:
        """Go on behind ``position``, wherever that is; what is in hand is settled all the same."""
        self._release(sum([len(event.body) for _, event in self._inbox]))
        self._inbox.clear()
        self._moves += 1
        self._read, self._lagging = position, True
        self._desk.ledger.moved(self.name, self.checkpoint)
        if not self._busy:
            self._go_on()

    def hold_at(self, position: int) -> None:
        """Deliver nothing until :meth:`release`; then begin above ``position``."""
        self._read, self._lagging, self._busy, self._held = position, True, True, True

    def release(self) -> None:
        """Begin, if it was held back."""
        if self._held:
            self._busy = self._held = False
            self.start_at(self._read, self._gap)

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
        first = self._in_hand or self._inbox
        if not first:
            return Checkpoint(self._read) if self._lagging else None
        below = first[0][0] - 1  # but not where it was moved back while it had something in hand
        return Checkpoint(min(below, self._read) if self._lagging else below)

    # What its lane calls

    def load(self, limit: int) -> Sequence[tuple[int, Event]]:
        """Hand over up to ``limit`` events, which are in hand until they are settled or returned."""
        if not self._closed:
            self._in_hand = [self._inbox.popleft() for _ in range(min(len(self._inbox), limit))]
        if not self._in_hand:
            self._busy = False
            self._go_on()
        return self._in_hand

    def settled(self) -> None:
        """Only now may the checkpoint pass what was in hand. A delivery that broke off leaves it below the mark."""
        self._release(sum([len(event.body) for _, event in self._in_hand]))
        self._put_down()

    def returned(self) -> None:
        """What was in hand is the next to be handed over."""
        self._inbox.extendleft(reversed(self._in_hand))
        self._put_down()

    def shed(self) -> None:
        """Hold nothing but what is in hand: the rest is read from the log again."""
        if self._inbox:
            self._read, self._lagging = self._inbox[0][0] - 1, True
            self._release(sum([len(event.body) for _, event in self._inbox]))
            self._inbox.clear()

    # Its end

    async def close(self) -> None:
        """Stop at once. What is in hand is delivered again after the next start."""
        self._closed = True
        if self._reader is not None:
            self._reader.cancel()
            await asyncio.gather(self._reader, return_exceptions=True)
        await self._lanes.interrupt(self)
        self._release(self._bytes)

    async def drain(self) -> None:
        """Finish the delivery in hand, then stop."""
        self._closed = True
        if self._reader is not None:
            await asyncio.gather(self._reader, return_exceptions=True)
        if self._in_hand:
            self._drained = asyncio.Event()
            await self._drained.wait()

    def _gap_checkpoint(self) -> Checkpoint | None:
        if self._gap is None:
            return None
        until, resume = self._gap
        return Checkpoint(until, () if resume is None else (resume,))

    def _take(self, position: int, event: Event) -> None:
        size = len(event.body)
        self._inbox.append((position, event))
        self._bytes += size
        self._lanes.hold(size)

    def _release(self, size: int) -> None:
        self._bytes -= size
        self._lanes.hold(-size)

    def _put_down(self) -> None:
        self._in_hand = []
        self._busy = False
        self._desk.ledger.moved(self.name, self.checkpoint)
        if self._drained is not None:
            self._drained.set()
        self._go_on()

    def _go_on(self) -> None:
        """With events in the inbox, tell the lane; with more of them in the log, read on."""
        if self._closed:
            return
        if self._inbox:
            self._busy = True
            self._lanes.ready(self)
        elif self._lagging:
            self._busy = True
            self._reader = asyncio.get_running_loop().create_task(self._read_on(), name=f"subscriber {self.name}")

    async def _read_on(self) -> None:
        """Read until there is something to deliver, or nothing left."""
        try:
            while self._lagging and not self._inbox and not self._closed:
                try:
                    await self._catch_up()
                except EventyardError as error:
                    log.warning("a subscriber can't read its log, trying again", subscriber=self.name, reason=error)
                    await self._desk.clock.sleep(STUMBLE)
        finally:
            self._reader = None
            self._busy = False
            self._desk.ledger.moved(self.name, self.checkpoint)
        self._go_on()

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
        await self._lanes.room()
        moves = self._moves
        rows = await self._log.read(self.subscription.bus, self._read, _READ)
        if moves != self._moves:  # it is somewhere else now
            return
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
                self._take(position, event)
        self._desk.ledger.moved(self.name, self.checkpoint)
        await asyncio.sleep(0)

    def _expired(self, first: int, last: int) -> None:
        message = f"events {first} to {last} left the log before this subscriber read them"
        log.error("retention overtook a subscriber", subscriber=self.name, first=first, last=last)
        self._desk.ledger.fate(
            Fate(self.subscription.bus, first, "", self.name, "expired", self._desk.clock.now(), 0, "EXPIRED", message)
        )
