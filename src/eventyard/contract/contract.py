"""The contract of one event: what its producer promises and its consumers may rely on. Made from a document."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec


class Example(msgspec.Struct, frozen=True):
    """A detail as it could be. ``line``: where its JSON begins in the document."""

    name: str
    detail: Any
    line: int = 1


class Contract(msgspec.Struct, frozen=True):
    """``type``: the event's DetailType, as it is published. ``schema``: JSON Schema of its ``detail``; it may refer to
    atoms. ``source``: the event's Source; the publisher's name if the document gives none. ``version``: counts from 1.
    ``correlation`` and ``pii``: the paths in the detail, with dots, that tie events together or tell of people.
    ``deprecated`` and ``sunset``: dates (ISO 8601), when it should no longer and when it can no longer be published."""

    type: str
    publisher: str
    schema: Mapping[str, Any] | bool
    source: str
    subscribers: tuple[str, ...] = ()
    version: int = 1
    bus: str | None = None
    owner: str | None = None
    deprecated: str | None = None
    sunset: str | None = None
    correlation: tuple[str, ...] = ()
    pii: tuple[str, ...] = ()
    title: str = ""
    description: str = ""
    examples: Sequence[Example] = ()
    path: str = ""

    @property
    def name(self) -> str:
        """``source@DetailType``: the name of its schema in a registry (EventBridge user guide, "Schemas")."""
        return f"{self.source}@{self.type}"
