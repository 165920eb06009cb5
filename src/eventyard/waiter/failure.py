"""What a test is told when an event did not come, or came and should not have."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from eventyard.text import did_you_mean, printable
from eventyard.waiter.event import Event, Look
from eventyard.waiter.wanted import Wanted

MISSES = 3
"""So many are shown."""

_TYPES = 10
_CONTRACTS = "eventyard.contracts"


class EventNotSeen(AssertionError, TimeoutError):
    """It did not come in time. ``seen``: what came on the bus meanwhile. The text says which was the nearest."""

    def __init__(self, message: str, seen: Sequence[Event] = ()) -> None:
        super().__init__(message)
        self.seen = tuple(seen)


class UnexpectedEvent(AssertionError):
    """It came, and should not have. ``event``: the first one."""

    def __init__(self, wanted: Wanted, event: Event) -> None:
        what = wanted.name if wanted.types else "Any event"
        super().__init__(f"{what} was not to be published, but was:\n  {_line(event)}")
        self.event = event


def not_seen(
    wanted: Wanted, seconds: float, got: int, count: int, look: Look, fates: Mapping[str, str], bus: str
) -> str:
    """``got`` of ``count`` came. ``look``: what was on the bus since the subscription. ``fates``: what became of
    events, by their ids, in words."""
    seen = look.events
    many = f"{got} of {count} {wanted.name}{'' if wanted.types else 's'}" if count > 1 else f"no {wanted.name}"
    lines = [f"{many} within {seconds:g} s on bus {printable(bus)}.{_meant(wanted, seen)}"]
    near = nearest(wanted, seen)
    if near:
        lines += ["", f"Nearest miss{'es' if len(near) > 1 else ''}:"]
        for event, why in near[-MISSES:]:
            lines += [f"  {_line(event)}", f"    {why}"]
            if event.id in fates:
                lines.append(f"    {fates[event.id]}")
        if len(near) > MISSES:
            lines.append(f"  and {len(near) - MISSES} more of that type.")
    lines += _broken(wanted, seen)
    rest = Counter(printable(f"{event.source} {event.detail_type}") for event in seen)
    if rest:
        many = f"{len(seen):,} event{'s' if len(seen) > 1 else ''}"
        what = f"{many}." if look.whole else f"more than the {many} that were looked at."
        lines += ["", f"Published since the subscription: {what}"]
        lines += [f"  {number:>4} x {name}" for name, number in rest.most_common(_TYPES)]
        if len(rest) > _TYPES:
            lines.append(f"  and {len(rest) - _TYPES} other types.")
    elif look.whole:
        lines += ["", "Nothing at all was published on that bus since the subscription."]
    else:
        lines += ["", "What was published on that bus meanwhile could not be read."]
    return "\n".join(lines)


def _meant(wanted: Wanted, seen: Sequence[Event]) -> str:
    """Of types that did not come at all, the one that may have been meant."""
    came = {event.detail_type for event in seen}
    return next((hint for name in wanted.types if name not in came and (hint := did_you_mean(name, came))), "")


def nearest(wanted: Wanted, seen: Sequence[Event]) -> list[tuple[Event, str]]:
    """The events of the wanted types that are not wanted, with the first thing that differs: the nearest come last,
    where the eye is, and of those alike the newest."""
    misses = []
    for event in seen:
        if not wanted.types or event.detail_type in wanted.types:
            found = wanted.why_not(event)
            if found is not None:
                misses.append((*found, event))
    misses.sort(key=lambda miss: (-miss[0], miss[2].position))
    return [(event, why) for _, why, event in misses]


def _broken(wanted: Wanted, seen: Sequence[Event]) -> list[str]:
    """What did not reach the bus, or should not have, because it breaks its contract."""
    words = {
        "reject": "was refused",
        "quarantine": "was put into quarantine",
        "warn": "was published",
    }
    lines = []
    for event in seen:
        if event.source != _CONTRACTS or event.detail_type != "ContractViolated":
            continue
        contract = printable(str(event.detail.get("contract", "")))
        if wanted.types and contract.partition("@")[2] not in wanted.types:
            continue
        violations = event.detail.get("violations", ())
        why = printable("; ".join(f"{each['path'] or 'detail'}: {each['message']}" for each in violations))
        what = words.get(event.detail.get("action", ""), "was looked at")
        lines += ["", f"One {what} because it breaks its contract, {contract}:", f"  {why}"]
    return lines[: 4 * MISSES]


def _line(event: Event) -> str:
    text = f"#{event.position} {event}"
    return text if len(text) <= 200 else text[:197] + "..."
