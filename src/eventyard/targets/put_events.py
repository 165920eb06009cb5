"""A bus as the target of a schedule: each delivery becomes an event on the bus, as if it were put there.

It makes events of its own from what it gets. Rules that hand whole events on to another bus are another target's."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from eventyard.clock import Clock
from eventyard.detail import parse_object
from eventyard.errors import InvalidRequest, TryAgain
from eventyard.event import Event, envelope, iso_seconds
from eventyard.inspection import CODE, Rejected
from eventyard.names import Arn
from eventyard.target import DELIVERED, Delivery, Outcome, Permanent, Retry

Publish = Callable[[str, Sequence[Event]], Awaitable[Rejected]]

_MALFORMED = Permanent("MalformedDetail", "Detail is malformed.")


def _time(text: str) -> str:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise InvalidRequest(f"{text[:100]} is not a time as RFC 3339 has them.") from error
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
    return iso_seconds(int(moment.timestamp() * 1000))


class PutEventsTarget:
    """The bus with ``arn``. ``parameters``: the schedule's EventBridgeParameters, with Source and DetailType; those of
    a pipe may have Resources and Time (RFC 3339). ``has_bus``: whether there is such a bus. Raises InvalidRequest for a
    Time that can't be read."""

    batch_size = 100
    place = None

    def __init__(
        self,
        publish: Publish,
        has_bus: Callable[[str], bool],
        clock: Clock,
        arn: str,
        parameters: Mapping[str, Any],
    ) -> None:
        self._publish = publish
        self._has_bus = has_bus
        self._clock = clock
        self._arn = arn
        self._source: str = parameters["Source"]
        self._detail_type: str = parameters["DetailType"]
        self._resources: Sequence[str] = parameters.get("Resources") or ()
        self._time = None if parameters.get("Time") is None else _time(parameters["Time"])

    async def deliver(self, batch: Sequence[Delivery]) -> Sequence[Outcome]:
        """The events keep the ids of the deliveries, so that one that is delivered again can be told. What is no JSON
        object fails for good: spliced in as a detail, it would make an event that nobody can read."""
        if not self._has_bus(self._arn):
            return [Permanent("NO_RESOURCE", f"Event bus {self._arn} does not exist.")] * len(batch)
        outcomes: list[Outcome] = [_MALFORMED if parse_object(item.payload) is None else DELIVERED for item in batch]
        places = [at for at, outcome in enumerate(outcomes) if outcome is DELIVERED]
        if places:
            try:
                rejected = await self._publish(self._arn, [self._event(batch[at]) for at in places])
            except TryAgain as error:
                for at in places:
                    outcomes[at] = Retry(error.code, error.message)
            else:
                for at, reason in rejected.items():
                    outcomes[places[at]] = Permanent(CODE, reason)
        return outcomes

    def _event(self, item: Delivery) -> Event:
        now, arn = self._clock.now(), Arn.parse(self._arn)
        body = envelope(
            id=item.event_id,
            detail_type=self._detail_type,
            source=self._source,
            account=arn.account if arn is not None else "",
            time=iso_seconds(now) if self._time is None else self._time,
            region=arn.region if arn is not None else "",
            resources=self._resources,
            detail=item.payload,
        )
        return Event(body, now)
