"""The delivery streams: made, changed and filled here; ``delivery`` writes the files. AWS's API is not known here."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Protocol

import msgspec

from eventyard.clock import Clock
from eventyard.errors import Conflict, InvalidRequest, LimitExceeded, NotFound, TryAgain, Unsupported
from eventyard.firehose.delivery import Delivery, checkpoint_name
from eventyard.firehose.files import clear_partial
from eventyard.firehose.job import Job
from eventyard.firehose.objects import check_destination, error_key, object_key
from eventyard.firehose.records import Envelope
from eventyard.firehose.resources import MOST_RECORD, Destination, Encryption, Hose, StreamSource, hose_arn
from eventyard.firehose.source import Direct, Source
from eventyard.firehose.transformation import Ask, Transformer
from eventyard.names import Arn
from eventyard.store import Catalog, Change, Checkpoint, EventLog, Progress
from eventyard.vault import Vault

_KIND = "hose"
_FAR = 1 << 62  # a time after all records
#: Quota of an account in a region (API reference, CreateDeliveryStream).
MOST_HOSES = 5000
_BAD = "InvalidArgumentException"


class LogKeeper(Protocol):
    """Who empties the logs that nobody wants to be kept."""

    def keep(self, name: str, age: int | None) -> None:
        """Keep the log; with None everything in it, however old."""
        ...

    def drop(self, name: str) -> None: ...


class Feeds(Protocol):
    """Who hands out the records of Kinesis streams."""

    def check(self, arn: str) -> None:
        """Raises NotFound without the stream ``arn``."""
        ...

    def feed(self, arn: str, since: int, ring: Callable[[], None]) -> Source:
        """What arrived in the stream ``arn`` from ``since`` (ms) on. ``ring`` is called when there may be more."""
        ...


class _Live(msgspec.Struct, frozen=True):
    """A stream while the server runs. ``direct``: what is put to it; None where its records come from elsewhere."""

    hose: Hose
    delivery: Delivery
    direct: Direct | None


class Hoses:
    """Every delivery stream of this server, by ARN. ``root``: the directory of the buckets; None without one."""

    def __init__(
        self,
        eventlog: EventLog,
        catalog: Catalog,
        progress: Progress,
        clock: Clock,
        keeper: LogKeeper,
        vault: Vault,
        feeds: Feeds,
        ask: Ask,
        root: Path | None,
    ) -> None:
        self._log = eventlog
        self._catalog = catalog
        self._progress = progress
        self._clock = clock
        self._keeper = keeper
        self._envelope = Envelope(vault)
        self._feeds = feeds
        self._ask = ask
        self._root = root
        self._live: dict[str, _Live] = {}
        self._changing = asyncio.Lock()

    # --- life -------------------------------------------------------------------------------------------------------

    async def load(self) -> None:
        """Bring back the streams that were made before, and go on delivering them."""
        if self._root is not None:
            await asyncio.to_thread(clear_partial, self._root)
        kept = await self._catalog.load(_KIND)
        if not kept:
            return
        reached = reached_in(await self._progress.load())
        for value in kept.values():
            hose = msgspec.json.decode(value, type=Hose)
            self._keep(hose)
            await self._start(hose, reached.get(hose.arn, {}))

    async def close(self) -> None:
        """Stop; what waits is delivered by the next run."""
        await asyncio.gather(*(live.delivery.close() for live in self._live.values()))

    # --- streams ----------------------------------------------------------------------------------------------------

    def get(self, arn: str) -> Hose:
        """Raises NotFound."""
        return self._find(arn).hose

    def find(self, account: str, region: str) -> list[Hose]:
        """The streams of an account in a region, by name."""
        start = hose_arn(account, region, "")
        return [self._live[arn].hose for arn in sorted(self._live) if arn.startswith(start)]

    async def create(
        self,
        account: str,
        region: str,
        name: str,
        destination: Destination,
        tags: dict[str, str],
        encryption: Encryption | None = None,
        source: StreamSource | None = None,
    ) -> Hose:
        """Make a stream. Raises Conflict where one of that name is, InvalidRequest for a destination that can't be."""
        arn, now = hose_arn(account, region, name), self._clock.now()
        hose = Hose(arn, account, region, name, now, destination, tags=tags, encryption=encryption, source=source)
        check_destination(hose)
        root_of(self._root)
        if source is not None:
            self._feeds.check(source.arn)
        async with self._changing:
            if arn in self._live:
                raise Conflict(f"Firehose {name} under accountId {account} already exists", "ResourceInUseException")
            if len(self.find(account, region)) >= MOST_HOSES:
                raise LimitExceeded(f"Account {account} has the most Firehose streams it can have: {MOST_HOSES}.")
            # A crash in the middle of a deletion may have left records of a stream with this name.
            await self._log.trim(arn, max_size=0)
            for part in reached_in(await self._progress.load()).get(arn, {}):
                await self._progress.forget(checkpoint_name(arn, part))
            await self._save(hose)
            self._keep(hose)
            await self._start(hose, {} if source else {arn: await self._log.locate(arn, _FAR) - 1})
            return hose

    async def delete(self, arn: str, force: bool = False) -> None:
        """Delete a stream after writing what waits. With ``force`` also if that can't be written, which is then lost;
        else raises TryAgain. What a Kinesis stream has is left there."""
        async with self._changing:
            live = self._find(arn)
            # Nothing can be put from here on, so nothing that was acknowledged misses the last file.
            del self._live[arn]
            try:
                if live.direct is not None:
                    await self._flush(live.delivery, force)
                await self._catalog.apply([Change(_KIND, arn, None)])
            except BaseException:
                self._live[arn] = live
                raise
            await live.delivery.close()
            self._keeper.drop(arn)
            await self._log.trim(arn, max_size=0)
            await live.delivery.forget()

    async def change(self, arn: str, edit: Callable[[Hose], Hose]) -> None:
        """Make the stream what ``edit`` says; durable when this returns. Nothing is changed if ``edit`` raises."""
        async with self._changing:
            live = self._find(arn)
            hose = edit(live.hose)
            check_destination(hose)
            await self._save(hose)
            self._live[arn] = msgspec.structs.replace(live, hose=hose)
            live.delivery.show(job_of(hose))

    # --- records ----------------------------------------------------------------------------------------------------

    async def put(self, arn: str, records: Sequence[bytes]) -> list[str]:
        """Put ``records``; their ids once all are durable. Raises NotFound, InvalidRequest for one that is too large
        and for a stream whose records come from elsewhere, TryAgain without room."""
        hose = self._direct(arn)[0]
        for data in records:
            if len(data) > MOST_RECORD:
                raise InvalidRequest(f"A record is larger than {MOST_RECORD} bytes.", _BAD)
        ids, events = self._envelope.put(hose, records, self._clock.now())
        try:
            await self._log.append(arn, events)
        except TryAgain as error:
            raise TryAgain("Service is unavailable. Please retry.", "ServiceUnavailableException") from error
        # Who put while the stream was deleted is told so, because the last file may have been written already.
        _, direct, delivery = self._direct(arn)
        before, waiting = direct.added(sum(map(len, records)))
        if before <= 0 or waiting >= delivery.job.size:
            delivery.ring()
        return ids

    # --- inside -----------------------------------------------------------------------------------------------------

    def _find(self, arn: str) -> _Live:
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

    def _direct(self, arn: str) -> tuple[Hose, Direct, Delivery]:
        live = self._find(arn)
        if live.direct is None:
            raise InvalidRequest(
                f"This operation is not permitted on KinesisStreamAsSource delivery stream type: {live.hose.name}.",
                _BAD,
            )
        return live.hose, live.direct, live.delivery

    async def _start(self, hose: Hose, reached: Mapping[str, int]) -> None:
        direct = None if hose.source else Direct(hose.arn, self._log, self._envelope)
        source: Source | None = direct
        rung: list[Delivery] = []
        if hose.source is not None:
            source = self._feeds.feed(hose.source.arn, hose.source.since, lambda: rung[0].ring())
        assert source is not None
        transformer = Transformer(self._ask, hose.arn, self._clock)
        delivery = Delivery(job_of(hose), source, root_of(self._root), self._progress, self._clock, transformer)
        rung.append(delivery)
        if direct is not None:
            await direct.count(reached.get(hose.arn, 0))
        delivery.start(reached)
        self._live[hose.arn] = _Live(hose, delivery, direct)

    def _keep(self, hose: Hose) -> None:
        if hose.source is None:
            self._keeper.keep(hose.arn, None)

    async def _save(self, hose: Hose) -> None:
        await self._catalog.apply([Change(_KIND, hose.arn, msgspec.json.encode(hose))])


