"""Registries, schemas and discoverers as plain frozen records. Times are milliseconds since the epoch.

Sources: EventBridge Schema Registry API reference; user guide, "Schema registries in Amazon EventBridge".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

OPENAPI: Type = "OpenApi3"
DRAFT4: Type = "JSONSchemaDraft4"
Type = Literal["OpenApi3", "JSONSchemaDraft4"]

#: What AWS's registries are called, and ours of what this server itself publishes. Nobody can change what is in them.
DISCOVERED, AWS, PLATFORM = "discovered-schemas", "aws.events", "eventyard.events"
RESERVED = frozenset({DISCOVERED, AWS, PLATFORM})

STARTED, STOPPED = "STARTED", "STOPPED"
IN_PROGRESS, COMPLETE, FAILED = "CREATE_IN_PROGRESS", "CREATE_COMPLETE", "CREATE_FAILED"


class Place(msgspec.Struct, frozen=True, order=True):
    """An account's part of a region: what registries and discoverers belong to."""

    account: str
    region: str

    def arn(self, resource: str) -> str:
        return f"arn:aws:schemas:{self.region}:{self.account}:{resource}"


class Registry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """``policy``: the text of its resource policy, and ``revision`` the id of that."""

    place: Place
    name: str
    description: str | None = None
    tags: Mapping[str, str] = {}
    policy: str | None = None
    revision: str | None = None

    @property
    def arn(self) -> str:
        return self.place.arn(f"registry/{self.name}")


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """One version of a schema; ``number`` counts from 1 and is never used twice."""

    number: int
    type: Type
    content: str
    created: int


class Schema(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """``versions``: the numbers of those that are there, ascending. ``last``: the highest number there has been.
    ``token``: the last update's, by which its repetition is recognised."""

    place: Place
    registry: str
    name: str
    modified: int
    description: str | None = None
    tags: Mapping[str, str] = {}
    versions: tuple[int, ...] = ()
    last: int = 0
    token: str | None = None

    @property
    def arn(self) -> str:
        return schema_arn(self.place, self.registry, self.name)


class Discoverer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Learns from the bus with ARN ``source``; with ``cross_account`` also from what other accounts send to it."""

    place: Place
    id: str
    source: str
    description: str | None = None
    cross_account: bool = True
    state: str = STARTED
    tags: Mapping[str, str] = {}

    @property
    def arn(self) -> str:
        return self.place.arn(f"discoverer/{self.id}")


class Binding(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Code in ``language`` for one version of a schema. ``archive``: the zip file, once the status is complete.
    ``reason``: why it failed."""

    schema: str
    version: int
    language: str
    status: str
    created: int
    modified: int
    archive: bytes = b""
    reason: str | None = None

    @property
    def key(self) -> str:
        return f"{self.schema}#{self.version}#{self.language}"


def schema_arn(place: Place, registry: str, name: str) -> str:
    return place.arn(f"schema/{registry}/{name}")
