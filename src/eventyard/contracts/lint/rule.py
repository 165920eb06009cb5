"""A rule of the lint, and what it looks at."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date

import msgspec

from eventyard.contract import Contract, Document, Repository
from eventyard.contract.finding import Place, Severity
from eventyard.contract.schema import Text
from eventyard.contracts.conventions import Conventions
from eventyard.contracts.lint.described import Described


class Subject(msgspec.Struct, frozen=True):
    """A repository as the rules see it. ``today``: the day that dates are compared with."""

    repository: Repository
    conventions: Conventions
    today: date
    #: What each schema describes, by the path of its document or the URL of its atom.
    described: Mapping[str, Described] = {}

    def named(self) -> Iterator[tuple[Document, str]]:
        """The documents that say their type, also those with errors elsewhere."""
        for document in self.repository.documents:
            if "type" in document.settings:
                yield document, document.settings["type"]

    def whole(self) -> Iterator[tuple[Document, Contract]]:
        """The documents without errors."""
        for document in self.repository.documents:
            if document.contract is not None:
                yield document, document.contract

    def atoms(self) -> Iterator[tuple[str, Text]]:
        """The atoms without errors, by their URL."""
        for url, text in self.repository.texts.items():
            if url in self.repository.atoms:
                yield url, text


Found = tuple[Place, str]
"""Where a rule is broken, and the sentence that says what is wrong and what to do."""
Check = Callable[[Subject], Iterator[Found]]


class Rule(msgspec.Struct, frozen=True):
    """``name``: lasting, in findings and to switch it off. ``summary``: what it asks for. ``why``: what it is good for.
    ``check``: None for the rules of the reader, without which there is no contract; they can't be switched off."""

    name: str
    severity: Severity
    summary: str
    why: str
    check: Check | None = None
