"""Rules about what a document says in words."""

from __future__ import annotations

from collections.abc import Iterator

from eventyard.contracts.lint.rule import Found, Subject
from eventyard.contracts.placeholders import MEANING, PROSE


def no_prose(subject: Subject) -> Iterator[Found]:
    for document, contract in subject.whole():
        if not contract.description:
            yield document.place(), "There are no words about the event: when is it raised, and what does it mean?"


def unfinished(subject: Subject) -> Iterator[Found]:
    for document in subject.repository.documents:
        for number, line in enumerate(document.text.splitlines(), 1):
            for left in (PROSE, MEANING):
                if (at := line.find(left)) >= 0:
                    yield (document.path, number, at + 1), "This is what the scaffold says. Say it in your own words."
                    break
