"""The document of one event in git: Markdown that people read, with the settings, the schema and the examples in it.

    # Delivery Scheduled
    ```yaml
    type: DeliveryScheduled
    publisher: delivery
    subscribers: [logistics]
    ```
    Raised when a delivery slot is booked because an order is placed.
    ## Schema
    ```json
    {"type": "object", ...}
    ```
    ## Example
    ```json
    {...}
    ```

Reading never fails: what is wrong is a finding with its line, and there is no contract if one of them is an error.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
from markdown_it import MarkdownIt
from markdown_it.token import Token
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.constructor import RoundTripConstructor
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from eventyard.contract.contract import Contract, Example
from eventyard.contract.finding import Finding, Place
from eventyard.contract.place import Pointer
from eventyard.contract.schema import Text
from eventyard.text import did_you_mean, printable

_TEXTS = ("type", "publisher", "source", "bus", "owner", "deprecated", "sunset")
_LISTS = ("subscribers", "correlation", "pii")
SETTINGS = (*_TEXTS, "version", *_LISTS)
"""What the YAML block may say."""


BOM = "\ufeff"
"""What some editors put before a text of UTF-8; it is no part of it."""


class _Constructor(RoundTripConstructor):
    """Dates stay texts: one that is in no calendar is a finding of its own, and no reason to read nothing."""


_Constructor.add_constructor("tag:yaml.org,2002:timestamp", RoundTripConstructor.construct_yaml_str)


def _yaml() -> YAML:
    yaml = YAML(typ="rt")
    yaml.Constructor = _Constructor
    return yaml


class Document(msgspec.Struct, frozen=True):
    """``contract``: None if a finding is an error. ``schema``: the schema's text and place, for those who check it.
    ``settings``: those of the YAML block that could be read."""

    path: str
    text: str
    contract: Contract | None
    findings: tuple[Finding, ...] = ()
    schema: Text | None = None
    examples: tuple[Text, ...] = ()
    #: The lines of the settings, by name, and of their block under "".
    lines: dict[str, int] = {}
    settings: Mapping[str, Any] = {}
    #: The lines and columns of the settings' values, by name, and of the items of lists, by name and index.
    places: Mapping[Pointer, tuple[int, int]] = {}

    def place(self, *pointer: str | int) -> Place:
        """Of a setting, or of an item of it; of the block or the document if it is not there."""
        if pointer in self.places:
            return (self.path, *self.places[pointer])
        return self.path, self.lines.get(str(pointer[0]) if pointer else "", self.lines.get("", 1)), 1


def read_document(path: str, text: str) -> Document:
    """The document in ``text``. Its schema's references are not looked at here: that takes the whole repository."""
    return _Reader(path, text).document()


