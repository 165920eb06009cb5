"""Queues on streams: records given out one by one, hidden until they are acknowledged or come again, set aside when
they were received too often. The records stay in the stream; see decision 14. AWS's API is not known here.

Source: Kinesis developer guide, "How queues work" and "Handle dead-letter records in a queue".
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Sequence
from uuid import uuid4

import msgspec

from eventyard.chore import every
from eventyard.clock import Clock
from eventyard.errors import Conflict, InvalidRequest, NotFound, TryAgain
from eventyard.inflight import MOST, InFlight
from eventyard.store import Claim, EventLog, Message, NewMessage, Progress, QueueStore
from eventyard.streams.records import Read
from eventyard.streams.references import References, reference
from eventyard.streams.resources import Queue, QueueStart, Stream
from eventyard.streams.streams import Streams, check_room
from eventyard.waiters import Waiters, slot_of

_SWEEP = 60.0
#: Seconds after which to look again although nobody rang: for what was hidden before this server started.
_LOOK = 1.0
#: How long (ms) a dead letter is held while it is restored.
_RESTORING = 60_000
_MOST_BURIED = 1000
_SLOT_DIGITS = 9
_IN_USE = "ResourceInUseException"


class Held(msgspec.Struct, frozen=True):
    """A record as it was received. ``receipt``: names this very time. ``first``: when it was received first (ms)."""

    receipt: str
    record: Read
    first: int
    receives: int


class Queues:
    """Every queue on a stream of this server, by ARN. ``in_flight``: how many records of a queue can be, at most."""

    def __init__(
        self,
        streams: Streams,
        eventlog: EventLog,
        store: QueueStore,
        progress: Progress,
        clock: Clock,
        in_flight: int = MOST,
    ) -> None:
        self._streams = streams
        self._log = eventlog
        self._store = store
        self._clock = clock
        self._references = References(eventlog, store, progress, streams.envelope, clock)
        self._in_flight = InFlight(store, clock, in_flight)
        self._owners: dict[str, str] = {}
        self._waiters: dict[str, Waiters] = {}
        self._making = asyncio.Lock()
        self._closed = False
        streams.watch(self._appended)

    # --- life -------------------------------------------------------------------------------------------------------

    async def load(self) -> None:
        """Bring back the queues of the streams, which have been loaded."""
        await self._references.load()
        self._owners = {queue.arn: stream.arn for stream in self._streams.all() for queue in stream.queues}

    async def run(self) -> None:
        """Take out what the streams don't keep any more, now and then. Never returns."""
        await every(_SWEEP, self._clock, self.sweep, "expired records stay in their queues for now")

    async def sweep(self) -> None:
        """Take out what the streams don't keep any more."""
        for arn, owner in list(self._owners.items()):
            horizon = self._streams.get(owner).trim_horizon(self._clock.now())
            for name in (arn, _dead(arn)):
                await self._store.purge(name, horizon)

    def close(self) -> None:
        """Send everybody who waits for records home."""
        self._closed = True
        for waiters in self._waiters.values():
            waiters.ring_all()

    # --- queues -----------------------------------------------------------------------------------------------------

    def get(self, arn: str) -> tuple[Stream, Queue]:
        """The queue with ``arn``, and its stream. Raises NotFound."""
        owner = self._owners.get(arn)
        if owner is not None:
            stream = self._streams.get(owner)
            for queue in stream.queues:
                if queue.arn == arn:
                    return stream, queue
        raise NotFound(f"Queue {arn} not found.")

    def find(self, account: str, region: str) -> list[tuple[Stream, Queue]]:
        """The queues of an account in a region, by ARN, with their streams."""
        found = [(stream, queue) for stream in self._streams.find(account, region) for queue in stream.queues]
        return sorted(found, key=lambda one: one[1].arn)

    async def create(
        self,
        arn: str,
        name: str,
        kind: QueueStart,
        given: int | None,
        edit: Callable[[Queue], Queue],
        tags: dict[str, str],
        most: int,
    ) -> tuple[Stream, Queue]:
        """Make a queue on the stream ``arn``, which begins at ``kind`` (and the time ``given``), with the settings that
        ``edit`` gives it.

        Raises Conflict where one of that name is, InvalidRequest on a stream in provisioned mode, LimitExceeded where
        ``most`` consumers and queues are."""
        async with self._making:
            stream = self._streams.get(arn)
            now = self._clock.now()
            since = now if kind == "LATEST" else max(stream.trim_horizon(now), stream.created, given or 0)
            starts = {}
            for shard in stream.shards:
                last = await self._streams.last(stream, shard)
                begin = await self._log.locate(stream.log_name(shard), since) - 1
                starts[shard.number] = last if kind == "LATEST" else begin
            queue_arn = f"arn:aws:kinesis:{stream.region}:{stream.account}:queue/{uuid4().hex}"
            queue = edit(Queue(queue_arn, name, now, kind, given, since, starts, tags=tags))

            def add(stream: Stream) -> Stream:
                if any(one.name == name for _, one in self.find(stream.account, stream.region)):
                    raise Conflict(f"Queue {name} under account {stream.account} already exists.", _IN_USE)
                if stream.mode != "ON_DEMAND":
                    raise InvalidRequest(
                        f"Queues are only supported on streams in on-demand mode, which {stream.name} is not."
                    )
                check_room(stream, most)
                return msgspec.structs.replace(stream, queues=(*stream.queues, queue))

            stream = await self._streams.change(arn, add)
            self._owners[queue.arn] = arn
            return stream, queue

    async def change(self, arn: str, edit: Callable[[Queue], Queue]) -> tuple[Stream, Queue]:
        """Make the queue what ``edit`` says; durable when this returns. Nothing is changed if ``edit`` raises."""

        def change(stream: Stream) -> Stream:
            queues = tuple(edit(one) if one.arn == arn else one for one in stream.queues)
            return msgspec.structs.replace(stream, queues=queues)

        await self._streams.change(self.get(arn)[0].arn, change)
        return self.get(arn)

    async def delete(self, arn: str) -> None:
        """Delete a queue. Its receipts stop being good; the records stay in the stream."""
        stream, queue = self.get(arn)

        def drop(stream: Stream) -> Stream:
            return msgspec.structs.replace(stream, queues=tuple(one for one in stream.queues if one.arn != arn))

        await self._streams.change(stream.arn, drop)
        self._owners.pop(arn, None)
        for name in (arn, _dead(arn)):
            waiters = self._waiters.pop(name, None)
            if waiters is not None:
                waiters.ring_all()
        await self._references.forget(queue)
        await self._store.purge(_dead(arn))

    # --- records ----------------------------------------------------------------------------------------------------

    async def receive(
        self, arn: str, limit: int, visibility: int | None, wait: float, dead: bool = False
    ) -> Sequence[Held]:
        """Up to ``limit`` records (dead letters with ``dead``), hidden for ``visibility`` seconds (None: the queue's);
        none after ``wait`` seconds without any. Raises NotFound, TryAgain when too many are in flight."""
        end = self._clock.now() + int(wait * 1000)
        waiters = self._waiters_of(_dead(arn) if dead else arn)
        while True:
            stream, queue = self.get(arn)
            seen = waiters.rings
            hidden = queue.visibility if visibility is None else visibility
            found = await (self._letters if dead else self._records)(stream, queue, limit, hidden)
            left = (end - self._clock.now()) / 1000
            if found or left <= 0 or self._closed:
                return found
            waiters.catch_up()
            if waiters.rings == seen:
                await waiters.wait(min(left, _LOOK))

    async def settle(
        self, arn: str, settlements: Sequence[tuple[str, int | None]], dead: bool = False
    ) -> Sequence[bool]:
        """Acknowledge (None) the records with these receipts, or hide them for so many seconds from now; whether each
        receipt was good. Raises NotFound."""
        self.get(arn)
        name, now = _dead(arn) if dead else arn, self._clock.now()
        marks = [
            (_claim_of(receipt), None if seconds is None else now + seconds * 1000) for receipt, seconds in settlements
        ]
        outcomes, waiters = await self._store.settle(name, marks, now), self._waiters_of(name)
        done = [outcome == "done" for outcome in outcomes]
        for (receipt, visible), good in zip(marks, done, strict=True):
            if good and visible is not None:
                waiters.expect(visible, 1)
            elif good:
                waiters.forget(int(receipt[:_SLOT_DIGITS], 16))
        if any(visible == now for _, visible in marks):
            waiters.ring(len(marks))
        return done

    async def restore(self, arn: str, receipts: Sequence[str]) -> Sequence[bool]:
        """Make dead letters records that can be received as often as new ones; whether each receipt was good. After a
        crash in the middle there may be both. Raises NotFound."""
        self.get(arn)
        now, name = self._clock.now(), _dead(arn)
        marks = [(_claim_of(receipt), now + _RESTORING) for receipt in receipts]
        held = [outcome == "done" for outcome in await self._store.settle(name, marks, now)]
        good = dict.fromkeys(receipt for receipt, is_good in zip(receipts, held, strict=True) if is_good)
        if good:
            await self._store.send(arn, [_reference_of(receipt) for receipt in good])
            await self._store.settle(name, [(_claim_of(receipt), None) for receipt in good], now)
            self._waiters_of(arn).ring(len(good))
        return held

    # --- inside -----------------------------------------------------------------------------------------------------

    async def _records(self, stream: Stream, queue: Queue, limit: int, hidden: int) -> list[Held]:
        now, most = self._clock.now(), queue.most_receives
        found = await self._take(stream, queue.arn, limit, now, hidden, most)
        while len(found) < limit and await self._references.draw(stream, queue):
            found += await self._take(stream, queue.arn, limit - len(found), now, hidden, most)
        return found

    async def _letters(self, stream: Stream, queue: Queue, limit: int, hidden: int) -> list[Held]:
        name, now = _dead(queue.arn), self._clock.now()
        if queue.most_receives is not None:
            # A record is a dead letter as soon as nobody holds it any more, also when nobody receives.
            await self._store.move(queue.arn, name, _MOST_BURIED, now, queue.most_receives)
        return await self._take(stream, name, limit, now, hidden, None)

    async def _take(self, stream: Stream, name: str, limit: int, now: int, hidden: int, most: int | None) -> list[Held]:
        """Claim, until there are ``limit`` records or no more; those that the stream has lost are taken out."""
        waiters, found = self._waiters_of(name), list[Held]()
        if await self._in_flight.full(name, waiters.coming):
            raise TryAgain(f"The queue has the most records in flight that it can have: {self._in_flight.most}.")
        # What is not hidden at all must not be found again by the same receive.
        visible = now + max(hidden * 1000, 1)
        while len(found) < limit:
            claim = Claim(
                limit - len(found),
                now,
                visible,
                f"{slot_of(visible):0{_SLOT_DIGITS}x}{os.urandom(12).hex()}",
                dead_queue=None if most is None else _dead(name),
                max_receives=most or 0,
                counts_on=True,
            )
            messages = await self._store.claim(name, claim)
            lost = [message.receipt for message in messages if not await self._add(stream, message, found)]
            if len(messages) > len(lost):
                waiters.expect(visible, len(messages) - len(lost))
            if lost:
                await self._store.settle(name, [(receipt, None) for receipt in lost], now)
            if not lost or not messages:
                break
        return found

    async def _add(self, stream: Stream, message: Message, found: list[Held]) -> bool:
        """Add the record that ``message`` refers to; whether the stream has it."""
        record = await self._references.follow(stream, message.id)
        if record is not None:
            receipt = f"{message.receipt}/{message.id}/{message.sent}"
            found.append(Held(receipt, record, message.first_received, message.receives))
        return record is not None

    def _appended(self, arn: str, count: int) -> None:
        for queue in self._streams.get(arn).queues:
            waiters = self._waiters.get(queue.arn)
            if waiters is not None:
                waiters.ring(count)

    def _waiters_of(self, name: str) -> Waiters:
        waiters = self._waiters.get(name)
        if waiters is None:
            waiters = self._waiters[name] = Waiters(self._clock)
        return waiters


def _claim_of(receipt: str) -> str:
    """The store's receipt in one that was given out."""
    return receipt.partition("/")[0]


def _reference_of(receipt: str) -> NewMessage:
    """The reference in a receipt that was given out and is good."""
    _, id, arrived = receipt.split("/")
    number, _, position = id.partition("-")
    return reference(int(number), int(position), int(arrived))


def _dead(arn: str) -> str:
    """Where the dead letters of a queue are kept."""
    return f"{arn}#dead"
