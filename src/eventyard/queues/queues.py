"""The queues: made and described here, filled, emptied and waited on. What AWS's API calls things is not known here."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

import msgspec
import structlog

from eventyard.clock import Clock
from eventyard.errors import Conflict, EventyardError, InvalidRequest, NotFound
from eventyard.event import new_ids
from eventyard.names import queue_arn
from eventyard.queues.messages import Attribute, Outgoing, Received, check, pack, unpack
from eventyard.queues.resources import Queue, check_attributes, check_name, with_defaults
from eventyard.store import Catalog, Change, Claim, NewMessage, QueueStore, Sent

log = structlog.get_logger("queues")

_KIND = "queue"
_DEDUP_MS = 300_000
_COOL_DOWN_MS = 60_000
_SWEEP = 60.0
_LOOK_AGAIN = 0.25  # seconds; what becomes visible by the passing of time tells nobody


class Letter(Protocol):
    """What a rule's target hands in."""

    @property
    def body(self) -> str: ...
    @property
    def trace(self) -> str | None: ...
    @property
    def group(self) -> str | None: ...
    @property
    def attributes(self) -> Mapping[str, str]: ...


class Queues:
    """Every queue of this server, by ARN. ``dev``: AWS's cool-downs are left out."""

    def __init__(self, store: QueueStore, catalog: Catalog, clock: Clock, dev: bool = False) -> None:
        self._store = store
        self._catalog = catalog
        self._clock = clock
        self._dev = dev
        self._queues: dict[str, Queue] = {}
        self._deleted: dict[str, int] = {}
        self._purged: dict[str, int] = {}
        self._bells: dict[str, asyncio.Event] = {}
        self._closed = False

    # --- life -------------------------------------------------------------------------------------------------------

    async def load(self) -> None:
        """Bring back the queues that were made before."""
        for key, value in (await self._catalog.load(_KIND)).items():
            self._queues[key] = msgspec.json.decode(value, type=Queue)

    async def run(self) -> None:
        """Forever: let go of messages that are older than their queue keeps them."""
        while True:
            await self._clock.sleep(_SWEEP)
            try:
                await self.sweep()
            except EventyardError as error:
                log.warning("retention is held up", reason=error.message)

    async def sweep(self) -> None:
        """Delete once what is too old."""
        now = self._clock.now()
        for queue in list(self._queues.values()):
            await self._store.purge(queue.arn, now - queue.number("MessageRetentionPeriod") * 1000)

    async def close(self) -> None:
        """Send everybody who waits for messages home."""
        self._closed = True
        for bell in self._bells.values():
            bell.set()

    # --- queues -----------------------------------------------------------------------------------------------------

    def get(self, arn: str) -> Queue:
        """The queue with ``arn``. Raises NotFound."""
        queue = self._queues.get(arn)
        if queue is None:
            raise NotFound("The specified queue does not exist.", "QueueDoesNotExist")
        return queue

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
        arn = queue_arn(account, region, name)
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
        if not self._dev and now - self._deleted.get(arn, -_COOL_DOWN_MS) < _COOL_DOWN_MS:
            raise Conflict(
                "You must wait 60 seconds after deleting a queue before you can create another with the same name.",
                "QueueDeletedRecently",
            )
        self._check_dead_letters(given)
        queue = Queue(arn, account, region, name, now, now, with_defaults(given, fifo), dict(tags))
        await self._keep(queue)
        return queue

    async def delete(self, arn: str) -> None:
        """Delete a queue with everything in it."""
        self.get(arn)
        await self._catalog.apply([Change(_KIND, arn, None)])
        self._queues.pop(arn, None)
        self._deleted[arn] = self._clock.now()
        self._ring(arn)
        await self._store.purge(arn)

    async def set_attributes(self, arn: str, attributes: Mapping[str, str]) -> None:
        """Change attributes; an empty text takes one away."""
        queue = self.get(arn)
        if "FifoQueue" in attributes:
            raise InvalidRequest("Unknown Attribute FifoQueue.", "InvalidAttributeName")
        given = check_attributes(attributes, queue.fifo)
        self._check_dead_letters(given)
        merged = {name: value for name, value in (queue.attributes | given).items() if value != ""}
        await self._keep(msgspec.structs.replace(queue, attributes=merged, modified=self._clock.now()))

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
        queue = self.get(arn)
        if len(queue.tags | dict(tags)) > 50:
            raise InvalidRequest(f"Too many tags added for queue {queue.name}.", "InvalidParameterValue")
        await self._keep(msgspec.structs.replace(queue, tags=queue.tags | dict(tags)))

    async def untag(self, arn: str, keys: Sequence[str]) -> None:
        queue = self.get(arn)
        kept = {name: value for name, value in queue.tags.items() if name not in keys}
        await self._keep(msgspec.structs.replace(queue, tags=kept))

    def dead_letter_sources(self, arn: str) -> list[Queue]:
        """The queues whose dead-letter queue this is, by name."""
        self.get(arn)
        return [queue for queue in self._by_name() if queue.redrive is not None and queue.redrive[0] == arn]

    async def purge(self, arn: str) -> None:
        """Delete every message."""
        queue, now = self.get(arn), self._clock.now()
        if not self._dev and now - self._purged.get(arn, -_COOL_DOWN_MS) < _COOL_DOWN_MS:
            raise Conflict(
                f"Only one PurgeQueue operation on {queue.name} is allowed every 60 seconds.", "PurgeQueueInProgress"
            )
        self._purged[arn] = now
        await self._store.purge(arn)

    # --- messages ---------------------------------------------------------------------------------------------------

    async def send(self, arn: str, messages: Sequence[Outgoing]) -> Sequence[Sent]:
        """Send ``messages``, which have been checked; durable when this returns."""
        queue, now = self.get(arn), self._clock.now()
        ids = new_ids(len(messages), now)
        new = [self._new(queue, message, id, now) for message, id in zip(messages, ids, strict=True)]
        sent = await self._store.send(arn, new, now - _DEDUP_MS if queue.fifo else None)
        self._ring(arn)
        return sent

    def check(self, arn: str, message: Outgoing) -> int:
        """The size of ``message``. Raises InvalidRequest for what this queue does not take."""
        queue = self.get(arn)
        size = check(message, queue.number("MaximumMessageSize"))
        if not queue.fifo:
            if message.dedup is not None:
                raise InvalidRequest(
                    "Value "
                    f"{message.dedup} for parameter MessageDeduplicationId is invalid. Reason: The request include "
                    "parameter that is not valid for this queue type.",
                    "InvalidParameterValue",
                )
            return size
        if not message.group:
            raise InvalidRequest("The request must contain the parameter MessageGroupId.", "MissingParameter")
        if not message.dedup and queue.attributes.get("ContentBasedDeduplication") != "true":
            raise InvalidRequest(
                "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided "
                "explicitly",
                "InvalidParameterValue",
            )
        if message.delay:
            raise InvalidRequest(
                f"Value {message.delay} for parameter DelaySeconds is invalid. Reason: The request include parameter "
                "that is not valid for this queue type.",
                "InvalidParameterValue",
            )
        return size

    async def deliver(self, arn: str, letters: Sequence[Letter]) -> None:
        """Take what a rule delivers. Raises NotFound without a queue, InvalidRequest for what it does not take."""
        messages = [
            Outgoing(
                letter.body,
                {name: Attribute("String", value) for name, value in letter.attributes.items() if value},
                {"AWSTraceHeader": letter.trace} if letter.trace else {},
                None,
                letter.group,
            )
            for letter in letters
        ]
        for message in messages:
            self.check(arn, message)
        await self.send(arn, messages)

    async def receive(
        self, arn: str, limit: int = 1, visibility: int | None = None, wait: float | None = None
    ) -> Sequence[Received]:
        """Up to ``limit`` messages; none after ``wait`` seconds without any. What is given out is hidden meanwhile."""
        queue = self.get(arn)
        seconds = queue.number("ReceiveMessageWaitTimeSeconds") if wait is None else wait
        end = self._clock.now() + int(seconds * 1000)
        while True:
            bell = self._bells.setdefault(arn, asyncio.Event())
            bell.clear()
            found = await self._claim(queue, limit, visibility)
            left = (end - self._clock.now()) / 1000
            if found or left <= 0 or self._closed:
                return found
            await self._listen(bell, min(left, _LOOK_AGAIN))
            queue = self.get(arn)

    async def settle(self, arn: str, settlements: Sequence[tuple[str, int | None]]) -> Sequence[bool]:
        """Delete (None) the messages with these receipts, or hide them for so many seconds from now."""
        self.get(arn)
        now = self._clock.now()
        marks = [(receipt, None if secs is None else now + secs * 1000) for receipt, secs in settlements]
        done = await self._store.settle(arn, marks, now)
        if any(secs == 0 for _, secs in settlements):
            self._ring(arn)
        return done

    async def move(self, source: str, destination: str, limit: int) -> int:
        """Move up to ``limit`` messages; answers how many."""
        moved = await self._store.move(source, destination, limit, self._clock.now())
        self._ring(destination)
        return moved

    async def count(self, arn: str) -> int:
        """About how many messages can be received."""
        return (await self._store.counts(arn, self._clock.now())).visible

    # --- inside -----------------------------------------------------------------------------------------------------

    def _new(self, queue: Queue, message: Outgoing, id: str, now: int) -> NewMessage:
        delay = queue.number("DelaySeconds") if message.delay is None else message.delay
        dedup = None
        if queue.fifo:
            dedup = message.dedup or hashlib.sha256(message.body.encode()).hexdigest()
        scoped = queue.attributes.get("DeduplicationScope") == "messageGroup"
        system = dict(message.system)
        if dedup is not None:
            system["MessageDeduplicationId"] = dedup
        return NewMessage(
            id,
            message.body,
            now,
            now + delay * 1000,
            pack(message.attributes, system),
            message.group,
            f"{message.group}\0{dedup}" if scoped and dedup is not None else dedup,
        )

    async def _claim(self, queue: Queue, limit: int, visibility: int | None) -> Sequence[Received]:
        now = self._clock.now()
        hidden = queue.number("VisibilityTimeout") if visibility is None else visibility
        dead, most = queue.redrive or (None, 0)
        if dead is not None and dead not in self._queues:
            dead, most = None, 0
        noise = os.urandom(16 * limit).hex()  # one call: each one lets go of the interpreter
        claim = Claim(
            limit=limit,
            now=now,
            visible=now + hidden * 1000,
            receipts=[noise[at : at + 32] for at in range(0, 32 * limit, 32)],
            fifo=queue.fifo,
            dead_queue=dead,
            max_receives=most,
        )
        messages = await self._store.claim(queue.arn, claim)
        if dead is not None:
            self._ring(dead)
        received = []
        for message in messages:
            kept = unpack(message.attributes)
            received.append(Received(message, kept.attributes, kept.system))
        return received

    async def _listen(self, bell: asyncio.Event, seconds: float) -> None:
        """Until something was sent, or it is time to look again."""
        loop = asyncio.get_running_loop()
        waits = {loop.create_task(bell.wait()), loop.create_task(self._clock.sleep(seconds))}
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()

    def _ring(self, arn: str) -> None:
        bell = self._bells.get(arn)
        if bell is not None:
            bell.set()

    def _by_name(self) -> Iterator[Queue]:
        return iter(sorted(self._queues.values(), key=lambda queue: queue.name))

    def _check_dead_letters(self, given: Mapping[str, str]) -> None:
        text = given.get("RedrivePolicy")
        if not text:
            return
        target = json.loads(text)["deadLetterTargetArn"]
        if target not in self._queues:
            raise InvalidRequest(
                f"Value {text} for parameter RedrivePolicy is invalid. Reason: Dead letter target does not exist.",
                "InvalidParameterValue",
            )

    async def _keep(self, queue: Queue) -> None:
        await self._catalog.apply([Change(_KIND, queue.arn, msgspec.json.encode(queue))])
        self._queues[queue.arn] = queue
