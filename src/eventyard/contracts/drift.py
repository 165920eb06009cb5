"""What is declared in documents against what is there: who publishes, who subscribes, and what nobody ever saw.

Whether a rule lets an event through is not guessed: the examples of the contract, as whole events, are matched with its
pattern, by the same code that routes."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from random import Random
from typing import Literal

import msgspec

from eventyard.contract import Contract, Repository
from eventyard.contracts.compatibility.instances import Instances
from eventyard.contracts.compatibility.judge import Side, canonical_form
from eventyard.errors import InvalidPattern
from eventyard.event import envelope
from eventyard.pattern import Pattern, explain, matches, parse

Kind = Literal[
    "undeclared-event",
    "undeclared-publisher",
    "wrong-bus",
    "past-sunset",
    "never-seen",
    "undeclared-subscriber",
    "unknown-subscriber",
    "missing-rule",
    "never-received",
    "idle-rule",
]
KINDS: dict[Kind, str] = {
    "undeclared-event": "published, but in no document",
    "undeclared-publisher": "published by a source that its document does not name",
    "wrong-bus": "published on another bus than its document names",
    "past-sunset": "published after its sunset",
    "never-seen": "in a document, but not published in the time that was looked at",
    "undeclared-subscriber": "received by a service that its document does not name",
    "unknown-subscriber": "received by a target that is nobody's",
    "missing-rule": "a declared subscriber whom no rule would send it to",
    "never-received": "a declared subscriber whose target was never sent anything",
    "idle-rule": "a rule that matches no declared event",
}
"""What can be apart, in words."""


#: Sources of events that the platform itself publishes, which have no documents.
_PLATFORM = ("aws.", "eventyard.")


class Seen(msgspec.Struct, frozen=True):
    """Events of one kind that were published on ``bus`` (its name). ``first`` and ``last``: ms since the epoch."""

    bus: str
    source: str
    detail_type: str
    count: int
    first: int
    last: int


class Receiver(msgspec.Struct, frozen=True, kw_only=True):
    """A target of a rule on ``bus`` (its name). ``service``: whose it is, if that is known. ``delivered``: whether
    anything was ever delivered to it; None if that is not known."""

    bus: str
    rule: str
    target: str
    pattern: str
    enabled: bool = True
    service: str | None = None
    delivered: bool | None = None


class Difference(msgspec.Struct, frozen=True, order=True):
    """One thing that is apart. ``event``: ``source@DetailType``; empty for a rule's."""

    kind: Kind
    event: str
    who: str
    message: str


def drift(
    repository: Repository,
    seen: Sequence[Seen] | None,
    receivers: Sequence[Receiver] | None,
    buses: Iterable[str],
    today: date,
) -> list[Difference]:
    """Everything that is apart on ``buses``, which were looked at. ``seen`` and ``receivers``: None if that was not
    looked at."""
    known = set(buses)
    contracts = [one for one in repository.contracts if bus_of(one) in known]
    found: list[Difference] = []
    if seen is not None:
        found += _published(repository.contracts, contracts, seen, today)
    if receivers is not None:
        came = {f"{each.source}@{each.detail_type}" for each in seen or ()}
        found += _received(_Matching(repository, contracts), receivers, came)
    return sorted(found)


def bus_of(contract: Contract) -> str:
    """The name of the bus that an event is published on."""
    return (contract.bus or "default").rpartition(":event-bus/")[2]


def _published(
    every: Sequence[Contract], contracts: Sequence[Contract], seen: Sequence[Seen], today: date
) -> Iterable[Difference]:
    newest = {one.name: one for one in every}
    sources: dict[str, list[str]] = {}
    for one in newest.values():
        sources.setdefault(one.type, []).append(one.source)
    met = set()
    for each in seen:
        name = f"{each.source}@{each.detail_type}"
        count = f"{each.count:,} on {each.bus}"
        contract = newest.get(name)
        met.add((name, each.bus))
        if contract is None:
            if each.source.startswith(_PLATFORM):
                continue
            if each.detail_type in sources:
                declared = ", ".join(sources[each.detail_type])
                yield Difference("undeclared-publisher", name, each.source, f"{count}; {declared} is declared")
            else:
                yield Difference("undeclared-event", name, each.source, count)
        elif bus_of(contract) != each.bus:
            yield Difference("wrong-bus", name, contract.publisher, f"{count}; {bus_of(contract)} is declared")
        elif (sunset := _day(contract.sunset)) is not None and _on(each.last) >= sunset:
            yield Difference("past-sunset", name, contract.publisher, f"last on {_on(each.last)}; sunset was {sunset}")
    for contract in {one.name: one for one in contracts}.values():
        over = (sunset := _day(contract.sunset)) is not None and sunset <= today
        if (contract.name, bus_of(contract)) not in met and not over:
            yield Difference("never-seen", contract.name, contract.publisher, f"not on {bus_of(contract)}")


