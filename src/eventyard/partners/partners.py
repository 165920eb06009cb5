"""The event sources of all partners: durable first, then in memory.

Sources: API reference, "CreatePartnerEventSource", "DeletePartnerEventSource", "ActivateEventSource",
"DeactivateEventSource", "EventSource".
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import msgspec

from eventyard.clock import Clock
from eventyard.errors import Conflict, NotFound
from eventyard.names import bus_arn
from eventyard.partners.resources import ACTIVE, DELETED, PATIENCE, PENDING, Source
from eventyard.store import Catalog, Change

_KIND = "event-source"
_INVALID_STATE = "InvalidStateException"
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Source).decode


class Partners:
    """Reads answer from memory. Changes are coroutines that return when the change is durable; they happen one after
    the other. ``has_bus``: whether there is a bus with an ARN."""

    def __init__(self, catalog: Catalog, clock: Clock, has_bus: Callable[[str], bool]) -> None:
        self._catalog = catalog
        self._clock = clock
        self._has_bus = has_bus
        #: By the ARN of the matching bus.
        self._sources: dict[str, Source] = {}
        #: The keys of ``_sources`` by region and name: what is offered goes to one account.
        self._offers: dict[tuple[str, str], str] = {}
        self._turn = asyncio.Lock()

    async def load(self) -> None:
        """Bring all back, after the buses. Call once."""
        found = [_decode(value) for value in (await self._catalog.load(_KIND)).values()]
        over = [Change(_KIND, source.bus, None) for source in found if self._now(source) is None]
        if over:
            await self._catalog.apply(over)
        for source in found:
            if self._now(source) is not None:
                self._keep(source)

    # --- what a partner sees ----------------------------------------------------------------------------------------

    def offer(self, region: str, partner: str, name: str) -> Source:
        """The source that ``partner`` offers under ``name``. Raises NotFound."""
        found = self._offered(region, name)
        if found is None or found.partner != partner:
            raise _no_source(name)
        return found

    def offers(self, region: str, partner: str, prefix: str) -> list[Source]:
        """All that ``partner`` offers in a region under names that begin with ``prefix``, by name."""
        names = [name for home, name in self._offers if home == region and name.startswith(prefix)]
        found = [self._offered(region, name) for name in sorted(names)]
        return [source for source in found if source is not None and source.partner == partner]

    async def create(self, region: str, partner: str, account: str, name: str) -> Source:
        """Offer events to ``account``. Raises Conflict if there is a source of that name, whoever's it is."""
        async with self._turn:
            if self._offered(region, name) is not None:
                raise Conflict(f"Event source {name} already exists.")
            now = self._clock.now()
            source = Source(
                name=name, region=region, partner=partner, account=account, created=now, expires=now + PATIENCE
            )
            await self._put(source)
            return source

    async def delete(self, region: str, partner: str, account: str, name: str) -> None:
        """Take an offer back; an account that has matched it sees it as deleted. Does nothing if there is none."""
        async with self._turn:
            found = self._offered(region, name)
            if found is None or (found.partner, found.account) != (partner, account):
                return
            if self._has_bus(found.bus):
                await self._put(msgspec.structs.replace(found, state=DELETED, expires=None))
            else:
                await self._forget(found)

    # --- what an account sees ---------------------------------------------------------------------------------------

    def find(self, region: str, account: str, name: str) -> Source:
        """The source that is offered to ``account``. Raises NotFound."""
        kept = self._sources.get(bus_arn(account, region, name))
        source = None if kept is None else self._now(kept)
        if source is None:
            raise _no_source(name)
        return source

    def list(self, region: str, account: str, prefix: str = "") -> list[Source]:
        """What is offered to ``account`` in a region under names that begin with ``prefix``, by name."""
        seen = [self._now(source) for source in self._sources.values()]
        found = [
            source
            for source in seen
            if source is not None
            and (source.region, source.account) == (region, account)
            and source.name.startswith(prefix)
        ]
        return sorted(found, key=lambda source: source.name)

    def check_free(self, region: str, account: str, name: str) -> None:
        """Return if a bus may be matched with the source. Raises NotFound, or Conflict if the source is deleted."""
        source = self.find(region, account, name)
        if source.state == DELETED:
            raise Conflict(f"Event source {name} is in state {DELETED}.", _INVALID_STATE)

    async def activate(self, region: str, account: str, name: str) -> None:
        """Have events arrive from now on. Raises NotFound, or Conflict if the source is deleted or has no bus."""
        await self._set(region, account, name, ACTIVE)

    async def deactivate(self, region: str, account: str, name: str) -> None:
        """Have no more events arrive until it is activated. Raises NotFound, or Conflict as ``activate`` does."""
        await self._set(region, account, name, PENDING)

    async def unmatch(self, bus: str) -> None:
        """The bus that matched a source is gone: it is pending again, and a deleted one is forgotten."""
        async with self._turn:
            source = self._sources.get(bus)
            if source is None:
                return
            if source.state == DELETED:
                await self._forget(source)
            else:
                await self._put(self._changed(source, PENDING))

    # --- inside -----------------------------------------------------------------------------------------------------

    async def _set(self, region: str, account: str, name: str, state: str) -> None:
        async with self._turn:
            source = self.find(region, account, name)
            if source.state == DELETED:
                raise Conflict(f"Event source {name} is in state {DELETED}.", _INVALID_STATE)
            if not self._has_bus(source.bus):
                raise Conflict(f"Event source {name} is not matched by an event bus.", _INVALID_STATE)
            if source.state != state:
                await self._put(self._changed(source, state))

    def _changed(self, source: Source, state: str) -> Source:
        expires = self._clock.now() + PATIENCE if state == PENDING else None
        return msgspec.structs.replace(source, state=state, expires=expires)

    def _offered(self, region: str, name: str) -> Source | None:
        key = self._offers.get((region, name))
        source = None if key is None else self._now(self._sources[key])
        return None if source is None or source.state == DELETED else source

    def _now(self, source: Source) -> Source | None:
        """What has become of a source by now: one that was pending for too long is deleted."""
        if source.state != PENDING or source.expires is None or source.expires > self._clock.now():
            return source
        return msgspec.structs.replace(source, state=DELETED, expires=None) if self._has_bus(source.bus) else None

    async def _put(self, source: Source) -> None:
        await self._catalog.apply([Change(_KIND, source.bus, _encode(source))])
        self._keep(source)

    def _keep(self, source: Source) -> None:
        self._sources[source.bus] = source
        place, now = (source.region, source.name), self._now(source)
        if now is not None and now.state != DELETED:
            self._offers[place] = source.bus
        elif self._offers.get(place) == source.bus:
            del self._offers[place]

    async def _forget(self, source: Source) -> None:
        await self._catalog.apply([Change(_KIND, source.bus, None)])
        del self._sources[source.bus]
        if self._offers.get((source.region, source.name)) == source.bus:
            del self._offers[(source.region, source.name)]


def _no_source(name: str) -> NotFound:
    return NotFound(f"Event source {name} does not exist.")
