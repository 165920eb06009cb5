"""Comparisons of contracts, told: for people, for programs, for pull requests."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from eventyard.contracts.compatibility import EventChange, Verdict

_ASKED = {
    "subscribers": "subscribers that read with the old contract",
    "publishers": "events that keep the old contract",
}
_STATUS = {
    "added": "new event",
    "removed": "removed",
    "changed": "changed",
    "unchanged": "unchanged",
    "replaced": "replaced",
    "new-version": "new version",
}


def as_text(found: Sequence[EventChange], folder: Path, against: str) -> str:
    lines = []
    for one in _told(found):
        lines.append(f"{'BREAKING' if one.breaking else 'ok':<9} {_head(one)}  ({folder / one.path})")
        lines += [f"    {line}" for line in _reasons(one)]
    lines.append(_summary(found, against))
    return "\n".join(lines) + "\n"


def as_json(found: Sequence[EventChange], folder: Path, against: str) -> str:
    events = [msgspec.to_builtins(one) | {"path": str(folder / one.path)} for one in found]
    whole = {"against": against, "breaking": any(one.breaking for one in found), "events": events}
    return json.dumps(whole, ensure_ascii=False, indent=2) + "\n"


def as_github(found: Sequence[EventChange], folder: Path, against: str) -> str:
    """Workflow commands (GitHub documentation, "Workflow commands for GitHub Actions")."""
    lines = []
    for one in _told(found):
        level = "error" if one.breaking else "warning" if one.undecided else "notice"
        text = "\n".join(_reasons(one)) or _head(one)
        path, title = _property(str(folder / one.path)), _property(_head(one))
        lines.append(f"::{level} file={path},line=1,title={title}::{_data(text)}")
    return "".join(f"{line}\n" for line in lines)


def as_markdown(found: Sequence[EventChange], folder: Path, against: str) -> str:
    lines = [f"## Contracts against `{against}`", "", _summary(found, against), ""]
    for one in _told(found):
        lines += [f"### {'❌' if one.breaking else '✅'} `{_head(one)}`", ""]
        lines += [f"- {line}" for line in _reasons(one, "`")]
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def _told(found: Sequence[EventChange]) -> list[EventChange]:
    return [one for one in found if one.status != "unchanged"]


def _head(one: EventChange) -> str:
    return f"{one.name} version {one.version}: {_STATUS[one.status]}"


def _summary(found: Sequence[EventChange], against: str) -> str:
    breaking, undecided = sum(one.breaking for one in found), sum(one.undecided for one in found)
    changed = len(_told(found))
    more = f", {undecided} not decided" if undecided else ""
    return f"{len(found)} events against {against}: {changed} changed, {breaking} breaking{more}."


def _reasons(one: EventChange, quote: str = "") -> Iterator[str]:
    if one.status == "removed" and one.breaking and one.subscribers:
        yield f"It had subscribers: {', '.join(one.subscribers)}."
    yield from one.notes
    for verdict in one.verdicts:
        yield from _verdict(verdict, one.subscribers, quote)
    for change in one.changes:
        whom = f" (can break {' and '.join(change.breaks)})" if change.breaks else ""
        yield f"{change}{whom}"


def _verdict(verdict: Verdict, subscribers: Sequence[str], quote: str) -> Iterator[str]:
    asked = _ASKED[verdict.direction]
    if verdict.direction == "subscribers" and subscribers:
        asked += f" ({', '.join(subscribers)})"
    if verdict.outcome == "compatible":
        yield f"compatible with {asked}: proven, and {verdict.tried} generated instances agree"
    elif verdict.outcome == "undecided":
        why = f": {verdict.why}" if verdict.why else ""
        yield f"not decided for {asked}: there is no proof, and none of {verdict.tried} instances breaks it{why}"
    else:
        only = ", but only by members that the contract does not name" if verdict.undeclared_only else ""
        yield f"breaks {asked}{only}: {'; '.join(str(each) for each in verdict.violations)}"
        shown = json.dumps(verdict.counterexample, ensure_ascii=False)
        yield f"counter-example: {quote}{shown}{quote}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