class _Reader:
    def __init__(self, path: str, text: str) -> None:
        self._path = path
        self._given, self._text = text, text.removeprefix(BOM)
        self._found: list[Finding] = []
        self._lines: dict[str, int] = {}
        self._read: dict[str, Any] = {}
        self._places: dict[Pointer, tuple[int, int]] = {}
        self._tokens = MarkdownIt("commonmark").parse(self._text)

    def document(self) -> Document:
        title, sections = self._sections()
        settings = self._settings(sections[0][1])
        schema: Text | None = None
        examples: list[tuple[str, Text, Token]] = []
        prose = [_prose(self._text, sections[0][1])]
        for heading, tokens in sections[1:]:
            fences = [token for token in tokens if token.type == "fence"]
            if heading.lower() == "schema":
                if schema is not None:
                    self._find(_line(tokens), "second-schema", "There is one schema only; this section is another.")
                    continue
                schema = self._json(heading, tokens, fences, 1)
            elif heading.lower().startswith("example"):
                if (example := self._json(heading, tokens, fences, 0)) is not None:
                    name = heading.partition(":")[2].strip() or f"Example {len(examples) + 1}"
                    examples.append((name, example, fences[0]))
                examples += [
                    (f"{heading} {at}", Text(self._path, fence.content, _first(fence)), fence)
                    for at, fence in enumerate(fences[1:], 2)
                ]
            else:
                body = _prose(self._text, tokens)
                prose.append(body and f"## {heading}\n\n{body}")
        if schema is None and not any(heading.lower() == "schema" for heading, _ in sections[1:]):
            self._find(_last_line(self._text), "no-schema", 'There is no section "## Schema" with a block of JSON.')
        texts = [text for text in (schema, *(text for _, text, _ in examples)) if text is not None]
        findings = sorted([*self._found, *(one for text in texts for one in text.findings)])
        contract = None
        if settings is not None and schema is not None and not any(one.severity == "error" for one in findings):
            contract = self._contract(settings, schema.value, title, "\n\n".join(filter(None, prose)), examples)
        return Document(
            self._path,
            self._given,
            contract,
            tuple(findings),
            schema,
            tuple(text for _, text, _ in examples),
            self._lines,
            self._read,
            self._places,
        )

    def _contract(
        self,
        settings: dict[str, Any],
        schema: Any,
        title: str,
        description: str,
        examples: list[tuple[str, Text, Token]],
    ) -> Contract:
        settings = {"source": settings["publisher"], **settings}
        shown = [Example(name, text.value, _first(fence)) for name, text, fence in examples]
        return Contract(
            **settings, schema=schema, title=title, description=description, examples=shown, path=self._path
        )

    def _sections(self) -> tuple[str, list[tuple[str, list[Token]]]]:
        """The title, and (heading, tokens) of each section of the second level; the first, without one, is the top."""
        title, sections = "", [("", list[Token]())]
        tokens = iter(self._tokens)
        for token in tokens:
            if token.type == "heading_open" and token.tag in ("h1", "h2"):
                words = next(tokens).content.strip()
                next(tokens)
                if token.tag == "h2":
                    sections.append((words, [token]))
                elif title:
                    self._find(_line([token]), "second-title", f"There is one title only; {words!r} is another.")
                else:
                    title = words
            elif token.level == 0:
                sections[-1][1].append(token)
        if not title:
            self._find(1, "no-title", "The document begins with a title: # What Happened")
        return title, sections

    def _settings(self, tokens: list[Token]) -> dict[str, Any] | None:
        fence = next((t for t in tokens if t.type == "fence" and t.info.strip().lower() in ("yaml", "yml")), None)
        if fence is None:
            message = "There is no block of YAML below the title that says type and publisher."
            self._find(_line(tokens), "no-settings", message)
            return None
        first = self._lines[""] = _first(fence)
        try:
            given = _yaml().load(fence.content)
        except MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            line, column = (mark.line, mark.column + 1) if mark else (0, 1)
            self._find(first + line, "bad-yaml", f"{error.problem or error.context or 'The YAML is broken'}.", column)
            return None
        except RecursionError:
            self._find(first, "bad-yaml", "The YAML is nested too deeply.")
            return None
        except (YAMLError, ValueError) as error:
            self._find(first, "bad-yaml", f"{str(error).partition(chr(10))[0]}.")
            return None
        if not isinstance(given, CommentedMap):
            del self._lines[""]  # some other block of YAML, for all that is known
            self._find(first, "bad-yaml", "The block says nothing; it wants lines such as `type: PurchaseApproved`.")
            return None
        settings = self._read
        for name in given:
            line, column = given.lc.key(name)
            self._lines[str(name)] = first + line
            value = self._setting(str(name), given[name], first + line, column + 1)
            if value is not None:
                settings[str(name)] = value
                self._note(first, given, str(name))
        for name in ("type", "publisher"):
            if name not in given:
                self._find(first, "missing-setting", f"The block does not say {name}.")
        return settings if {"type", "publisher"} <= settings.keys() else None

    def _note(self, first: int, given: CommentedMap, name: str) -> None:
        """Keep where a value and its items stand; ``first`` is the block's first line."""
        line, column = given.lc.value(name)
        self._places[(name,)] = first + line, column + 1
        if isinstance(given[name], CommentedSeq):
            for index in range(len(given[name])):
                line, column = given[name].lc.item(index)
                self._places[(name, index)] = first + line, column + 1

    def _setting(self, name: str, value: Any, line: int, column: int) -> Any:
        """The value of one setting; None, with a finding, for what it can't be."""
        if name not in SETTINGS:
            hint = did_you_mean(name, SETTINGS) or f" There are {', '.join(SETTINGS)}."
            self._find(line, "unknown-setting", f"{name} is not known.{hint}", column)
        elif name == "version":
            if type(value) is int and value >= 1:
                return value
            self._find(line, "bad-setting", f"version is a number from 1 on, not {value!r}.", column)
        elif name in _LISTS:
            items = list(value) if isinstance(value, CommentedSeq) else [value]
            if all(isinstance(item, str) and item for item in items):
                for index, item in enumerate(items):
                    self._shown(f"item {index + 1} of {name}", item, line, column)
                return tuple(str(item) for item in items)
            if value is not None:  # `subscribers:` with nothing behind it is an empty list
                self._find(line, "bad-setting", f"{name} is a list of names.", column)
        else:
            # YAML reads a name that happens to be a number as one.
            if isinstance(value, CommentedMap | CommentedSeq) or value is None or not str(value).strip():
                self._find(line, "bad-setting", f"{name} is a text.", column)
            else:
                self._shown(name, str(value), line, column)
                return str(value)
        return None

    def _shown(self, what: str, value: str, line: int, column: int) -> None:
        """Names stand in logs, terminals and rules: with a line break in one, something else could be said there."""
        if printable(value) != value:
            message = f"{what} has characters that can't be seen: {value}"
            self._find(line, "bad-setting", message, column)

    def _json(self, heading: str, tokens: list[Token], fences: list[Token], most: int) -> Text | None:
        """The first block of a section; more than ``most`` (0: any number) are findings."""
        if not fences:
            self._find(_line(tokens), "no-json", f'The section "{heading}" has no block of JSON.')
            return None
        for fence in fences[most:] if most else ():
            self._find(_first(fence) - 1, "second-block", f'The section "{heading}" has one block of JSON only.')
        return Text(self._path, fences[0].content, _first(fences[0]))

    def _find(self, line: int, rule: str, message: str, column: int = 1) -> None:
        self._found.append(Finding(self._path, line, column, rule, message))


def _prose(text: str, tokens: list[Token]) -> str:
    """The Markdown of ``tokens`` but for blocks of YAML, which are for programs, as it was written."""
    return "\n\n".join(_written(text, tokens))


def _written(text: str, tokens: list[Token]) -> Iterator[str]:
    lines = text.splitlines()
    for token in tokens:
        if token.map is not None and token.nesting >= 0 and not token.type.startswith("heading"):
            if token.type == "fence" and token.info.lower().split()[:1] in (["yaml"], ["yml"]):
                continue
            yield "\n".join(lines[token.map[0] : token.map[1]]).strip()


def _line(tokens: list[Token]) -> int:
    return next((token.map[0] + 1 for token in tokens if token.map), 1)


def _first(fence: Token) -> int:
    """The line of a block's first line of content; of the fence itself where the file ends with that."""
    return (fence.map[0] if fence.map else 0) + (2 if fence.content else 1)


def _last_line(text: str) -> int:
    return max(1, len(text.splitlines()))
