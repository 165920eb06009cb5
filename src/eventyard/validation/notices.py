"""Events that tell of events: what broke its contract, and what is kept in quarantine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from eventyard.contract import Violation
from eventyard.event import Event, envelope, iso_seconds, new_ids
from eventyard.names import Arn
from eventyard.validation.rules import Mode
from eventyard.validation.tally import Key

SOURCE = "eventyard.contracts"
"""The source of what this room publishes; it is never checked itself."""

_VIOLATED, _QUARANTINED = "ContractViolated", "EventQuarantined"
_EVENT = b'{"event":'
_encode = msgspec.json.Encoder().encode


class Held(msgspec.Struct):
    """The detail of what is in a quarantine. ``event``: the event's own text."""

    event: msgspec.Raw
    contract: str
    version: int
    publisher: str
    violations: list[Violation]


class _Kept(msgspec.Struct):
    detail: Held


_kept = msgspec.json.Decoder(_Kept).decode


class Notices:
    """Tells of violations on the bus itself: of the first at once, and then at most every ``pause`` ms, with how many
    there were since, so that a publisher who is wrong a thousand times a second does not drown the others."""

    def __init__(self, pause: int = 10_000) -> None:
        self._pause = pause
        self._told: dict[tuple[Key, Mode], tuple[int, int]] = {}  # when, and how many since

    def tell(self, key: Key, mode: Mode, event: Event, violations: Sequence[Violation], now: int) -> Event | None:
        """The event that tells of it; None if it is told with the next."""
        last, since = self._told.get((key, mode), (None, 0))
        if last is not None and now - last < self._pause:
            self._told[key, mode] = last, since + 1
            return None
        self._told[key, mode] = now, 0
        detail = _encode(
            {
                "contract": key.contract,
                "version": key.version,
                "publisher": key.publisher,
                "action": mode,
                "event_id": event.id,
                "violations": violations,
                "untold": since,
            }
        )
        return _event(key.bus, new_ids(1, now)[0], _VIOLATED, detail, now)


def hold(key: Key, event: Event, violations: Sequence[Violation], now: int) -> Event:
    """What goes to the quarantine for ``event``: it has the same id."""
    rest: Mapping[str, Any] = {
        "contract": key.contract,
        "version": key.version,
        "publisher": key.publisher,
        "violations": violations,
    }
    held = _EVENT + event.body + b"," + _encode(rest)[1:]
    return msgspec.structs.replace(_event(key.bus, event.id, _QUARANTINED, held, now), trace=event.trace)


def held_in(body: bytes) -> Held:
    """What :func:`hold` made."""
    return _kept(body).detail


def _event(bus: str, id: str, detail_type: str, detail: bytes, now: int) -> Event:
    arn = Arn.parse(bus)
    body = envelope(
        id=id,
        detail_type=detail_type,
        source=SOURCE,
        account=arn.account if arn else "",
        time=iso_seconds(now),
        region=arn.region if arn else "",
        resources=(bus,),
        detail=detail,
    )
    return Event(body, now)
