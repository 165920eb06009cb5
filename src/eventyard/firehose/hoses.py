"""The delivery streams: made, changed and filled here; ``delivery`` writes the files. AWS's API is not known here."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

import msgspec

from eventyard.clock import Clock
from eventyard.errors import Conflict, InvalidRequest, LimitExceeded, NotFound, TryAgain, Unsupported
from eventyard.firehose.delivery import Delivery, to_events
from eventyard.firehose.files import clear_partial
from eventyard.firehose.objects import check_destination
from eventyard.firehose.resources import MOST_RECORD, Destination, Hose, hose_arn
from eventyard.names import Arn
from eventyard.store import Catalog, Change, Checkpoint, EventLog, Progress

_KIND = "hose"
_FAR = 1 << 62  # a time after all records
#: Quota of an account in a region (API reference, CreateDeliveryStream).
MOST_HOSES = 5000


class LogKeeper(Protocol):
    """Who empties the logs that nobody wants to be kept."""

    def keep(self, name: str, age: int | None) -> None:
        """Keep the log; with None everything in it, however old."""
        ...

    def drop(self, name: str) -> None: ...


class Hoses:
    """Every delivery stream of this server, by ARN. ``root``: the directory of the buckets; None without one."""

    def __init__(
        self,
        eventlog: EventLog,
        catalog: Catalog,
        progress: Progress,
        clock: Clock,
        keeper: LogKeeper,
        root: Path | None,
    ) -> None:
        self._log = eventlog
        self._catalog = catalog
        self._progress = progress
        self._clock = clock
        self._keeper = keeper
        self._root = root
        self._live: dict[str, Delivery] = {}
        self._changing = asyncio.Lock()

    # --- life -------------------------------------------------------------------------------------------------------

    async def load(self) -> None:
        """Bring back the streams that were made before, and go on delivering them."""
        kept = await self._catalog.load(_KIND)
        if not kept:
            return
        checkpoints = await self._progress.load()
        if self._root is not None:
            await asyncio.to_thread(clear_partial, self._root)
        for value in kept.values():
            hose = msgspec.json.decode(value, type=Hose)
            self._keeper.keep(hose.arn, None)
            delivery = self._delivery(hose)
            await delivery.start(checkpoints.get(delivery.subscriber, Checkpoint(0)).position)
            self._live[hose.arn] = delivery

    async def close(self) -> None:
        """Stop; what waits is delivered by the next run."""
        await asyncio.gather(*(delivery.close() for delivery in self._live.values()))

    # --- streams ----------------------------------------------------------------------------------------------------

    def get(self, arn: str) -> Hose:
        """Raises NotFound."""
        return self._find(arn).hose

    def find(self, account: str, region: str) -> list[Hose]:
        """The streams of an account in a region, by name."""
        start = hose_arn(account, region, "")
        return [self._live[arn].hose for arn in sorted(self._live) if arn.startswith(start)]

    async def create(
        self, account: str, region: str, name: str, destination: Destination, tags: dict[str, str]
    ) -> Hose:
        """Make a stream. Raises Conflict where one of that name is, InvalidRequest for a destination that can't be."""
        arn, now = hose_arn(account, region, name), self._clock.now()
        hose = Hose(arn, account, region, name, now, destination, tags=tags)
        check_destination(hose)
        async with self._changing:
            if arn in self._live:
                raise Conflict(f"Firehose {name} under accountId {account} already exists", "ResourceInUseException")
            if len(self.find(account, region)) >= MOST_HOSES:
                raise LimitExceeded(f"Account {account} has the most Firehose streams it can have: {MOST_HOSES}.")
            delivery = self._delivery(hose)
            # A crash in the middle of a deletion may have left records of a stream with this name.
            await self._log.trim(arn, max_size=0)
            await self._progress.forget(delivery.subscriber)
            await self._save(hose)
            self._keeper.keep(arn, None)
            await delivery.start(await self._log.locate(arn, _FAR) - 1)
            self._live[arn] = delivery
            return hose

    async def delete(self, arn: str, force: bool = False) -> None:
        """Delete a stream after writing what waits. With ``force`` also if that can't be written, which is then lost;
        else raises TryAgain."""
        async with self._changing:
            delivery = self._find(arn)
            # Nothing can be put from here on, so nothing that was acknowledged misses the last file.
            del self._live[arn]
            try:
                await self._flush(delivery, force)
                await self._catalog.apply([Change(_KIND, arn, None)])
            except BaseException:
                self._live[arn] = delivery
                raise
            await delivery.close()
            self._keeper.drop(arn)
            await self._log.trim(arn, max_size=0)
            await self._progress.forget(delivery.subscriber)

    async def change(self, arn: str, edit: Callable[[Hose], Hose]) -> None:
        """Make the stream what ``edit`` says; durable when this returns. Nothing is changed if ``edit`` raises."""
        async with self._changing:
            delivery = self._find(arn)
            hose = edit(delivery.hose)
            check_destination(hose)
            await self._save(hose)
            delivery.show(hose)

    # --- records ----------------------------------------------------------------------------------------------------

    async def put(self, arn: str, records: Sequence[bytes]) -> list[str]:
        """Put ``records``; their ids once all are durable. Raises NotFound, InvalidRequest for one that is too large,
        TryAgain without room."""
        self._find(arn)
        for data in records:
            if len(data) > MOST_RECORD:
                raise InvalidRequest(f"A record is larger than {MOST_RECORD} bytes.", "InvalidArgumentException")
        ids, events = to_events(records, self._clock.now())
        try:
            await self._log.append(arn, events)
        except TryAgain as error:
            raise TryAgain("Service is unavailable. Please retry.", "ServiceUnavailableException") from error
        # Who put while the stream was deleted is told so, because the last file may have been written already.
        self._find(arn).added(sum(map(len, records)))
        return ids

    # --- inside -----------------------------------------------------------------------------------------------------

    def _find(self, arn: str) -> Delivery:
        found = self._live.get(arn)
        if found is None:
            parsed = Arn.parse(arn)
            name, account = ("", "") if parsed is None else (parsed.resource.partition("/")[2], parsed.account)
            raise NotFound(f"Firehose {name} under account {account} not found.")
        return found

    async def _flush(self, delivery: Delivery, force: bool) -> None:
        try:
            await delivery.flush()
        except TryAgain:
            if not force:
                raise

    def _delivery(self, hose: Hose) -> Delivery:
        if self._root is None:
            raise Unsupported("Firehose streams need a directory for their files: start the server with --data.")
        return Delivery(hose, self._root, self._log, self._progress, self._clock)

    async def _save(self, hose: Hose) -> None:
        await self._catalog.apply([Change(_KIND, hose.arn, msgspec.json.encode(hose))])
