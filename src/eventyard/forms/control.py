"""What is shown for each spot of a message: the tree that the template draws."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from eventyard.contract.spot import Schema, Spot, View
from eventyard.forms.fields import (
    DEEPEST,
    MOST,
    alternative,
    chosen,
    count,
    extras,
    inside,
    item_spot,
    when_empty,
)
from eventyard.text import limited

_EMPTY = {"absent": "leave it out", "null": "send null", "empty": "send an empty text"}
#: The kind of <input> for a format, if it takes all that the format does, and an example of the others.
_INPUTS = {"date": "date", "email": "email", "uri": "url"}
_LIKE = {
    "date-time": "2026-11-25T21:00:00Z",
    "time": "21:00:00Z",
    "uuid": "0c6e9b1e-2f1c-4c62-8f4e-2f7f6a2e2f10",
    "duration": "P1DT2H",
    "ipv4": "192.0.2.1",
    "uri": "https://example.com/",
    "email": "ada@example.com",
}
_WORDS = re.compile(r"[_\-\s]+|(?<=[a-z0-9])(?=[A-Z])")
_LONG = 200


class Option(msgspec.Struct, frozen=True):
    value: str
    label: str
    selected: bool = False


class Control(msgspec.Struct, frozen=True):
    """``kind``: which part of the template draws it. ``way``: where it is, as in the names of fields. ``text``: what
    is entered. ``options``: to choose from. ``empties``: what an empty text can mean, if there is a choice. ``there``:
    whether an ``optional`` object is. ``parts``: what is inside. ``key``: of a member without a property its name.
    ``removable``, ``first``, ``last``: of items of lists. ``focus``: whether the user finds himself here."""

    kind: str
    way: str
    id: str
    label: str
    required: bool
    description: str = ""
    text: str = ""
    input: str = "text"
    mode: str = ""
    placeholder: str = ""
    hint: str = ""
    options: tuple[Option, ...] = ()
    empties: tuple[Option, ...] = ()
    errors: tuple[str, ...] = ()
    there: bool = True
    optional: bool = False
    parts: tuple[Control, ...] = ()
    number: int = 0
    growable: bool = False
    removable: bool = False
    first: bool = False
    last: bool = False
    key: str | None = None
    focus: bool = False


class Builder:
    """``errors``: sentences by way. ``focus``: the way at which the user finds himself."""

    def __init__(
        self, schema: Schema, fields: Mapping[str, str], errors: Mapping[str, list[str]], focus: str | None
    ) -> None:
        self._schema = schema
        self._fields = fields
        self._errors = errors
        self._focus = focus
        self._number = 0

    def root(self) -> Control:
        return self._control(self._schema.root, "", "", True, 0)

    def _control(self, spot: Spot, way: str, label: str, required: bool, depth: int, **more: Any) -> Control:
        view = self._schema.view(spot)
        self._number += 1
        common = {
            "way": way,
            "id": f"f{self._number}",
            "label": view.title or label,
            "required": required,
            "description": view.description,
            "errors": tuple(self._errors.get(way, ())),
            "focus": way == self._focus,
            **more,
        }
        if depth > DEEPEST:
            return Control("deep", **common)
        match view.kind:
            case "object":
                return self._object(view, common, depth)
            case "array":
                return self._array(view, common, depth)
            case "choice":
                return self._choice(view, common, depth)
        return self._scalar(view, common)

    # --- one value --------------------------------------------------------------------------------------------------

    def _scalar(self, view: View, common: dict[str, Any]) -> Control:
        way, required = common["way"], common["required"]
        text = self._fields.get(f"v{way}", "")
        if view.kind == "enum" and required and len(view.options) == 1:
            return Control("fixed", text=view.options[0][1], **common)
        if view.kind == "null" and required:
            return Control("fixed", text="null", **common)
        if view.kind in ("enum", "boolean", "null"):
            return Control("select", options=tuple(self._options(view, text, required)), **common)
        common |= {"text": text, "empties": self._empties(view, way, required), "hint": _hint(view)}
        if view.kind == "any":
            return Control("long", placeholder='"text", 12.5, true or {"any": "JSON"}', **common)
        if view.kind in ("number", "integer"):
            return Control("line", mode="numeric" if view.kind == "integer" else "decimal", **common)
        format = view.limits.get("format", "")
        most = view.limits.get("maxLength", 0)
        if "\n" in text or (isinstance(most, int) and most >= _LONG):
            return Control("long", **common)
        shown = next((each for each in view.examples if isinstance(each, str)), _LIKE.get(format, ""))
        return Control("line", input=_INPUTS.get(format, "text"), placeholder=shown, **common)

    def _options(self, view: View, text: str, required: bool) -> Iterator[Option]:
        yield Option("", "Choose ..." if required else "Leave it out", text == "")
        if view.kind == "enum":
            for at, (_, label) in enumerate(view.options):
                yield Option(str(at), label, text == str(at))
            return
        values = ["true", "false"] if view.kind == "boolean" else []
        for value in [*values, *(["null"] if view.nullable or view.kind == "null" else [])]:
            yield Option(value, value, text == value)

    def _empties(self, view: View, way: str, required: bool) -> tuple[Option, ...]:
        allowed = when_empty(view, required)
        if len(allowed) == 1:
            return ()
        meant = self._fields.get(f"s{way}", allowed[0])
        labels = _EMPTY | ({"absent": "it is missing"} if required else {})
        labels |= {"empty": "send an empty list"} if view.kind == "array" else {}
        return tuple(Option(each, labels[each], meant == each) for each in allowed)

    # --- several values ---------------------------------------------------------------------------------------------

    def _object(self, view: View, common: dict[str, Any], depth: int) -> Control:
        way, required = common["way"], common["required"]
        optional = not required or view.nullable
        there = f"p{way}" in self._fields or (required and self._fields.get(f"s{way}") != "null")
        common |= {"optional": optional, "there": there}
        if not there:
            return Control("object", empties=self._empties(view, way, required) if view.nullable else (), **common)
        parts = [
            self._control(inner, inside(way, name), titled(name), name in view.required, depth + 1)
            for name, inner in view.members.items()
        ]
        number = count(self._fields, extras(way), View("array"), False)
        if view.rest is not None and (view.open or number):
            parts.append(self._extras(view.rest, extras(way), number, bool(view.members), depth))
        return Control("object", parts=tuple(parts), **common)

    def _extras(self, rest: Spot, way: str, number: int, beside: bool, depth: int) -> Control:
        parts = tuple(
            self._control(
                rest,
                inside(way, at),
                "Value",
                True,
                depth + 1,
                removable=True,
                key=self._fields.get(f"k{inside(way, at)}", ""),
            )
            for at in range(number)
        )
        self._number += 1
        return Control(
            "map",
            way,
            f"f{self._number}",
            "Other members" if beside else "Members",
            False,
            parts=parts,
            number=number,
            growable=number < MOST,
            focus=way == self._focus,
        )

    def _array(self, view: View, common: dict[str, Any], depth: int) -> Control:
        way, required = common["way"], common["required"]
        number = count(self._fields, way, view, required)
        name = common["label"]
        parts = tuple(
            self._control(
                item_spot(view, at),
                inside(way, at),
                f"{name} {at + 1}",
                True,
                depth + 1,
                removable=True,
                first=at == 0,
                last=at == number - 1,
            )
            for at in range(number)
        )
        most = view.limits.get("maxItems", MOST)
        full = len(view.first) if view.item is None else MOST
        return Control(
            "array",
            parts=parts,
            number=number,
            growable=number < min(most if isinstance(most, int) else MOST, full),
            empties=() if number else self._empties(view, way, required),
            hint=_hint(view),
            **common,
        )

    def _choice(self, view: View, common: dict[str, Any], depth: int) -> Control:
        way, required = common["way"], common["required"]
        at = chosen(self._fields, way, view, required)
        options = [Option(str(number), name, number == at) for number, (name, _) in enumerate(view.alternatives)]
        if not required:
            options.insert(0, Option("", "Leave it out", at is None))
        parts = []
        if at is not None:
            name, inner = view.alternatives[at]
            part = self._control(inner, alternative(way, at), name, True, depth + 1)
            parts.append(msgspec.structs.replace(part, label=name))
        return Control("choice", options=tuple(options), parts=tuple(parts), **common)


def titled(name: str) -> str:
    """A property's name for people: ``delivery_slot`` is Delivery slot."""
    words = [word for word in _WORDS.split(name) if word]
    text = " ".join(word if word.isupper() else word.lower() for word in words)
    return text[:1].upper() + text[1:] if text else name


def _hint(view: View) -> str:
    """What the schema asks of a value, in a few words."""
    limits, found = view.limits, []
    for name, words in _HINTS.items():
        value = limits.get(name)
        if value is not None and not isinstance(value, bool):
            found.append(limited(words, value))
    return "; ".join(found)


_HINTS = {
    "pattern": "like {}",
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "minimum": "{} or more",
    "exclusiveMinimum": "more than {}",
    "maximum": "{} or less",
    "exclusiveMaximum": "less than {}",
    "multipleOf": "a multiple of {}",
    "minItems": "at least {}",
    "maxItems": "at most {}",
}
