"""The contracts that an editor works with: those of a folder, with the texts that are open in it in their place."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import orjson

from eventyard.contract import Contract, Finding, Repository, from_files
from eventyard.contract.references import base
from eventyard.contract.repository import Unread, read_files
from eventyard.errors import EventyardError, NotFound
from eventyard.lsp.payload import Payload

Lint = Callable[[Repository], Iterable[Finding]]
"""Further findings about a repository."""


class Library:
    """``folder``: of the contracts; it need not exist (yet). ``lint``: findings besides those of reading."""

    def __init__(self, folder: Path, lint: Lint | None = None) -> None:
        self.folder = folder.resolve()
        self._lint = lint
        self._open: dict[str, str] = {}
        self._files: dict[str, str | Unread] = {}
        self._linted: list[Finding] = []
        self._payloads: dict[str, Payload | None] = {}
        self._places: dict[str, str] = {}
        self.repository = Repository((), {})
        self.reload()

    def reload(self) -> None:
        """Read the folder again, and lint it."""
        try:
            self._files = {**read_files(self.folder), **self._open}
        except NotFound:
            self._files = dict(self._open)
        self.repository = from_files(self._files)
        self._linted = [] if self._lint is None else list(self._lint(self.repository))
        self._payloads = {}
        self._places = {}
        for name, text in self._files.items():
            if name.endswith(".json") and isinstance(text, str):
                try:
                    self._places.setdefault(base(orjson.loads(text)), name)
                except orjson.JSONDecodeError:
                    continue

    def name_of(self, path: Path) -> str | None:
        """The name of a file of the library; None for other files."""
        try:
            name = path.resolve().relative_to(self.folder).as_posix()
        except ValueError:
            return None
        return name if path.suffix in (".md", ".json") else None

    def write(self, name: str, text: str) -> None:
        """``text`` is what is open in the editor. A document alone is read again, without the lint's findings about
        it: this comes with every key that is pressed."""
        self._open[name] = text
        if name.endswith(".json") or self._files.get(name) == text:
            self.reload()
            return
        self._files[name] = text
        atoms = {each: one for each, one in self._files.items() if each.endswith(".json")}
        documents = {each.path: each for each in self.repository.documents if each.path != name}
        documents |= {each.path: each for each in from_files({**atoms, name: text}).documents}
        ordered = tuple(documents[path] for path in sorted(documents))
        self.repository = Repository(ordered, self.repository.atoms, self.repository.findings)
        self._linted = [each for each in self._linted if each.path != name]
        self._payloads = {}

    def close(self, name: str) -> None:
        """What is saved counts again."""
        self._open.pop(name, None)
        self.reload()

    def findings(self) -> dict[str, list[Finding]]:
        """All that is wrong, by file."""
        found = [*self.repository.findings, *(one for each in self.repository.documents for one in each.findings)]
        by_file: dict[str, list[Finding]] = {}
        for finding in dict.fromkeys([*found, *self._linted]):
            by_file.setdefault(finding.path, []).append(finding)
        return by_file

    def events(self) -> list[Contract]:
        """The newest contract of each type, by type."""
        newest = {contract.type: contract for contract in self.repository.contracts}
        return [newest[each] for each in sorted(newest)]

    def find(self, type: str) -> Contract | None:
        """The contract of an event; None if there is none, or it is not clear whose is meant."""
        try:
            return self.repository.find(type)
        except EventyardError:
            return None

    def knows(self, type: str) -> bool:
        """Whether there is an event of that type at all, also one whose contract has errors."""
        return any(type == contract.type for contract in self.repository.contracts)

    def payload(self, type: str) -> Payload | None:
        """The check of an event's payloads; None where there is no contract that could be used."""
        if type not in self._payloads:
            contract = self.find(type)
            try:
                self._payloads[type] = None if contract is None else Payload(contract, self.repository.atoms)
            except EventyardError:
                self._payloads[type] = None
        return self._payloads[type]

    def place(self, url: str) -> Path | None:
        """The file of an atom."""
        name = self._places.get(url.partition("#")[0])
        return None if name is None else self.folder / name