def _received(matching: _Matching, receivers: Sequence[Receiver], came: Collection[str]) -> Iterable[Difference]:
    """``came``: the events that were published, so that whoever receives them has been sent some."""
    reached: dict[tuple[str, str], list[Receiver]] = {}
    for each in receivers:
        names = matching.names(each)
        if not names and each.enabled:
            yield Difference("idle-rule", "", each.rule, f"on {each.bus}, to {each.target}")
        if not each.enabled or is_bus(each.target):
            continue
        for name in names:
            reached.setdefault((name, each.service or ""), []).append(each)
            declared = matching.subscribers(name)
            if each.service is None:
                yield Difference("unknown-subscriber", name, each.target, f"by rule {each.rule} on {each.bus}")
            elif each.service not in declared:
                how = f"by rule {each.rule} on {each.bus}, to {each.target}"
                yield Difference("undeclared-subscriber", name, each.service, how)
    for name in matching.every:
        for service in matching.subscribers(name):
            there = reached.get((name, service))
            if there is None:
                own = [each for each in receivers if each.service == service]
                yield Difference("missing-rule", name, service, matching.reason(name, own))
            elif name in came and all(each.delivered is False for each in there):
                rules = ", ".join(sorted({each.rule for each in there}))
                yield Difference("never-received", name, service, f"by rule {rules}")


def is_bus(target: str) -> bool:
    """Whether a target is another bus: who is behind it is decided there."""
    return ":event-bus/" in target


class _Matching:
    """Which receivers the declared events would reach."""

    def __init__(self, repository: Repository, contracts: Sequence[Contract]) -> None:
        self._versions: dict[str, list[Contract]] = {}
        for contract in contracts:
            self._versions.setdefault(contract.name, []).append(contract)
        self.every = sorted(self._versions)
        self._events = {
            name: [body for one in versions for body in _events(one, repository)]
            for name, versions in self._versions.items()
        }
        self._patterns: dict[str, Pattern | None] = {}

    def subscribers(self, name: str) -> list[str]:
        return list(dict.fromkeys(each for one in self._versions[name] for each in one.subscribers))

    def names(self, receiver: Receiver) -> list[str]:
        """The events that its rule lets through, at least one example of them."""
        pattern = self._pattern(receiver.pattern)
        if pattern is None:
            return []
        return [
            name
            for name in self.every
            if bus_of(self._versions[name][0]) == receiver.bus
            and any(matches(pattern, body) for body in self._events[name])
        ]

    def reason(self, name: str, receivers: Sequence[Receiver]) -> str:
        """Why none of a service's ``receivers`` gets the event."""
        if not receivers:
            return "it has no rule at all that is known to be its own"
        told = []
        for each in receivers:
            pattern = self._pattern(each.pattern)
            if each.bus != bus_of(self._versions[name][0]):
                told.append(f"rule {each.rule} is on {each.bus}")
            elif pattern is None:
                told.append(f"rule {each.rule} has a pattern that can't be read")
            elif not self._events[name]:
                told.append(f"there is no example to try rule {each.rule} with")
            elif name in self.names(each):
                told.append(f"rule {each.rule} is disabled")
            else:
                told.append(f"rule {each.rule}: {explain(pattern, self._events[name][0])}")
        return "; ".join(dict.fromkeys(told))

    def _pattern(self, text: str) -> Pattern | None:
        if text not in self._patterns:
            try:
                self._patterns[text] = parse(text)
            except InvalidPattern:
                self._patterns[text] = None
        return self._patterns[text]


def _events(contract: Contract, repository: Repository) -> Iterable[bytes]:
    """Its examples as whole events; without any, a few that are made up from its schema."""
    details = [one.detail for one in contract.examples]
    if not details:
        form = canonical_form(Side.of(contract, repository))
        details = [] if form is None else [one for one in Instances(form, Random(1)).some(5) if isinstance(one, dict)]
    for detail in details:
        yield envelope(
            id="00000000-0000-7000-8000-000000000000",
            detail_type=contract.type,
            source=contract.source,
            account="123456789012",
            time="2026-01-01T00:00:00Z",
            region="us-east-1",
            resources=(),
            detail=json.dumps(detail, ensure_ascii=False).encode(),
        )


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text[:10]) if text else None
    except ValueError:
        return None


def _on(millis: int) -> date:
    return datetime.fromtimestamp(millis / 1000, UTC).date()


def counted(events: Iterable[bytes], bus: str) -> list[Seen]:
    """What ``events`` of ``bus``, whole ones as JSON, amount to. When they came is not known from them: their own times
    are taken."""
    found: dict[tuple[str, str], Seen] = {}
    for text in events:
        event: Mapping[str, object] = json.loads(text)
        key = (str(event.get("source")), str(event.get("detail-type")))
        at = _millis(str(event.get("time")))
        old = found.get(key, Seen(bus, *key, 0, at, at))
        found[key] = Seen(bus, *key, old.count + 1, min(old.first, at), max(old.last, at))
    return list(found.values())


def _millis(text: str) -> int:
    try:
        return int(datetime.fromisoformat(text).timestamp() * 1000)
    except ValueError:
        return 0
