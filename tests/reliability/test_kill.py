"""kill -9 under load: what was acknowledged arrives, in bounds and in one piece; and a liar is caught."""

from __future__ import annotations

from pathlib import Path

import pytest

from .harness import Campaign, Harness


async def test_acknowledged_events_survive_twenty_kills_under_load(tmp_path: Path) -> None:
    result = await Harness(Campaign(tmp_path, rounds=20, seed=20261123)).run()

    assert result.report.faults == [], str(result.report)
    assert max(result.ready) <= 5, "ready within five seconds of each restart"
    assert sum(result.acknowledged) / 20 >= 100, f"too little load to prove anything: {result.acknowledged}"
    assert result.report.refused > 0, "the refused entries must have been tried"


@pytest.mark.parametrize("sabotage", ["acknowledge-before-commit", "settle-before-delivery"])
async def test_the_checker_catches_a_sabotaged_server(tmp_path: Path, sabotage: str) -> None:
    for attempt in range(4):
        campaign = Campaign(
            tmp_path / str(attempt),
            rounds=2,
            seed=attempt,
            module="tests.reliability.sabotage",
            environment={"SABOTAGE": sabotage},
            shortest=0.5,
            longest=1.0,
            patience=3.0,
        )
        result = await Harness(campaign).run()
        assert sum(result.acknowledged) > 100, "the sabotaged server must work until it is killed"
        if result.report.lost:
            return
    pytest.fail(f"{sabotage} went unnoticed: the checker could not have caught a real fault either")
