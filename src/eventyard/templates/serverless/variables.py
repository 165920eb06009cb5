"""The variables of Serverless Framework: ``${self:custom.name}``, ``${opt:stage, 'dev'}`` and so on, resolved.

Its documentation, "Variables" (version 3): sources, fallbacks after commas, variables within variables. What has to be
asked from AWS or run as a program is refused by name. ``${AWS::Region}`` and the like are for ``Fn::Sub`` and stay.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Mapping

import msgspec

from eventyard.contract.finding import Place
from eventyard.templates.findings import Findings
from eventyard.templates.text import read_tree
from eventyard.templates.tree import UNKNOWN, Entry, Fields, Items, Node, Scalar, scalar, text, unknown, word

SOURCES = ("aws", "env", "file", "opt", "param", "self", "sls", "strToBool")
REFUSED = ("cf", "doppler", "git", "output", "s3", "ssm", "terraform", "vault")

_HEAD = re.compile(r"(?P<source>[a-zA-Z][a-zA-Z0-9_-]*)(?:\((?P<given>[^()]*)\))?(?::(?!:)(?P<address>.*))?", re.DOTALL)
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]{0,17})(?:\.[0-9]{1,18})?")
#: Levels of variables that lead to variables.
_DEEPEST = 40


class Given(msgspec.Struct, frozen=True):
    """What variables may ask for besides the file. ``options``: of the command line (``stage``). ``environment``: of
    who applies the file. ``file``: the text of a file of the project by its path in it; None where there is none."""

    options: Mapping[str, str] = {}
    environment: Mapping[str, str] = {}
    file: Callable[[str], str | None] = lambda path: None
    account: str = "000000000000"
    region: str = "us-east-1"
    parameters: Mapping[str, str] = {}


class _Unresolved(Exception):
    """No source of a variable has a value; there may be a fallback. ``message`` None: said already."""

    def __init__(self, message: str | None) -> None:
        super().__init__(message)
        self.message = message


class Variables:
    """Resolves the variables of the file ``path``, whose tree is ``root``."""

    def __init__(self, path: str, root: Node, given: Given, findings: Findings) -> None:
        self._path = path
        self._root = root
        self._given = given
        self._findings = findings
        self._done: dict[str, Node] = {}
        self._files: dict[str, Node | None] = {}
        self._doing: list[str] = []
        #: Options and parameters that were asked for.
        self.used: set[str] = set()

    def resolve(self, node: Node) -> Node:
        """``node`` with all variables in it replaced; what can't be is a finding and unknown."""
        if isinstance(node, Items):
            return Items(tuple(self.resolve(item) for item in node.items), node.place)
        if isinstance(node, Fields):
            entries = {name: Entry(entry.place, self.resolve(entry.node)) for name, entry in node.entries.items()}
            return Fields(entries, node.place)
        if isinstance(node, Scalar) and isinstance(node.value, str) and "${" in node.value:
            try:
                return self._text(node.value, node.place)
            except _Unresolved as error:
                if error.message:
                    self._findings.error(node.place, "unresolved-variable", error.message)
                return Scalar(UNKNOWN, node.place)
        return node

    def stage(self, place: Place) -> str:
        """Serverless: ``${opt:stage, self:provider.stage, "dev"}``."""
        found = self._alternatives("opt:stage, self:provider.stage, 'dev'", place)
        return text(found.value) if isinstance(found, Scalar) else "dev"

    def _text(self, written: str, place: Place) -> Node:
        parts = list(_parts(written))
        if len(parts) == 1 and parts[0][0]:
            return self._variable(parts[0][1], place)
        made = []
        for is_variable, part in parts:
            value: Node = self._variable(part, place) if is_variable else scalar(part, place)
            if unknown(value):
                return value
            if not isinstance(value, Scalar):
                raise _Unresolved(f"${{{part[:100]}}} is {word(value)}, which can't be a part of a text.")
            made.append(text(value.value))
            self._findings.spend(len(made[-1]), place)
        return scalar("".join(made), place)

    def _variable(self, inside: str, place: Place) -> Node:
        if not _is_variable(inside):
            return scalar("${" + inside + "}", place)
        return self._alternatives(inside, place)

    def _alternatives(self, inside: str, place: Place) -> Node:
        """The first of the sources with commas between them that has a value."""
        refused = None
        for one in _split(inside):
            try:
                found = self._source(one.strip(), place)
            except _Unresolved as error:
                if error.message is None:
                    raise
                refused = refused or error.message
                continue
            if not (isinstance(found, Scalar) and found.value is None):
                return found
        if refused is None:
            return scalar(None, place)
        raise _Unresolved(refused)

    def _source(self, one: str, place: Place) -> Node:
        if (literal := _literal(one)) is not None:
            return scalar(literal[0], place)
        if one.startswith("${"):
            return self._text(one, place)
        found = _HEAD.fullmatch(one)
        if found is None:
            raise _Unresolved(f"${{{one[:100]}}} is no variable.")
        source, given, address = found["source"], found["given"], found["address"]
        given, address = self._inner(given, place), self._inner(address, place)
        if source in REFUSED or source.startswith("cf"):
            raise _Unresolved(f"${{{one[:100]}}}: values from {source} can't be asked here.")
        if source == "file" and given is not None:
            return self._within(self._file(given), address, f"file({given})", one, place)
        if source == "self" and address is not None:
            return self._within(self._root, address, "self", one, place)
        if source == "strToBool" and given is not None:
            return self._truth(given)
        known: Mapping[str, Mapping[str, str]] = {
            "env": self._given.environment,
            "opt": self._given.options,
            "aws": {"accountId": self._given.account, "region": self._given.region},
        }
        if source in ("opt", "param") and address is not None:
            self.used.add(address)
        if source in known and address is not None:
            if address in known[source]:
                return scalar(known[source][address], place)
        elif source == "sls" and address == "stage":
            return scalar(self.stage(place), place)
        elif source == "param" and address is not None:
            return self._parameter(address, one, place)
        else:
            self._findings.unknown(place, "unknown-variable", "The source of variables", source, SOURCES)
            raise _Unresolved(None)
        raise _Unresolved(f"${{{one[:100]}}} has no value.")

    def _inner(self, written: str | None, place: Place) -> str | None:
        """An address, with the variables in it resolved."""
        if written is None or "${" not in written:
            return written
        found = self._text(written, place)
        if not isinstance(found, Scalar) or unknown(found):
            raise _Unresolved(None if unknown(found) else f"{written[:100]} is {word(found)}, not a text.")
        return text(found.value)

    def _parameter(self, name: str, one: str, place: Place) -> Node:
        if name in self._given.parameters:
            return scalar(self._given.parameters[name], place)
        for stage in (self.stage(place), "default"):
            try:
                return self._within(self._root, f"params.{stage}.{name}", "self", one, place)
            except _Unresolved as error:
                if error.message is None:
                    raise
        raise _Unresolved(f"${{{one[:100]}}} has no value.")

    def _within(self, root: Node | None, address: str | None, origin: str, one: str, place: Place) -> Node:
        """What is at ``address`` in a tree, resolved. Each is resolved once; in a circle it is a finding."""
        key = f"{origin}:{address or ''}"
        if key not in self._done:
            if key in self._doing or len(self._doing) >= _DEEPEST:
                what = "leads to itself" if key in self._doing else "leads through too many others"
                self._findings.error(place, "circular", f"${{{one[:100]}}} {what}.")
                raise _Unresolved(None)
            self._doing.append(key)
            try:
                self._done[key] = self.resolve(self._walk(root, address, one))
            finally:
                self._doing.pop()
        found = self._done[key]
        if unknown(found):
            raise _Unresolved(None)
        self._findings.spend(_size(found), place)
        return Scalar(found.value, place, found.text) if isinstance(found, Scalar) else found

    def _walk(self, node: Node | None, address: str | None, one: str) -> Node:
        for key in address.split(".") if address else ():
            if isinstance(node, Scalar):
                node = self.resolve(node)
            if isinstance(node, Items) and key.isdigit() and len(key) < 6 and int(key) < len(node.items):
                node = node.items[int(key)]
            elif isinstance(node, Fields) and key in node.entries:
                node = node.entries[key].node
            elif node is not None and unknown(node):
                raise _Unresolved(None)
            else:
                raise _Unresolved(f"${{{one[:100]}}} has no value.")
        if node is None:
            raise _Unresolved(f"${{{one[:100]}}} has no value: there is no such file.")
        return node

    def _file(self, named: str) -> Node | None:
        """The tree of a file of the project, or its text where it is neither YAML nor JSON."""
        path = posixpath.normpath(named.strip())
        if path.startswith(("/", "~")) or path.split("/")[0] == "..":
            raise _Unresolved(f"The file {named[:100]} is outside of the project.")
        if path.endswith((".js", ".cjs", ".mjs", ".ts")):
            raise _Unresolved(f"The file {named[:100]} is a program, which is not run here.")
        if path not in self._files:
            content = self._given.file(path)
            full = posixpath.normpath(posixpath.join(posixpath.dirname(self._path), path))
            if content is None:
                self._files[path] = None
            elif path.endswith((".yml", ".yaml", ".json")):
                self._files[path] = read_tree(full, content, self._findings, old=False)
                if self._files[path] is None:
                    raise _Unresolved(None)
            else:
                self._files[path] = scalar(content, (full, 1, 1))
        return self._files[path]

    def _truth(self, given: str) -> Node:
        values = {"true": True, "1": True, "false": False, "0": False}
        if given.strip().lower() not in values:
            raise _Unresolved(f"strToBool takes true, false, 1 and 0, not {given[:60]}.")
        return scalar(values[given.strip().lower()], (self._path, 1, 1))


