"""Rules about the life of an event: its versions, and the dates on which one ends."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from itertools import pairwise
from typing import Any

from eventyard.contract import Document
from eventyard.contracts.lint.rule import Found, Subject

_DATES = ("deprecated", "sunset")


def bad_date(subject: Subject) -> Iterator[Found]:
    for document, _ in subject.named():
        for name in _DATES:
            if name in document.settings and _day(document, name) is None:
                message = f"{name} is a day such as 2027-06-30, not {document.settings[name]!r}."
                yield document.place(name), message
        deprecated, sunset = _day(document, "deprecated"), _day(document, "sunset")
        if deprecated is not None and sunset is not None and sunset < deprecated:
            yield document.place("sunset"), f"The sunset comes before {deprecated}, the day of deprecation."


def sunset_passed(subject: Subject) -> Iterator[Found]:
    for document, name in subject.named():
        sunset = _day(document, "sunset")
        if sunset is not None and sunset < subject.today:
            yield (
                document.place("sunset"),
                f"The sunset of {name} is over since {sunset}: remove the document, or move the day.",
            )


def sunset_without_deprecated(subject: Subject) -> Iterator[Found]:
    for document, name in subject.named():
        if "sunset" in document.settings and "deprecated" not in document.settings:
            message = f"{name} has a sunset, but nobody is told to leave it: say since when it is deprecated."
            yield document.place("sunset"), message


def doubled_event(subject: Subject) -> Iterator[Found]:
    for versions in _events(subject).values():
        seen: dict[Any, Document] = {}
        for version, document in versions:
            first = seen.setdefault(version, document)
            if first is not document:
                message = f"{_name(document)} in version {version} is in {first.path} already."
                yield document.place("version" if "version" in document.settings else "type"), message


def version_gap(subject: Subject) -> Iterator[Found]:
    for versions in _events(subject).values():
        numbers = sorted({version for version, _ in versions})
        for before, after in pairwise(numbers):
            if after - before > 1:
                document = next(document for version, document in versions if version == after)
                yield document.place("version"), f"The version after {before} is {before + 1}, not {after}."


def undeprecated_version(subject: Subject) -> Iterator[Found]:
    for versions in _events(subject).values():
        newest = max(version for version, _ in versions)
        for version, document in versions:
            if version < newest and "deprecated" not in document.settings:
                message = f"There is a version {newest}; say since when this one is deprecated."
                yield document.place("version" if "version" in document.settings else "type"), message


def _events(subject: Subject) -> dict[str, list[tuple[int, Document]]]:
    """The versions of each event, the oldest first, by the event's name."""
    found: dict[str, list[tuple[int, Document]]] = defaultdict(list)
    for document, _ in subject.named():
        found[_name(document)].append((document.settings.get("version", 1), document))
    return {name: sorted(versions, key=lambda each: (each[0], each[1].path)) for name, versions in found.items()}


def _name(document: Document) -> str:
    """``source@type``, as far as the settings say it."""
    source = document.settings.get("source", document.settings.get("publisher", ""))
    return f"{source}@{document.settings['type']}"


def _day(document: Document, name: str) -> date | None:
    try:
        return date.fromisoformat(document.settings.get(name, ""))
    except ValueError:
        return None
