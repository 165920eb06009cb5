"""Contracts in a registry of the EventBridge Schemas API: what is put there, and the files that come back out of it.

A schema there is called ``source@DetailType``, and its content is the contract's schema in Draft 4 with all that it
refers to. What Draft 4 and a registry don't know travels in members of its own, which the API keeps as they are:
``x-eventyard-document`` (the text of the document), ``x-eventyard-atoms`` (schemas by URL), and ``x-eventyard-files``
(where they stood, and how atoms were written). Each version of an event is a version of the schema there; the newest
is always on top, because that is what whoever asks for no version gets."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any, Literal

import msgspec

from eventyard.contract import Contract, Document, Repository, from_files
from eventyard.contract.dialects import to_draft4
from eventyard.contract.references import needed
from eventyard.contract.registered import ATOMS, DOCUMENT
from eventyard.contract.repository import is_read
from eventyard.errors import InvalidRequest

FILES = "x-eventyard-files"
#: Characters in the content of a schema, by the API's model.
LONGEST = 100_000
_NAME = re.compile(r"[0-9A-Za-z_.@-]{1,385}")

Action = Literal["create", "add-version", "unchanged", "delete", "leave"]


class Step(msgspec.Struct, frozen=True):
    """One thing to do in the registry. ``leave``: it is there and not in the repository. ``left_out``: what Draft 4
    can't say, as JSON pointers and keywords; the document says it still."""

    action: Action
    name: str
    version: int = 0
    content: str = ""
    description: str = ""
    left_out: tuple[str, ...] = ()


class Stored(msgspec.Struct, frozen=True):
    """A contract as it was found in a registry: its document, the atoms that it needs, and the paths they had."""

    contract: Contract
    document: str
    path: str
    atoms: Mapping[str, Any]
    atom_paths: Mapping[str, str]
    atom_texts: Mapping[str, str]

    def files(self) -> dict[str, str]:
        """The texts by path."""
        found = {self.path: self.document}
        for url, schema in self.atoms.items():
            found[self.atom_paths[url]] = self.atom_texts.get(url, written(schema))
        return found


def content_of(contract: Contract, repository: Repository) -> tuple[str, tuple[str, ...]]:
    """What is stored for ``contract``, and what of it Draft 4 can't say. Raises InvalidRequest if it is too large."""
    document = next(one for one in repository.documents if one.contract is contract or one.path == contract.path)
    atoms = needed(contract.schema, repository.atoms)
    converted = to_draft4(contract.schema, atoms)
    whole = converted.schema | {DOCUMENT: document.text, ATOMS: atoms, FILES: _files(document, atoms, repository)}
    text = json.dumps(whole, ensure_ascii=False, separators=(",", ":"))
    if len(text) > LONGEST:
        raise InvalidRequest(
            f"{contract.path} takes {len(text):,} characters in a registry with the atoms that it needs, and "
            f"{LONGEST:,} are allowed. Examples that are shorter, or smaller schemas, help."
        )
    return text, tuple(f"{one.pointer} {one.keyword}" for one in converted.left_out)


def plan(repository: Repository, stored: Mapping[str, Sequence[str]], prune: bool = False) -> list[Step]:
    """What makes the registry say what ``repository`` says. ``stored``: the contents of every version of the schemas
    that it has, the newest first. With ``prune``, what was pushed there and isn't in the repository any more goes.

    Raises InvalidRequest for a name that a registry doesn't take."""
    steps: list[Step] = []
    versions: dict[str, list[Contract]] = {}
    for contract in repository.contracts:
        if not _NAME.fullmatch(contract.name):
            raise InvalidRequest(
                f"{contract.path}: a registry takes no name like {contract.name!r}, only letters, digits and . _ - @."
            )
        versions.setdefault(contract.name, []).append(contract)
    for name, contracts in versions.items():
        steps += _steps(name, contracts, repository, stored.get(name, ()))
    for name, contents in stored.items():
        if name not in versions and any(read_content(one) for one in contents):
            steps.append(Step("delete" if prune else "leave", name))
    return sorted(steps, key=lambda step: step.name)


