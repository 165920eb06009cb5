"""What contracts would say to events of the past: how many they would refuse, for which reasons, and some of them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from typing import Any

import msgspec
import orjson

from eventyard.contract import Repository, Validator, Violation
from eventyard.errors import InvalidRequest

_VIOLATIONS = 20


class Reason(msgspec.Struct, frozen=True):
    """A place and keyword that ``count`` events broke. ``path``: a JSON pointer, with ``*`` for any item. ``message``:
    what was said to the first of them."""

    path: str
    keyword: str
    count: int
    message: str


class Sample(msgspec.Struct, frozen=True):
    """One event that would be refused. Personal values are hidden in the violations, and the detail is left out."""

    id: str
    time: str
    violations: tuple[Violation, ...]


class Past(msgspec.Struct, frozen=True, kw_only=True):
    """How the events with the ``name`` of one contract fare. ``already``: how many of the ``rejected`` keep the former
    contract no more than the new one; None if it was not asked."""

    name: str
    checked: int
    rejected: int
    already: int | None = None
    reasons: tuple[Reason, ...] = ()
    samples: tuple[Sample, ...] = ()


class Checked(msgspec.Struct, frozen=True):
    """``uncovered``: how many events had no contract."""

    events: tuple[Past, ...]
    uncovered: int = 0

    @property
    def checked(self) -> int:
        return sum(one.checked for one in self.events)

    @property
    def rejected(self) -> int:
        return sum(one.rejected for one in self.events)


def check(
    events: Iterable[bytes], repository: Repository, former: Repository | None = None, samples: int = 5
) -> Checked:
    """What becomes of ``events``, each a whole one as JSON. An event that keeps any version of its contract is taken;
    reasons are told by the newest. ``samples``: of each contract, at most. Raises InvalidRequest for what is none."""
    counts = {name: _Count(versions) for name, versions in _checks(repository).items()}
    before = _checks(former) if former is not None else None
    uncovered = 0
    for text in events:
        event = _event(text)
        name = f"{event['source']}@{event['detail-type']}"
        count = counts.get(name)
        if count is None:
            uncovered += 1
            continue
        if count.takes(event, samples) or before is None:
            continue
        # What had no contract before was refused by nobody.
        old = before.get(name)
        count.already += old is not None and not any(one.is_valid(event["detail"]) for one in old)
    found = tuple(count.told(name, before is not None) for name, count in sorted(counts.items()) if count.checked)
    return Checked(found, uncovered)


class _Count:
    def __init__(self, versions: list[Validator]) -> None:
        self._versions = versions
        self.checked = self.rejected = self.already = 0
        self._reasons: Counter[tuple[str, str]] = Counter()
        self._first: dict[tuple[str, str], str] = {}
        self._samples: list[Sample] = []

    def takes(self, event: dict[str, Any], samples: int) -> bool:
        self.checked += 1
        if any(version.is_valid(event["detail"]) for version in self._versions):
            return True
        self.rejected += 1
        violations = self._versions[-1].violations(event["detail"], _VIOLATIONS)
        kinds = {(_any_item(each.path), each.keyword): each.message for each in reversed(violations)}
        self._reasons.update(kinds.keys())  # each reason once for an event
        for kind, message in kinds.items():
            self._first.setdefault(kind, message)
        if len(self._samples) < samples:
            self._samples.append(Sample(str(event.get("id", "")), str(event.get("time", "")), tuple(violations)))
        return False

    def told(self, name: str, compared: bool) -> Past:
        return Past(
            name=name,
            checked=self.checked,
            rejected=self.rejected,
            already=self.already if compared else None,
            reasons=tuple(Reason(*kind, count, self._first[kind]) for kind, count in self._reasons.most_common()),
            samples=tuple(self._samples),
        )


def _checks(repository: Repository) -> dict[str, list[Validator]]:
    """The checks of each event's versions, the newest last."""
    found: dict[str, list[Validator]] = {}
    for contract in repository.contracts:
        found.setdefault(contract.name, []).append(repository.validator(contract))
    return found


def _event(text: bytes) -> dict[str, Any]:
    try:
        event = orjson.loads(text)
    except orjson.JSONDecodeError:
        try:
            event = json.loads(text)  # deeper, and with larger numbers, than orjson reads
        except (ValueError, RecursionError) as error:
            raise InvalidRequest(f"This is no event: {_cut(text)}") from error
    known = isinstance(event, dict) and isinstance(event.get("source"), str)
    if not known or not isinstance(event.get("detail-type"), str) or "detail" not in event:
        raise InvalidRequest(f"This is no event, which has a source, a detail-type and a detail: {_cut(text)}")
    found: dict[str, Any] = event
    return found


def _cut(text: bytes) -> str:
    shown = text[:120].decode(errors="replace")
    return f"{shown}..." if len(text) > 120 else shown


def _any_item(path: str) -> str:
    return "/".join("*" if step.isdecimal() else step for step in path.split("/"))
