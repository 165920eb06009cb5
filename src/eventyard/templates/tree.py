"""What a template says, with the place of every part of it: the form that all readers work on.

Values of JSON, and what is only known once another resource exists. Nothing here knows what any of it means.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeAlias

import msgspec

from eventyard.contract.finding import Place
from eventyard.resource import Join, Reference


class Missing(msgspec.Struct, frozen=True):
    """No value. ``said``: there was a finding about it; else ``AWS::NoValue`` took it away."""

    said: bool


UNKNOWN = Missing(True)
GONE = Missing(False)

Value: TypeAlias = str | int | float | bool | Reference | Join | Missing | None


class Scalar(msgspec.Struct, frozen=True):
    """``text``: as it was written, which is what is wanted where a text is asked for (``012345678901``)."""

    value: Value
    place: Place
    text: str = ""


class Items(msgspec.Struct, frozen=True):
    items: tuple[Node, ...]
    place: Place


class Entry(msgspec.Struct, frozen=True):
    """``place``: of the key."""

    place: Place
    node: Node


class Fields(msgspec.Struct, frozen=True):
    entries: Mapping[str, Entry]
    place: Place

    def get(self, name: str) -> Node | None:
        entry = self.entries.get(name)
        return entry.node if entry else None

    def only(self) -> tuple[str, Entry] | None:
        """The one entry of a mapping that has one."""
        return next(iter(self.entries.items())) if len(self.entries) == 1 else None


class Choice(msgspec.Struct, frozen=True):
    """What a condition chose, and what it would have been otherwise, which is checked and not used."""

    chosen: Node
    other: Node
    place: Place


Node: TypeAlias = Scalar | Items | Fields | Choice


def scalar(value: str | int | float | bool | None, place: Place) -> Scalar:
    return Scalar(value, place, text(value))


def fields(place: Place, entries: Iterable[tuple[str, Node | None]]) -> Fields:
    """A mapping made by a reader; entries without a node are left out."""
    return Fields({name: Entry(node.place, node) for name, node in entries if node is not None}, place)


def settle(node: Node) -> Scalar | Items | Fields:
    """``node`` as conditions chose it."""
    while isinstance(node, Choice):
        node = node.chosen
    return node


def missing(node: Node) -> bool:
    settled = settle(node)
    return isinstance(settled, Scalar) and isinstance(settled.value, Missing)


def unknown(node: Node | None) -> bool:
    return node is not None and isinstance(one := settle(node), Scalar) and one.value is UNKNOWN


def plain(node: Node) -> object:
    """``node`` as a value of JSON; what conditions took away is not in it. Of what is unknown: None."""
    node = settle(node)
    if isinstance(node, Scalar):
        return None if isinstance(node.value, Missing) else node.value
    if isinstance(node, Items):
        return [plain(item) for item in node.items if not missing(item)]
    return {name: plain(entry.node) for name, entry in node.entries.items() if not missing(entry.node)}


def text(value: object) -> str:
    """A value of JSON as CloudFormation writes it into a text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def word(node: Node) -> str:
    """What kind of value it is, for messages."""
    node = settle(node)
    if isinstance(node, Items):
        return "a list"
    if isinstance(node, Fields):
        return "a mapping"
    if node.value is None:
        return "nothing"
    if isinstance(node.value, bool):
        return f"{text(node.value)}"
    if isinstance(node.value, int | float):
        return f"the number {node.text or text(node.value)}"[:80]
    if isinstance(node.value, Reference | Join):
        return "a value that is only known later"
    return f"{str(node.value)[:60]!r}"


def later(value: object) -> bool:
    """Whether ``value`` or a part of it is only known later."""
    if isinstance(value, Reference | Join):
        return True
    if isinstance(value, Mapping):
        return any(later(one) for one in value.values())
    return isinstance(value, list | tuple) and any(later(one) for one in value)
