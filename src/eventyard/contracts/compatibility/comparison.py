"""Two states of a contract repository: which events came, went and changed, and who bears it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any, Literal

import msgspec

from eventyard.contract import Contract, Repository
from eventyard.contracts.compatibility.change import Change
from eventyard.contracts.compatibility.judge import Side, judge
from eventyard.contracts.compatibility.verdict import Direction, Verdict
from eventyard.contracts.compatibility.walk import changes
from eventyard.names import DEFAULT_BUS

Status = Literal["added", "removed", "changed", "unchanged", "replaced", "new-version"]
_DIRECTIONS: tuple[Direction, ...] = ("subscribers", "publishers")
_SETTINGS = ("publisher", "bus", "owner", "deprecated", "sunset", "subscribers", "correlation", "pii")


class EventChange(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one event and version. ``replaced``: the version was raised and the old one is gone;
    ``new-version``: the old one is still there, so that nobody is broken. ``breaking``: somebody is, and that is not
    agreed by a new version or a sunset that is past. ``notes``: what else there is to know, in sentences."""

    name: str
    version: int
    status: Status
    path: str
    publisher: str
    subscribers: tuple[str, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    changes: tuple[Change, ...] = ()
    breaking: bool = False
    notes: tuple[str, ...] = ()

    @property
    def undecided(self) -> bool:
        return any(verdict.outcome == "undecided" for verdict in self.verdicts)


def compare(
    old: Repository,
    new: Repository,
    today: date,
    directions: Iterable[Direction] = _DIRECTIONS,
    only_declared: bool = False,
) -> list[EventChange]:
    """Every event of both states, by name and version. ``only_declared``: what breaks by members alone that a contract
    does not name is not ``breaking``."""
    comparison = _Comparison(old, new, today, tuple(directions), only_declared)
    before = {(one.name, one.version): one for one in old.contracts}
    after = {(one.name, one.version): one for one in new.contracts}
    found = [comparison.gone(one) for key, one in before.items() if key not in after]
    found += [comparison.came(one) for key, one in after.items() if key not in before]
    found += [comparison.stayed(one, after[key]) for key, one in before.items() if key in after]
    replaced = {one.name for one in found if one.status == "replaced"}
    # A version that replaces another is told of there.
    told = [one for one in found if not (one.status == "new-version" and one.name in replaced)]
    return sorted(told, key=lambda one: (one.name, one.version))


class _Comparison:
    def __init__(
        self,
        old: Repository,
        new: Repository,
        today: date,
        directions: tuple[Direction, ...],
        only_declared: bool,
    ) -> None:
        self._old = old
        self._new = new
        self._today = today
        self._directions = directions
        self._only_declared = only_declared

    def stayed(self, before: Contract, after: Contract) -> EventChange:
        verdicts, differences = self._judged(before, after)
        notes = tuple(_settings(before, after))
        return EventChange(
            name=after.name,
            version=after.version,
            status="changed" if verdicts or notes else "unchanged",
            path=after.path,
            publisher=after.publisher,
            subscribers=after.subscribers,
            verdicts=verdicts,
            changes=differences,
            breaking=self._breaks(verdicts) or _moved(before, after),
            notes=notes,
        )

    def gone(self, before: Contract) -> EventChange:
        newer = [one for one in self._new.contracts if one.name == before.name]
        if not newer:
            return self._removed(before)
        after = newer[-1]
        kept = any(one.name == before.name and one.version == before.version for one in self._new.contracts)
        verdicts, differences = self._judged(before, after)
        over = _over(before.sunset, self._today)
        notes = (f"Version {before.version} is gone, its sunset is past.",) if over else ()
        return EventChange(
            name=after.name,
            version=after.version,
            status="replaced",
            path=after.path,
            publisher=after.publisher,
            subscribers=tuple(dict.fromkeys((*before.subscribers, *after.subscribers))),
            verdicts=verdicts,
            changes=differences,
            breaking=not kept and not over and (self._breaks(verdicts) or _moved(before, after)),
            notes=(
                *(
                    notes
                    or (f"Version {before.version} is not there any more; keep it beside version {after.version}.",)
                ),
                *([_moving(before, after)] if _moved(before, after) else ()),
            ),
        )

    def came(self, after: Contract) -> EventChange:
        older = [one for one in self._old.contracts if one.name == after.name and one.version < after.version]
        verdicts, differences = self._judged(older[-1], after) if older else ((), ())
        return EventChange(
            name=after.name,
            version=after.version,
            status="new-version" if older else "added",
            path=after.path,
            publisher=after.publisher,
            subscribers=after.subscribers,
            verdicts=verdicts,
            changes=differences,
        )

    def _removed(self, before: Contract) -> EventChange:
        over = _over(before.sunset, self._today)
        notes = [f"Its sunset was {before.sunset}."] if over else []
        known = {one.name for one in self._old.contracts}
        twins = [one.name for one in self._new.contracts if one.name not in known and one.schema == before.schema]
        if twins:
            notes.append(
                f"It may have been renamed to {twins[0]}, which has the same schema; "
                f"rules for {before.name} see nothing of it."
            )
        return EventChange(
            name=before.name,
            version=before.version,
            status="removed",
            path=before.path,
            publisher=before.publisher,
            subscribers=before.subscribers,
            breaking=not over,
            notes=tuple(notes),
        )

    def _judged(self, before: Contract, after: Contract) -> tuple[tuple[Verdict, ...], tuple[Change, ...]]:
        """Nothing, for schemas that say the same in the same words."""
        old, new = Side.of(before, self._old), Side.of(after, self._new)
        if old.schema is not None and old.schema == new.schema:
            return (), ()
        verdicts = tuple(judge(direction, old, new) for direction in self._directions)
        fine = {verdict.direction for verdict in verdicts if verdict.outcome == "compatible"}
        found = [] if old.schema is None or new.schema is None else changes(old.schema, new.schema)
        return verdicts, tuple(
            msgspec.structs.replace(one, breaks=tuple(each for each in one.breaks if each not in fine)) for one in found
        )

    def _breaks(self, verdicts: Iterable[Verdict]) -> bool:
        return any(
            verdict.outcome == "breaking" and not (self._only_declared and verdict.undeclared_only)
            for verdict in verdicts
        )


def _over(sunset: str | None, today: date) -> bool:
    try:
        return sunset is not None and date.fromisoformat(sunset[:10]) <= today
    except ValueError:
        return False


def _moved(before: Contract, after: Contract) -> bool:
    """Whether the event is on another bus, where nobody sees it who listens on the one before."""
    return (before.bus or DEFAULT_BUS) != (after.bus or DEFAULT_BUS)


def _moving(before: Contract, after: Contract) -> str:
    was, now = before.bus or DEFAULT_BUS, after.bus or DEFAULT_BUS
    return f"It moves from bus {was} to bus {now}: subscribers on {was} see nothing any more."


def _settings(before: Contract, after: Contract) -> Iterable[str]:
    for name in _SETTINGS:
        was, now = getattr(before, name), getattr(after, name)
        if was == now:
            continue
        if name == "bus" and _moved(before, after):
            yield _moving(before, after)
            continue
        if isinstance(was, tuple):
            come, gone = [one for one in now if one not in was], [one for one in was if one not in now]
            if come:
                yield f"{name}: {', '.join(come)} added."
            if gone:
                yield f"{name}: {', '.join(gone)} removed."
        else:
            yield f"{name} was {_said(was)}, and is {_said(now)} now."


def _said(value: Any) -> str:
    return "not given" if value is None else str(value)
