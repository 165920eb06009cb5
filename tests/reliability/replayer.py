"""Starts replays of the last seconds, one after the other, as long as the server is up, and asks for the archive."""

from __future__ import annotations

import asyncio
import itertools
import random
import time
from collections import Counter

from .client import ACCOUNT, REGION, Client, Refused
from .oracle import Oracle
from .topology import ARCHIVE, BUS, ROUTES

_LONGEST = 8


async def keep_replaying(port: int, oracle: Oracle, up: asyncio.Event, errors: Counter[str], seed: int) -> None:
    """``errors``: counts what was refused, by what was said."""
    client, chance = Client(port), random.Random(f"{seed}/replays")
    try:
        for number in itertools.count():
            await asyncio.sleep(chance.uniform(0.2, 1.0))
            await up.wait()
            end = int(time.time()) + chance.choice((0, 1))
            try:
                await replay(client, oracle, f"replay-{number}", end - chance.randint(1, _LONGEST), end)
            except OSError:
                continue  # it may have been started, or not
            except Refused as refusal:
                errors[f"StartReplay: {refusal}"] += 1
    finally:
        client.close()


async def replay(client: Client, oracle: Oracle, name: str, start: int, end: int) -> None:
    """Replay what was published from ``start`` on and before ``end``, to the rules that are there for that. Raises
    OSError and Refused."""
    rules = sorted({route.rule for route in ROUTES if route.replays})
    oracle.replay_asked(name, start, end)
    try:
        await client.call(
            "events",
            "StartReplay",
            ReplayName=name,
            EventSourceArn=f"arn:aws:events:{REGION}:{ACCOUNT}:archive/{ARCHIVE}",
            EventStartTime=start,
            EventEndTime=end,
            Destination={
                "Arn": BUS,
                "FilterArns": [f"arn:aws:events:{REGION}:{ACCOUNT}:rule/{rule}" for rule in rules],
            },
        )
    except Refused as refusal:
        oracle.replay_answered(name, refusal.code)
        raise
    oracle.replay_answered(name, None)


async def replay_all(client: Client, oracle: Oracle) -> None:
    """Replay all that there is, once there is room for another replay."""
    for number in itertools.count():
        try:
            await replay(client, oracle, f"all-{number}", 1, int(time.time()) + 1)
        except Refused:
            await asyncio.sleep(0.2)
        else:
            return


async def archived(client: Client) -> int:
    """How many events the archive says that it has."""
    count: int = (await client.call("events", "DescribeArchive", ArchiveName=ARCHIVE))["EventCount"]
    return count
