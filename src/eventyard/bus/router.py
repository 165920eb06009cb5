"""The router of one bus: matches each freshly appended batch once for all subscribers and hands to their inboxes.

It does no I/O of its own. Only when it finds itself behind the log (at start, or after a gap) does it read from it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Protocol

import structlog

from eventyard.bus.ledger import Ledger
from eventyard.clock import Clock
from eventyard.event import Event
from eventyard.pattern import Matcher, Pattern
from eventyard.store import Checkpoint, EventLog, Fate, Outcome

log = structlog.get_logger("bus.router")

_CHUNK = 500


class Inbox(Protocol):
    """The router's side of a subscriber."""

    def offer(self, position: int, event: Event) -> None: ...


class Live(Protocol):
    """The router's side of a follower: it gets what matches, but is nobody that an event is delivered to."""

    def __hash__(self) -> int: ...

    def offer(self, position: int, event: Event) -> None: ...


class Space(Protocol):
    """What all inboxes together can still take."""

    @property
    def full(self) -> bool: ...

    async def room(self) -> None:
        """Wait until they can take more."""
        ...


class Router:
    """Everything up to ``position`` has been matched and handed on."""

    def __init__(
        self,
        bus: str,
        log: EventLog,
        ledger: Ledger,
        clock: Clock,
        position: int,
        space: Space,
    ) -> None:
        self.bus = bus
        self.position = position
        self._log = log
        self._ledger = ledger
        self._clock = clock
        self._space = space
        self._matcher = Matcher()
        self._inboxes: dict[str, list[Inbox]] = {}
        self._known: dict[str, Pattern] = {}
        self._missed = False
        self._behind: asyncio.Task[None] | None = None
        self._followers: dict[Live, Pattern | None] = {}
        self._following = Matcher()

    def set_rule(self, rule: str, pattern: Pattern | None, inboxes: Sequence[Inbox]) -> None:
        """From the next batch on ``rule`` matches by ``pattern`` for ``inboxes``; with None it matches nothing."""
        known = self._known.get(rule)
        if known is not None and known is not pattern:
            self._matcher.remove(rule)
            del self._known[rule]
        if pattern is None or not inboxes:
            if rule in self._known:
                self._matcher.remove(rule)
                del self._known[rule]
            self._inboxes.pop(rule, None)
            return
        if rule not in self._known:
            self._matcher.add(rule, pattern)
            self._known[rule] = pattern
        self._inboxes[rule] = list(inboxes)

    def moved(self) -> None:
        """Have how far it has come written down."""
        self._ledger.moved(self.bus, self._checkpoint)

    @property
    def wanted(self) -> bool:
        """Whether anybody receives from it, or follows it."""
        return bool(self._inboxes or self._followers)

    def push(self, first: int, events: Sequence[Event]) -> None:
        """Take the batch that was appended at ``first``. Batches come in order; one that was missed is read instead."""
        if first > self.position + 1 or self._space.full:
            self.catch_up()
            return
        self._route(first, events)

    def _route(self, first: int, events: Sequence[Event]) -> None:
        fresh = events[self.position + 1 - first :]
        if not fresh:
            return
        match, inboxes, position = self._matcher.match, self._inboxes, self.position
        matched = 0
        for event in fresh:
            position += 1
            try:
                rules = match(event.body)
                if self._followers:
                    self._show(position, event)
            except Exception as error:  # noqa: BLE001 - one event that can't be matched must not stop the bus
                self._unmatchable(position, event, error)
                continue
            receivers = 0
            for rule in rules:
                for inbox in inboxes[rule]:  # type: ignore[index]  # keys of the matcher are our rule names
                    inbox.offer(position, event)
                    receivers += 1
            matched += 1 if receivers else 0
            if self._ledger.keeps_all:
                self._keep(position, event, receivers)
        if not self._ledger.keeps_all:
            self._ledger.counts["matched"] += matched
            self._ledger.counts["unmatched"] += len(fresh) - matched
        self.position = position
        self.moved()

    def catch_up(self) -> None:
        """Read the log from ``position`` on until the live batches join it."""
        self._missed = True
        if self._behind is None or self._behind.done():
            self._behind = asyncio.get_running_loop().create_task(self._read_on(), name=f"router {self.bus}")

    def rules_of(self, event: Event) -> list[str]:
        """The rules, of those that are known now, that match ``event``."""
        return [str(rule) for rule in self._matcher.match(event.body)]

    def follow(self, follower: Live, pattern: Pattern | None) -> None:
        """From the next batch on, offer ``follower`` what matches ``pattern``; with None, everything."""
        self._followers[follower] = pattern
        if pattern is not None:
            self._following.add(follower, pattern)

    def unfollow(self, follower: Live) -> None:
        """Offer it nothing more."""
        if self._followers.pop(follower, None) is not None:
            self._following.remove(follower)

    async def close(self) -> None:
        if self._behind is not None:
            self._behind.cancel()
            await asyncio.gather(self._behind, return_exceptions=True)

    def _checkpoint(self) -> Checkpoint:
        return Checkpoint(self.position)

    def _show(self, position: int, event: Event) -> None:
        for follower, pattern in self._followers.items():
            if pattern is None:
                follower.offer(position, event)
        for key in self._following.match(event.body):
            key.offer(position, event)  # type: ignore[attr-defined]  # the keys are our followers

    def _keep(self, position: int, event: Event, receivers: int) -> None:
        outcome: Outcome = "matched" if receivers else "unmatched"
        self._ledger.fate(Fate(self.bus, position, event.id, "", outcome, self._clock.now(), receivers))

    def _unmatchable(self, position: int, event: Event, error: Exception) -> None:
        log.error("an event could not be matched", bus=self.bus, event_id=event.id, exc_info=error)
        now = self._clock.now()
        self._ledger.fate(
            Fate(self.bus, position, event.id, "", "dropped", now, 0, "MATCH_FAILED", type(error).__name__)
        )

    def _expired(self, last: int) -> None:
        message = f"events {self.position + 1} to {last} left the log before they were matched"
        log.error("retention overtook a bus", bus=self.bus, first=self.position + 1, last=last)
        now = self._clock.now()
        self._ledger.fate(Fate(self.bus, self.position + 1, "", "", "expired", now, 0, "EXPIRED", message))

    async def _read_on(self) -> None:
        while True:
            self._missed = False
            rows = await self._log.read(self.bus, self.position, _CHUNK)
            if not rows:
                if self._missed:  # a batch came while the log said that there was none
                    continue
                return
            # Trimmed events leave a gap below the first row: nobody can match them any more, so step over it.
            if rows[0][0] > self.position + 1:
                self._expired(rows[0][0] - 1)
                self.position = rows[0][0] - 1
            self._route(rows[0][0], [event for _, event in rows])
            await asyncio.sleep(0)
            await self._space.room()