def read_content(text: str) -> Stored | None:
    """The contract in the content of a schema; None for one that was not put there as a contract, or is broken."""
    try:
        content = json.loads(text)
    except ValueError:
        return None
    document = content.get(DOCUMENT) if isinstance(content, dict) else None
    if not isinstance(document, str):
        return None
    atoms = content.get(ATOMS)
    atoms = atoms if isinstance(atoms, dict) else {}
    known = content.get(FILES)
    known = known if isinstance(known, dict) else {}
    kept = known.get("atoms")
    kept = kept if isinstance(kept, dict) else {}
    named = {f"{at}.json": json.dumps(schema) for at, schema in enumerate(atoms.values())}
    contracts = from_files({"document.md": document, **named}).contracts
    if not contracts:
        return None
    # Whoever may write to the registry must not say where files go on this machine.
    path = safe(known.get("document"), ".md") or f"events/{_plain(contracts[0].name)}.v{contracts[0].version}.md"
    places = {url: safe(_member(kept, url, "path"), ".json") or f"atoms/{_plain(url)}.json" for url in atoms}
    own = {url: _member(kept, url, "text") for url in atoms}
    texts = {url: text for url, text in own.items() if text is not None and _says(text, atoms[url])}
    return Stored(contracts[0], document, path, atoms, places, texts)


def newest(contents: Sequence[str]) -> dict[int, Stored]:
    """The contracts in the versions of one schema (``contents``, the newest first), by their own versions."""
    found: dict[int, Stored] = {}
    for text in contents:
        stored = read_content(text)
        if stored is not None:
            found.setdefault(stored.contract.version, stored)
    return found


def safe(path: Any, suffix: str) -> str | None:
    """``path``, if it leads to a file with ``suffix`` inside of a repository; else None."""
    if not isinstance(path, str) or "\\" in path or "\0" in path or ":" in path:
        return None
    parts = PurePosixPath(path)
    if parts.is_absolute() or ".." in parts.parts or parts.suffix != suffix or not is_read(parts):
        return None
    return parts.as_posix()


def written(schema: Any) -> str:
    """An atom as a file, where it is not known how it was written."""
    return json.dumps(schema, ensure_ascii=False, indent=2) + "\n"


def _steps(name: str, contracts: Sequence[Contract], repository: Repository, contents: Sequence[str]) -> list[Step]:
    there = {}
    for text in reversed(contents):
        stored = read_content(text)
        if stored is not None:
            there[stored.contract.version] = text
    steps: list[Step] = []
    for contract in contracts:
        content, left_out = content_of(contract, repository)
        same = contract.version in there and json.loads(there[contract.version]) == json.loads(content)
        action: Action = "unchanged" if same else "add-version" if contents or steps else "create"
        steps.append(Step(action, name, contract.version, content, contract.title[:256], left_out))
    top = steps[-1]
    buried = any(step.action != "unchanged" for step in steps[:-1]) or not _on_top(top, contents)
    if top.action == "unchanged" and buried:
        steps[-1] = msgspec.structs.replace(top, action="add-version")
    return steps


def _on_top(step: Step, contents: Sequence[str]) -> bool:
    return bool(contents) and json.loads(contents[0]) == json.loads(step.content)


def _files(document: Document, atoms: Mapping[str, Any], repository: Repository) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for url, schema in atoms.items():
        text = repository.texts.get(url)
        if text is not None:
            own = {} if text.text == written(schema) else {"text": text.text}
            found[url] = {"path": text.path, **own}
    return {"document": document.path, "atoms": found}


def _member(kept: Mapping[str, Any], url: str, name: str) -> str | None:
    entry = kept.get(url)
    value = entry.get(name) if isinstance(entry, dict) else None
    return value if isinstance(value, str) else None


def _says(text: str, schema: Any) -> bool:
    try:
        return bool(json.loads(text) == schema)
    except ValueError:
        return False


def _plain(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name.partition("://")[2] or name).strip("-.")[:100] or "x"
