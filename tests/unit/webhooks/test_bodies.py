"""Bodies on their way: too many of them, or too many bytes, cost the one that has taken longest, and nobody else."""

from __future__ import annotations

import asyncio
from collections.abc import MutableMapping
from typing import Any

import pytest

from eventyard.api.webhooks.bodies import Bodies, network
from eventyard.errors import TryAgain


class Sender:
    """Sends parts of a body when told to."""

    def __init__(self, bodies: Bodies, peer: str) -> None:
        self._parts: asyncio.Queue[MutableMapping[str, Any]] = asyncio.Queue()
        self._hold = asyncio.Event()
        self._read = asyncio.create_task(self._go(bodies, peer))

    async def _go(self, bodies: Bodies, peer: str) -> bytes:
        async with bodies.read(peer, self._parts.get, 100) as body:
            await self._hold.wait()
            return body

    async def send(self, part: bytes, more: bool = True) -> None:
        self._parts.put_nowait({"type": "http.request", "body": part, "more_body": more})
        for _ in range(5):
            await asyncio.sleep(0)

    async def end(self) -> bytes:
        self._hold.set()
        return await self._read


async def test_the_oldest_of_a_peer_goes_for_the_next_of_that_peer() -> None:
    bodies = Bodies(peer=2)
    other, first, second = Sender(bodies, "10.0.0.2"), Sender(bodies, "10.0.0.1"), Sender(bodies, "10.0.0.1")
    for each in (other, first, second):
        await each.send(b"a")
    third = Sender(bodies, "10.0.0.1")
    await third.send(b"ab", more=False)
    with pytest.raises(TryAgain):
        await first.end()
    await second.send(b"b", more=False)
    await other.send(b"b", more=False)
    assert [await each.end() for each in (other, second, third)] == [b"ab"] * 3


async def test_the_oldest_of_all_goes_for_another_peer() -> None:
    bodies = Bodies(most=2)
    senders = [Sender(bodies, f"10.0.0.{number}") for number in range(3)]
    await asyncio.sleep(0)
    with pytest.raises(TryAgain):
        await senders[0].end()
    for each in senders[1:]:
        await each.send(b"ab", more=False)
        assert await each.end() == b"ab"


async def test_bytes_have_an_end_and_those_in_hand_count() -> None:
    bodies = Bodies(size=100)
    held, slow = Sender(bodies, "a"), Sender(bodies, "b")
    await held.send(b"x" * 60, more=False)
    await slow.send(b"x" * 30)
    late = Sender(bodies, "c")
    await late.send(b"x" * 40, more=False)
    with pytest.raises(TryAgain):
        await slow.end()
    too_late = Sender(bodies, "d")
    await too_late.send(b"x", more=False)
    with pytest.raises(TryAgain):
        await too_late.end()
    assert [len(await each.end()) for each in (held, late)] == [60, 40]
    again = Sender(bodies, "d")
    await again.send(b"x" * 100, more=False)
    assert len(await again.end()) == 100, "nothing is left behind"


def test_a_peer_is_an_address_or_a_network_of_one_host() -> None:
    assert network("10.0.0.1") == "10.0.0.1" == network("::ffff:10.0.0.1")
    assert network("2001:db8::1") == network("2001:db8::ffff:1") != network("2001:db8:0:1::1")
    assert network("") == ""
    assert network("fe80::1%eth0") == network("fe80::2")
