"""The queues: made and described here, filled, emptied and waited on. What AWS's API calls things is not known here."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from random import randbytes

import msgspec
import structlog

from eventyard.chore import every
from eventyard.clock import Clock
from eventyard.errors import Conflict, EventyardError, InvalidRequest, LimitExceeded, NotFound
from eventyard.event import new_ids
from eventyard.inflight import MOST, InFlight
from eventyard.names import queue_arn
from eventyard.queues.attempts import Attempts
from eventyard.queues.cooldowns import CoolDowns
from eventyard.queues.messages import Outgoing, Received, carried, received_of
from eventyard.queues.redrive import check_redrive
from eventyard.queues.resources import (
    Queue,
    check_attributes,
    check_name,
    check_tags,
    check_together,
    with_defaults,
)
from eventyard.queues.sending import Letter, admit, check_attempt, outgoing_of, stored
from eventyard.store import Catalog, Change, Claim, NewMessage, QueueStore, Sent, Settled
from eventyard.waiters import Waiters, slot_of

log = structlog.get_logger("queues")

_KIND = "queue"
_DEDUP_MS = 300_000
_SWEEP = 60.0
_SLOT_DIGITS = 9
# Seconds after which to look again although nobody rang: for what a store frees without a word (a group of a FIFO
# queue, a message that became a dead letter), and for what was hidden before this server started.
_FIFO_LOOK, _LOOK = 0.25, 1.0


class Queues:
    """Every queue of this server, by ARN. ``dev``: AWS's cool-downs are left out. ``in_flight``: how many messages of a
    standard queue can be, at most."""

    def __init__(
        self, store: QueueStore, catalog: Catalog, clock: Clock, dev: bool = False, in_flight: int = MOST
    ) -> None:
        self._store = store
        self._catalog = catalog
        self._clock = clock
        self._cool_downs = CoolDowns(catalog, clock, dev)
        self._queues: dict[str, Queue] = {}
        self._waiters: dict[str, Waiters] = {}
        self._surveyed: set[str] = set()
        self._dead: frozenset[str] = frozenset()
        self._changing = asyncio.Lock()
        self._errands: set[asyncio.Task[None]] = set()
        self._closed = False
        self._attempts = Attempts()
        self._in_flight = InFlight(store, clock, in_flight)

    # --- life -------------------------------------------------------------------------------------------------------

    async def load(self) -> None:
        """Bring back the queues that were made before."""
        for key, value in (await self._catalog.load(_KIND)).items():
            self._queues[key] = msgspec.json.decode(value, type=Queue)
        await self._cool_downs.load()
        self._note_dead()

    async def run(self) -> None:
        """Forever: let go of messages that are older than their queue keeps them."""
        await every(_SWEEP, self._clock, self.sweep, "retention is held up")

    async def sweep(self) -> None:
        """Delete once what is too old."""
        await self._cool_downs.sweep()
        now = self._clock.now()
        for queue in list(self._queues.values()):
            await self._store.purge(queue.arn, now - queue.number("MessageRetentionPeriod") * 1000)

    async def close(self) -> None:
        """Send everybody who waits for messages home."""
        self._closed = True
        for waiters in self._waiters.values():
            waiters.ring_all()
        await asyncio.gather(*self._errands)

    # --- queues -----------------------------------------------------------------------------------------------------

    def get(self, arn: str) -> Queue:
        """The queue with ``arn``. Raises NotFound."""
        queue = self._queues.get(arn)
        if queue is None:
            raise NotFound("The specified queue does not exist.", "QueueDoesNotExist")
        return queue

    def has(self, arn: str) -> bool:
        """Whether there is a queue with ``arn``."""
        return arn in self._queues

    def find(self, account: str, region: str, prefix: str = "") -> list[Queue]:
        """The queues of an account in a region whose names start with ``prefix``, by name."""
        start = queue_arn(account, region, prefix)
        return [self._queues[arn] for arn in sorted(self._queues) if arn.startswith(start)]

    async def create(
        self, account: str, region: str, name: str, attributes: Mapping[str, str], tags: Mapping[str, str]
    ) -> Queue:
        """Make a queue, or answer with the one that is there if it has the same attributes."""
        fifo = attributes.get("FifoQueue") == "true"
        check_name(name, fifo)
        given = check_attributes(attributes, fifo)
        check_tags(name, tags)
        arn = queue_arn(account, region, name)
        async with self._changing:
            there = self._queues.get(arn)
            if there is not None:
                for key, value in given.items():
                    if there.attributes.get(key, "") != value:
                        raise Conflict(
                            f"A queue already exists with the same name and a different value for attribute {key}",
                            "QueueNameExists",
                        )
                return there
            now = self._clock.now()
            self._cool_downs.check_creation(arn)
            check_redrive(arn, given, self._queues)
            all_given = with_defaults(given, fifo)
            check_together(all_given)
            # A crash in the middle of a deletion may have left messages of a queue with this name.
            await self._store.purge(arn)
            self._surveyed.add(arn)
            return await self._keep(Queue(arn, account, region, name, now, now, all_given, dict(tags)))

    async def delete(self, arn: str) -> None:
        """Delete a queue with everything in it."""
        async with self._changing:
            self.get(arn)
            await self._catalog.apply([Change(_KIND, arn, None), *self._cool_downs.deleting(arn)])
            del self._queues[arn]
            self._note_dead()
            self._waiters.pop(arn, Waiters(self._clock)).ring_all()
            await self._store.purge(arn)

    async def set_attributes(self, arn: str, attributes: Mapping[str, str]) -> None:
        """Change attributes; an empty text takes one away."""
        async with self._changing:
            queue = self.get(arn)
            if "FifoQueue" in attributes:
                raise InvalidRequest("Unknown Attribute FifoQueue.", "InvalidAttributeName")
            given = check_attributes(attributes, queue.fifo)
            check_redrive(arn, given, self._queues)
            merged = {name: value for name, value in (queue.attributes | given).items() if value != ""}
            check_together(merged)
            await self._keep(msgspec.structs.replace(queue, attributes=merged, modified=self._clock.now()))

    async def edit_policy(self, arn: str, edit: Callable[[str | None], str]) -> None:
        """Replace the queue's policy by what ``edit`` makes of it, which may raise; an empty text takes it away."""
        async with self._changing:
            queue = self.get(arn)
            text = edit(queue.attributes.get("Policy"))
            kept = {name: value for name, value in (queue.attributes | {"Policy": text}).items() if value}
            await self._keep(msgspec.structs.replace(queue, attributes=kept, modified=self._clock.now()))

    async def attributes(self, arn: str) -> dict[str, str]:
        """Every attribute, with the counts of the moment."""
        queue = self.get(arn)
        counts = await self._store.counts(arn, self._clock.now())
        return {
            **queue.attributes,
            "QueueArn": arn,
            "CreatedTimestamp": str(queue.created // 1000),
            "LastModifiedTimestamp": str(queue.modified // 1000),
            "ApproximateNumberOfMessages": str(counts.visible),
            "ApproximateNumberOfMessagesNotVisible": str(counts.claimed),
            "ApproximateNumberOfMessagesDelayed": str(counts.delayed),
        }

    async def tag(self, arn: str, tags: Mapping[str, str]) -> None:
        """Add tags, or replace their values."""
        async with self._changing:
            queue = self.get(arn)
            check_tags(queue.name, queue.tags | dict(tags))
            await self._keep(msgspec.structs.replace(queue, tags=queue.tags | dict(tags)))

    async def untag(self, arn: str, keys: Sequence[str]) -> None:
        """Take tags away; those that are not there count as taken."""
        async with self._changing:
            queue = self.get(arn)
            kept = {name: value for name, value in queue.tags.items() if name not in keys}
            await self._keep(msgspec.structs.replace(queue, tags=kept))

    def dead_letter_sources(self, arn: str) -> list[Queue]:
        """The queues whose dead-letter queue this is, by name."""
        self.get(arn)
        return [queue for queue in self._by_name() if queue.redrive is not None and queue.redrive[0] == arn]

    async def purge(self, arn: str) -> None:
        """Delete every message."""
        self._cool_downs.check_purge(arn, self.get(arn).name)
        await self._cool_downs.purging(arn)
        await self._store.purge(arn)

    # --- messages ---------------------------------------------------------------------------------------------------

    async def send(self, arn: str, messages: Sequence[Outgoing]) -> Sequence[Sent]:
        """Send ``messages``, which have been checked; durable when this returns."""
        queue, now = self.get(arn), self._clock.now()
        ids = new_ids(len(messages), now)
        new = [stored(queue, message, id, now) for message, id in zip(messages, ids, strict=True)]
        sent = await self._store.send(arn, new, now - _DEDUP_MS if queue.fifo else None)
        waiters = self._waiters_of(arn)
        waiters.ring(len(new))
        for message in new:
            if message.visible > now:
                waiters.expect(message.visible, 1)
        return sent

    def check(self, arn: str, message: Outgoing) -> int:
        """The size of ``message``. Raises InvalidRequest for what this queue does not take."""
        return admit(self.get(arn), message)

    async def deliver(self, arn: str, letters: Sequence[Letter]) -> None:
        """Take what a rule delivers. Raises NotFound without a queue, InvalidRequest for what it does not take."""
        queue, messages = self.get(arn), [outgoing_of(letter) for letter in letters]
        for message in messages:
            admit(queue, message)
        await self.send(arn, messages)

    async def resend(self, arn: str, messages: Sequence[NewMessage]) -> None:
        """Append messages that a queue has had before, as they are; durable when this returns. Raises NotFound."""
        self.get(arn)
        await self._store.send(arn, messages)
        self._waiters_of(arn).ring(len(messages))

    async def receive(
        self,
        arn: str,
        limit: int = 1,
        visibility: int | None = None,
        wait: float | None = None,
        attempt: str | None = None,
        looked: int | None = None,
    ) -> Sequence[Received]:
        """Up to ``limit`` messages; none after ``wait`` seconds without any. What is given out is hidden meanwhile.

        ``attempt``, of FIFO queues only: whoever comes again with the same gets the same messages, see ``Attempts``.
        ``looked``: the queue's ``rings`` before a look that found nothing; until somebody rings it is not looked again.
        Raises NotFound, InvalidRequest for an attempt that can't be, LimitExceeded when too many are hidden already."""
        queue = self.get(arn)
        if attempt is None:
            return await self._receive(queue, limit, visibility, wait, looked)
        check_attempt(queue, attempt)
        now = self._clock.now()
        hidden = queue.visibility if visibility is None else visibility
        found = self._attempts.find(arn, attempt, now)
        # Who comes again begins the visibility timeout anew.
        if found is None or set(await self.settle(arn, [(one.message.receipt, hidden) for one in found])) - {"done"}:
            found = await self._receive(queue, limit, visibility, wait)
            now = self._clock.now()
        if found:
            self._attempts.keep(arn, attempt, now, now + hidden * 1000, found)
        return found

    def rings(self, arn: str) -> int:
        """How often it was rung for messages of the queue, which is what those wait for who found none."""
        return self._waiters_of(arn).rings

    async def _receive(
        self, queue: Queue, limit: int, visibility: int | None, wait: float | None, looked: int | None = None
    ) -> Sequence[Received]:
        arn = queue.arn
        seconds = queue.number("ReceiveMessageWaitTimeSeconds") if wait is None else wait
        if seconds <= 0:
            return await self._claim(queue, limit, visibility)
        end = self._clock.now() + int(seconds * 1000)
        waiters = self._waiters_of(arn)
        while True:
            patience = await self._patience(queue)
            seen = waiters.rings
            found = [] if seen == looked else await self._claim_for_caller(queue, limit, visibility)
            looked = None
            left = (end - self._clock.now()) / 1000
            if found or left <= 0 or self._closed:
                return found
            waiters.catch_up()
            if waiters.rings == seen:
                await waiters.wait(left if patience is None else min(left, patience))
            queue = self.get(arn)

    async def settle(self, arn: str, settlements: Sequence[tuple[str, int | None]]) -> Sequence[Settled]:
        """Delete (None) the messages with these receipts, or hide them for so many seconds from now. What of a FIFO
        queue is visible again is not deleted: with its group free, it may be somebody else's next."""
        queue, now = self.get(arn), self._clock.now()
        marks = [(receipt, None if secs is None else now + secs * 1000) for receipt, secs in settlements]
        self._attempts.touched([receipt for receipt, _ in settlements])
        done = await self._store.settle(arn, marks, now, strict=queue.fifo)
        waiters = self._waiters_of(arn)
        for (receipt, visible), outcome in zip(marks, done, strict=True):
            if visible is not None:
                waiters.expect(visible, 1)
            elif outcome == "done":
                waiters.forget(int(receipt[:_SLOT_DIGITS], 16))
        if queue.fifo or any(visible == now for _, visible in marks):
            waiters.ring(len(marks))  # of a FIFO queue also what waited behind a deleted message
        return done

    async def count(self, arn: str) -> int:
        """About how many messages can be received."""
        return (await self._store.counts(arn, self._clock.now())).visible

    # --- inside -----------------------------------------------------------------------------------------------------

    async def _claim(self, queue: Queue, limit: int, visibility: int | None) -> Sequence[Received]:
        if not queue.fifo and await self._in_flight.full(queue.arn, self._waiters_of(queue.arn).coming):
            raise LimitExceeded(
                f"The maximum number of in flight messages is reached: a queue can have {self._in_flight.most}.",
                "OverLimit",
            )
        now = self._clock.now()
        hidden = queue.visibility if visibility is None else visibility
        dead, most = queue.redrive or (None, 0)
        if dead is not None and dead not in self._queues:
            dead, most = None, 0
        # A receipt begins with when its message comes back, so that a deletion can say that it won't.
        slot = f"{slot_of(now + hidden * 1000):0{_SLOT_DIGITS}x}"
        claim = Claim(
            limit=limit,
            now=now,
            visible=now + hidden * 1000,
            token=slot + randbytes(12).hex(),
            fifo=queue.fifo,
            dead_queue=dead,
            max_receives=most,
            carry=carried,
        )
        messages = await self._store.claim(queue.arn, claim)
        if messages:
            self._waiters_of(queue.arn).expect(claim.visible, len(messages))
        return [received_of(message) for message in messages]

    async def _claim_for_caller(self, queue: Queue, limit: int, visibility: int | None) -> Sequence[Received]:
        """Claim; for a caller who goes away meanwhile, give what was claimed back."""
        loop = asyncio.get_running_loop()
        claiming = loop.create_task(self._claim(queue, limit, visibility))
        try:
            return await asyncio.shield(claiming)
        except asyncio.CancelledError:
            errand = loop.create_task(self._give_back(queue.arn, claiming))
            self._errands.add(errand)
            errand.add_done_callback(self._errands.discard)
            raise

    async def _give_back(self, arn: str, claiming: asyncio.Task[Sequence[Received]]) -> None:
        try:
            found = await claiming
            if found:
                await self.settle(arn, [(one.message.receipt, 0) for one in found])
        except EventyardError as error:
            log.warning("claimed messages stay hidden until their visibility timeout", queue=arn, reason=error.message)

    async def _patience(self, queue: Queue) -> float | None:
        """After how many seconds a waiter should look again on its own; None for never."""
        if queue.fifo:
            return _FIFO_LOOK
        if "RedrivePolicy" in queue.attributes or queue.arn in self._dead:
            return _LOOK
        if queue.arn not in self._surveyed:
            counts = await self._store.counts(queue.arn, self._clock.now())
            if counts.claimed or counts.delayed:
                return _LOOK
            self._surveyed.add(queue.arn)
        return None

    def _waiters_of(self, arn: str) -> Waiters:
        waiters = self._waiters.get(arn)
        if waiters is None:
            waiters = self._waiters[arn] = Waiters(self._clock)
        return waiters

    def _note_dead(self) -> None:
        self._dead = frozenset(queue.redrive[0] for queue in self._queues.values() if queue.redrive is not None)

    def _by_name(self) -> Iterator[Queue]:
        return iter(sorted(self._queues.values(), key=lambda queue: queue.name))

    async def _keep(self, queue: Queue) -> Queue:
        await self._catalog.apply([Change(_KIND, queue.arn, msgspec.json.encode(queue))])
        self._queues[queue.arn] = queue
        self._note_dead()
        return queue
