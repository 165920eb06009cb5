"""Files of log groups: what a crash, a full disk and wild names do to them, and in what order events are read."""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from eventyard.clock import ManualClock
from eventyard.errors import NotFound, TryAgain
from eventyard.loggroups import Found, Group, LogEvent, LogGroups, Query, group_arn
from eventyard.loggroups import day as day_module
from eventyard.loggroups.files import Files
from eventyard.loggroups.resources import DAY
from eventyard.stores.memory import MemoryStore, open_memory

NOW = 1_700_000_000_000
ARN = group_arn("123456789012", "us-east-1", "/yard/lots")
ALL = Query(low=0, high=1 << 53, count=10_000, size=1 << 20)


class Place:
    """Groups over a directory and a store that outlive them."""

    def __init__(self, store: MemoryStore, root: Path) -> None:
        self.store, self.root = store, root
        self.clock = ManualClock(NOW)

    async def open(self) -> LogGroups:
        self.groups = LogGroups(self.store.catalog, self.clock, Files(self.root, durable=True))
        await self.groups.load()
        return self.groups

    async def reopen(self) -> LogGroups:
        await self.groups.close()
        return await self.open()

    async def texts(self, *streams: str, **query: Any) -> list[str]:
        page = await self.groups.read(ARN, streams or ["s"], msgspec.structs.replace(ALL, **query))
        return [found.message for found in page.found]

    @property
    def files(self) -> list[Path]:
        return sorted(self.root.rglob("*.jsonl"))


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    store = await open_memory()
    place = Place(store, tmp_path / "logs")
    groups = await place.open()
    await groups.create(Group(arn=ARN, name="/yard/lots", created=NOW))
    await groups.create_stream(ARN, "s")
    yield place
    await place.groups.close()
    await store.close()


def events(*texts: str, at: int = NOW) -> list[LogEvent]:
    return [LogEvent(at + number, text) for number, text in enumerate(texts)]


async def test_what_was_half_written_is_cut_off_and_all_else_stays(place: Place) -> None:
    await place.groups.put(ARN, "s", events("one", "two\nlines", "ümlaut \x00"))
    (file,) = place.files
    whole = file.read_bytes()
    for cut in range(1, 60, 7):
        await place.groups.close()
        file.write_bytes(whole + whole[:cut].replace(b"\n", b""))
        await place.open()
        assert await place.texts() == ["one", "two\nlines", "ümlaut \x00"]
        assert file.read_bytes() == whole
    await place.groups.put(ARN, "s", events("next", at=NOW + 10))
    await place.reopen()
    assert await place.texts() == ["one", "two\nlines", "ümlaut \x00", "next"]


async def test_a_line_that_is_not_readable_is_passed_over(place: Place) -> None:
    await place.groups.put(ARN, "s", events("one"))
    (file,) = place.files
    await place.groups.close()
    file.write_bytes(file.read_bytes() + b"\x00\x00\xff\n")
    await place.open()
    await place.groups.put(ARN, "s", events("two", at=NOW + 1))
    await place.reopen()
    assert await place.texts() == ["one", "two"]


