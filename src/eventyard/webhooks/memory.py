"""What has come through a webhook: a log of deliveries, and its last keys in memory, by which duplicates are told.

The log is the truth: it is read back at the start. Beside it there may be one with the raw requests.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from hashlib import blake2b

import msgspec

from eventyard.event import Event
from eventyard.store import EventLog

#: Keys that are remembered; those of an arrival are two at most. So many if that is all that is younger than the guard,
#: and up to the limit while all of them are.
MOST, LIMIT = 100_000, 300_000
#: Bytes of the log of deliveries: some hundreds for each of them.
LARGEST = 128 << 20
_DIGEST, _READ = 16, 500


class Delivered(msgspec.Struct, frozen=True, omit_defaults=True):
    """What was taken. ``keys``: hashes. ``events``: ids. ``at``: ms since the epoch. ``headers``: that are kept."""

    keys: tuple[str, ...]
    events: tuple[str, ...]
    types: tuple[str, ...]
    at: int
    headers: dict[str, str] = {}


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Delivered).decode


def deliveries_of(arn: str) -> str:
    """The name of the log of what came through the webhook with ``arn``."""
    return f"{arn}#deliveries"


def raw_of(arn: str) -> str:
    """The name of the log of its raw requests."""
    return f"{arn}#raw"


def hashed(keys: Iterable[str]) -> tuple[str, ...]:
    """``keys`` as they are remembered: short, whatever a sender makes of them."""
    return tuple(blake2b(key.encode("utf-8", "surrogatepass"), digest_size=_DIGEST).hexdigest() for key in keys)


class Memory:
    """Of one webhook. ``window``: ms for which a key is remembered. ``guard``: ms for which it is never forgotten, even
    if there are very many: as long as a signed time can be taken."""

    def __init__(self, log: EventLog, name: str, window: int, guard: int) -> None:
        self._log = log
        self._name = name
        self.window = window
        self.guard = guard
        self._seen: OrderedDict[str, int] = OrderedDict()

    async def load(self, now: int) -> None:
        """Bring back what is still remembered."""
        bounds = (await self._log.bounds()).get(self._name)
        if bounds is None:
            return
        young = await self._log.locate(self._name, now - self.guard) - 1
        position = max(await self._log.locate(self._name, now - self.window) - 1, min(bounds.last - MOST, young))
        while rows := await self._log.read(self._name, position, _READ):
            position = rows[-1][0]
            for _, event in rows:
                self._add(_decode(event.body).keys, event.ingested)

    def knows(self, keys: Sequence[str], now: int) -> bool:
        """Whether something has come under one of ``keys`` (hashes) within the window."""
        return any(now - self._seen[key] <= self.window for key in keys if key in self._seen)

    def wait(self, count: int, now: int) -> int:
        """0 if there is room for ``count`` keys more; else in how many seconds some can be forgotten."""
        self._forget(now)
        if len(self._seen) + count <= LIMIT:
            return 0
        oldest = next(iter(self._seen.values()), now)
        return max(1, math.ceil((oldest + self.guard - now) / 1000))

    def add(self, keys: Sequence[str], now: int) -> None:
        """Remember from now on; until :meth:`keep` has returned, as long as the process lives."""
        self._add(keys, now)

    async def keep(self, delivered: Delivered) -> None:
        """Make it durable. Raises as a log does."""
        await self._log.append(self._name, [Event(_encode(delivered), delivered.at)])

    async def last(self, limit: int) -> list[Delivered]:
        """The last deliveries, the newest first."""
        bounds = (await self._log.bounds()).get(self._name)
        if bounds is None:
            return []
        rows = await self._log.read(self._name, max(bounds.first - 1, bounds.last - limit), limit)
        return [_decode(event.body) for _, event in reversed(rows)]

    def _add(self, keys: Sequence[str], now: int) -> None:
        for key in keys:
            self._seen[key] = now
            self._seen.move_to_end(key)
        self._forget(now)

    def _forget(self, now: int) -> None:
        while self._seen:
            age = now - next(iter(self._seen.values()))
            if age <= (self.guard if len(self._seen) > MOST else self.window):
                return
            self._seen.popitem(last=False)
