"""Where the client's contracts come from: a folder, a packaged snapshot, a repository in memory, or a registry."""

from __future__ import annotations

import threading
from datetime import date, datetime
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Protocol

import msgspec

from eventyard.contract import Contract, Repository, Validator, from_snapshot, read_repository
from eventyard.errors import InvalidRequest, NotFound


class Checked(msgspec.Struct, frozen=True):
    """A contract with its compiled check. ``deprecated`` and ``sunset``: the days in the contract."""

    contract: Contract
    validator: Validator
    deprecated: date | None = None
    sunset: date | None = None


class Contracts(Protocol):
    """Finds contracts. Both methods are for any thread."""

    def known(self, type: str, source: str | None, version: int | None) -> Checked | NotFound | None:
        """What :meth:`find` would answer, as far as that can be told without waiting; None where it can't."""
        ...

    def find(self, type: str, source: str | None = None, version: int | None = None) -> Checked:
        """The contract of an event, the newest version unless one is named. May wait for a network.

        Raises NotFound; InvalidRequest where several sources publish such an event and none is named; TryAgain where
        contracts can't be had now."""
        ...


Source = str | Path | Traversable | Repository | Contracts
"""A folder of documents, a snapshot file (``importlib.resources.files("shop") / "contracts.json"``), or either in
memory."""


#: Names of missing events that are remembered; they may come from outside of the program.
_MOST_MISSING = 1000


def contracts_of(source: Source) -> Contracts:
    """The contracts in ``source``. Raises NotFound for a path where nothing is, InvalidRequest for a broken
    snapshot."""
    if isinstance(source, Repository):
        return LocalContracts(source)
    if isinstance(source, str):
        source = Path(source)
    if isinstance(source, Path) and source.is_dir():
        return LocalContracts(read_repository(source))
    if isinstance(source, Traversable):
        try:
            return LocalContracts(from_snapshot(source.read_bytes()))
        except OSError as error:
            raise NotFound(f"There are no contracts at {source}: {error.strerror or error}.") from error
    if not callable(getattr(source, "known", None)):
        raise InvalidRequest(
            f"Contracts come from a folder, a snapshot, a repository or a registry, not {source!r:.80}."
        )
    return source


def checked(contract: Contract, validator: Validator) -> Checked:
    """Raises InvalidRequest for a date that is none."""
    return Checked(contract, validator, _day(contract, "deprecated"), _day(contract, "sunset"))


class LocalContracts:
    """The contracts of one repository, each compiled when it is first asked for."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository
        self._found: dict[tuple[str, str | None, int | None], Checked | NotFound] = {}
        self._lock = threading.Lock()

    def known(self, type: str, source: str | None, version: int | None) -> Checked | NotFound:
        found = self._found.get((type, source, version))
        if found is None:
            with self._lock:
                found = self._compiled(type, source, version)
                if isinstance(found, Checked) or len(self._found) < _MOST_MISSING:
                    self._found[type, source, version] = found
        return found

    def find(self, type: str, source: str | None = None, version: int | None = None) -> Checked:
        found = self.known(type, source, version)
        if isinstance(found, NotFound):
            raise NotFound(found.message, found.code)
        return found

    def _compiled(self, type: str, source: str | None, version: int | None) -> Checked | NotFound:
        try:
            contract = self._repository.find(type, source, version)
        except NotFound as error:
            return NotFound(error.message + self._broken(), "UnknownEvent")
        return checked(contract, self._repository.validator(contract))

    def _broken(self) -> str:
        """What is wrong with the documents, one of which may be the one that is missed."""
        repository = self._repository
        findings = [*repository.findings, *(finding for each in repository.documents for finding in each.findings)]
        found = [str(finding) for finding in findings if finding.severity == "error"]
        return f" Documents have errors: {'; '.join(found[:3])}" if found else ""


def _day(contract: Contract, name: str) -> date | None:
    text: str | None = getattr(contract, name)
    if text is None:
        return None
    try:
        return datetime.fromisoformat(text).date()
    except ValueError:
        raise InvalidRequest(f"{contract.path or contract.name} says {name}: {text}, which is no date.") from None
