"""Lanes: the ways to targets. What subscribers have ready is gathered and delivered, one delivery at a time on each.

Subscribers whose targets are the same place share its lane, so what a burst of events brings to a queue through many
rules gets there in one durable send. All others have a lane of their own, and so nobody waits for their target.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import Protocol

import structlog

from eventyard.bus.delivery import Desk, Load
from eventyard.bus.subscription import Subscription
from eventyard.clock import wait_for
from eventyard.errors import TryAgain
from eventyard.event import Event

log = structlog.get_logger("bus.lane")

#: Seconds until a delivery that broke off is tried again.
STUMBLE = 1.0

#: Bytes of bodies that all subscribers together hold in their inboxes before routers have to wait, and after how many
#: seconds without a single delivery waiting is no use: targets that hang must not stop everybody else's events.
HOLD = 64 << 20
_PATIENCE = 0.25


class Ready(Protocol):
    """A lane's side of a subscriber that has something to deliver."""

    @property
    def subscription(self) -> Subscription: ...

    def load(self, limit: int) -> Sequence[tuple[int, Event]]:
        """Hand over up to ``limit`` events; none if there is nothing to deliver any more."""
        ...

    def settled(self) -> None:
        """What was handed over has come to its outcomes."""
        ...

    def shed(self) -> None:
        """Hold nothing that hasn't been handed over: read it again later."""
        ...

    def returned(self) -> None:
        """What was handed over has not come to outcomes, and is to be handed over again."""
        ...


class Lanes:
    """Every lane that has something to deliver. A lane without work does not exist."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._lanes: dict[str, _Lane] = {}
        self._held = 0
        self._room = asyncio.Event()
        self._delivered = 0

    @property
    def full(self) -> bool:
        """Whether subscribers together hold as much as they may."""
        return self._held >= HOLD

    def hold(self, size: int) -> None:
        """Somebody's inbox has grown by ``size`` bytes, or, below 0, shrunk."""
        self._held += size
        if size < 0:
            self._delivered += 1
            if not self.full:
                self._room.set()

    async def room(self) -> None:
        """Wait until inboxes are not full any more. If they get no less, everybody leaves in the log what he holds."""
        while self.full:
            before = self._delivered
            self._room.clear()
            await wait_for(self._room, self._desk.clock, _PATIENCE)
            if self._delivered == before:
                for lane in list(self._lanes.values()):
                    for subscriber in (*lane.ready, *lane.under_way):
                        subscriber.shed()
                return

    def ready(self, subscriber: Ready) -> None:
        """``subscriber`` has something to deliver. Until it is settled or returned it must not come again."""
        key = _key(subscriber.subscription)
        lane = self._lanes.get(key)
        if lane is None:
            lane = self._lanes[key] = _Lane(key)
            lane.task = asyncio.get_running_loop().create_task(self._run(lane), name=f"lane {key}")
        lane.ready.append(subscriber)

    async def interrupt(self, subscriber: Ready) -> None:
        """Break off what ``subscriber`` has under way, unless others share the delivery: those finish first."""
        for lane in list(self._lanes.values()):
            if subscriber in lane.ready:
                lane.ready.remove(subscriber)
            if subscriber in lane.under_way and lane.task is not None:
                if lane.key == subscriber.subscription.name:
                    lane.task.cancel()
                    await asyncio.gather(lane.task, return_exceptions=True)
                else:
                    lane.delivered = lane.delivered or asyncio.Event()
                    await lane.delivered.wait()

    async def _run(self, lane: _Lane) -> None:
        try:
            while loads := self._gather(lane):
                lane.under_way = [subscriber for subscriber, _, _ in loads]
                whole = await self._deliver(lane, [(subscription, batch) for _, subscription, batch in loads])
                lane.under_way = []
                for subscriber, _, _ in loads:
                    if whole:
                        subscriber.settled()
                    else:
                        subscriber.returned()
                if lane.delivered is not None:
                    lane.delivered.set()
                    lane.delivered = None
        finally:
            del self._lanes[lane.key]
            for subscriber in lane.under_way:  # interrupted
                subscriber.returned()

    async def _deliver(self, lane: _Lane, loads: Sequence[Load]) -> bool:
        try:
            await self._desk.deliver(loads)
            return True
        except TryAgain as error:
            log.warning("an ordered subscriber waits", lane=lane.key, reason=error.message)
        except Exception:
            # Whatever it was, nothing may be passed over: wait and go on, or the events would be stuck.
            log.exception("a delivery broke off, trying again", lane=lane.key)
        await self._desk.clock.sleep(STUMBLE)
        return False

    def _gather(self, lane: _Lane) -> list[tuple[Ready, Subscription, Sequence[tuple[int, Event]]]]:
        loads: list[tuple[Ready, Subscription, Sequence[tuple[int, Event]]]] = []
        room = 1
        while lane.ready and room > 0:
            subscriber = lane.ready.popleft()
            subscription = subscriber.subscription
            if _key(subscription) != lane.key:  # it was given another target meanwhile
                self.ready(subscriber)
                continue
            if not loads:
                room = subscription.target.batch_size
            if batch := subscriber.load(room):
                loads.append((subscriber, subscription, batch))
                room -= len(batch)
        return loads


class _Lane:
    """``under_way``: whose events are being delivered. ``delivered``: set when they are, if somebody waits for it."""

    def __init__(self, key: str) -> None:
        self.key = key
        self.ready: deque[Ready] = deque()
        self.under_way: list[Ready] = []
        self.delivered: asyncio.Event | None = None
        self.task: asyncio.Task[None] | None = None


def _key(subscription: Subscription) -> str:
    """An ordered subscription may have to hold everything back, so it never shares."""
    place = subscription.target.place
    return subscription.name if place is None or subscription.ordered else place