def _parts(written: str) -> list[tuple[bool, str]]:
    """A text cut into what is as it is (False) and the insides of variables (True)."""
    parts: list[tuple[bool, str]] = []
    at = start = 0
    while (at := written.find("${", at)) >= 0:
        end = _closing(written, at + 2)
        if end < 0:
            break
        if at > start:
            parts.append((False, written[start:at]))
        parts.append((True, written[at + 2 : end]))
        at = start = end + 1
    if start < len(written) or not parts:
        parts.append((False, written[start:]))
    return parts


def _closing(written: str, at: int) -> int:
    """The offset of the brace that closes what begins before ``at``; -1 without one."""
    depth = 1
    for offset in range(at, len(written)):
        if written[offset] == "{" and written[offset - 1] == "$":
            depth += 1
        elif written[offset] == "}":
            depth -= 1
            if depth == 0:
                return offset
    return -1


def _split(inside: str) -> list[str]:
    """At the commas that are not in quotes, parentheses or variables."""
    parts, depth, quote, start = [], 0, "", 0
    for at, letter in enumerate(inside):
        if quote:
            quote = "" if letter == quote else quote
        elif letter in "'\"":
            quote = letter
        elif letter in "({":
            depth += 1
        elif letter in ")}":
            depth -= 1
        elif letter == "," and depth <= 0:
            parts.append(inside[start:at])
            start = at + 1
    return [*parts, inside[start:]]


def _is_variable(inside: str) -> bool:
    """Whether it is one of ours: ``source:address`` or ``source(parameter)``, not a name for ``Fn::Sub``."""
    found = re.match(r"\s*[a-zA-Z][a-zA-Z0-9_-]*(\(|:(?!:))", inside)
    return found is not None


def _literal(one: str) -> tuple[str | int | float | bool | None] | None:
    if len(one) >= 2 and one[0] in "'\"" and one[-1] == one[0]:
        return (one[1:-1],)
    if one in ("true", "false", "null"):
        return ({"true": True, "false": False, "null": None}[one],)
    if _NUMBER.fullmatch(one):
        return (float(one) if "." in one else int(one),)
    return None


def _size(node: Node) -> int:
    if isinstance(node, Items):
        return 1 + sum(_size(item) for item in node.items)
    if isinstance(node, Fields):
        return 1 + sum(_size(entry.node) for entry in node.entries.values())
    return 1 + len(node.text) if isinstance(node, Scalar) else 1
