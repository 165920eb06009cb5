"""What a target promises: to take a batch and answer with one outcome for each delivery. Knows no buses, no retries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec


class Delivery(msgspec.Struct, frozen=True):
    """One payload for a target. ``trace``: the X-Ray trace header that came with the event. ``event``: the body as it
    was published, for targets that take a partition key or a path parameter from it. ``rule``: the ARN of the rule that
    matched it. ``path``: the buses that it was on before, see :class:`~eventyard.event.Event`."""

    event_id: str
    payload: bytes
    trace: str | None = None
    event: bytes = b""
    rule: str = ""
    path: tuple[str, ...] = ()


class Delivered(msgspec.Struct, frozen=True):
    """The target has it, durably as far as the target promises."""


class Retry(msgspec.Struct, frozen=True):
    """Not now. ``after``: seconds that the target asked to be left alone, or None. ``called``: False if it was not even
    tried, which then does not count as an attempt."""

    code: str
    message: str
    after: float | None = None
    called: bool = True


class Permanent(msgspec.Struct, frozen=True):
    """Never: trying again can't help (the target is gone, or it refuses this event)."""

    code: str
    message: str


Outcome = Delivered | Retry | Permanent

DELIVERED = Delivered()


class Target(Protocol):
    """A place that events are delivered to."""

    async def deliver(self, batch: Sequence[Delivery]) -> Sequence[Outcome]:
        """Deliver ``batch`` and answer with one outcome for each, in order. Must not raise for what a target can do
        wrong; an exception is taken as :class:`Retry` for the whole batch. ``batch_size`` bounds the batches."""
        ...

    @property
    def batch_size(self) -> int:
        """The most deliveries that one call takes."""
        ...

    @property
    def place(self) -> str | None:
        """What targets have in common whose deliveries may be mixed in one call of any of them; None for a target that
        is called for its own subscriber alone, because others should not wait for it."""
        ...


class QueueMessage(msgspec.Struct, frozen=True):
    """What is handed to a queue. ``attributes`` are message attributes of type String, ``typed`` those of any type, as
    (type, value). ``group`` and ``dedup``: what a FIFO queue orders and recognises duplicates by."""

    body: str
    trace: str | None = None
    group: str | None = None
    attributes: Mapping[str, str] = {}
    typed: Mapping[str, tuple[str, str | bytes]] = {}
    dedup: str | None = None


class TargetFactory(Protocol):
    """Makes the target for an ARN, by the ARN's service. Chosen in ``server.py``."""

    def __call__(self, arn: str, parameters: Mapping[str, object]) -> Target: ...
