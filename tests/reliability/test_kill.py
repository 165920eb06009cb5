"""kill -9 under load: what was acknowledged arrives, in bounds and in one piece; and a liar is caught."""

from __future__ import annotations

import asyncio
from pathlib import Path

from .harness import Campaign, Harness
from .sabotage import SABOTAGES

#: What the checker must say of each of them, at least once: the beginnings of the faults that it may be caught by.
WORDS = {
    "acknowledge-before-commit": "I1 lost",
    "settle-before-delivery": "I1 lost",
    "forget-what-is-deferred": "I1 lost",
    "drop-dead-letters": "I1 lost",
    "fire-twice": "I7 firings",
    "skip-moments": "I7 lost",
    "skip-in-replays": "I1 lost",
}
_AT_ONCE = 3


async def test_acknowledged_events_survive_twenty_kills_under_load(tmp_path: Path) -> None:
    result = await Harness(Campaign(tmp_path, rounds=20, seed=20261123, past_minute=True)).run()

    report = result.report
    print(report)
    assert report.faults == [], str(report)
    assert max(result.ready) <= 5, "ready within five seconds of each restart"
    assert sum(result.acknowledged) / len(result.ready) >= 100, f"too little load: {result.acknowledged}"
    assert report.refused > 0, "the refused entries must have been tried"
    assert report.retried > 50, "deliveries must have been deferred"
    assert report.exhausted > 10, "and some of them given up"
    assert report.moments > 20
    assert report.replays > 10
    assert report.replayed > 1000


async def test_the_checker_catches_every_sabotaged_server(tmp_path: Path) -> None:
    places = asyncio.Semaphore(_AT_ONCE)

    async def caught(sabotage: str) -> bool:
        async with places:
            return await _caught(tmp_path / sabotage, sabotage)

    verdicts = await asyncio.gather(*(caught(sabotage) for sabotage in SABOTAGES))
    assert [sabotage for sabotage, verdict in zip(SABOTAGES, verdicts, strict=True) if not verdict] == [], "unnoticed"


async def _caught(folder: Path, sabotage: str) -> bool:
    for attempt in range(4):
        campaign = Campaign(
            folder / str(attempt),
            rounds=1,
            seed=attempt,
            module="tests.reliability.sabotage",
            environment={"SABOTAGE": sabotage},
            rate=500,
            shortest=2.0,
            longest=3.0,
            patience=2.0,
        )
        result = await Harness(campaign).run()
        assert sum(result.acknowledged) > 100, "the sabotaged server must work until it is killed"
        if any(fault.startswith(WORDS[sabotage]) for fault in result.report.lost + result.report.excess):
            return True
    return False
