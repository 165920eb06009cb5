"""The power fails: what was acknowledged is there, whatever the disk made of the rest; and a liar is caught."""

from __future__ import annotations

from pathlib import Path

import apsw
import pytest

from eventyard.errors import Broken
from eventyard.event import Event
from eventyard.stores.sqlite import open_sqlite

from .disk import Disk
from .harness import frequent_checkpoints, run


async def test_acknowledged_writes_survive_sixty_power_cuts_with_torn_and_reordered_writes(tmp_path: Path) -> None:
    with frequent_checkpoints():
        report = await run(tmp_path, rounds=60, seed=20261124)
    assert report.faults == []
    assert report.promises > 500, "too little was promised to prove anything"
    assert report.folded >= 2, "cuts in the middle of a checkpoint must be among them"


async def test_a_store_that_does_not_sync_its_commits_is_caught(tmp_path: Path) -> None:
    report = await run(tmp_path, rounds=30, seed=1, synchronous="NORMAL")
    assert any("is lost" in fault for fault in report.faults)


async def test_a_store_that_answers_before_it_writes_is_caught(tmp_path: Path) -> None:
    report = await run(tmp_path, rounds=30, seed=2, early=True)
    assert any("is lost" in fault for fault in report.faults)


@pytest.mark.parametrize("at", [1, 2, 3, 5, 8, 13, 40, 100, 250])
async def test_a_sync_that_fails_once_is_never_followed_by_a_promise_that_is_not_kept(tmp_path: Path, at: int) -> None:
    failed: list[int] = []

    def fault(number: int, what: str) -> None:
        if number >= at and what == "Synced" and not failed:
            failed.append(number)
            raise apsw.IOError("disk I/O error")

    with frequent_checkpoints():
        report = await run(tmp_path, rounds=10, seed=at, fault=fault)
    assert failed
    assert report.faults == []


async def test_a_store_whose_disk_failed_leaves_its_write_ahead_log_to_the_next_start(tmp_path: Path) -> None:
    def fault(number: int, what: str) -> None:
        if what == "Synced":
            raise apsw.IOError("disk I/O error")

    with Disk(fault) as disk:
        store = await open_sqlite(tmp_path)
        await store.log.append("bus", [Event(b"{}", 1)])
        disk.begin(tmp_path)
        with pytest.raises(Broken):
            await store.log.append("bus", [Event(b"{}", 2)])
        disk.end()
        await store.close()
    assert (tmp_path / "eventyard.db-wal").stat().st_size, "SQLite removes a log that it took into the file"


@pytest.mark.parametrize("at", [1, 7, 30, 120])
async def test_a_disk_that_is_full_for_a_while_breaks_no_promise(tmp_path: Path, at: int) -> None:
    def fault(number: int, what: str) -> None:
        if at <= number < at + 20 and what == "Wrote":
            raise apsw.FullError("database or disk is full")

    report = await run(tmp_path, rounds=10, seed=at, fault=fault)
    assert report.faults == []
    assert report.promises > 100, "it must go on when there is room again"
