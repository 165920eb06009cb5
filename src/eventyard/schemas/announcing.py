"""Announcing: new schemas, and new versions, become events on the default bus of their account.

Source: user guide, "Amazon EventBridge events detail reference": when a schema is created, both a Schema Created and a
Schema Version Created event are sent.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

import msgspec
import structlog

from eventyard.clock import Clock
from eventyard.errors import EventyardError
from eventyard.event import Event, envelope, iso_seconds, new_ids
from eventyard.names import DEFAULT_BUS, bus_arn
from eventyard.schemas.resources import Schema, Version

log = structlog.get_logger("schemas")

Publish = Callable[[str, Sequence[Event]], Awaitable[None]]


class Announcing:
    """See :class:`~eventyard.schemas.versions.Tell`. ``publish``: appends events to the bus with an ARN."""

    def __init__(self, publish: Publish, clock: Clock) -> None:
        self._publish = publish
        self._clock = clock

    async def tell(self, schema: Schema, version: Version) -> None:
        """Publish what happened. A bus that has no room does not undo it: then it is only logged."""
        kinds = ["Schema Created"] if version.number == 1 else []
        kinds.append("Schema Version Created")
        now, place = self._clock.now(), schema.place
        detail = msgspec.json.encode({
            "SchemaName": schema.name,
            "SchemaType": version.type,
            "RegistryName": schema.registry,
            "CreationDate": iso_seconds(version.created),
            "Version": version.number,
        })  # fmt: skip
        events = []
        for kind, id in zip(kinds, new_ids(len(kinds), now), strict=True):
            body = envelope(
                id=id,
                detail_type=kind,
                source="aws.schemas",
                account=place.account,
                time=iso_seconds(now),
                region=place.region,
                resources=[schema.arn],
                detail=detail,
            )
            events.append(Event(body, now))
        try:
            await self._publish(bus_arn(place.account, place.region, DEFAULT_BUS), events)
        except EventyardError as error:
            log.warning("a new schema was not announced", schema=schema.arn, reason=error.message)
