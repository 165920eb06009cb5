"""The streams: made, changed, resharded and filled here. Reading is ``reading``'s. AWS's API is not known here."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Protocol

import msgspec

from eventyard.chore import every
from eventyard.clock import Clock
from eventyard.errors import Conflict, InvalidRequest, LimitExceeded, NotFound, TryAgain
from eventyard.names import Arn
from eventyard.store import Catalog, Change, EventLog
from eventyard.streams.limits import Limits
from eventyard.streams.live import Live
from eventyard.streams.records import Entry, Envelope, Failed, Placed
from eventyard.streams.resources import DEFAULT_RECORD_KIB, Consumer, Distribution, Mode, Shard, Stream, stream_arn
from eventyard.streams.sharding import Resharding, first_shards
from eventyard.vault import Vault

_KIND = "stream"
_SWEEP = 60.0
_FAR = 1 << 62  # a time after all records
#: Quotas of an account in a region (developer guide, "Quotas and limits").
SHARD_LIMIT, ON_DEMAND_LIMIT = 1000, 50
#: Of a stream: consumers and queues together, in on-demand mode of an account with a commitment and else.
ADVANTAGE_LIMIT, CONSUMER_LIMIT = 50, 20
_IN_USE = "ResourceInUseException"

Watcher = Callable[[str, int], None]
"""Called with the ARN of a stream and how many records were put there."""

Holder = Callable[[str], int]
"""How many readers, which are kept elsewhere, need the stream with this ARN."""


class LogKeeper(Protocol):
    """Who applies retention to logs, and empties those that nobody wants to be kept."""

    def keep(self, name: str, age: int) -> None:
        """Keep the log, but nothing older than ``age`` ms."""
        ...

    def drop(self, name: str) -> None: ...


class Payload(Protocol):
    """What a rule's target hands in."""

    @property
    def data(self) -> bytes: ...
    @property
    def key(self) -> str: ...


