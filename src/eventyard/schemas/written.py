"""A shape written as a schema: a strict one that recognises what adds nothing new, and the OpenAPI document that AWS's
discovery makes.

Sources: user guide, "Creating a schema from event JSON" (the document's form: the component ``AWSEvent`` with
``x-amazon-events-source`` and ``x-amazon-events-detail-type``, objects as components of their own, ``int64``).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import msgspec

from eventyard.contract.dialects import ENVELOPE
from eventyard.schemas.content import LONGEST
from eventyard.schemas.shape import DEEPEST, Object, Shape, pruned, shape_of

_WORDS = re.compile(r"[A-Za-z0-9]+")
_NOT_IN_NAMES = re.compile(r"[^0-9A-Za-z_.-]")
_LONGEST_NAME = 385

#: What every event on a bus looks like around its detail.
BUS_EVENT = shape_of({
    "version": "0", "id": "6a7e8feb-b491-4cf7-a9f1-bf3703467718", "detail-type": "a", "source": "b",
    "account": "123456789012", "time": "2017-12-22T18:43:48Z", "region": "us-east-1", "resources": ["c"], "detail": {},
})  # fmt: skip


@lru_cache(maxsize=4096)
def schema_name(source: str, detail_type: str) -> str:
    """``uk.co.cazoo@DeliveryCancelled``: how AWS names what it discovers. Characters that names can't have become
    hyphens in the source, and separate words in the detail type."""
    return f"{_NOT_IN_NAMES.sub('-', source)}@{title(detail_type)}"[:_LONGEST_NAME]


def title(text: str) -> str:
    """``text`` as the name of a component: its words run together, each beginning with a capital letter."""
    return "".join(word[:1].upper() + word[1:] for word in _WORDS.findall(text)) or "Event"


def strict(shape: Shape) -> Any:
    """A schema (draft 2020-12) of exactly what has ``shape``: what is valid would add nothing to it but evidence."""
    return _either(_branches(shape, strict, _strict_object, exactly=True), "anyOf")


def plain(shape: Shape) -> Any:
    """A schema (draft 2020-12) of what has ``shape`` that also lets through members that were never there."""

    def of_object(object: Object) -> dict[str, Any]:
        if object.rest is not None:
            return {"type": "object", "additionalProperties": plain(object.rest)}
        members = {name: plain(object.fields[name].shape) for name in sorted(object.fields)}
        return {"type": "object", **({"required": object.required} if object.required else {}), "properties": members}

    branches = _branches(shape, plain, of_object, exactly=True)
    for branch in branches:
        if branch.get("items") is False:  # it was always empty, which says nothing of what it could hold
            del branch["items"]
    return _either(branches, "anyOf")


def document(source: str, detail_type: str, detail: Shape, event: Shape = BUS_EVENT) -> str:
    """The OpenAPI 3.0 document of events whose envelopes have the shape ``event``, as JSON text of at most 100,000
    characters: where it would be longer, the innermost levels are left open."""
    for levels in range(DEEPEST, 0, -1):
        text = _document(source, detail_type, pruned(detail, levels), event)
        if len(text) <= LONGEST:
            break
    return text


def plain_document(value: Shape) -> str:
    """The OpenAPI 3.0 document of what is no event of a bus: it has one main component, ``Event``."""
    components = _Components()
    components.of(value.object or Object(0, {}), "Event")
    return _text("Event", components.made)


def _document(source: str, detail_type: str, detail: Shape, event: Shape) -> str:
    components = _Components()
    components.names.add(ENVELOPE)
    name = title(detail_type)
    around = event.object or Object(0, {})
    reference = components.of(detail.object or Object(0, {}), name)
    envelope = components.body(around)
    envelope["properties"]["detail"] = reference
    if "time" in envelope["properties"]:
        envelope["properties"]["time"] = {"type": "string", "format": "date-time"}
    if "id" in envelope["properties"]:
        envelope["properties"]["id"] = {"type": "string"}
    marks = {"x-amazon-events-detail-type": detail_type, "x-amazon-events-source": source}
    return _text(name, {ENVELOPE: {**envelope, **marks}, **components.made})


def _text(name: str, components: dict[str, Any]) -> str:
    return msgspec.json.encode({
        "openapi": "3.0.0",
        "info": {"version": "1.0.0", "title": name},
        "paths": {},
        "components": {"schemas": components},
    }).decode()  # fmt: skip


class _Components:
    """The components of one document, as they come up."""

    def __init__(self) -> None:
        self.made: dict[str, Any] = {}
        self.names: set[str] = set()

    def of(self, object: Object, name: str) -> dict[str, Any]:
        """A reference to a component for ``object``."""
        free, number = name, 1
        while free in self.names:
            number += 1
            free = f"{name}_{number}"
        self.names.add(free)
        self.made[free] = {}  # keeps its place before those inside
        self.made[free] = self.body(object)
        return {"$ref": f"#/components/schemas/{free}"}

    def body(self, object: Object) -> dict[str, Any]:
        if object.rest is not None:
            return {"type": "object", "additionalProperties": self._open(object.rest, "Value")}
        properties = {name: self._open(object.fields[name].shape, title(name)) for name in sorted(object.fields)}
        required = {"required": object.required} if object.required else {}
        return {"type": "object", **required, "properties": properties}

    def _open(self, shape: Shape, name: str) -> dict[str, Any]:
        def of_object(object: Object) -> dict[str, Any]:
            if object.rest is not None:
                return {"type": "object", "additionalProperties": self._open(object.rest, f"{name}Value")}
            # A reference can't be nullable.
            return self.of(object, name) if object.fields and not shape.null else self.body(object)

        branches = _branches(shape, lambda inner: self._open(inner, f"{name}Item"), of_object, exactly=False)
        for branch in branches:
            if branch.get("type") == "integer":
                branch["format"] = "int64"
            elif branch.get("type") == "array":
                branch.setdefault("items", {})
            if shape.null:
                branch["nullable"] = True
                if "enum" in branch:
                    branch["enum"] = [*branch["enum"], None]
        made: dict[str, Any] = _either(branches, "anyOf")
        return made


def _branches(
    shape: Shape, item: Callable[[Shape], Any], of_object: Callable[[Object], Any], exactly: bool
) -> list[dict[str, Any]]:
    """A schema for each kind of values in ``shape``; none if it is anything. ``exactly``: null is one of the kinds, and
    an array that was always empty takes no items."""
    found: list[dict[str, Any]] = []
    if shape.anything:
        return found
    if shape.null and exactly:
        found.append({"type": "null"})
    if shape.boolean:
        found.append({"type": "boolean"})
    if shape.number:
        found.append({"type": "integer" if shape.number == 1 else "number"})
    if shape.text is not None:
        formats = {"format": shape.text.formats[0]} if shape.text.formats else {}
        enum = {} if shape.text.enum is None else {"enum": shape.text.enum}
        found.append({"type": "string", **formats, **enum})
    if shape.array is not None:
        array: dict[str, Any] = {"type": "array"}
        if shape.array.items is not None:
            array["items"] = item(shape.array.items)
        elif exactly:
            array["items"] = False
        found.append(array)
    if shape.object is not None:
        found.append(of_object(shape.object))
    return found


def _strict_object(object: Object) -> dict[str, Any]:
    if object.rest is not None:
        return {"type": "object", "additionalProperties": strict(object.rest)}
    return {
        "type": "object",
        "required": object.required,
        "properties": {name: strict(field.shape) for name, field in object.fields.items()},
        "additionalProperties": False,
    }


def _either(branches: list[dict[str, Any]], keyword: str) -> Any:
    if not branches:
        return {}
    return branches[0] if len(branches) == 1 else {keyword: branches}
