"""A repository of contracts: all documents and atoms of a folder, read and checked together.

Documents are the ``*.md`` files that have a schema, or a block of settings below their title; atoms are the ``*.json``
files that are schemas with an ``$id`` of their own, by which documents refer to them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path, PurePath
from typing import Any

import msgspec
import orjson

from eventyard.contract.contract import Contract
from eventyard.contract.document import BOM, Document, read_document
from eventyard.contract.finding import Finding
from eventyard.contract.references import base, needed
from eventyard.contract.schema import LARGEST, Text, alone, check, together
from eventyard.contract.validator import Validator
from eventyard.errors import InvalidRequest, NotFound
from eventyard.text import did_you_mean

#: Folders that hold no contracts of this repository.
_PASSED = frozenset({"node_modules", "__pycache__", "site-packages"})


class Unread(msgspec.Struct, frozen=True):
    """A file that could not be read, in place of its text: the rule that it breaks, and the sentence."""

    rule: str
    message: str


_NOT_UTF8 = Unread("unreadable", "The file is not UTF-8.")
_TOO_LARGE = Unread("too-large", f"The file has more than {4 * LARGEST:,} bytes.")


class Repository(msgspec.Struct, frozen=True):
    """``contracts``: of the documents without errors, by name and version. ``atoms``: those without errors, schemas by
    URL. ``findings``: what is wrong in the files themselves; whether names and examples are good is the lint's
    business. ``texts``: of all atoms that were read from files, by URL."""

    documents: tuple[Document, ...]
    atoms: Mapping[str, Any]
    findings: tuple[Finding, ...] = ()
    texts: Mapping[str, Text] = {}

    @property
    def contracts(self) -> list[Contract]:
        found = [document.contract for document in self.documents if document.contract is not None]
        return sorted(found, key=lambda contract: (contract.name, contract.version))

    def find(self, type: str, source: str | None = None, version: int | None = None) -> Contract:
        """The contract of an event, the newest version unless one is named. Raises NotFound, and InvalidRequest where
        several sources publish an event of that type and none is named."""
        found = [
            contract
            for contract in self.contracts
            if contract.type == type and source in (None, contract.source) and version in (None, contract.version)
        ]
        if not found:
            of = "".join((f" of {source}" if source else "", f" in version {version}" if version else ""))
            hint = did_you_mean(type, {each.type for each in self.contracts})
            raise NotFound(f"There is no contract for {type}{of}.{hint}")
        if len({contract.source for contract in found}) > 1:
            sources = ", ".join(sorted({contract.source for contract in found}))
            raise InvalidRequest(f"{type} is published by {sources}: say which source is meant.")
        return found[-1]

    def validator(self, contract: Contract) -> Validator:
        """A check of details against ``contract``."""
        return Validator(contract.schema, needed(contract.schema, self.atoms), contract.pii)

    def snapshot(self) -> bytes:
        """All of it as one JSON file, to be packaged with a program and read by :func:`from_snapshot`."""
        documents = {document.path: document.text for document in self.documents}
        return orjson.dumps({"documents": documents, "atoms": dict(self.atoms)}, option=orjson.OPT_INDENT_2)


def read_repository(folder: Path) -> Repository:
    """The contracts in ``folder`` and below. Raises NotFound if there is no such folder."""
    return from_files(read_files(folder))


def read_files(folder: Path) -> dict[str, str | Unread]:
    """The texts that :func:`read_repository` reads, for those who know newer ones of some. Raises NotFound."""
    if not folder.is_dir():
        raise NotFound(f"There is no folder {folder}.")
    return {path.relative_to(folder).as_posix(): _read(path) for path in sorted(_files(folder))}


def _read(path: Path) -> str | Unread:
    return _TOO_LARGE if path.stat().st_size > 4 * LARGEST else decoded(path.read_bytes())


def decoded(content: bytes) -> str | Unread:
    """The text of a file."""
    try:
        return _TOO_LARGE if len(content) > 4 * LARGEST else content.decode()
    except UnicodeDecodeError:
        return _NOT_UTF8


def from_files(files: Mapping[str, str | Unread]) -> Repository:
    """The contracts in ``files``, texts by path."""
    findings = [
        Finding(name, 1, 1, text.rule, text.message) for name, text in files.items() if isinstance(text, Unread)
    ]
    atoms: dict[str, Any] = {}
    texts: dict[str, Text] = {}
    documents: list[Document] = []
    for name, text in files.items():
        if isinstance(text, Unread):
            continue
        if name.endswith(".md"):
            documents += _document(name, text)
        else:
            _atom(name, text, atoms, texts, findings)
    unsound = _unsound(texts, atoms)
    findings += (each for found in unsound.values() for each in found)
    sound = {url: atom for url, atom in atoms.items() if url not in unsound}
    return Repository(tuple(_checked(documents, atoms, unsound)), sound, tuple(sorted(findings)), texts)


def from_snapshot(text: bytes) -> Repository:
    """What :meth:`Repository.snapshot` wrote. Raises InvalidRequest for anything else."""
    try:
        snapshot = msgspec.json.decode(text, type=_Snapshot)
    except msgspec.DecodeError as error:
        raise InvalidRequest(f"This is no snapshot of contracts: {error}") from error
    documents = [read_document(path, text) for path, text in snapshot.documents.items()]
    return Repository(tuple(_checked(documents, snapshot.atoms)), snapshot.atoms)


class _Snapshot(msgspec.Struct):
    documents: dict[str, str]
    atoms: dict[str, Any]


def is_read(path: PurePath) -> bool:
    """Whether a file at ``path``, relative to a repository, is looked at: documents, atoms, nothing hidden."""
    return path.suffix in (".md", ".json") and not any(_is_passed(name) for name in path.parts)


def _files(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        if _is_passed(path.name) or path.is_symlink():
            continue
        if path.is_dir():
            yield from _files(path)
        elif path.is_file() and is_read(PurePath(path.name)):  # a pipe would be waited for
            yield path


def _is_passed(name: str) -> bool:
    return name.startswith(".") or name in _PASSED


def _document(name: str, text: str) -> list[Document]:
    document = read_document(name, text)
    # Prose without a schema, such as a README, is none of ours, unless its block of YAML has settings of a contract or
    # is too broken to tell.
    ours = document.schema is not None or bool(document.lines.keys() & {"type", "publisher"})
    return [document] if ours or document.lines.keys() == {""} else []


def _atom(name: str, text: str, atoms: dict[str, Any], texts: dict[str, Text], findings: list[Finding]) -> None:
    atom = Text(name, text.removeprefix(BOM), 1)
    if atom.value is None and atom.findings:
        findings += atom.findings
        return
    url = base(atom.value)
    if not url:
        if isinstance(atom.value, dict) and "$schema" in atom.value:
            findings.append(atom.finding((), "no-id", 'An atom needs an "$id", the URL by which it is referred to.'))
        return  # other JSON may lie about
    findings += atom.findings
    if "://" not in url or not _is_url(url):
        findings.append(atom.finding(("$id",), "bad-id", f"{url!r} is no absolute URL."))
    elif url in atoms:
        findings.append(atom.finding(("$id",), "doubled-id", f"Another file is {url} already."))
    else:
        atoms[url] = atom.value
        texts[url] = atom


def _is_url(text: str) -> bool:
    try:
        Validator({"$id": text})
    except InvalidRequest:
        return False
    return True


def _unsound(texts: Mapping[str, Text], atoms: Mapping[str, Any]) -> dict[str, list[Finding]]:
    """The atoms that have something wrong, with what it is; also because of others that they refer to."""
    unsound = {url: found for url, text in texts.items() if (found := list(alone(text, atoms)))}
    while True:
        left = ((url, text) for url, text in texts.items() if url not in unsound)
        more = {url: found for url, text in left if (found := list(together(text, atoms, unsound)))}
        if not more:
            return unsound
        unsound |= more


def _checked(
    documents: Iterable[Document], atoms: Mapping[str, Any], unsound: Collection[str] = ()
) -> Iterator[Document]:
    """The documents, with what is wrong with their schemas, and no contract then. What else is wrong hides nothing."""
    for document in documents:
        if document.schema is None or (document.schema.value is None and document.schema.findings):
            yield document
            continue
        found = tuple(check(document.schema, atoms, unsound))
        contract = None if found else document.contract
        yield msgspec.structs.replace(document, contract=contract, findings=tuple(sorted((*document.findings, *found))))