class Streams:
    """Every stream of this server, by ARN. ``limits``: what the shards of provisioned streams are held to; None lets
    them take and give what the machine can."""

    def __init__(
        self,
        eventlog: EventLog,
        catalog: Catalog,
        clock: Clock,
        keeper: LogKeeper,
        vault: Vault,
        limits: Limits | None = None,
    ) -> None:
        self._log = eventlog
        self._catalog = catalog
        self._clock = clock
        self._keeper = keeper
        self.limits = limits
        self.envelope = Envelope(vault)
        self._live: dict[str, Live] = {}
        self._changing = asyncio.Lock()
        self._watchers: list[Watcher] = []
        self._holders: list[Holder] = []
        self.closed = False

    # --- life -------------------------------------------------------------------------------------------------------

    async def load(self) -> None:
        """Bring back the streams that were made before."""
        for arn, value in (await self._catalog.load(_KIND)).items():
            stream = msgspec.json.decode(value, type=Stream)
            self._live[arn] = Live(stream)
            self._keep_logs(stream)

    async def run(self) -> None:
        """Forget closed shards whose records have all expired, now and then. Never returns."""
        await every(_SWEEP, self._clock, self.sweep, "expired shards stay for now")

    async def sweep(self) -> None:
        """Forget the closed shards whose records have all expired."""
        for arn in list(self._live):
            async with self._changing:
                if arn not in self._live:
                    continue
                stream = self._live[arn].stream
                horizon = stream.trim_horizon(self._clock.now())
                gone = [shard for shard in stream.shards if shard.closed is not None and shard.closed < horizon]
                if gone:
                    kept = tuple(shard for shard in stream.shards if shard not in gone)
                    await self._save(msgspec.structs.replace(stream, shards=kept))
                    for shard in gone:
                        await self._empty(stream.log_name(shard))

    def close(self) -> None:
        """Send everybody who waits for records home."""
        self.closed = True
        for live in self._live.values():
            live.ring_all()

    # --- streams ----------------------------------------------------------------------------------------------------

    def live(self, arn: str) -> Live:
        """Raises NotFound."""
        found = self._live.get(arn)
        if found is None:
            parsed = Arn.parse(arn)
            name, account = ("", "") if parsed is None else (parsed.resource.partition("/")[2], parsed.account)
            raise NotFound(f"Stream {name} under account {account} not found.")
        return found

    def watch(self, watcher: Watcher) -> None:
        """From now on, tell ``watcher`` of every put, once it is durable."""
        self._watchers.append(watcher)

    def hold(self, holder: Holder) -> None:
        """From now on, keep the streams that ``holder`` counts readers of."""
        self._holders.append(holder)

    def held(self, arn: str) -> int:
        """How many channels the stream has."""
        return sum(holder(arn) for holder in self._holders)

    def all(self) -> list[Stream]:
        """Every stream of every account."""
        return [live.stream for live in self._live.values()]

    def get(self, arn: str) -> Stream:
        """The stream with ``arn``. Raises NotFound."""
        return self.live(arn).stream

    def find(self, account: str, region: str) -> list[Stream]:
        """The streams of an account in a region, by name."""
        start = stream_arn(account, region, "")
        return [self._live[arn].stream for arn in sorted(self._live) if arn.startswith(start)]

    async def create(
        self,
        account: str,
        region: str,
        name: str,
        shards: int,
        mode: Mode = "PROVISIONED",
        tags: dict[str, str] | None = None,
        max_record_kib: int = DEFAULT_RECORD_KIB,
        distribution: Distribution = "USER_PARTITION_KEY",
        warm: int = 0,
    ) -> Stream:
        """Make a stream of ``shards`` even shards. Raises Conflict where one of that name is."""
        arn, now = stream_arn(account, region, name), self._clock.now()
        async with self._changing:
            if arn in self._live:
                raise Conflict(f"Stream {name} under account {account} already exists.", "ResourceInUseException")
            self._check_quota(account, region, shards, mode)
            stream = Stream(
                arn,
                account,
                region,
                name,
                now,
                first_shards(shards, now),
                shards,
                mode,
                tags=tags or {},
                max_record_kib=max_record_kib,
                distribution=distribution,
                warm=warm,
            )
            # A crash in the middle of a deletion may have left records of a stream with this name.
            for log_name in await self._log.bounds():
                if log_name.startswith(arn + "/"):
                    await self._log.trim(log_name, max_size=0)
            await self._save(stream)
            return stream

    async def delete(self, arn: str, with_consumers: bool = False) -> None:
        """Delete a stream with everything in it."""
        async with self._changing:
            live = self.live(arn)
            stream = live.stream
            if stream.consumers and not with_consumers:
                raise Conflict(
                    f"Stream {stream.name} under account {stream.account} has consumers registered on it.", _IN_USE
                )
            if stream.queues:
                raise Conflict(f"Stream {stream.name} under account {stream.account} has queues.", _IN_USE)
            if self.held(arn):
                raise Conflict(f"Stream {stream.name} under account {stream.account} has channels.", _IN_USE)
            async with live.gate.alone():
                await self._catalog.apply([Change(_KIND, arn, None)])
                del self._live[arn]
            live.ring_all()
            for shard in stream.shards:
                await self._empty(stream.log_name(shard))

    async def change(self, arn: str, edit: Callable[[Stream], Stream]) -> Stream:
        """Make the stream what ``edit`` says; durable when this returns. Nothing is changed if ``edit`` raises."""
        async with self._changing:
            stream = edit(self.get(arn))
            await self._save(stream)
            return stream

    async def reshard(self, arn: str, edit: Callable[[Resharding], None]) -> Stream:
        """Change the shards of a stream. Puts wait meanwhile, so that a parent's last record is known."""
        async with self._changing:
            live = self.live(arn)
            async with live.gate.alone():
                lasts = {shard.number: await self.last(live.stream, shard) for shard in live.stream.open_shards}
                work = Resharding(live.stream, lasts, self._clock.now())
                edit(work)
                stream = work.result()
                more = len(stream.open_shards) - len(live.stream.open_shards)
                if more > 0 and stream.mode == "PROVISIONED":
                    self._check_quota(stream.account, stream.region, more, "PROVISIONED")
                await self._save(stream)
                return stream

    def shards_in_use(self, account: str, region: str) -> int:
        """The open shards of an account's streams whose shards are its own to count."""
        return sum(len(stream.open_shards) for stream in self.find(account, region) if stream.mode == "PROVISIONED")

    def on_demand(self, account: str, region: str) -> int:
        """How many streams on demand an account has."""
        return sum(stream.mode == "ON_DEMAND" for stream in self.find(account, region))

    # --- consumers --------------------------------------------------------------------------------------------------

    async def register(self, arn: str, name: str, tags: dict[str, str], most: int = CONSUMER_LIMIT) -> Consumer:
        """Register a consumer. Raises Conflict where one of that name is, LimitExceeded where ``most`` consumers and
        queues are."""
        now = self._clock.now()
        consumer = Consumer(f"{arn}/consumer/{name}:{now // 1000}", name, now, tags)

        def edit(stream: Stream) -> Stream:
            if any(one.name == name for one in stream.consumers):
                raise Conflict(
                    f"Consumer {name} under stream {stream.name} already exists for account {stream.account}.",
                    "ResourceInUseException",
                )
            check_room(stream, most)
            return msgspec.structs.replace(stream, consumers=(*stream.consumers, consumer))

        await self.change(arn, edit)
        return consumer

    async def deregister(self, arn: str, consumer: Consumer) -> None:
        """Forget a consumer; its subscriptions end."""

        def edit(stream: Stream) -> Stream:
            kept = tuple(one for one in stream.consumers if one.arn != consumer.arn)
            return msgspec.structs.replace(stream, consumers=kept)

        await self.change(arn, edit)

    # --- records ----------------------------------------------------------------------------------------------------

    async def put(self, arn: str, entries: Sequence[Entry]) -> list[Placed | Failed]:
        """Put ``entries``, which have been checked; the outcome of each, in order. What is placed is durable."""
        live = await self._enter(arn)
        try:
            auto = live.stream.distribution == "AUTO"
            by_shard: dict[int, list[int]] = {}
            shards: dict[int, Shard] = {}
            for at, entry in enumerate(entries):
                shard = live.next_shard() if auto else live.shard_of(entry.hash_key)
                shards[shard.number] = shard
                by_shard.setdefault(shard.number, []).append(at)
            outcomes: dict[int, Placed | Failed] = {}
            parts = [(shards[number], ats) for number, ats in by_shard.items()]
            work = [self._append(live, shard, [entries[at] for at in ats]) for shard, ats in parts]
            results = await asyncio.gather(*work) if len(work) > 1 else [await work[0]]
            for (_, ats), part in zip(parts, results, strict=True):
                outcomes.update(zip(ats, part, strict=True))
            return [outcomes[at] for at in range(len(entries))]
        finally:
            live.gate.leave()

    def check(self, arn: str, entry: Entry) -> None:
        """Raises InvalidRequest for a record that the stream does not take."""
        stream = self.get(arn)
        most = stream.max_record_kib * 1024
        if entry.size > most:
            raise InvalidRequest(
                f"Record of {entry.size} bytes is larger than the maximum record size of stream {stream.name} under "
                f"account {stream.account}: {most} bytes.",
                "InvalidArgumentException",
            )

    async def deliver(self, arn: str, payloads: Sequence[Payload]) -> list[tuple[str, str] | None]:
        """Take what a rule delivers: for each None, or the code and message of why not yet. Raises NotFound without a
        stream, InvalidRequest for what it does not take."""
        entries = [Entry(payload.data, payload.key) for payload in payloads]
        for entry in entries:
            self.check(arn, entry)
        outcomes = await self.put(arn, entries)
        return [(one.code, one.message) if isinstance(one, Failed) else None for one in outcomes]

    async def last(self, stream: Stream, shard: Shard) -> int:
        """The position of the last record of ``shard``."""
        if shard.last is not None:
            return shard.last
        return await self._log.locate(stream.log_name(shard), _FAR) - 1

    # --- inside -----------------------------------------------------------------------------------------------------

    async def _enter(self, arn: str) -> Live:
        """Pass the gate of the stream; again if meanwhile it was deleted and made anew."""
        while True:
            live = self.live(arn)
            await live.gate.enter()
            if self._live.get(arn) is live:
                return live
            live.gate.leave()

    async def _append(self, live: Live, shard: Shard, entries: Sequence[Entry]) -> list[Placed | Failed]:
        """A record that the shard has no room for in this second fails alone."""
        stream, name = live.stream, live.stream.log_name(shard)
        failed = rate_exceeded(stream, shard)
        limits = self.limits if stream.mode == "PROVISIONED" else None
        room = [limits is None or limits.write(name, entry.size) for entry in entries]
        taken = [entry for entry, has_room in zip(entries, room, strict=True) if has_room]
        if not taken:
            return [failed] * len(entries)
        try:
            first = await self._log.append(name, self.envelope.put(stream, taken, self._clock.now()))
        except TryAgain:
            return [failed] * len(entries)
        live.ring(shard.number)
        for watcher in self._watchers:
            watcher(stream.arn, len(taken))
        placed = iter([Placed(shard.id, shard.sequence(position)) for position in range(first, first + len(taken))])
        return [next(placed) if has_room else failed for has_room in room]

    def _check_quota(self, account: str, region: str, more: int, mode: Mode) -> None:
        """Raises LimitExceeded."""
        if mode == "ON_DEMAND":
            if self.on_demand(account, region) >= ON_DEMAND_LIMIT:
                raise LimitExceeded(
                    f"Account {account} has the most streams in on-demand mode it can have: {ON_DEMAND_LIMIT}."
                )
            return
        used = self.shards_in_use(account, region)
        if used + more > SHARD_LIMIT:
            raise LimitExceeded(
                f"This request would exceed the shard limit for the account {account} in {region}. Current shard count "
                f"for the account: {used}. Limit: {SHARD_LIMIT}. Number of additional shards that would have resulted "
                f"from this request: {more}."
            )

    def _keep_logs(self, stream: Stream) -> None:
        for shard in stream.shards:
            self._keeper.keep(stream.log_name(shard), stream.retention * 3_600_000)

    async def _empty(self, log_name: str) -> None:
        if self.limits is not None:
            self.limits.forget(log_name)
        self._keeper.drop(log_name)
        await self._log.trim(log_name, max_size=0)

    async def _save(self, stream: Stream) -> None:
        await self._catalog.apply([Change(_KIND, stream.arn, msgspec.json.encode(stream))])
        live = self._live.get(stream.arn)
        if live is None:
            self._live[stream.arn] = Live(stream)
        else:
            live.show(stream)
        self._keep_logs(stream)


def check_room(stream: Stream, most: int) -> None:
    """Raises LimitExceeded for a stream that has ``most`` consumers and queues."""
    if stream.registered >= most:
        raise LimitExceeded(
            f"Stream {stream.name} under account {stream.account} has the most consumers and queues it can have: "
            f"{most}."
        )


def rate_exceeded(stream: Stream, shard: Shard) -> Failed:
    """Why a record can't be put, or a shard not be read, now."""
    message = f"Rate exceeded for shard {shard.id} in stream {stream.name} under account {stream.account}."
    return Failed("ProvisionedThroughputExceededException", message)
