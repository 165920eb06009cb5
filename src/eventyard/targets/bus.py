"""Another event bus as the target of a rule: it gets the events themselves, as they were published.

Whether the bus lets the sender in, others decide. A schedule's bus, which gets new events, is another target's.

Sources: user guide, "Sending and receiving Amazon EventBridge events between event buses in the same account and
Region" and "... between AWS accounts" (what comes from one bus is not sent on to a third), "Using dead-letter queues"
(the error codes).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

import structlog

from eventyard.clock import Clock
from eventyard.errors import Forbidden, NotFound, TryAgain
from eventyard.event import Event, beside, derived_id, with_id
from eventyard.inspection import CODE, Rejected
from eventyard.names import Arn, bus_name, rule_place
from eventyard.target import DELIVERED, Delivery, Outcome, Permanent, Retry

log = structlog.get_logger("targets.bus")

Publish = Callable[[str, Sequence[Event]], Awaitable[Rejected]]
Admit = Callable[[str, str, bytes], None]
"""``admit(rule_arn, bus_arn, body)`` returns if the rule may send the event on to the bus. Raises NotFound without the
bus, Forbidden if its policy does not let the rule's account in."""


class BusTarget:
    """The bus with ``arn``. ``hops``: how often an event may be sent on from bus to bus."""

    batch_size = 100

    def __init__(self, publish: Publish, admit: Admit, clock: Clock, arn: str, hops: int) -> None:
        self._publish = publish
        self._admit = admit
        self._clock = clock
        self._arn = arn
        self.place = arn
        self._hops = hops

    async def deliver(self, batch: Sequence[Delivery]) -> Sequence[Outcome]:
        """What is delivered again has the id that it had before, so that the copy can be told."""
        outcomes: list[Outcome] = [DELIVERED] * len(batch)
        events: list[Event] = []
        places: list[int] = []
        too_far: tuple[Delivery, Permanent] | None = None
        for at, item in enumerate(batch):
            refusal = self._refusal(item)
            if refusal is None:
                events.append(self._event(item))
                places.append(at)
                continue
            outcomes[at] = refusal
            if refusal.code.endswith("_HOP_DETECTED"):
                too_far = (item, refusal)
        if too_far is not None:  # one line for a batch: a loop is quick to fill a log
            item, refusal = too_far
            log.warning("an event is not sent on", reason=refusal.message, rule=item.rule, event_id=item.event_id)
        if events:
            try:
                for at, reason in (await self._publish(self._arn, events)).items():
                    outcomes[places[at]] = Permanent(CODE, reason)
            except TryAgain as error:
                for at in places:
                    outcomes[at] = Retry(error.code, error.message)
        return outcomes

    def _refusal(self, item: Delivery) -> Permanent | None:
        try:
            self._admit(item.rule, self._arn, item.event)
        except NotFound as error:
            return Permanent("NO_RESOURCE", error.message)
        except Forbidden as error:
            return Permanent("NO_PERMISSIONS", error.message)
        if len(item.path) < self._hops:
            return None
        way = [*item.path, _origin(item), self._arn]
        if self._arn in way[:-1]:
            cycle = way[way.index(self._arn) :]
            why = f"its rules send it round in a cycle: {spelled(cycle)}"
        else:
            why = f"its way would be {spelled(way)}"
        times = "once" if self._hops == 1 else f"{self._hops} times"
        kind = "REGION" if _region(_origin(item)) != _region(self._arn) else "ACCOUNT"
        return Permanent(
            f"THIRD_{kind}_HOP_DETECTED", f"The event was sent on from bus to bus {times}, which is the limit; {why}."
        )

    def _event(self, item: Delivery) -> Event:
        origin, body = _origin(item), item.event
        if _region(origin) != _region(self._arn):  # as on AWS, an event has another id in another region
            body = with_id(body, derived_id(item.event_id, self._arn))
        return Event(body, self._clock.now(), beside(item.trace, (*item.path, origin)))


def spelled(way: Sequence[str]) -> str:
    """``a -> b``: the buses by name, or by ARN where they are of more than one account or region."""
    homes = {arn.partition(":event-bus/")[0] for arn in way}
    return " -> ".join(map(bus_name, way) if len(homes) == 1 else way)


def _origin(item: Delivery) -> str:
    """The bus that the event is on."""
    place = rule_place(item.rule)
    return item.rule if place is None else place[0]


def _region(text: str) -> str:
    arn = Arn.parse(text)
    return "" if arn is None else arn.region
