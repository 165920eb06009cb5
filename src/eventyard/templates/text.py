"""From the text of a template, YAML or JSON, to its tree. Bounded: a small file can't become a large tree.

CloudFormation's short forms are written out (``!Sub x`` is ``Fn::Sub: x``). Which YAML: 1.2, with 1.1's ``yes`` and
``no`` where ``old`` is asked for (CloudFormation user guide, "Template formats"). Dates stay texts, as CloudFormation
takes them.
"""

from __future__ import annotations

import bisect
import io
import math
import re
from collections.abc import Mapping
from typing import Any

import msgspec
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    CollectionStartEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
)

from eventyard.contract.finding import Place
from eventyard.contract.place import Broken, Pointer, line_and_column, read
from eventyard.templates.findings import Findings
from eventyard.templates.tree import Entry, Fields, Items, Node, Scalar, text

#: Bytes of a template (CloudFormation user guide, "Quotas": 1 MB in an S3 object), and levels in it.
MOST_BYTES, DEEPEST = 1 << 20, 100

_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,29})")
_FLOAT = re.compile(
    r"(?=.*[.eE])[-+]?(?:\.[0-9]{1,50}|(?:0|[1-9][0-9]{0,49})(?:\.[0-9]{0,50})?)(?:[eE][-+]?[0-9]{1,3})?"
)
_CONSTANTS: Mapping[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_OLD: Mapping[str, bool] = {
    **dict.fromkeys(("yes", "Yes", "YES", "on", "On", "ON"), True),
    **dict.fromkeys(("no", "No", "NO", "off", "Off", "OFF"), False),
}
_YAML = "tag:yaml.org,2002:"
_CORE = {_YAML + name for name in ("null", "bool", "int", "float", "map", "seq")}
_WITHOUT_FN = ("Ref", "Condition")
FUNCTIONS = (
    *("Base64", "Cidr", "FindInMap", "ForEach", "GetAtt", "GetAZs", "GetStackOutput", "If", "ImportValue", "Join"),
    *("And", "Equals", "Not", "Or", "Length", "Select", "Split", "Sub", "ToJsonString", "Transform"),
)
SHORT: Mapping[str, str] = {
    f"!{name}": name if name in _WITHOUT_FN else f"Fn::{name}" for name in (*FUNCTIONS, *_WITHOUT_FN)
}


def read_tree(path: str, content: str, findings: Findings, old: bool = True) -> Node | None:
    """What ``content`` says; None, with a finding, for what can't be read."""
    if len(content.encode(errors="surrogatepass")) > MOST_BYTES:
        findings.error((path, 1, 1), "too-large", f"A template has {MOST_BYTES} bytes at most.")
        return None
    if content.lstrip().startswith("{") and path.endswith((".json", ".template")):
        return _read_json(path, content, findings)
    return _Yaml(path, findings, old).read(content)


def _read_json(path: str, content: str, findings: Findings) -> Node | None:
    content = content.removeprefix("\ufeff")
    try:
        value, places = read(content, DEEPEST)
    except Broken as error:
        findings.error((path, *line_and_column(content, error.at)), "bad-json", f"{error.reason}.")
        return None
    starts = [0, *(found.end() for found in re.finditer("\n", content))]

    def place(pointer: Pointer) -> Place:
        offset = places.offsets[pointer]
        line = bisect.bisect_right(starts, offset)
        return path, line, offset - starts[line - 1] + 1

    def node(value: Any, pointer: Pointer) -> Node:
        here = place(pointer)
        if isinstance(value, dict):
            inner = {name: node(one, (*pointer, name)) for name, one in value.items()}
            return Fields({name: Entry(one.place, one) for name, one in inner.items()}, here)
        if isinstance(value, list):
            return Items(tuple(node(one, (*pointer, at)) for at, one in enumerate(value)), here)
        if isinstance(value, float) and not math.isfinite(value):
            findings.error(here, "bad-json", "A number is too large.")
        return Scalar(value, here, text(value))

    for doubled in places.doubled:
        findings.error(place(doubled), "duplicate-key", f"{doubled[-1]} is there twice.")
    return node(value, ())


class _Open(msgspec.Struct):
    """A collection that is being read. ``key``: the one whose value comes next. ``anchor``: its name, if any."""

    place: Place
    tag: str | None
    anchor: str | None
    items: list[Node] | None
    entries: dict[str, Entry]
    merged: dict[str, Entry]
    key: tuple[str, Place] | None = None


class _Yaml:
    def __init__(self, path: str, findings: Findings, old: bool) -> None:
        self._path = path
        self._findings = findings
        self._old = old
        self._open: list[_Open] = []
        self._anchors: dict[str, tuple[Node, int]] = {}
        self._root: Node | None = None
        self._sizes: list[int] = [0]

    def read(self, content: str) -> Node | None:
        documents = 0
        try:
            for event in YAML(typ="safe", pure=True).parse(io.StringIO(content)):
                if isinstance(event, DocumentStartEvent):
                    documents += 1
                    if documents > 1:
                        self._bad(event, "There is more than one document in the file.")
                        return None
                if not self._take(event):
                    return None
        except MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            place = (self._path, mark.line + 1, mark.column + 1) if mark else (self._path, 1, 1)
            self._findings.error(place, "bad-yaml", f"{(error.problem or error.context or 'It is no YAML')[:300]}.")
            return None
        except RecursionError:
            raise
        except (YAMLError, ValueError, AttributeError, IndexError, TypeError, AssertionError, KeyError) as error:
            # The parser falls over some texts that are no YAML.
            reason = str(error).strip().partition("\n")[0][:300]
            self._findings.error((self._path, 1, 1), "bad-yaml", f"It is no YAML: {reason or type(error).__name__}.")
            return None
        if self._root is None:
            self._findings.error((self._path, 1, 1), "bad-yaml", "There is nothing in the file.")
        return self._root

    def _take(self, event: Event) -> bool:
        """False where reading can't go on."""
        if isinstance(event, CollectionStartEvent):
            if len(self._open) >= DEEPEST:
                self._findings.error(self._place(event), "too-deep", f"More than {DEEPEST} levels deep.")
                return False
            items: list[Node] | None = None if isinstance(event, MappingStartEvent) else []
            if self._wants_key():
                self._bad(event, "A key is a text.")
                return False
            self._open.append(_Open(self._place(event), self._tag(event), event.anchor, items, {}, {}))
            self._sizes.append(0)
        elif isinstance(event, ScalarEvent):
            if self._wants_key() and (event.value != "<<" or event.style):
                return self._name(event.value, event)
            if self._wants_key():
                self._open[-1].key = "<<", self._place(event)
            else:
                self._put(self._scalar(event), event.anchor, 1)
        elif isinstance(event, MappingEndEvent | SequenceEndEvent):
            done = self._open.pop()
            node: Node = (
                Fields({**done.merged, **done.entries}, done.place)
                if done.items is None
                else Items(tuple(done.items), done.place)
            )
            self._put(self._tagged(node, done.tag), done.anchor, self._sizes.pop() + 1)
        elif isinstance(event, AliasEvent):
            return self._alias(event)
        return True

    def _alias(self, event: AliasEvent) -> bool:
        known = self._anchors.get(event.anchor)
        if known is None:
            self._bad(event, f"There is no anchor {event.anchor[:100]} before this, or it is around it.")
            return False
        node, size = known
        if self._wants_key():
            if not isinstance(node, Scalar):
                self._bad(event, "A key is a text.")
                return False
            return self._name(node.text, event)
        self._findings.spend(size, self._place(event))
        self._put(node, None, size)
        return True

    def _wants_key(self) -> bool:
        return bool(self._open) and self._open[-1].items is None and self._open[-1].key is None

    def _name(self, name: str, event: Event) -> bool:
        here = self._open[-1]
        if name in here.entries:
            self._findings.error(self._place(event), "duplicate-key", f"{name[:100]} is there twice.")
        here.key = name, self._place(event)
        return True

    def _put(self, node: Node, anchor: str | None, size: int) -> None:
        if anchor:
            self._anchors[anchor] = node, size
        self._sizes[-1] += size
        if not self._open:
            self._root = node
            return
        here = self._open[-1]
        if here.items is not None:
            here.items.append(node)
            return
        name, place = here.key or ("", node.place)
        here.key = None
        if isinstance(node, Scalar) and node.value is None and not node.text:
            # An empty value begins where the next thing does, for the parser.
            node = Scalar(None, place)
        if name == "<<":
            self._merge(here, node)
        else:
            here.entries[name] = Entry(place, node)

    def _merge(self, here: _Open, node: Node) -> None:
        """YAML's merge keys: what is there before wins (yaml.org, "Merge Key Language-Independent Type")."""
        for one in node.items if isinstance(node, Items) else (node,):
            if isinstance(one, Fields):
                self._findings.spend(len(one.entries), node.place)
                here.merged = {**one.entries, **here.merged}
            else:
                self._findings.error(one.place, "bad-yaml", "What is merged by << is a mapping, or a list of them.")

    def _scalar(self, event: ScalarEvent) -> Node:
        place, tag, written = self._place(event), self._tag(event), event.value
        value: str | int | float | bool | None = written
        if event.style is None and tag != _YAML + "str":
            if written in _CONSTANTS:
                value = _CONSTANTS[written]
            elif self._old and written in _OLD:
                value = _OLD[written]
            elif _INTEGER.fullmatch(written):
                value = int(written)
            elif _FLOAT.fullmatch(written) and math.isfinite(float(written)):
                value = float(written)
        return self._tagged(Scalar(value, place, text(value) if isinstance(value, bool) else written), tag)

    def _tagged(self, node: Node, tag: str | None) -> Node:
        if tag is None or tag in _CORE or tag in (_YAML + "str", "!"):
            return node
        if (name := SHORT.get(tag)) is not None:
            return Fields({name: Entry(node.place, node)}, node.place)
        shown = tag.removeprefix(_YAML)
        if tag.startswith("!"):
            self._findings.unknown(node.place, "unknown-function", "The function", shown, SHORT)
        else:
            self._findings.error(node.place, "bad-yaml", f"The type !!{shown[:60]} is not read.")
        return node

    def _tag(self, event: Any) -> str | None:
        return str(event.tag) if event.tag is not None else None

    def _place(self, event: Event) -> Place:
        return self._path, event.start_mark.line + 1, event.start_mark.column + 1

    def _bad(self, event: Event, message: str) -> None:
        self._findings.error(self._place(event), "bad-yaml", message)
