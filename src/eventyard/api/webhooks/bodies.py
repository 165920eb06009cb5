"""Bodies that are on their way to webhooks, and those in hand: how many there may be, and of how many bytes.

Nobody is known yet while a body comes, so nobody can be kept out by it: where there are too many, the one that has
taken longest goes, and an honest body is there at once.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from ipaddress import IPv6Address, ip_network

from eventyard.errors import TryAgain
from eventyard.wire.http import Receive, read_body

#: Bodies on their way, of one peer and of all.
PEER, MOST = 200, 2_000
#: Bytes of all bodies, on their way or in hand.
BYTES = 256 << 20
#: Seconds that a body may take.
PATIENCE = 20


class Bodies:
    """Of all webhooks of a server. ``peer``, ``most``, ``size``: the limits."""

    def __init__(self, peer: int = PEER, most: int = MOST, size: int = BYTES) -> None:
        self._peer = peer
        self._most = most
        self._size = size
        self._held = 0
        #: The oldest first.
        self._coming: dict[_Body, None] = {}
        self._peers: Counter[str] = Counter()

    @asynccontextmanager
    async def read(self, peer: str, receive: Receive, limit: int) -> AsyncIterator[bytes]:
        """The whole body of at most ``limit`` bytes, which counts until this is left. ``peer``: the address that it
        comes from. Raises TryAgain if it had to go for others, TimeoutError, and as ``read_body`` does."""
        one = _Body(network(peer))
        if self._peers[one.peer] >= self._peer:
            self._drop(next(each for each in self._coming if each.peer == one.peer))
        elif len(self._coming) >= self._most:
            self._drop(next(iter(self._coming)))
        self._coming[one] = None
        self._peers[one.peer] += 1
        try:
            yield await self._whole(one, receive, limit)
        finally:
            self._leave(one)
            self._held -= one.size

    async def _whole(self, one: _Body, receive: Receive, limit: int) -> bytes:
        async def counted() -> dict[str, object]:
            message = dict(await receive())
            part = len(message.get("body", b""))
            one.size += part
            self._held += part
            while self._held > self._size and self._coming:
                self._drop(next(iter(self._coming)))
            return message

        try:
            async with asyncio.timeout(PATIENCE) as one.timeout:
                body = await read_body(counted, limit)
                self._leave(one)
        except TimeoutError:
            if not one.dropped:
                raise
        if one.dropped:
            raise TryAgain("Too many bodies are on their way.")
        return body

    def _drop(self, one: _Body) -> None:
        """It counts no more, and its reader hears of it."""
        one.dropped = True
        self._leave(one)
        self._held -= one.size
        one.size = 0
        if one.timeout is not None:
            one.timeout.reschedule(asyncio.get_running_loop().time())

    def _leave(self, one: _Body) -> None:
        """It is not on its way any more."""
        if one in self._coming:
            del self._coming[one]
            self._peers[one.peer] -= 1
            if not self._peers[one.peer]:
                del self._peers[one.peer]


class _Body:
    """One on its way. ``size``: bytes that are there."""

    def __init__(self, peer: str) -> None:
        self.peer = peer
        self.size = 0
        self.dropped = False
        self.timeout: asyncio.Timeout | None = None


def network(peer: str) -> str:
    """What counts as one peer: an address, or of IPv6 the network of 64 bits that a single host has."""
    if ":" not in peer:
        return peer
    address = IPv6Address(peer.partition("%")[0])
    return str(address.ipv4_mapped or ip_network((int(address), 64), strict=False))
