"""A message as the flat fields that a browser posts, and back: what is read is what was filled in.

A field's name is a letter and the way to its value: ``v`` its text, ``s`` what an empty one means, ``p`` whether an
object is there, ``n`` how many items, ``c`` the chosen alternative, ``k`` the name of a member. A way is the JSON
pointer, but for ``/*/0``, the first of the members without a property, and ``/=1``, inside of the second alternative.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

import msgspec

from eventyard.contract.spot import ANYTHING, Schema, Spot, View

#: Items and levels of a form.
MOST, DEEPEST = 500, 40
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?")


class _Absent:
    """No value at all, which is something else than null."""


ABSENT: Final = _Absent()


class Read(msgspec.Struct):
    """``message``: as it was entered. ``ways``: of each JSON pointer into the message, where it was entered.
    ``problems``: by way, what is no JSON. ``chosen``: by pointer, the alternative that the value is entered as."""

    message: Any = None
    ways: dict[str, str] = {}
    problems: dict[str, str] = {}
    chosen: dict[str, Spot] = {}


def inside(way: str, step: str | int) -> str:
    """The way to a member or an item."""
    return f"{way}/{quote(str(step), safe='')}"


def alternative(way: str, at: int) -> str:
    return f"{way}/={at}"


def extras(way: str) -> str:
    """The way to the members without a property."""
    return f"{way}/*"


def when_empty(view: View, required: bool) -> list[str]:
    """What an empty text, list or absent object can mean, the first unless another is chosen."""
    found = ["absent", *(["null"] if view.nullable else []), *(["empty"] if view.blank else [])]
    return found[1:] if view.kind == "array" and required and len(found) > 1 else found


def count(fields: Mapping[str, str], way: str, view: View, required: bool) -> int:
    """How many items a list has; a required one starts with as many as it must have."""
    given = fields.get(f"n{way}")
    if given is not None:
        return min(int(given), MOST) if given.isdecimal() and given.isascii() and len(given) < 9 else 0
    least = view.limits.get("minItems", 0)
    return min(least, 10) if required and isinstance(least, int) else 0


def chosen(fields: Mapping[str, str], way: str, view: View, required: bool) -> int | None:
    """The number of the alternative that was chosen; the first unless another is, None if it is left out."""
    given = fields.get(f"c{way}", "0" if required else "")
    return int(given) if given.isdecimal() and given.isascii() and int(given) < len(view.alternatives) else None


class Reader:
    """Reads one posted form."""

    def __init__(self, schema: Schema, fields: Mapping[str, str]) -> None:
        self._schema = schema
        self._fields = fields
        self._read = Read()

    def read(self) -> Read:
        value = self._value(self._schema.root, "", "", True, 0)
        self._read.message = {} if value is ABSENT else value
        return self._read

    def _value(self, spot: Spot, way: str, pointer: str, required: bool, depth: int) -> Any:
        self._read.ways[pointer] = way
        if depth > DEEPEST:
            return ABSENT
        view = self._schema.view(spot)
        text = self._fields.get(f"v{way}", "").replace("\r\n", "\n")
        match view.kind:
            case "enum":
                if required and len(view.options) == 1:
                    return view.options[0][0]
                known = text.isdecimal() and text.isascii() and int(text) < len(view.options)
                return view.options[int(text)][0] if known else ABSENT
            case "null":
                return None if required or text == "null" else ABSENT
            case "boolean":
                return {"true": True, "false": False, "null": None}.get(text, ABSENT)
            case "choice":
                at = chosen(self._fields, way, view, required)
                if at is None:
                    return ABSENT
                inner = self._read.chosen[pointer] = view.alternatives[at][1]
                return self._value(inner, alternative(way, at), pointer, True, depth + 1)
            case "object":
                return self._object(view, way, pointer, required, depth)
            case "array":
                return self._array(view, way, pointer, required, depth)
        if text == "" or (view.kind not in ("string", "any") and not text.strip()):
            return self._empty(view, way, required)
        return text if view.kind == "string" else self._parsed(view.kind, text.strip(), way)

    def _empty(self, view: View, way: str, required: bool) -> Any:
        allowed = when_empty(view, required)
        meant = self._fields.get(f"s{way}", allowed[0])
        empty: Any = [] if view.kind == "array" else ""
        return {"null": None, "empty": empty}.get(meant if meant in allowed else allowed[0], ABSENT)

    def _parsed(self, kind: str, text: str, way: str) -> Any:
        """A number, or any JSON; the text itself, with a problem, if it is none."""
        if kind != "any" and not _NUMBER.fullmatch(text):
            self._read.problems[way] = "expected a number, such as 1200 or 12.5"
            return text
        try:
            return json.loads(text, parse_constant=_refuse)
        except (ValueError, RecursionError) as error:
            self._read.problems[way] = f"expected JSON: {error}"
            return text

    def _object(self, view: View, way: str, pointer: str, required: bool, depth: int) -> Any:
        if not required and f"p{way}" not in self._fields:
            return self._empty(view, way, required)
        if required and view.nullable and self._fields.get(f"s{way}") == "null" and f"p{way}" not in self._fields:
            return None
        found = {}
        for name, inner in view.members.items():
            at = f"{pointer}/{_token(name)}"
            value = self._value(inner, inside(way, name), at, name in view.required, depth + 1)
            if value is not ABSENT:
                found[name] = value
        if view.rest is not None:
            self._extras(view, way, pointer, depth, found)
        return found

    def _extras(self, view: View, way: str, pointer: str, depth: int, found: dict[str, Any]) -> None:
        rest = view.rest or ANYTHING
        for at in range(count(self._fields, extras(way), _COUNTED, False)):
            inner = inside(extras(way), at)
            name = self._fields.get(f"k{inner}", "")
            if name in found or name in view.members:
                self._read.problems[inner] = f"{name!r} is there already"
                continue
            value = self._value(rest, inner, f"{pointer}/{_token(name)}", True, depth + 1)
            if value is not ABSENT:
                found[name] = value
            elif name:
                self._read.problems[inner] = f"{name} has no value"

    def _array(self, view: View, way: str, pointer: str, required: bool, depth: int) -> Any:
        number = count(self._fields, way, view, required)
        if number == 0:
            return self._empty(view, way, required)
        found = []
        for at in range(number):
            spot = item_spot(view, at)
            value = self._value(spot, inside(way, at), f"{pointer}/{at}", True, depth + 1)
            if value is ABSENT:
                # The items behind it keep their places; what is missing is said where it is missing.
                self._read.problems[inside(way, at)] = "is missing"
                value = None
            found.append(value)
        return found


def item_spot(view: View, at: int) -> Spot:
    return view.first[at] if at < len(view.first) else view.item or ANYTHING


_COUNTED = View("array")


class Filler:
    """The fields that stand for a message."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self._fields: dict[str, str] = {}

    def fill(self, message: Any) -> dict[str, str]:
        """Reading them gives ``message``, if it is one that the schema allows."""
        self._value(self._schema.root, "", message, True)
        return self._fields

    def _value(self, spot: Spot, way: str, value: Any, required: bool) -> None:
        view = self._schema.view(spot)
        match view.kind:
            case "enum":
                same = [at for at, (option, _) in enumerate(view.options) if _same(option, value)]
                self._fields[f"v{way}"] = str(same[0]) if same else ""
            case "choice":
                fitting = (at for at, (_, each) in enumerate(view.alternatives) if self._fits(each, value))
                at = next(fitting, 0)
                self._fields[f"c{way}"] = str(at)
                self._value(view.alternatives[at][1], alternative(way, at), value, True)
            case "object" if isinstance(value, Mapping):
                self._object(view, way, value, required)
            case "array" if isinstance(value, list):
                self._fields[f"n{way}"] = str(len(value))
                self._fields[f"s{way}"] = "" if value else "empty"
                for at, item in enumerate(value):
                    self._value(item_spot(view, at), inside(way, at), item, True)
            case "string" if isinstance(value, str):
                self._fields[f"v{way}"] = value
                self._fields[f"s{way}"] = "" if value else "empty"
            case "any":
                self._fields[f"v{way}"] = json.dumps(value, ensure_ascii=False, indent=2)
            case _ if value is None:
                self._fields[f"s{way}"] = "null"
                self._fields[f"v{way}"] = "null" if view.kind in ("boolean", "null") else ""
            case _:
                self._fields[f"v{way}"] = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)

    def _object(self, view: View, way: str, value: Mapping[str, Any], required: bool) -> None:
        self._fields[f"p{way}"] = "1"
        for name, inner in view.members.items():
            if name in value:
                self._value(inner, inside(way, name), value[name], name in view.required)
        others = [name for name in value if name not in view.members]
        if others and view.rest is not None:
            self._fields[f"n{extras(way)}"] = str(len(others))
            for at, name in enumerate(others):
                self._fields[f"k{inside(extras(way), at)}"] = name
                self._value(view.rest, inside(extras(way), at), value[name], True)

    def _fits(self, spot: Spot, value: Any) -> bool:
        return self._schema.validator(spot).is_valid(value)


def _same(one: Any, other: Any) -> bool:
    return one == other and isinstance(one, bool) == isinstance(other, bool)


def _token(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is no number of JSON")
