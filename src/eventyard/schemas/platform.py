"""The schemas of what this server itself publishes: those that AWS has, too, and those that are Eventyard's own.

``aws.events`` holds no more of AWS's schemas than are true here. Sources: user guide, "Amazon EventBridge events detail
reference".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from eventyard.schemas.resources import OPENAPI, Place, Schema, Version
from eventyard.schemas.shape import shape_of
from eventyard.schemas.written import document, schema_name

#: When these schemas were written: 2026-11-01.
_WRITTEN = 1_793_491_200_000


class PlatformEvent(msgspec.Struct, frozen=True):
    """A type of events. ``example``: a detail that has everything that every such event has."""

    source: str
    detail_type: str
    example: Mapping[str, Any]


_SCHEMA_CREATED = {
    "SchemaName": "uk.co.cazoo@DeliveryCancelled",
    "SchemaType": "OpenApi3",
    "RegistryName": "discovered-schemas",
    "CreationDate": "2026-11-01T00:00:00Z",
    "Version": 1,
}
#: Of AWS's events those that this server publishes.
AWS_EVENTS = (
    PlatformEvent("aws.events", "Scheduled Event", {}),
    PlatformEvent("aws.schemas", "Schema Created", _SCHEMA_CREATED),
    PlatformEvent("aws.schemas", "Schema Version Created", _SCHEMA_CREATED),
)


def described(registry: str, events: Sequence[PlatformEvent]) -> list[tuple[Schema, Version]]:
    """A schema with its one version for each of ``events``."""
    found = []
    for event in events:
        schema = Schema(
            place=Place("", ""),
            registry=registry,
            name=schema_name(event.source, event.detail_type),
            modified=_WRITTEN,
            description=f"Schema for event type {event.detail_type}, published by {event.source}",
            versions=(1,),
            last=1,
        )
        content = document(event.source, event.detail_type, shape_of(dict(event.example)))
        found.append((schema, Version(number=1, type=OPENAPI, content=content, created=_WRITTEN)))
    return found
