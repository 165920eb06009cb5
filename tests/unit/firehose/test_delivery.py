"""Records become files: by time and by size, whole, once, and over restarts."""

from __future__ import annotations

import asyncio
import gzip

import pytest

from eventyard.errors import Conflict, InvalidRequest, NotFound, TryAgain
from eventyard.firehose import MOST_RECORD
from eventyard.store import Record
from tests.unit.firehose.conftest import Yard


async def test_records_are_written_when_the_oldest_is_old_enough(yard: Yard) -> None:
    hose = await yard.make()
    await yard.hoses.put(hose.arn, [b"one\n"])
    await yard.clock.advance(30)
    await yard.hoses.put(hose.arn, [b"two\n"])
    await yard.clock.advance(29)
    assert yard.files() == []
    await yard.clock.advance(1)
    assert await yard.wait(1) == [b"one\ntwo\n"]
    (path,) = yard.files()
    name = path.relative_to(yard.root)
    assert str(name).startswith("bucket/in/2023/11/14/22/h-1-2023-11-14-22-13-20-")


async def test_records_are_written_when_enough_are_waiting(yard: Yard) -> None:
    hose = await yard.make()
    for _ in range(3):
        await yard.hoses.put(hose.arn, [b"x" * 400_000])
    (content,) = await yard.wait(1)
    assert len(content) == 1_200_000


async def test_what_is_more_than_a_file_takes_goes_into_the_next(yard: Yard) -> None:
    hose = await yard.make()
    await yard.hoses.put(hose.arn, [bytes([65 + at]) * 600_000 for at in range(5)])
    contents = await yard.wait(2)
    assert sorted(len(content) for content in contents) == [1_200_000, 1_200_000]
    await yard.clock.advance(60)
    assert b"E" * 600_000 in await yard.wait(3)


async def test_stream_without_an_interval_writes_at_once(yard: Yard) -> None:
    hose = await yard.make(interval=0)
    await yard.hoses.put(hose.arn, [b"x"])
    assert await yard.wait(1) == [b"x"]


async def test_compressed_files_are_gzip(yard: Yard) -> None:
    hose = await yard.make(compression="GZIP")
    await yard.hoses.put(hose.arn, [b"one\n", b"two\n"])
    await yard.clock.advance(60)
    (content,) = await yard.wait(1)
    assert gzip.decompress(content) == b"one\ntwo\n"
    assert yard.files()[0].name.endswith(".gz")


async def test_delimiter_follows_each_record(yard: Yard) -> None:
    hose = await yard.make(delimiter="\n", extension=".jsonl")
    await yard.hoses.put(hose.arn, [b'{"a":1}', b'{"a":2}'])
    await yard.clock.advance(60)
    assert await yard.wait(1) == [b'{"a":1}\n{"a":2}\n']
    assert yard.files()[0].suffix == ".jsonl"


async def test_what_waits_survives_a_restart_with_its_age(yard: Yard) -> None:
    hose = await yard.make()
    await yard.hoses.put(hose.arn, [b"one"])
    await yard.clock.advance(59)
    yard = await yard.again()
    assert yard.logs.kept == {hose.arn}
    await yard.hoses.put(hose.arn, [b"two"])
    await yard.clock.advance(1)
    assert await yard.wait(1) == [b"onetwo"]
    yard = await yard.again()
    await yard.clock.advance(120)
    await asyncio.sleep(0.05)
    assert len(yard.files()) == 1
    await yard.hoses.close()


async def test_size_that_waits_is_known_after_a_restart(yard: Yard) -> None:
    hose = await yard.make()
    await yard.hoses.put(hose.arn, [b"x" * 600_000])
    yard = await yard.again()
    await yard.hoses.put(hose.arn, [b"x" * 600_000])
    assert len((await yard.wait(1))[0]) == 1_200_000
    await yard.hoses.close()


async def test_file_whose_checkpoint_was_lost_is_written_over_itself(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    hose = await yard.make()
    await yard.hoses.put(hose.arn, [b"one"])
    record = yard.store.progress.record

    async def crash(step: Record) -> None:
        raise TryAgain("Lost.")

    monkeypatch.setattr(yard.store.progress, "record", crash)
    await yard.clock.advance(60)
    assert await yard.wait(1) == [b"one"]
    monkeypatch.setattr(yard.store.progress, "record", record)
    yard = await yard.again()
    for _ in range(100):
        if f"{hose.arn}#files" in await yard.store.progress.load():
            break
        await asyncio.sleep(0.01)
    assert await yard.wait(1) == [b"one"]
    await yard.hoses.put(hose.arn, [b"two"])
    await yard.clock.advance(60)
    assert sorted(await yard.wait(2)) == [b"one", b"two"]
    await yard.hoses.close()


async def test_log_forgets_what_is_in_files(yard: Yard) -> None:
    hose = await yard.make()
    await yard.hoses.put(hose.arn, [b"x" * 1000])
    await yard.clock.advance(60)
    await yard.wait(1)
    await yard.hoses.put(hose.arn, [b"y"])
    await yard.clock.advance(60)
    await yard.wait(2)
    for _ in range(100):
        if (await yard.store.log.bounds())[hose.arn].size < 1000:
            return
        await asyncio.sleep(0.01)
    pytest.fail("the log still holds what was written")


async def test_file_in_the_way_is_tried_again(yard: Yard) -> None:
    hose = await yard.make()
    yard.root.mkdir()
    (yard.root / "bucket").write_bytes(b"no directory")
    await yard.hoses.put(hose.arn, [b"x"])
    await yard.clock.advance(60)
    await asyncio.sleep(0.05)
    with pytest.raises(TryAgain):
        await yard.hoses.delete(hose.arn)
    assert yard.hoses.get(hose.arn) == hose
    (yard.root / "bucket").unlink()
    for _ in range(10):
        await yard.clock.advance(10)
        await asyncio.sleep(0.01)
    assert await yard.wait(1) == [b"x"]
    assert list((yard.root / ".partial").iterdir()) == []


async def test_deletion_writes_what_waits(yard: Yard) -> None:
    hose = await yard.make()
    await yard.hoses.put(hose.arn, [b"x"])
    await yard.hoses.delete(hose.arn)
    assert [path.read_bytes() for path in yard.files()] == [b"x"]
    assert not yard.logs.kept
    with pytest.raises(NotFound, match="Firehose h under account 123456789012 not found"):
        await yard.hoses.put(hose.arn, [b"y"])
    hose = await yard.make()
    await yard.clock.advance(120)
    await asyncio.sleep(0.05)
    assert len(yard.files()) == 1


async def test_leftovers_of_a_crash_are_taken_away(yard: Yard) -> None:
    hose = await yard.make()
    partial = yard.root / ".partial"
    partial.mkdir(parents=True)
    (partial / "half").write_bytes(b"x")
    yard = await yard.again()
    assert list(partial.iterdir()) == []
    assert yard.hoses.get(hose.arn) == hose
    await yard.hoses.close()


async def test_too_large_a_record_and_a_taken_name_are_refused(yard: Yard) -> None:
    hose = await yard.make()
    await yard.hoses.put(hose.arn, [b"x" * MOST_RECORD])
    with pytest.raises(InvalidRequest):
        await yard.hoses.put(hose.arn, [b"x" * (MOST_RECORD + 1)])
    with pytest.raises(Conflict):
        await yard.make()
