"""Registries of schemas, and discovery: schemas learned from the events of buses.

It knows no buses and no languages: what it learns from, publishes to and generates code with is handed in.
"""

from eventyard.schemas.announcing import Announcing
from eventyard.schemas.bindings import Bindings, Generate
from eventyard.schemas.discoverers import Discoverers, discoverer_id
from eventyard.schemas.discovery import Discovery, place_of
from eventyard.schemas.inferring import drafted, infer
from eventyard.schemas.platform import AWS_EVENTS, PlatformEvent, described
from eventyard.schemas.registries import Registries
from eventyard.schemas.resources import (
    AWS,
    COMPLETE,
    DISCOVERED,
    DRAFT4,
    OPENAPI,
    PLATFORM,
    RESERVED,
    Binding,
    Discoverer,
    Place,
    Registry,
    Schema,
    Version,
    schema_arn,
)
from eventyard.schemas.search import Search
from eventyard.schemas.versions import Schemas

__all__ = [
    "AWS",
    "AWS_EVENTS",
    "COMPLETE",
    "DISCOVERED",
    "DRAFT4",
    "OPENAPI",
    "PLATFORM",
    "RESERVED",
    "Announcing",
    "Binding",
    "Bindings",
    "Discoverer",
    "Discoverers",
    "Discovery",
    "Generate",
    "Place",
    "PlatformEvent",
    "Registries",
    "Registry",
    "Schema",
    "Schemas",
    "Search",
    "Version",
    "described",
    "discoverer_id",
    "drafted",
    "infer",
    "place_of",
    "schema_arn",
]
