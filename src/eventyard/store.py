"""What a store promises: four small contracts that every engine under ``stores/`` keeps and ``exams/`` examines.

All methods are coroutines (unless said otherwise) and safe to call from one event loop. A write that has returned is
*durable*: on disk with an fsync, or replicated. A write that raises may have happened in any part. Errors:
:class:`~eventyard.errors.TryAgain` when there is no room (a full disk, too much waiting to be written),
:class:`~eventyard.errors.Broken` when the engine is at fault. No promise spans two calls in one transaction.

Buses, subscribers and queues are named by ARN-like strings; times are milliseconds since the epoch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Literal, Protocol

import msgspec

from eventyard.event import Event

Follower = Callable[[str, int, Sequence[Event]], None]
"""Called on the event loop as ``follower(bus, first_position, events)`` for each durable batch, in order of position,
without gaps per bus, after the append that wrote it has been answered."""


class Bounds(msgspec.Struct, frozen=True):
    """What a log holds: positions ``first`` to ``last`` (``last = first - 1`` when empty), ``size`` in bytes of bodies.

    Positions start at 1 and are never used twice, not even after everything was trimmed."""

    first: int
    last: int
    size: int


class EventLog(Protocol):
    """One retained, ordered log for each bus. A bus's log springs into being with its first append."""

    async def append(self, bus: str, events: Sequence[Event]) -> int:
        """Append ``events`` in order and return the position of the first; the others follow it without gaps.
        Returns only when all are durable."""
        ...

    def follow(self, follower: Follower) -> None:
        """Not a coroutine: from now on, hand every appended batch of every bus to ``follower``. One per log."""
        ...

    async def read(self, bus: str, after: int, limit: int, size: int = 4 << 20) -> list[tuple[int, Event]]:
        """Up to ``limit`` events with positions above ``after``, in order, stopping after ``size`` bytes of bodies
        (at least one event). An empty list means the end of the log."""
        ...

    async def locate(self, bus: str, time: int) -> int:
        """The position of the first event ingested at or after ``time``; one past the last if there is none."""
        ...

    async def bounds(self) -> dict[str, Bounds]:
        """The bounds of every log."""
        ...

    async def trim(self, bus: str, *, older_than: int | None = None, max_size: int | None = None) -> Bounds:
        """Forget events ingested before ``older_than`` and the oldest beyond ``max_size`` bytes. What a call forgets
        is gone from ``read``; positions go on from where they were. With ``max_size=0`` the log is emptied."""
        ...


class Checkpoint(msgspec.Struct, frozen=True):
    """How far a subscriber (or a bus's router) has come: all at or below ``position`` is settled, and so is each
    position in ``settled`` (ascending, all above ``position``)."""

    position: int
    settled: tuple[int, ...] = ()


class Deferred(msgspec.Struct, frozen=True):
    """A delivery that failed and will be tried again: its event stays in the bus's log at ``position``."""

    subscriber: str
    bus: str
    position: int
    event_id: str
    attempts: int
    first_attempt: int
    due: int
    error_code: str
    error_message: str


Outcome = Literal["delivered", "retrying", "dead-lettered", "dropped", "expired", "matched", "unmatched"]


class Fate(msgspec.Struct, frozen=True):
    """What became of an event: for a subscriber (delivered, retrying, dead-lettered, dropped, expired), or with
    ``subscriber == ""`` for the event as a whole (matched by ``attempts`` subscribers, or unmatched). A later fate of
    the same event and subscriber replaces the earlier."""

    bus: str
    position: int
    event_id: str
    subscriber: str
    outcome: Outcome
    at: int
    attempts: int = 0
    error_code: str = ""
    error_message: str = ""


class Attempt(msgspec.Struct, frozen=True):
    """One try to deliver an event to a subscriber; without an ``error_code`` it took the event. ``number`` counts from
    1. Kept with the fate of the same bus, position and subscriber, of a delivery that needs more than one only."""

    bus: str
    position: int
    subscriber: str
    number: int
    at: int
    error_code: str = ""
    error_message: str = ""


class Record(msgspec.Struct, frozen=True):
    """One durable step of progress. ``checkpoints``: None forgets that subscriber's checkpoint. ``done``: deferred
    deliveries, by (subscriber, position), that are deferred no longer. ``attempts``: of deliveries whose fate is in
    the same record, or an earlier one; another of the same number replaces the first."""

    checkpoints: Mapping[str, Checkpoint | None] = {}
    deferred: Sequence[Deferred] = ()
    done: Sequence[tuple[str, int]] = ()
    fates: Sequence[Fate] = ()
    attempts: Sequence[Attempt] = ()


class Progress(Protocol):
    """How far everybody has come, what is to be tried again, and what became of events."""

    async def load(self) -> dict[str, Checkpoint]:
        """Every checkpoint, by subscriber."""
        ...

    async def record(self, record: Record) -> None:
        """Make one step durable; all of it or, after a crash, nothing."""
        ...

    async def due(self, subscriber: str, until: int, limit: int) -> list[Deferred]:
        """Up to ``limit`` deferred deliveries of ``subscriber`` due at or before ``until``, earliest first."""
        ...

    async def backlog(self) -> dict[str, tuple[int, int]]:
        """For each subscriber with deferred deliveries: how many, and when the earliest is due."""
        ...

    async def forget(self, subscriber: str) -> None:
        """Drop the checkpoint and the deferred deliveries of ``subscriber`` (its fates stay)."""
        ...

    async def fates(
        self,
        *,
        bus: str | None = None,
        event_id: str | None = None,
        subscriber: str | None = None,
        outcome: Outcome | None = None,
        limit: int = 100,
    ) -> list[Fate]:
        """The newest fates that fit all the given conditions."""
        ...

    async def attempts(self, event_id: str) -> list[Attempt]:
        """The attempts to deliver an event, of all its subscribers, in order of their numbers."""
        ...

    async def prune(self, *, older_than: int, most: int) -> None:
        """Forget the fates, with their attempts, that last changed before ``older_than`` or are not among the last
        ``most`` changes of fates; and the attempts not among the last ``most``. Others need not wait for it."""
        ...


