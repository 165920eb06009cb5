"""Schemas from one dialect into another. It checks no instances and fetches nothing: references are resolved only in
the schema itself and in what is handed in with it.

Whatever is valid under a schema is valid under its conversion. What the other dialect can't say is left out, which
lets more through, and is named in the answer; where nothing is named both say the same. (One thing is about texts, not
values: Draft 4 takes ``1.0`` for a number only, later drafts for an integer, too.)

Sources: JSON Schema drafts 4 to 2020-12, Core and Validation; OpenAPI Specification 3.0.3, "Schema Object".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from eventyard.contract.draft4 import DRAFT4, Downgrade
from eventyard.contract.openapi import drafted, opened, renamed
from eventyard.contract.resolver import Resolver

#: The component that AWS's discovery describes the whole event with.
ENVELOPE = "AWSEvent"


class LeftOut(msgspec.Struct, frozen=True):
    """A keyword that could not be converted, and the JSON pointer (RFC 6901, as a fragment) of the schema it was in."""

    pointer: str
    keyword: str


class Converted(msgspec.Struct, frozen=True):
    """A schema in the other dialect. Without ``left_out`` it says exactly what the first one said."""

    schema: dict[str, Any]
    left_out: tuple[LeftOut, ...] = ()


def to_draft4(schema: Mapping[str, Any] | bool, resources: Mapping[str, Any] | None = None) -> Converted:
    """``schema``, of any draft from 4 to 2020-12 (the latest, if ``$schema`` names none), in Draft 4.

    What is referred to ends up in ``definitions``, also what it refers to in ``resources``, schemas by URL. Members
    that are no keywords, such as ``x-...``, stay.

    Raises:
        InvalidRequest: a reference leads nowhere, or only to itself.
    """
    found, left = Downgrade(Resolver(schema, resources or {})).run()
    return Converted({"$schema": DRAFT4, **found}, _named(left))


def to_openapi(schema: Mapping[str, Any] | bool, resources: Mapping[str, Any] | None = None) -> Converted:
    """``schema`` as a Schema Object of OpenAPI 3.0, with what it refers to under ``definitions``, to be moved to the
    document's components: that is where its references (``#/components/schemas/NAME``) lead. Raises InvalidRequest."""
    found, left = Downgrade(Resolver(schema, resources or {})).run()
    more: list[tuple[str, str]] = []
    return Converted(opened(found, more), _named([*left, *more]))


def from_openapi(document: Mapping[str, Any], component: str = ENVELOPE) -> Converted:
    """The ``component`` of an OpenAPI 3.0 document in Draft 4, with the other components as ``definitions``.

    Raises KeyError if there is no such component."""
    components = document["components"]["schemas"]
    root = drafted(components[component])
    title = {"title": document["info"]["title"]} if "title" in document.get("info", {}) else {}
    others = {name: drafted(each) for name, each in components.items() if name != component}
    if any(component == target for each in (root, *others.values()) for target in renamed(each)):
        others[component] = root
    definitions = {"definitions": others} if others else {}
    return Converted({"$schema": DRAFT4, **title, **root, **definitions})


def _named(left: list[tuple[str, str]]) -> tuple[LeftOut, ...]:
    return tuple(LeftOut(pointer, keyword) for pointer, keyword in dict.fromkeys(left))
