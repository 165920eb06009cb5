"""The check of events on their way to a bus. It keeps the rules of buses, decides for each event, and counts."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

import msgspec

from eventyard.clock import Clock
from eventyard.errors import NotFound
from eventyard.event import Event
from eventyard.inspection import NONE, Rejected
from eventyard.store import Catalog, Change
from eventyard.validation.judge import Head, Judge, Promise, Registered, Verdict, head_of
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
        self._counts: dict[tuple[str, str], tuple[Promise | None, Key, Count]] = {}
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

    async def admit(self, bus: str, events: Sequence[Event]) -> tuple[Sequence[Event], Rejected]:
        rules, now = self._rules[bus], self._clock.now()
        admitted: list[Event] = []
        notices: list[Event] = []
        held: list[Event] = []
        rejected: dict[int, str] = {}
        for at, event in enumerate(events):
            head = head_of(event)
            if head.source == SOURCE or (found := self._look(bus, rules, head)) is None:
                admitted.append(event)
                continue
            key, mode, verdict = found
            notice = self._notices.tell(key, mode, event, verdict.violations, now)
            if notice is not None:
                notices.append(notice)
            if mode == "warn":
                admitted.append(event)
            elif mode == "quarantine":
                held.append(hold(key, event, verdict.violations, now))
            else:
                rejected[at] = _reason(key, verdict)
        if held:
            await self._quarantine.add(bus, held)
        return [*admitted, *notices], rejected or NONE

    def _look(self, bus: str, rules: Rules, head: Head) -> tuple[Key, Mode, Verdict] | None:
        """What is to be done about an event, and why; None for one that keeps its contract or isn't checked."""
        mode = rules.mode_of(head.detail_type)
        if mode == "off" and rules.unknown == "off":
            return None
        verdict = self._judge.judge(rules.registry, head)
        promise = verdict.promise
        if promise is None:
            if rules.unknown == "off":
                return None
            mode = rules.unknown
        elif mode == "off":
            return None
        key, count = self._counted(bus, head, promise)
        count.checked += 1
        if promise is not None and not verdict.violations:
            return None
        count.violated_by(mode)
        return key, mode, verdict

    def _counted(self, bus: str, head: Head, promise: Promise | None) -> tuple[Key, Count]:
        """What an event is counted in; looked up once for each version of its contract."""
        known = self._counts.get((bus, head.name))
        if known is None or known[0] is not promise:
            publisher, version = (head.source, 0) if promise is None else (promise.publisher, promise.version)
            key = Key(bus, head.name, version, publisher)
            if len(self._counts) >= _KNOWN:
                self._counts.clear()
            known = self._counts[bus, head.name] = promise, key, self.tally.count(key)
        return known[1], known[2]


def _reason(key: Key, verdict: Verdict) -> str:
    if verdict.promise is None:
        return f"Parameter Detail is not valid. Reason: There is no contract for {key.contract}."
    told = [str(violation) for violation in verdict.violations[:_MOST]]
    more = len(verdict.violations) - len(told)
    if more:
        told.append(f"and {more} more")
    return f"Parameter Detail is not valid. Reason: {'; '.join(told)} ({key.contract}, version {key.version})."
