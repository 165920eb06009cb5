"""Lines of what runs here: taken without waiting, written in order, and nothing grows without bound."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from eventyard.clock import ManualClock
from eventyard.loggroups import LogGroups, Query, group_arn
from eventyard.loggroups import day as day_module
from eventyard.loggroups import notes as notes_module
from eventyard.loggroups.files import Files
from eventyard.loggroups.notes import Notes
from eventyard.stores.memory import open_memory

NOW = 1_700_000_000_000
ARN = group_arn("123456789012", "us-east-1", "/aws/lambda/sell")
ALL = Query(low=0, high=1 << 53, count=10_000, size=1 << 20)


async def texts(groups: LogGroups, stream: str) -> list[str]:
    return [found.message for found in (await groups.read(ARN, [stream], ALL)).found]


async def test_lines_are_written_in_order_to_a_group_that_is_made(tmp_path: Path) -> None:
    store, clock = await open_memory(), ManualClock(NOW)
    groups = LogGroups(store.catalog, clock, Files(tmp_path, durable=True))
    notes = Notes(groups, clock)
    for number in range(50):
        notes.take(ARN, "a" if number % 2 else "b", [f"line {number}", "", f"and {number}"])
    notes.take(ARN, "a", ["lone \ud800 half"])
    await notes.close()
    assert groups.get(ARN).name == "/aws/lambda/sell"
    assert await texts(groups, "b") == [text for n in range(0, 50, 2) for text in (f"line {n}", f"and {n}")]
    assert (await texts(groups, "a"))[-1] == "lone ? half"
    await groups.close()
    await store.close()


async def test_lines_wait_for_room_and_those_beyond_the_bound_are_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, clock = await open_memory(), ManualClock(NOW)
    groups = LogGroups(store.catalog, clock, Files(tmp_path, durable=True))
    notes = Notes(groups, clock)
    monkeypatch.setattr(notes_module, "_MOST_WAITING", 10)

    loop, failed = asyncio.get_running_loop(), asyncio.Event()

    def full(handle: int) -> None:
        loop.call_soon_threadsafe(failed.set)
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(day_module.os, "fsync", full)
        notes.take(ARN, "s", ["12345", "67890", "too much"])
        await failed.wait()
    await notes.close()  # once more, now that there is room
    assert await texts(groups, "s") == ["12345", "67890"]
    notes.take(ARN, "s", ["again"])
    await notes.close()
    assert await texts(groups, "s") == ["12345", "67890", "again"]
    await groups.close()
    await store.close()
