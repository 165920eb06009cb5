"""Where a Python program publishes and handles events: calls of ``put`` and ``@handler``, as far as they are written.

What is not a literal is unknown, and unknown things are never wrong."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from eventyard.lsp.tokens import Token, tokens

_CLIENTS = frozenset({"EventClient", "SyncEventClient"})
_OPEN, _CLOSE = {"(": ")", "[": "]", "{": "}"}, frozenset(")]}")
_CONSTANTS = {"True": True, "False": False, "None": None}
_DEEPEST = 100


class Node(msgspec.Struct):
    """A value as it is written, from ``start`` to ``end``. ``kind``: object, array, scalar or unknown. ``open``:
    whether there is more in it than can be seen, such as ``**more``. ``closed``: whether its bracket is there."""

    kind: str
    start: int
    end: int = 0
    value: Any = None
    members: list[Member] = []
    items: list[Node] = []
    open: bool = False
    closed: bool = True


class Member(msgspec.Struct):
    """``key``: as it is written. ``value``: None while there is none yet."""

    key: Token
    name: str
    value: Node | None = None


class Call(msgspec.Struct):
    """``kind``: put or handler. ``event``: the token of its name. ``detail``: None while there is none."""

    kind: str
    event: Token
    detail: Node | None = None

    @property
    def type(self) -> str:
        return self.event.value or ""


class Cursor(msgspec.Struct):
    """Where writing goes on at the end of a text. ``place``: event, key or value. ``token``: the unfinished string
    there, if there is one. ``path``: the names and indexes that lead to the value, or to the object that a key is for.
    ``written``: the names that are there already."""

    place: str
    call: Call | None
    token: Token | None = None
    path: tuple[str | int, ...] = ()
    written: tuple[str, ...] = ()


def calls(text: str) -> list[Call]:
    """All calls in ``text`` whose event is a literal."""
    return _Reader(text).calls


def cursor(text: str) -> Cursor | None:
    """What is being written at the end of ``text``, if it belongs to such a call."""
    return _Reader(text).cursor


class _Reader:
    def __init__(self, text: str) -> None:
        self._tokens = list(tokens(text))
        self._end = len(text)
        self._at = 0
        self._call: Call | None = None
        self._noted = False
        self.calls: list[Call] = []
        self.cursor: Cursor | None = None
        clients = _clients(self._tokens)
        for at in range(len(self._tokens)):
            kind = self._kind(at, clients)
            if kind is not None:
                self._read(kind, at)

    def _kind(self, at: int, clients: frozenset[str]) -> str | None:
        """What begins with token ``at``: its bracket is the next but one."""
        token, behind = self._tokens[at], self._text(at + 1)
        if behind != "(" or token.kind != "name" or at == 0:
            return None
        before = self._tokens[at - 1].text
        if token.text == "handler" and (before == "@" or (before == "." and self._text(at - 3) == "@")):
            return "handler"
        if token.text == "put" and before == "." and at > 1 and self._tokens[at - 2].kind == "name":
            owner = self._tokens[at - 2].text
            if owner in clients or owner.lstrip("_") in ("events", "event_client") or owner.endswith("_events"):
                return "put"
        return None

    def _text(self, at: int) -> str:
        return self._tokens[at].text if 0 <= at < len(self._tokens) else ""

    def _note(self, cursor: Cursor) -> None:
        """The end of the text was met: the innermost that meets it is first."""
        if not self._noted:
            self._noted, self.cursor = True, cursor

    def _read(self, kind: str, at: int) -> None:
        self._at = at + 2
        self._noted = False  # a call that begins later is further in
        event = self._peek()
        if event is None or event.kind != "string":
            return
        self._call = Call(kind, event)
        self._at += 1
        # A string without its end swallows the rest of its line, so that nothing behind it can be read.
        if not event.closed:
            if event.end == self._end:
                self._note(Cursor("event", self._call, event))
            return
        if event.value is None or self._text(self._at) not in (",", ")", ""):
            return
        self.calls.append(self._call)
        if kind == "put" and self._text(self._at) == ",":
            self._at += 1
            self._detail()

    def _detail(self) -> None:
        """The second argument, or the one that is named so."""
        assert self._call is not None
        while (token := self._peek()) is not None and token.text != ")":
            named = token.kind == "name" and self._text(self._at + 1) == "="
            if named and token.text != "detail":
                self._skip()
                self._at += self._text(self._at) == ","
                continue
            if named:
                self._at += 2
            if self._peek() is not None:
                self._call.detail = self._value((), 0)
            return

    def _peek(self) -> Token | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def _value(self, path: tuple[str | int, ...], depth: int) -> Node:
        """The value that begins here. Unknown, if it is more than a literal."""
        begin = self._at
        token = self._tokens[begin]
        node = self._literal(token, path, depth)
        behind = self._peek()
        if node.closed and behind is not None and behind.text != "," and behind.text not in _CLOSE:
            self._skip()
            node = Node("unknown", token.start)
        node.end = max(node.end, self._tokens[self._at - 1].end)
        if token.kind == "string" and not token.closed and token.end == self._end and self._at == begin + 1:
            self._note(Cursor("value", self._call, token, path))
        return node

    def _literal(self, token: Token, path: tuple[str | int, ...], depth: int) -> Node:
        if depth > _DEEPEST:
            self._skip()
            return Node("unknown", token.start)
        if token.text == "{":
            return self._object(token, path, depth)
        if token.text == "[":
            return self._array(token, path, depth)
        self._at += 1
        if token.kind == "string":
            parts = [token]
            while (more := self._peek()) is not None and more.kind == "string":
                parts.append(more)
                self._at += 1
            values = [part.value for part in parts]
            if all(part.closed for part in parts) and None not in values:
                return Node("scalar", token.start, parts[-1].end, "".join(map(str, values)))
        elif token.text in _CONSTANTS:
            return Node("scalar", token.start, token.end, _CONSTANTS[token.text])
        elif token.kind == "number" or (token.text == "-" and self._is_number()):
            return self._number(token)
        elif token.text in _OPEN:
            self._at -= 1
            self._skip()
        return Node("unknown", token.start)

    def _is_number(self) -> bool:
        token = self._peek()
        return token is not None and token.kind == "number"

    def _number(self, token: Token) -> Node:
        text = token.text
        if text == "-":
            text += self._tokens[self._at].text
            self._at += 1
        for kind in (int, float):
            try:
                return Node("scalar", token.start, self._tokens[self._at - 1].end, kind(text.replace("_", "")))
            except ValueError:
                continue
        return Node("unknown", token.start)

    def _object(self, opening: Token, path: tuple[str | int, ...], depth: int) -> Node:
        node = Node("object", opening.start, closed=False)
        self._at += 1
        while True:
            token = self._peek()
            written = tuple(member.name for member in node.members)
            if token is None:
                self._note(Cursor("key", self._call, None, path, written))
                return node
            if token.text == "}":
                self._at += 1
                node.closed, node.end = True, token.end
                return node
            if token.kind == "string" and not token.closed and token.end == self._end:
                self._at += 1
                self._note(Cursor("key", self._call, token, path, written))
                return node
            if token.text in _CLOSE:  # another bracket's: this one was forgotten
                return node
            name = token.value if token.kind == "string" else None
            if name is not None and self._text(self._at + 1) == ":":
                self._at += 2
                member = Member(token, name)
                node.members.append(member)
                if self._peek() is None:
                    self._note(Cursor("value", self._call, None, (*path, name)))
                    return node
                if self._text(self._at) not in (",", "}"):
                    member.value = self._value((*path, name), depth + 1)
            elif token.text != ",":
                node.open = True
                self._skip()
            self._at += self._text(self._at) == ","

    def _array(self, opening: Token, path: tuple[str | int, ...], depth: int) -> Node:
        node = Node("array", opening.start, closed=False)
        self._at += 1
        while (token := self._peek()) is not None:
            if token.text == "]":
                self._at += 1
                node.closed, node.end = True, token.end
                return node
            if token.text in _CLOSE:
                return node
            if token.text == "*":
                node.open = True
                self._skip()
            elif token.text != ",":
                node.items.append(self._value((*path, len(node.items)), depth + 1))
                if self._text(self._at) not in (",", "]"):
                    node.open = True  # a comprehension, or broken
                    self._skip()
            self._at += self._text(self._at) == ","
        self._note(Cursor("value", self._call, None, (*path, len(node.items))))
        return node

    def _skip(self) -> None:
        """To the comma or the bracket that ends this argument, member or item; one token at least."""
        depth, begin = 0, self._at
        while (token := self._peek()) is not None:
            if depth == 0 and self._at > begin and (token.text == "," or token.text in _CLOSE):
                return
            if token.text in _OPEN:
                depth += 1
            elif token.text in _CLOSE:
                if depth == 0:
                    return
                depth -= 1
            self._at += 1


def _clients(found: list[Token]) -> frozenset[str]:
    """The names of clients: ``x = EventClient(...)``, ``with EventClient(...) as x``, ``x: EventClient``."""
    return frozenset(_named(found))


def _named(found: list[Token]) -> Iterator[str]:
    for at, token in enumerate(found):
        if token.kind != "name" or token.text not in _CLIENTS:
            continue
        first = at
        while first > 1 and found[first - 1].text == ".":
            first -= 2
        if first > 1 and found[first - 1].text in ("=", ":") and found[first - 2].kind == "name":
            yield found[first - 2].text
        depth = 0
        for later, each in enumerate(found[at + 1 :], at + 1):
            depth += each.text in _OPEN
            depth -= each.text in _CLOSE
            if depth <= 0:
                if later + 2 < len(found) and found[later + 1].text == "as":
                    yield found[later + 2].text
                break