def job_of(hose: Hose) -> Job:
    """What is done with the records of ``hose``."""
    destination, backup = hose.destination, hose.destination.backup
    job = Job(
        hose.arn,
        destination.size << 20,
        destination.interval * 1000,
        destination.bucket,
        partial(object_key, hose, destination),
        destination.bucket,
        partial(error_key, hose, destination),
        destination.compression,
        destination.delimiter.encode(),
        destination.splitting,
        None if destination.partitioning is None else destination.partitioning.query,
        destination.transformation,
        destination.conversion,
    )
    if backup is None:
        return job
    return msgspec.structs.replace(
        job,
        backup_bucket=backup.bucket,
        backup_key=partial(object_key, hose, backup, keys={}),
        backup_compression=backup.compression,
    )


def reached_in(checkpoints: Mapping[str, Checkpoint]) -> dict[str, dict[str, int]]:
    """How far each delivery has come, by its ARN."""
    found: dict[str, dict[str, int]] = {}
    for name, checkpoint in checkpoints.items():
        arn, is_one, part = name.partition("#files")
        if is_one:
            found.setdefault(arn, {})[part.strip() or arn] = checkpoint.position
    return found


def root_of(root: Path | None) -> Path:
    """The directory of the buckets. Raises Unsupported without one."""
    if root is None:
        raise Unsupported("Files need a directory: start the server with --data.")
    return root
