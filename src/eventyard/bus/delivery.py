"""Delivering a batch and recording what became of each event: delivered, deferred, dead-lettered or dropped."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from typing import Any

import msgspec
import structlog

from eventyard.bus.ledger import Ledger
from eventyard.bus.subscription import Subscription
from eventyard.clock import Clock
from eventyard.errors import EventyardError, TryAgain
from eventyard.event import Event, iso_seconds
from eventyard.store import Attempt, Deferred, Fate
from eventyard.store import Outcome as FateOutcome
from eventyard.target import DELIVERED, Delivered, Delivery, Outcome, Permanent, Retry

log = structlog.get_logger("bus.delivery")

_HOLD = 5_000
#: Why what the clock fired was not even tried; AWS documents no code for that.
_EXPIRED = "EXPIRED"
#: Deliveries with more attempts than AWS makes (a dead letter that finds no room) keep these, and the last.
_MOST_ATTEMPTS = 200

DeadLetter = Callable[[str, bytes, Mapping[str, str]], Awaitable[bool]]
"""Sends a payload with string attributes to the queue with an ARN; False where there is no such queue."""


Load = tuple[Subscription, Sequence[tuple[int, Event]]]
"""Events for one subscription, with their positions."""


class Tried(msgspec.Struct, frozen=True):
    """How often, and since when, a delivery has been tried before, and why the last try failed."""

    attempts: int
    first: int
    code: str
    message: str


class Desk:
    """Where deliveries are made and entered. ``deferred`` is told of each delivery that has to be tried again."""

    def __init__(
        self, ledger: Ledger, clock: Clock, dead_letter: DeadLetter, deferred: Callable[[Deferred], None]
    ) -> None:
        self.ledger = ledger
        self.clock = clock
        self._dead_letter = dead_letter
        self._deferred = deferred

    async def deliver(self, loads: Sequence[Load], tried: Mapping[int, Tried] | None = None) -> None:
        """Deliver ``loads``, all for the same place, in one call, and enter an outcome for each event. ``tried``: by
        position, for deferred deliveries.

        Raises TryAgain for an ordered subscription whose target can't take something now: its whole load is to be
        delivered again."""
        deliveries: list[Delivery] = []
        sent: list[tuple[Subscription, int, Event]] = []
        for subscription, batch in loads:
            for position, event in batch:
                if tried is not None:
                    if await self._too_late(subscription, position, event, tried[position]):
                        continue
                elif event.trace is not None and await self._missed(subscription, position, event):
                    continue
                try:
                    payload = subscription.payload(event, 1 if tried is None else tried[position].attempts + 1)
                except EventyardError as error:
                    refused = Permanent("INVALID_JSON", error.message)
                    if ending := self._settle(subscription, position, event, refused, tried):
                        await ending
                    continue
                deliveries.append(
                    Delivery(event.id, payload, event.header, event.body, subscription.rule_arn, event.path)
                )
                sent.append((subscription, position, event))
        if not deliveries:
            return
        outcomes = await _attempt(sent[0][0], deliveries)
        if sent[0][0].ordered:
            for outcome in outcomes:
                if isinstance(outcome, Retry):
                    raise TryAgain(outcome.message, outcome.code)
        if tried is None and not self.ledger.keeps_all and outcomes.count(DELIVERED) == len(sent):
            self.ledger.delivered(len(sent))  # the hot path: nothing to write
            return
        endings = [
            self._settle(subscription, position, event, outcome, tried)
            for (subscription, position, event), outcome in zip(sent, outcomes, strict=True)
        ]
        # Side by side, so that dead letters, each durable by itself, are written together.
        for fault in await asyncio.gather(*filter(None, endings), return_exceptions=True):
            if fault is not None:
                raise fault

    async def _too_late(self, subscription: Subscription, position: int, event: Event, before: Tried) -> bool:
        """Whether a deferred delivery may be tried no more, as after a long stop or when its dead letter found no room;
        then this is its end."""
        now = self.clock.now()
        exhausted = subscription.retry.exhausted(before.attempts, event.born, now)
        if exhausted is not None:
            why = Retry(before.code, before.message)
            await self._give_up(subscription, position, event, why, before, exhausted, now)
        return exhausted is not None

    async def _missed(self, subscription: Subscription, position: int, event: Event) -> bool:
        """Whether the clock fired this when it was too old already, as after a long stop; then this is its end."""
        due, now = event.due, self.clock.now()
        if due is None or (exhausted := subscription.retry.exhausted(0, due, now)) is None:
            return False
        why = Retry(_EXPIRED, f"It was due at {iso_seconds(due)}, and could not be delivered in time.")
        none = Tried(0, now, why.code, why.message)
        await self._give_up(subscription, position, event, why, none, exhausted, now, was_deferred=False)
        return True

    def _settle(
        self,
        subscription: Subscription,
        position: int,
        event: Event,
        outcome: Outcome,
        tried: Mapping[int, Tried] | None,
    ) -> Coroutine[Any, Any, None] | None:
        """Enter ``outcome``, at once: no attempt may be forgotten by a stop. What is given up ends with what is
        returned."""
        now = self.clock.now()
        before = tried.get(position) if tried else None
        tries = 0 if isinstance(outcome, Retry) and not outcome.called else 1
        attempts = (before.attempts if before else 0) + tries
        attempt = None  # the only one of a delivery is told by its fate
        if tries and (before is not None or isinstance(outcome, Retry)):
            why = () if isinstance(outcome, Delivered) else (outcome.code, outcome.message)
            number = min(attempts, _MOST_ATTEMPTS)
            attempt = Attempt(subscription.bus, position, subscription.name, number, now, *why)
        if isinstance(outcome, Delivered):
            self._end(subscription, position, event, "delivered", attempts, before is not None, attempt)
            return None
        if isinstance(outcome, Retry):
            wait = max(outcome.after or 0.0, subscription.retry.delay(attempts))
            due = now + int(wait * 1000)
            exhausted = subscription.retry.exhausted(attempts, event.born, due)
            if exhausted is None:
                first = before.first if before else now
                self._defer(subscription, position, event, outcome, attempts, attempt, first, due)
                return None
        else:
            due, exhausted = now, None
        known = Tried(attempts, before.first if before else now, outcome.code, outcome.message)
        deferred = before is not None
        return self._give_up(subscription, position, event, outcome, known, exhausted, due, attempt, deferred)

    async def _give_up(
        self,
        subscription: Subscription,
        position: int,
        event: Event,
        why: Retry | Permanent,
        tried: Tried,
        exhausted: str | None,
        due: int,
        attempt: Attempt | None = None,
        was_deferred: bool = True,
    ) -> None:
        """Bury the event; or, while there is no room for the dead letter, hold on to it whatever the policy says. It is
        held until ``due`` at least, when it would be tried if that were not too late."""
        try:
            fate = await self._bury(subscription, event, why, tried.attempts, exhausted)
        except TryAgain:
            held = Retry(why.code, why.message)
            due = max(due, self.clock.now() + _HOLD)
            self._defer(subscription, position, event, held, tried.attempts, attempt, tried.first, due)
            return
        self._end(subscription, position, event, fate, tried.attempts, was_deferred, attempt, why.code, why.message)

    def _defer(
        self,
        subscription: Subscription,
        position: int,
        event: Event,
        why: Retry,
        attempts: int,
        attempt: Attempt | None,
        first: int,
        due: int,
    ) -> None:
        row = Deferred(
            subscription.name, subscription.bus, position, event.id, attempts, first, due, why.code, why.message
        )
        self.ledger.defer(row)
        self.ledger.fate(
            Fate(
                row.bus,
                position,
                event.id,
                row.subscriber,
                "retrying",
                self.clock.now(),
                attempts,
                why.code,
                why.message,
            ),
            attempt,
        )
        self._deferred(row)

    async def _bury(
        self,
        subscription: Subscription,
        event: Event,
        why: Retry | Permanent,
        attempts: int,
        exhausted: str | None,
    ) -> FateOutcome:
        """Send to the dead-letter queue, with the attributes that AWS documents; without one the event is dropped."""
        if subscription.dead_letter_arn is None:
            return "dropped"
        attributes = {
            "RULE_ARN": subscription.rule_arn,
            "TARGET_ARN": subscription.target_arn,
            "ERROR_CODE": why.code,
            "ERROR_MESSAGE": why.message,
            "RETRY_ATTEMPTS": str(max(attempts - 1, 0)),
        }
        if exhausted is not None:
            attributes["EXHAUSTED_RETRY_CONDITION"] = exhausted
        if subscription.bury is not None:
            buried = await subscription.bury(event, attributes)
        else:
            buried = await self._dead_letter(subscription.dead_letter_arn, event.body, attributes)
        if buried:
            return "dead-lettered"
        log.error("dead-letter queue is missing", queue=subscription.dead_letter_arn, event_id=event.id)
        return "dropped"

    def _end(
        self,
        subscription: Subscription,
        position: int,
        event: Event,
        outcome: FateOutcome,
        attempts: int,
        was_deferred: bool,
        attempt: Attempt | None,
        code: str = "",
        message: str = "",
    ) -> None:
        if was_deferred:
            self.ledger.done(subscription.name, position)
        self.ledger.fate(
            Fate(
                subscription.bus,
                position,
                event.id,
                subscription.name,
                outcome,
                self.clock.now(),
                attempts,
                code,
                message,
            ),
            attempt,
        )


async def _attempt(subscription: Subscription, deliveries: Sequence[Delivery]) -> Sequence[Outcome]:
    try:
        return await subscription.target.deliver(deliveries)
    except Exception as error:
        log.exception("target raised", subscriber=subscription.name)
        return [Retry("INTERNAL_ERROR", str(error) or type(error).__name__)] * len(deliveries)