class Change(msgspec.Struct, frozen=True):
    """Set the value of ``(kind, key)``, or with None delete it."""

    kind: str
    key: str
    value: bytes | None


class Catalog(Protocol):
    """The resources that users made (buses, rules, targets, queues ...), as opaque values by kind and key."""

    async def load(self, kind: str) -> dict[str, bytes]:
        """Every value of ``kind`` by key, in the order of the keys."""
        ...

    async def apply(self, changes: Sequence[Change]) -> None:
        """Make all ``changes`` durable, together."""
        ...


class NewMessage(msgspec.Struct, frozen=True):
    """A message to be sent. ``visible``: when it can first be received. ``group``/``dedup``: FIFO queues only.
    ``attributes``: the user's and the system's message attributes, encoded by the queues room; opaque here."""

    id: str
    body: str
    sent: int
    visible: int
    attributes: bytes = b""
    group: str | None = None
    dedup: str | None = None


class Sent(msgspec.Struct, frozen=True):
    """``sequence``: rises with every message of a queue. ``id``: the message's; for a duplicate, that of the first."""

    id: str
    sequence: int
    duplicate: bool = False


class Message(msgspec.Struct, frozen=True):
    """A message as it was claimed. ``receipt``: names this very claim. ``receives``: how often it was claimed, this
    time included. ``first_received``: when it was claimed first."""

    id: str
    sequence: int
    body: str
    sent: int
    receipt: str
    receives: int
    first_received: int
    attributes: bytes = b""
    group: str | None = None
    dedup: str | None = None


Carry = Callable[[bytes, int], bytes]


class Claim(msgspec.Struct, frozen=True):
    """Which messages to claim, and how. ``token``: a fresh unique string that the receipts of the claims begin with.
    ``fifo``: in order; nothing of a group that has a claimed message. ``dead_queue``/``max_receives``: a message
    already received ``max_receives`` times is moved to ``dead_queue`` instead (its ``sent`` stays; its receive count
    starts again at 0, or with ``counts_on`` goes on there). ``carry``: what its attributes are there, of what they were
    and its receive count."""

    limit: int
    now: int
    visible: int
    token: str
    fifo: bool = False
    dead_queue: str | None = None
    max_receives: int = 0
    counts_on: bool = False
    carry: Carry | None = None


class Counts(msgspec.Struct, frozen=True):
    """Messages that can be received, that are claimed, and that are delayed (never claimed and not visible yet)."""

    visible: int
    claimed: int
    delayed: int
    oldest: int | None = None


Settled = Literal["done", "expired", "gone"]
"""What became of a settlement: it took effect; the message is there, but the receipt counts no more; there is no such
message (any more)."""


class QueueStore(Protocol):
    """The messages of queues. Which queues exist is the queues room's business: any name works here."""

    async def send(self, queue: str, messages: Sequence[NewMessage], dedup_since: int | None = None) -> list[Sent]:
        """Append ``messages``. With ``dedup_since``, a message whose ``dedup`` was seen on the queue in a message sent
        at or after that time (even if deleted since) is not appended again but answered as a duplicate of the first."""
        ...

    async def claim(self, queue: str, claim: Claim) -> list[Message]:
        """Claim up to ``claim.limit`` messages, oldest first, and hide them until ``claim.visible``. Unless it is
        ``fifo``, messages of groups with a tenth of all claimed messages, and 30 of their own, come after all others,
        roughly: those of a group with fewer first."""
        ...

    async def settle(
        self, queue: str, settlements: Sequence[tuple[str, int | None]], now: int, strict: bool = False
    ) -> list[Settled]:
        """For each (receipt, visible), in order: with None delete the message, else hide it until ``visible``. A
        receipt counts until its message is claimed again; for changing visibility, and if ``strict`` for deleting too,
        only until its claim runs out."""
        ...

    async def move(self, source: str, destination: str, limit: int, now: int, received: int | None = None) -> int:
        """Move up to ``limit`` visible messages, oldest first, as new messages; answers how many. With ``received``
        only those received at least so often, and they go on there with their ``sent`` and receive count."""
        ...

    async def purge(self, queue: str, sent_before: int | None = None) -> int:
        """Delete the messages sent before that time (all, with the deduplication memory, if None); says how many."""
        ...

    async def counts(self, queue: str, now: int) -> Counts:
        """How many messages a queue holds. Must stay cheap (milliseconds) on a queue of a million."""
        ...


class Store(Protocol):
    """One engine's four contracts and its life. Opened by an ``open``-like function of the engine's own package."""

    log: EventLog
    progress: Progress
    catalog: Catalog
    queues: QueueStore

    async def close(self) -> None:
        """Write what waits, and let go of the files."""
        ...

    async def wipe(self) -> None:
        """Delete everything (for test suites). Positions may start again at 1."""
        ...
