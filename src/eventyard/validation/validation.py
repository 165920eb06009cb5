"""The check of events on their way to a bus. It keeps the rules of buses, decides for each event, and counts."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

import msgspec

from eventyard.clock import Clock
from eventyard.contract import Violation
from eventyard.errors import NotFound
from eventyard.event import Event
from eventyard.inspection import NONE, Head, Rejected
from eventyard.store import Catalog, Change
from eventyard.validation.judge import Judge, Promise, Registered, head_of, judge
from eventyard.validation.notices import SOURCE, Notices, hold
from eventyard.validation.quarantine import Quarantine
from eventyard.validation.rules import Mode, Rules
from eventyard.validation.tally import Count, Key, Tally

_KIND = "validation"
_MOST, _KNOWN = 3, 10_000
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Rules).decode


class Validation:
    """An :class:`~eventyard.inspection.Inspector`. Reads answer from memory; changes are durable when they return."""

    def __init__(self, catalog: Catalog, quarantine: Quarantine, registered: Registered, clock: Clock) -> None:
        self._catalog = catalog
        self._quarantine = quarantine
        self._judge = Judge(registered)
        self._clock = clock
        self._notices = Notices()
        self._rules: dict[str, Rules] = {}
        self._turn = asyncio.Lock()
        self._cases: dict[tuple[str, str, str], _Case] = {}
        self.tally = Tally()

    async def load(self) -> None:
        """Bring all back. Call once, before the engine starts."""
        for bus, value in (await self._catalog.load(_KIND)).items():
            self._keep(bus, _decode(value))

    # --- rules ------------------------------------------------------------------------------------------------------

    def rules(self) -> Mapping[str, Rules]:
        """The rules of all buses that have some, by ARN."""
        return self._rules

    def of(self, bus: str) -> Rules:
        """The rules of the bus with ARN ``bus``. Raises NotFound."""
        if bus not in self._rules:
            raise NotFound(f"The events of {bus} are not checked against contracts.")
        return self._rules[bus]

    async def set(self, bus: str, rules: Rules) -> None:
        """Check the events of ``bus`` by ``rules`` from now on."""
        async with self._turn:
            await self._catalog.apply([Change(_KIND, bus, _encode(rules))])
            self._keep(bus, rules)

    async def unset(self, bus: str) -> None:
        """Check nothing on ``bus`` any more; what is in its quarantine is forgotten. Raises NotFound."""
        async with self._turn:
            self.of(bus)
            await self._catalog.apply([Change(_KIND, bus, None)])
            del self._rules[bus]
            self._quarantine.drop(bus)

    def _keep(self, bus: str, rules: Rules) -> None:
        self._rules[bus] = rules
        self._quarantine.keep(bus, rules)

    # --- events -----------------------------------------------------------------------------------------------------

    def watches(self, bus: str) -> bool:
        return bus in self._rules

    async def admit(
        self, bus: str, events: Sequence[Event], heads: Sequence[Head] | None = None
    ) -> tuple[Sequence[Event], Rejected]:
        broken = self._broken(bus, [head_of(event) for event in events] if heads is None else heads)
        if not broken:
            return events, NONE
        now = self._clock.now()
        admitted: list[Event] = []
        notices: list[Event] = []
        held: list[Event] = []
        rejected: dict[int, str] = {}
        for at, event in enumerate(events):
            if at not in broken:
                admitted.append(event)
                continue
            case, violations = broken[at]
            notice = self._notices.tell(case.key, case.mode, event, violations, now)
            if notice is not None:
                notices.append(notice)
            if case.mode == "warn":
                admitted.append(event)
            elif case.mode == "quarantine":
                held.append(hold(case.key, event, violations, now))
            else:
                rejected[at] = _reason(case, violations)
        if held:
            await self._quarantine.add(bus, held)
        return [*admitted, *notices], rejected or NONE

    def _broken(self, bus: str, heads: Sequence[Head]) -> dict[int, tuple[_Case, Sequence[Violation]]]:
        """The places of events that break their contracts or, where one is wanted, have none, and how."""
        rules, cases, broken = self._rules[bus], self._cases, dict[int, tuple[_Case, Sequence[Violation]]]()
        for at, (source, detail_type, detail) in enumerate(heads):
            case = cases.get((bus, source, detail_type))
            if case is None or case.rules is not rules or self._promises(case) is not case.promises:
                case = self._new_case(bus, rules, source, detail_type)
            if case.mode == "off":
                continue
            case.count.checked += 1
            violations = judge(case.promises, detail) if case.promises else ()
            if violations or not case.promises:
                case.count.violated_by(case.mode)
                broken[at] = case, violations
        return broken

    def _promises(self, case: _Case) -> Sequence[Promise]:
        return self._judge.promises(case.rules.registry, case.key.contract)

    def _new_case(self, bus: str, rules: Rules, source: str, detail_type: str) -> _Case:
        name = f"{source}@{detail_type}"
        promises = self._judge.promises(rules.registry, name)
        mode = rules.mode_of(detail_type) if promises else rules.unknown
        publisher, version = (promises[0].publisher, promises[0].version) if promises else (source, 0)
        key = Key(bus, name, version, publisher)
        if source == SOURCE or mode == "off":  # nothing that isn't checked is counted
            case = _Case(rules, promises, "off", key, Count())
        else:
            case = _Case(rules, promises, mode, key, self.tally.count(key))
        if len(self._cases) >= _KNOWN:
            self._cases.clear()
        self._cases[bus, source, detail_type] = case
        return case


class _Case(msgspec.Struct, frozen=True):
    """What is to be done with the events of one source and type on one bus, as long as its ``rules`` are these and
    the contract's versions are those of ``promises``: nothing with ``off``."""

    rules: Rules
    promises: Sequence[Promise]
    mode: Mode
    key: Key
    count: Count


def _reason(case: _Case, violations: Sequence[Violation]) -> str:
    key = case.key
    if not case.promises:
        return f"Parameter Detail is not valid. Reason: There is no contract for {key.contract}."
    told = [str(violation) for violation in violations[:_MOST]]
    more = len(violations) - len(told)
    if more:
        told.append(f"and {more} more")
    return f"Parameter Detail is not valid. Reason: {'; '.join(told)} ({key.contract}, version {key.version})."
