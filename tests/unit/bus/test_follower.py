"""A follower gets everything that matches from its position on, in order and once, however slow it is."""

from __future__ import annotations

import asyncio
import random

import pytest

from eventyard.bus.follower import BusFollower
from eventyard.clock import settle
from eventyard.pattern import parse
from eventyard.stores.memory import open_memory
from tests.unit.bus.yard import BUS, Yard


@pytest.fixture
async def yard() -> Yard:
    return await Yard(await open_memory()).start()


async def taken(follower: BusFollower, count: int, limit: int = 100) -> list[int]:
    """The positions of the next ``count`` events."""
    found: list[int] = []
    while len(found) < count:
        rows = await follower.take(min(limit, count - len(found)), 2)
        assert rows, f"{len(found)} of {count} came"
        found += [position for position, _ in rows]
    return found


async def test_from_now_on_means_from_the_call_on(yard: Yard) -> None:
    await yard.publish(1, 2)
    follower = yard.engine.followers.follow(BUS, None, None)
    await yard.publish(3, 4)
    assert await taken(follower, 2) == [3, 4]
    assert (follower.position, follower.behind) == (4, 0)


async def test_only_what_matches_comes_and_the_position_passes_the_rest(yard: Yard) -> None:
    follower = yard.engine.followers.follow(BUS, parse('{"detail":{"n":[2]}}'), None)
    await yard.publish(1, 2, 3)
    await settle()
    assert await taken(follower, 1) == [2]
    assert await follower.take(1, 0.01) == []
    assert follower.position == 3


@pytest.mark.parametrize("seed", range(20))
async def test_nothing_is_missed_or_repeated_at_any_pace(yard: Yard, seed: int) -> None:
    chance = random.Random(seed)
    followers = yard.engine.followers
    start = chance.choice([None, 0])
    follower = followers.follow(BUS, parse('{"detail":{"n":[{"numeric":[">=",3]}]}}'), start)
    follower._most = chance.choice([1, 5, 100])
    total, found = 300, list[int]()

    async def publish() -> None:
        number = 0
        while number < total:
            size = min(chance.randint(1, 40), total - number)
            await yard.publish(*range(number + 1, number + size + 1))
            number += size
            if chance.random() < 0.5:
                await settle(chance.randint(1, 30))

    async def follow() -> None:
        while not found or found[-1] < total:
            rows = await follower.take(chance.randint(1, 50), 5)
            found.extend(position for position, _ in rows)
            await settle(chance.randint(0, 60))

    await asyncio.wait_for(asyncio.gather(publish(), follow()), 20)
    assert found == list(range(3, total + 1))
    followers.leave(follower)
    assert followers._space.held == 0


async def test_what_retention_took_is_told(yard: Yard) -> None:
    await yard.publish(1, 2, 3)
    await yard.store.log.trim(BUS, max_size=0)
    await yard.publish(4)
    follower = yard.engine.followers.follow(BUS, None, 0)
    assert await taken(follower, 1) == [4]
    assert follower.lost is not None
    assert (follower.lost.first, follower.lost.last) == (1, 3)


async def test_together_they_hold_no_more_than_they_may(yard: Yard) -> None:
    followers = yard.engine.followers
    followers._space.most = 2_000
    each = [followers.follow(BUS, None, None) for _ in range(10)]
    await yard.publish(*range(100))
    await settle()
    assert followers._space.held < 2_000 + 500
    for follower in each:
        assert len(await taken(follower, 100)) == 100
        followers.leave(follower)
    assert followers._space.held == 0


async def test_who_follows_is_nobody_that_an_event_is_matched_by(yard: Yard) -> None:
    yard.engine.followers.follow(BUS, None, None)
    await yard.publish(1)
    await settle()
    assert yard.engine.ledger.counts["unmatched"] == 1
