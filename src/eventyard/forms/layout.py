"""How a form is laid out: JSON Forms' UI schema, in a block of the document, or top to bottom as the schema has it.

    ```yaml ui
    type: VerticalLayout
    elements:
      - {type: Control, scope: "#/properties/vin", label: Vehicle}
    ```

Source: JSON Forms, "UI Schema". Rules, categories and scopes below the event's own members are refused by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
from markdown_it import MarkdownIt
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from eventyard.errors import InvalidRequest

_LAYOUTS = ("VerticalLayout", "HorizontalLayout", "Group")
_KNOWN = {"Control": {"type", "scope", "label", "options"}, "Label": {"type", "text"}} | {
    name: {"type", "label", "elements"} for name in _LAYOUTS
}
_OPTIONS = {"multi"}
_DEEPEST = 20


class Element(msgspec.Struct, frozen=True):
    """``type``: one of JSON Forms'. ``member``: of a Control, the event's member that it is for. ``label``: None for
    the schema's own. ``multi``: whether a text has several lines."""

    type: str
    label: str | None = None
    member: str = ""
    multi: bool = False
    elements: tuple[Element, ...] = ()

    def members(self) -> Iterator[str]:
        if self.type == "Control":
            yield self.member
        for element in self.elements:
            yield from element.members()


def ui_of(text: str) -> Any:
    """The UI schema in the Markdown of a contract's document; None if there is none. Raises InvalidRequest for what is
    no YAML."""
    for token in MarkdownIt("commonmark").parse(text):
        if token.type == "fence" and token.info.split() in (["yaml", "ui"], ["yml", "ui"]):
            try:
                return YAML(typ="safe").load(token.content)
            except (YAMLError, ValueError) as error:
                raise InvalidRequest(f"The UI schema can't be read: {error}") from error
    return None


def layout(ui: Any) -> Element:
    """The layout that a UI schema says. Raises InvalidRequest with what in it is not known."""
    return _element(ui, "#", 0)


def plain(members: Iterator[str] | tuple[str, ...]) -> Element:
    """One below the other."""
    return Element("VerticalLayout", elements=tuple(Element("Control", member=name) for name in members))


def complete(element: Element, members: tuple[str, ...]) -> Element:
    """``element``, and below it the members that it has forgotten: without them some messages could not be made."""
    placed = list(element.members())
    for name in placed:
        if name not in members:
            raise InvalidRequest(f"The UI schema has a Control for {name}, which the schema has not.")
        if placed.count(name) > 1:
            raise InvalidRequest(f"The UI schema has two Controls for {name}.")
    left = tuple(name for name in members if name not in placed)
    if not left:
        return element
    return Element(
        "VerticalLayout", elements=(element, Element("Group", "Other fields", elements=plain(left).elements))
    )


def _element(given: Any, where: str, depth: int) -> Element:
    if not isinstance(given, Mapping) or not isinstance(given.get("type"), str):
        raise InvalidRequest(f"The UI schema at {where} is no element with a type.")
    kind = given["type"]
    if kind not in _KNOWN:
        raise InvalidRequest(f"The UI schema at {where} has a {kind}; there are {', '.join(_KNOWN)}.")
    unknown = sorted(map(str, given.keys() - _KNOWN[kind]))
    if unknown:
        raise InvalidRequest(f"The UI schema at {where} says {', '.join(unknown)}, which is not supported.")
    if depth > _DEEPEST:
        raise InvalidRequest("The UI schema is nested too deeply.")
    label = given.get("text" if kind == "Label" else "label")
    if label is not None and not isinstance(label, str):
        raise InvalidRequest(f"The UI schema at {where} has a label that is no text.")
    if kind == "Control":
        return Element(kind, label, _member(given.get("scope"), where), _multi(given.get("options"), where))
    elements = given.get("elements", [])
    if not isinstance(elements, list):
        raise InvalidRequest(f"The UI schema at {where} has elements that are no list.")
    inner = tuple(_element(each, f"{where}/elements/{at}", depth + 1) for at, each in enumerate(elements))
    return Element(kind, label, elements=inner)


def _member(scope: Any, where: str) -> str:
    start = "#/properties/"
    if not isinstance(scope, str) or not scope.startswith(start) or "/" in scope[len(start) :]:
        raise InvalidRequest(
            f"The scope {scope!r} at {where} is not supported: scopes are #/properties/NAME, members of the event."
        )
    return scope[len(start) :].replace("~1", "/").replace("~0", "~")


def _multi(options: Any, where: str) -> bool:
    if options is None:
        return False
    if not isinstance(options, Mapping) or options.keys() - _OPTIONS or not isinstance(options.get("multi"), bool):
        raise InvalidRequest(f"The options at {where} are not supported; there is multi: true.")
    return bool(options["multi"])
