"""What a repository of contracts says of itself in ``contracts.yml``: its services, and how it wants to be linted.

    services:
      sales: orders and payments
      finance: pays and is paid
    targets:
      arn:aws:sqs:*:*:ledger-*: finance
    lint:
      case: PascalCase
      past: [Upsold]
      off:
        no-description: Our fields are described in the data dictionary.
        record-style: {only: [CustomerUpdated], reason: The CRM sends it like this.}

The file is optional, and so is all that is in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal

import msgspec
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from eventyard.contract import Finding
from eventyard.contract.finding import Place
from eventyard.contract.place import Pointer
from eventyard.text import did_you_mean

FILE = "contracts.yml"
_LARGEST = 1_000_000
Case = Literal["PascalCase", "camelCase"]


class Exemption(msgspec.Struct, frozen=True):
    """Why a rule does not count. ``only``: for these types or files; for all if there are none."""

    reason: str
    only: tuple[str, ...] = ()


class Conventions(msgspec.Struct, frozen=True):
    """``services``: all that exist, with what they do; None if they are not listed. ``case``: how types are written;
    None if it only has to be the same everywhere. ``past``: words, in lower case, that are in the past tense although
    the lint doesn't know them. ``off``: the rules that don't count. ``findings``: what is wrong in the file.
    ``targets``: services by patterns of the ARNs of their targets, with ``*``."""

    services: Mapping[str, str] | None = None
    case: Case | None = None
    past: frozenset[str] = frozenset()
    off: Mapping[str, Exemption] = {}
    findings: tuple[Finding, ...] = ()
    places: Mapping[Pointer, tuple[int, int]] = {}
    targets: Mapping[str, str] = {}

    def place(self, *pointer: str | int) -> Place:
        """Of a member of the file, or of the nearest around it that is there."""
        while pointer and pointer not in self.places:
            pointer = pointer[:-1]
        return (FILE, *self.places.get(pointer, (1, 1)))


def read_conventions(folder: Path) -> Conventions:
    """Those of the repository in ``folder``; without a file, nothing is said. Reading never fails: what is wrong is a
    finding."""
    path = folder / FILE
    if not path.is_file():
        return Conventions()
    try:
        text = path.read_text("utf-8") if path.stat().st_size <= _LARGEST else None
    except UnicodeDecodeError:
        text = None
    return conventions(text)


def conventions(text: str | None) -> Conventions:
    """Those that ``text`` says; None for a file that could not be read."""
    reader = _Reader()
    if text is None:
        reader.find((), f"The file is not UTF-8, or has more than {_LARGEST:,} bytes.")
        return Conventions(findings=tuple(reader.found))
    return reader.conventions(text)


class _Reader:
    def __init__(self) -> None:
        self.found: list[Finding] = []
        self._places: dict[Pointer, tuple[int, int]] = {}

    def find(self, pointer: Pointer, message: str) -> None:
        while pointer and pointer not in self._places:
            pointer = pointer[:-1]
        self.found.append(Finding(FILE, *self._places.get(pointer, (1, 1)), "bad-conventions", message))

    def conventions(self, text: str) -> Conventions:
        try:
            given = YAML(typ="rt").load(text)
        except MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            if mark:
                self._places[()] = mark.line + 1, mark.column + 1
            self.find((), f"{error.problem or error.context or 'The YAML is broken'}.")
            return Conventions(findings=tuple(self.found))
        except (YAMLError, ValueError) as error:
            self.find((), f"{str(error).partition(chr(10))[0]}.")
            return Conventions(findings=tuple(self.found))
        members = self._members(given, (), ("services", "targets", "lint"))
        lint = self._members(members.get("lint"), ("lint",), ("case", "past", "off"))
        services = self._services(members.get("services"))
        targets = self._targets(members.get("targets"), services)
        case = lint.get("case")
        if case not in (None, "PascalCase", "camelCase"):
            self.find(("lint", "case"), f"case is PascalCase or camelCase, not {case!r}.")
            case = None
        past = self._names(lint.get("past"), ("lint", "past"))
        off = {
            rule: exemption
            for rule, value in self._members(lint.get("off"), ("lint", "off"), None).items()
            if (exemption := self._exemption(value, ("lint", "off", rule))) is not None
        }
        return Conventions(
            services, case, frozenset(word.lower() for word in past), off, tuple(self.found), self._places, targets
        )

    def _members(self, value: Any, at: Pointer, known: Iterable[str] | None) -> dict[str, Any]:
        """The members of a mapping, of those that are ``known`` (None: of any name); nothing if it isn't one."""
        if value is None:
            return {}
        if not isinstance(value, CommentedMap):
            self.find(at, f"{at[-1] if at else 'The file'} is a mapping of names to values.")
            return {}
        members: dict[str, Any] = {}
        for name in value:
            line, column = value.lc.key(name)
            pointer = (*at, str(name))
            self._places[pointer] = line + 1, column + 1
            if known is None or name in known:
                members[str(name)] = value[name]
                continue
            hint = did_you_mean(str(name), known) or f" There are {', '.join(known)}."
            self.find(pointer, f"{name} is not known.{hint}")
        return members

    def _services(self, value: Any) -> dict[str, str] | None:
        if value is None:
            return None
        if isinstance(value, CommentedSeq):
            return dict.fromkeys(self._names(value, ("services",)), "")
        services: dict[str, str] = {}
        for name, does in self._members(value, ("services",), None).items():
            if does is not None and not isinstance(does, str):
                self.find(("services", name), f"What {name} does is said in a text.")
            services[name] = does if isinstance(does, str) else ""
        return services

    def _targets(self, value: Any, services: Mapping[str, str] | None) -> dict[str, str]:
        targets: dict[str, str] = {}
        for pattern, service in self._members(value, ("targets",), None).items():
            if not pattern.startswith("arn:") or not isinstance(service, str):
                self.find(
                    ("targets", pattern), "targets says services by ARNs, such as arn:aws:sqs:*:*:ledger-*: finance"
                )
            elif services is not None and service not in services:
                self.find(("targets", pattern), f"{service} is not among the services.")
            else:
                targets[pattern] = service
        return targets

    def _names(self, value: Any, at: Pointer) -> list[str]:
        if value is None:
            return []
        if not isinstance(value, CommentedSeq) or not all(isinstance(each, str) and each for each in value):
            self.find(at, f"{at[-1]} is a list of names.")
            return []
        for index, name in enumerate(value):
            line, column = value.lc.item(index)
            self._places[(*at, name)] = line + 1, column + 1
        return [str(each) for each in value]

    def _exemption(self, value: Any, at: Pointer) -> Exemption | None:
        if isinstance(value, str) and value.strip():
            return Exemption(value)
        if isinstance(value, CommentedMap):
            members = self._members(value, at, ("only", "reason"))
            reason = members.get("reason")
            if isinstance(reason, str) and reason.strip():
                return Exemption(reason, tuple(self._names(members.get("only"), (*at, "only"))))
        self.find(at, f"{at[-1]} is switched off without a reason; say it, for those who come after you.")
        return None
