"""The archives of all accounts and regions: durable first, then in memory, then recorded. Replays are next door."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import msgspec

from eventyard.archives.contract import Recorder
from eventyard.archives.resources import Archive, name_of
from eventyard.errors import Conflict, NotFound
from eventyard.store import Catalog, Change, EventLog

_KIND = "archive"
_DAY = 86_400_000
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Archive).decode


class Holding(msgspec.Struct, frozen=True):
    """What an archive holds: a number of events, and the bytes of them."""

    events: int
    size: int


class Archives:
    """Reads answer from memory. Changes are coroutines that return when the change is durable; they happen one after
    the other."""

    def __init__(self, catalog: Catalog, eventlog: EventLog, recorder: Recorder) -> None:
        self._catalog = catalog
        self._log = eventlog
        self._recorder = recorder
        self._archives: dict[str, Archive] = {}
        self._turn = asyncio.Lock()

    async def load(self) -> None:
        """Bring all back. Call once, before the engine starts."""
        for value in (await self._catalog.load(_KIND)).values():
            self._keep(_decode(value))

    def get(self, arn: str) -> Archive | None:
        """The archive, or None."""
        return self._archives.get(arn)

    def find(self, arn: str) -> Archive:
        """The archive. Raises NotFound."""
        found = self._archives.get(arn)
        if found is None:
            raise NotFound(f"Archive {name_of(arn)} does not exist.")
        return found

    def log_of(self, arn: str) -> str | None:
        """The log with the events of the archive, or None if there is no such archive."""
        found = self._archives.get(arn)
        return None if found is None else found.log

    def list(self, head: str) -> list[Archive]:
        """The archives by name whose ARN starts with ``head``."""
        found = [archive for arn, archive in self._archives.items() if arn.startswith(head)]
        return sorted(found, key=lambda archive: archive.name)

    def of_bus(self, bus: str) -> Sequence[Archive]:
        """The archives by name that record the bus with this ARN."""
        return sorted((one for one in self._archives.values() if one.bus == bus), key=lambda archive: archive.name)

    async def holdings(self) -> Callable[[Archive], Holding]:
        """What archives hold at this moment."""
        bounds = await self._log.bounds()

        def holding(archive: Archive) -> Holding:
            kept = bounds.get(archive.log)
            return Holding(0, 0) if kept is None else Holding(kept.last - kept.first + 1, kept.size)

        return holding

    async def create(self, archive: Archive) -> None:
        """Raises Conflict if there is one of that name."""
        async with self._turn:
            if archive.arn in self._archives:
                raise Conflict(f"Archive {archive.name} already exists.")
            await self._put(archive)

    async def change(self, arn: str, change: Callable[[Archive], Archive]) -> Archive:
        """Replace an archive by what ``change`` makes of it, and answer with that. Raises NotFound."""
        async with self._turn:
            archive = change(self.find(arn))
            await self._put(archive)
            return archive

    async def delete(self, arn: str) -> None:
        """Delete an archive with its events. Raises NotFound."""
        async with self._turn:
            archive = self.find(arn)
            await self._catalog.apply([Change(_KIND, arn, None)])
            del self._archives[arn]
            self._recorder.forget(archive.log)

    async def _put(self, archive: Archive) -> None:
        await self._catalog.apply([Change(_KIND, archive.arn, _encode(archive))])
        self._keep(archive)

    def _keep(self, archive: Archive) -> None:
        self._archives[archive.arn] = archive
        age = archive.days * _DAY if archive.days else None
        self._recorder.keep(archive.log, archive.bus, archive.pattern, age)
