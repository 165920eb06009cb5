"""Discoverers: which buses schemas are learned from. Each started one is a subscriber on its bus.

Sources: API reference, "Discoverers", "Discoverer", "Start", "Stop".
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

import msgspec

from eventyard.errors import Conflict, NotFound
from eventyard.feed import Feed, Feeds
from eventyard.names import bus_name
from eventyard.pattern import parse
from eventyard.schemas.discovery import Discovery, Learner
from eventyard.schemas.registries import bad, check_tags
from eventyard.schemas.resources import STARTED, STOPPED, Discoverer, Place
from eventyard.store import Catalog, Change

_KIND = "schema-discoverer"
_EVERYTHING = parse('{"source":[{"exists":true}]}')
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Discoverer).decode


class Discoverers:
    """Reads answer from memory. Changes are coroutines that return when the change is durable; they happen one after
    the other. ``has_bus``: whether there is a bus with an ARN."""

    def __init__(self, catalog: Catalog, feeds: Feeds, discovery: Discovery, has_bus: Callable[[str], bool]) -> None:
        self._catalog = catalog
        self._feeds = feeds
        self._discovery = discovery
        self._has_bus = has_bus
        self._kept: dict[tuple[Place, str], Discoverer] = {}
        self._turn = asyncio.Lock()

    async def load(self) -> None:
        """Bring all back, before the feeds start. Call once."""
        for value in (await self._catalog.load(_KIND)).values():
            self._keep(_decode(value))

    def get(self, place: Place, id: str) -> Discoverer:
        """Raises NotFound."""
        found = self._kept.get((place, id))
        if found is None:
            raise NotFound(f"Discoverer with id {id} does not exist.", "NotFoundException")
        return found

    def list(self, place: Place, id_prefix: str = "", source_prefix: str = "") -> list[Discoverer]:
        """Those in ``place`` whose ids and sources begin so, by id."""
        found = [one for (home, _), one in self._kept.items() if home == place]
        wanted = [one for one in found if one.id.startswith(id_prefix) and one.source.startswith(source_prefix)]
        return sorted(wanted, key=lambda one: one.id)

    async def create(self, discoverer: Discoverer) -> None:
        """Raises Conflict, and InvalidRequest if its source is no bus of its account and region."""
        check_tags(discoverer.tags)
        if not discoverer.source.startswith(f"arn:aws:events:{discoverer.place.region}:{discoverer.place.account}:"):
            raise bad(f"SourceArn {discoverer.source} must be of the discoverer's own account and region.")
        if not self._has_bus(discoverer.source):
            raise bad(f"SourceArn {discoverer.source} is not an event bus that exists.")
        async with self._turn:
            if (discoverer.place, discoverer.id) in self._kept:
                raise Conflict(f"Discoverer with id {discoverer.id} already exists.", "ConflictException")
            await self._put(discoverer)

    async def change(self, place: Place, id: str, edit: Callable[[Discoverer], Discoverer]) -> Discoverer:
        """Make of it what ``edit`` does. Raises NotFound, InvalidRequest."""
        async with self._turn:
            changed = edit(self.get(place, id))
            check_tags(changed.tags)
            await self._put(changed)
            return changed

    async def tag(self, place: Place, id: str, edit: Callable[[Mapping[str, str]], Mapping[str, str]]) -> None:
        """Raises NotFound, InvalidRequest."""
        await self.change(place, id, lambda one: msgspec.structs.replace(one, tags=edit(one.tags)))

    async def start(self, place: Place, id: str) -> Discoverer:
        """Learn from now on. Raises NotFound."""
        return await self.change(place, id, lambda one: msgspec.structs.replace(one, state=STARTED))

    async def stop(self, place: Place, id: str) -> Discoverer:
        """Learn nothing until it is started again. Raises NotFound."""
        return await self.change(place, id, lambda one: msgspec.structs.replace(one, state=STOPPED))

    async def delete(self, place: Place, id: str) -> None:
        """What was discovered stays. Raises NotFound."""
        async with self._turn:
            discoverer = self.get(place, id)
            await self._catalog.apply([Change(_KIND, discoverer.arn, None)])
            del self._kept[place, id]
            self._feeds.forget(discoverer.arn)

    async def _put(self, discoverer: Discoverer) -> None:
        await self._catalog.apply([Change(_KIND, discoverer.arn, _encode(discoverer))])
        self._keep(discoverer)

    def _keep(self, discoverer: Discoverer) -> None:
        self._kept[discoverer.place, discoverer.id] = discoverer
        if discoverer.state == STOPPED:
            self._feeds.forget(discoverer.arn)
            return
        self._feeds.keep(
            Feed(
                name=discoverer.arn,
                log=discoverer.source,
                pattern=_EVERYTHING,
                target_arn=discoverer.arn,
                target=Learner(self._discovery, discoverer),
                payload=lambda body: body,
            )
        )


def discoverer_id(bus: str) -> str:
    """``events-event-bus-NAME`` for the bus with an ARN."""
    return f"events-event-bus-{bus_name(bus)}".replace("/", "-")