async def test_a_full_disk_loses_nothing_that_was_acknowledged(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    await place.groups.put(ARN, "s", events("one"))

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(day_module.os, "fsync", full)
        with pytest.raises(TryAgain) as refused:
            await place.groups.put(ARN, "s", events("lost", at=NOW + 1))
    assert refused.value.code == "ServiceUnavailableException"
    assert await place.texts() == ["one"]
    await place.groups.put(ARN, "s", events("two", at=NOW + 2))
    await place.reopen()
    assert await place.texts() == ["one", "two"]


async def test_writes_that_wait_are_synced_together(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    await place.groups.put(ARN, "s", events("first"))
    honest, calls = os.fsync, []

    def fsync(handle: int) -> None:
        calls.append(handle)
        honest(handle)

    monkeypatch.setattr(day_module.os, "fsync", fsync)
    await asyncio.gather(*(place.groups.put(ARN, "s", events(str(number), at=NOW + number)) for number in range(100)))
    assert len(await place.texts()) == 101
    assert 1 <= len(calls) <= 5


async def test_events_come_in_the_order_of_their_times_page_by_page_and_back(place: Place) -> None:
    luck = random.Random(7)
    wanted: list[tuple[int, str]] = []
    names = ["s", "a", "z"]
    for name in names[1:]:
        await place.groups.create_stream(ARN, name)
    for number in range(120):
        name, at = luck.choice(names), NOW - luck.randrange(3 * DAY)
        batch = [LogEvent(at + step, f"{number}.{step}") for step in range(luck.randrange(1, 4))]
        await place.groups.put(ARN, name, batch)
        wanted += [(event.timestamp, event.message) for event in batch]
        if number % 40 == 39:
            await place.reopen()
    ordered = [text for _, text in sorted(wanted, key=lambda pair: pair[0])]
    assert len({at for at, _ in wanted}) == len(wanted), "the test needs times that differ"
    assert await place.texts(*names) == ordered
    for backward in (False, True):
        found: list[Found] = []
        gap = None
        while True:
            query = msgspec.structs.replace(ALL, count=7, backward=backward, gap=gap)
            page = await place.groups.read(ARN, names, query)
            found += page.found
            gap = page.gap
            if gap is None:
                break
        assert [one.message for one in found] == (ordered[::-1] if backward else ordered)
    middle = sorted(wanted)[len(wanted) // 2][0]
    assert await place.texts(*names, low=middle) == [text for at, text in sorted(wanted) if at >= middle]
    assert await place.texts(*names, high=middle) == [text for at, text in sorted(wanted) if at < middle]


async def test_many_events_of_one_moment_are_paged_without_loss(place: Place) -> None:
    for number in range(25):
        await place.groups.put(ARN, "s", [LogEvent(NOW, str(number))])
    found, gap = [], None
    while True:
        page = await place.groups.read(ARN, ["s"], msgspec.structs.replace(ALL, count=4, gap=gap))
        found += [one.message for one in page.found]
        gap = page.gap
        if gap is None:
            break
    assert found == [str(number) for number in range(25)]


async def test_events_that_expire_are_not_shown_and_their_files_go(place: Place) -> None:
    for age in (0, 2, 4):
        await place.groups.put(ARN, "s", events(f"{age} days", at=NOW - age * DAY))
    assert len(place.files) == 3
    await place.groups.change(ARN, lambda group: msgspec.structs.replace(group, retention=3))
    assert await place.texts() == ["2 days", "0 days"]
    await place.groups.sweep()
    assert len(place.files) == 2
    rejected = await place.groups.put(ARN, "s", [*events("old", at=NOW - 4 * DAY), *events("new", at=NOW + 1)])
    assert (rejected.too_old, rejected.expired, rejected.too_new) == (None, 1, None)
    await place.clock.advance(5 * DAY / 1000)
    assert await place.texts() == []
    await place.groups.sweep()
    assert place.files == []


@pytest.mark.parametrize("name", ["..", ".", "../../etc", "a/b", "x" * 512, "%2E", "ü"])
async def test_no_name_leads_out_of_the_directory_or_to_anothers_files(place: Place, name: str) -> None:
    other = name.replace("/", "%2F") + "_"
    for each in (name, other):
        await place.groups.create_stream(ARN, each)
        await place.groups.put(ARN, each, events(f"of {each[:9]!r}"))
    assert await place.texts(name) == [f"of {name[:9]!r}"]
    group = place.files[0].parents[1]
    assert all(file.resolve().parents[1] == group for file in place.files)


async def test_a_stream_that_is_named_as_the_files_of_another_has_files_of_its_own(place: Place) -> None:
    long = "a" * 400
    await place.groups.create_stream(ARN, long)
    await place.groups.put(ARN, long, events("long"))
    short = place.files[-1].parent.name
    await place.groups.create_stream(ARN, short)
    await place.groups.put(ARN, short, events("short"))
    assert (await place.texts(long), await place.texts(short)) == (["long"], ["short"])
    await place.groups.delete_stream(ARN, short)
    await place.reopen()
    assert await place.texts(long) == ["long"]


async def test_what_was_deleted_is_gone_and_does_not_come_back(place: Place) -> None:
    await place.groups.put(ARN, "s", events("one"))
    kept = place.files[0].read_bytes()
    await place.groups.delete_stream(ARN, "s")
    assert place.files == []
    where = place.root / "123456789012/us-east-1/%2Fyard%2Flots/s/2023-11-14.jsonl"
    where.parent.mkdir(parents=True)
    where.write_bytes(kept)  # as after a crash in the middle of it
    await place.groups.create_stream(ARN, "s")
    assert await place.texts() == []
    await place.groups.delete(ARN)
    with pytest.raises(NotFound):
        await place.groups.put(ARN, "s", events("two"))


async def test_who_only_writes_makes_the_stream_and_any_time_is_taken(place: Place) -> None:
    both = [place.groups.write(ARN, "made", [LogEvent(NOW - 30 * DAY, "old")]) for _ in range(2)]
    await asyncio.gather(*both)
    assert await place.texts("made") == ["old", "old"]
