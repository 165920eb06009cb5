"""What only a store on disk can be asked: that it survives restarts, kills, full disks and second owners."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import apsw
import pytest

from eventyard.errors import Broken, TryAgain
from eventyard.event import Event
from eventyard.exams.store_log import events
from eventyard.exams.store_progress import deferred
from eventyard.exams.store_queues import claim, message
from eventyard.store import Attempt, Bounds, Change, Checkpoint, Counts, Fate, Record
from eventyard.stores.sqlite import open_sqlite
from eventyard.stores.sqlite.schema import migrate

WRITER = """
import asyncio, sys
from pathlib import Path
from eventyard.event import Event
from eventyard.store import NewMessage
from eventyard.stores.sqlite import open_sqlite

async def produce(store, worker):
    number = 0
    while True:
        name = f"{worker}/{number}"
        position = await store.log.append("bus", [Event(name.encode(), number)])
        print("event", position, name, flush=True)
        await store.queues.send("q", [NewMessage(name, "body", 1, 1)])
        print("message", 0, name, flush=True)
        number += 1

async def main():
    store = await open_sqlite(Path(sys.argv[1]))
    await asyncio.gather(*[produce(store, f"{sys.argv[2]}.{worker}") for worker in range(8)])

asyncio.run(main())
"""


def write_version_1(directory: Path) -> None:
    connection = apsw.Connection(str(directory / "eventyard.db"))
    connection.execute(Path(__file__).with_name("data").joinpath("version_1.sql").read_text("utf-8")).fetchall()
    connection.close()


async def test_everything_is_there_after_reopening(tmp_path: Path) -> None:
    store = await open_sqlite(tmp_path)
    fate = Fate("bus", 1, "e", "s", "dropped", 5)
    await store.log.append("bus", events(10))
    await store.log.trim("bus", max_size=300)
    await store.log.append("empty", events(3))
    await store.log.trim("empty", max_size=0)
    await store.progress.record(Record({"s": Checkpoint(4, (7,))}, [deferred("s", 6, 9)], fates=[fate]))
    await store.catalog.apply([Change("bus", "a", b"1")])
    await store.queues.send("q", [message("a"), message("b"), message("c", dedup="x")], 0)
    (claimed,) = await claim(store, 10, 1)
    await store.close()

    store = await open_sqlite(tmp_path)
    assert await store.log.bounds() == {"bus": Bounds(8, 10, 300), "empty": Bounds(4, 3, 0)}
    assert await store.log.append("empty", events(1)) == 4
    assert await store.log.append("bus", events(1)) == 11
    assert await store.progress.load() == {"s": Checkpoint(4, (7,))}
    assert await store.progress.due("s", 9, 9) == [deferred("s", 6, 9)]
    assert await store.progress.fates() == [fate]
    assert await store.catalog.load("bus") == {"a": b"1"}
    assert await store.queues.counts("q", 11) == Counts(2, 1, 0, 1)
    assert (await store.queues.send("q", [message("d", dedup="x")], 0))[0].id == "c"
    assert await store.queues.settle("q", [(claimed.receipt, None)], 11) == ["done"]
    assert (await store.queues.send("q", [message("e")]))[0].sequence == 4
    await store.close()


async def test_a_queue_emptied_before_a_restart_does_not_reuse_sequences(tmp_path: Path) -> None:
    store = await open_sqlite(tmp_path)
    await store.queues.send("q", [message("a"), message("b")])
    await store.queues.purge("q")
    await store.close()
    store = await open_sqlite(tmp_path)
    assert (await store.queues.send("q", [message("c")]))[0].sequence == 3
    await store.close()


async def test_a_second_owner_is_refused_and_told_who_has_the_directory(tmp_path: Path) -> None:
    store = await open_sqlite(tmp_path)
    with pytest.raises(Broken, match=f"{tmp_path} is in use by process {os.getpid()}"):
        await open_sqlite(tmp_path)
    await store.close()
    await (await open_sqlite(tmp_path)).close()


async def test_a_closed_store_says_so(tmp_path: Path) -> None:
    store = await open_sqlite(tmp_path)
    waiting = [asyncio.ensure_future(store.log.append("bus", events(1))) for _ in range(5)]
    await asyncio.sleep(0)
    await store.close()
    assert sorted(await asyncio.gather(*waiting)) == [1, 2, 3, 4, 5], "what was asked for before is done"
    with pytest.raises(Broken, match="closed"):
        await store.log.append("bus", events(1))
    with pytest.raises(Broken, match="closed"):
        await store.log.read("bus", 0, 1)
    await store.close()


async def test_a_newer_schema_is_refused(tmp_path: Path) -> None:
    await (await open_sqlite(tmp_path)).close()
    connection = apsw.Connection(str(tmp_path / "eventyard.db"))
    connection.pragma("user_version", 99)
    connection.close()
    with pytest.raises(Broken, match="schema version 99"):
        await open_sqlite(tmp_path)


async def test_a_directory_of_the_version_before_is_brought_up_to_this_one(tmp_path: Path) -> None:
    write_version_1(tmp_path)
    store = await open_sqlite(tmp_path)
    retrying = Fate("bus", 2, "event-2", "one", "retrying", 1400, 2, "SERVER_ERROR", "status 500")
    dropped = Fate("bus", 3, "event-3", "one", "dropped", 1300, 1, "NO_RESOURCE", "gone")
    assert await store.progress.fates() == [retrying, dropped]
    last = Attempt("bus", 2, "one", 3, 1500)
    delivered = Fate("bus", 2, "event-2", "one", "delivered", 1500, 3)
    await store.progress.record(Record(fates=[delivered], attempts=[last]))
    assert await store.progress.fates() == [delivered, dropped]
    assert await store.progress.attempts("event-2") == [last]
    assert await store.progress.load() == {"one": Checkpoint(4), "bus": Checkpoint(5)}
    assert [each.attempts for each in await store.progress.due("one", 9_999, 9)] == [2]
    assert await store.log.bounds() == {"bus": Bounds(2, 5, 64)}
    assert await store.log.append("bus", events(1)) == 6
    assert await store.catalog.load("bus") == {"a": b"1"}
    assert await store.queues.counts("q", 2_500) == Counts(1, 1, 0, 1000)
    assert await store.queues.settle("q", [("token-1", None)], 2_500) == ["done"]
    await store.close()
    await (await open_sqlite(tmp_path)).close()


async def test_a_migration_that_fails_leaves_the_directory_as_it_was(tmp_path: Path) -> None:
    write_version_1(tmp_path)
    connection = apsw.Connection(str(tmp_path / "eventyard.db"))
    connection.execute("CREATE VIEW attempt AS SELECT 1")
    with pytest.raises(apsw.SQLError):
        migrate(connection)
    assert connection.pragma("user_version") == 1
    assert "number" in [name for _, name, *_ in connection.execute("PRAGMA table_info(fate)")]
    connection.execute("DROP VIEW attempt")
    connection.close()
    await (await open_sqlite(tmp_path)).close()


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        ("DROP TABLE claim_1", "its table claim_1 is missing"),
        ("DROP INDEX fate_event", "its table or index fate_event is missing"),
        ("ALTER TABLE dedup RENAME COLUMN id TO message", "its table or index dedup is another"),
        ("PRAGMA user_version = 0", "it has a table bus_log and no schema version"),
    ],
)
async def test_a_directory_of_an_unreleased_revision_is_refused_with_the_remedy(
    tmp_path: Path, spoil: str, why: str
) -> None:
    write_version_1(tmp_path)
    connection = apsw.Connection(str(tmp_path / "eventyard.db"))
    connection.execute(spoil)
    connection.close()
    before = (tmp_path / "eventyard.db").read_bytes()
    with pytest.raises(Broken, match=f"data directory {tmp_path} can't be read: {why}.*another --data directory"):
        await open_sqlite(tmp_path)
    assert (tmp_path / "eventyard.db").read_bytes() == before, "it is not touched"


async def test_a_copy_made_while_the_store_is_written_to_is_whole(tmp_path: Path) -> None:
    """The backup of docs/operating.md."""
    store = await open_sqlite(tmp_path / "data")
    await store.log.append("bus", events(10))
    writing = [asyncio.ensure_future(store.log.append("bus", events(5))) for _ in range(100)]
    (tmp_path / "copy").mkdir()
    connection = apsw.Connection(str(tmp_path / "data" / "eventyard.db"))
    await asyncio.to_thread(connection.execute, "VACUUM INTO ?", (str(tmp_path / "copy" / "eventyard.db"),))
    connection.close()
    await asyncio.gather(*writing)
    await store.close()
    copy = await open_sqlite(tmp_path / "copy")
    left = (await copy.log.bounds())["bus"]
    assert left.first == 1
    assert left.last >= 10
    assert await copy.log.append("bus", events(1)) == left.last + 1
    await copy.close()


async def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "eventyard.db").write_bytes(b"not a database" * 1000)
    with pytest.raises(Broken, match=r"eventyard\.db cannot be opened"):
        await open_sqlite(tmp_path)


async def test_a_full_disk_is_passing(tmp_path: Path) -> None:
    store = await open_sqlite(tmp_path, max_pages=150)
    kept = 0

    async def fill() -> None:
        nonlocal kept
        for _ in range(1_000):
            await store.log.append("bus", events(20, size=1_000))
            kept += 20

    with pytest.raises(TryAgain, match="full"):
        await fill()
    assert await store.log.bounds() == {"bus": Bounds(1, kept, kept * 1_000)}
    for answer in await asyncio.gather(
        *[store.log.append("bus", events(40)) for _ in range(5)], return_exceptions=True
    ):
        assert isinstance(answer, (TryAgain, int))
    await store.log.trim("bus", max_size=0)
    first = await store.log.append("bus", events(20))
    assert [position for position, _ in await store.log.read("bus", 0, 99)] == list(range(first, first + 20))
    await store.close()


async def test_a_failing_write_takes_no_other_with_it(tmp_path: Path) -> None:
    store = await open_sqlite(tmp_path)
    following: list[int] = []
    store.log.follow(lambda bus, first, batch: following.extend(range(first, first + len(batch))))
    bad = Event("text, not bytes", 1)  # type: ignore[arg-type]
    jobs = [store.log.append("bus", [event]) for event in (*events(3), bad, *events(3))]
    answers = await asyncio.gather(*jobs, store.queues.send("q", [message("a")]), return_exceptions=True)
    assert isinstance(answers[3], apsw.ConstraintError)
    assert [*answers[:3], *answers[4:7]] == [1, 2, 3, 4, 5, 6]
    assert (await store.log.bounds())["bus"].last == 6
    await asyncio.sleep(0)
    assert following == [1, 2, 3, 4, 5, 6]
    assert (await store.queues.counts("q", 5)).visible == 1
    await store.close()


async def test_too_much_waiting_is_refused_at_once(tmp_path: Path) -> None:
    store = await open_sqlite(tmp_path, pending_limit=10_000)
    jobs = [store.log.append("bus", events(1, size=1_000)) for _ in range(50)]
    answers = await asyncio.gather(*jobs, return_exceptions=True)
    refused = [answer for answer in answers if isinstance(answer, TryAgain)]
    assert len(refused) == 50 - 8
    assert await store.log.append("bus", events(1)) == 9, "what was written waits no longer"
    await store.close()


async def test_a_disk_error_breaks_the_store_for_good(tmp_path: Path) -> None:
    told: list[Broken] = []
    store = await open_sqlite(tmp_path, on_broken=told.append)
    await store.log.append("bus", events(1))

    def fail() -> None:
        raise apsw.IOError("disk I/O error")

    answers = await asyncio.gather(
        store._writer.run(fail), store.log.append("bus", events(1)), return_exceptions=True
    )  # fmt: skip
    assert all(isinstance(answer, Broken) for answer in answers)
    with pytest.raises(Broken, match="disk I/O error"):
        await store.log.append("bus", events(1))
    assert len(told) == 1
    await store.close()
    store = await open_sqlite(tmp_path)
    assert (await store.log.bounds())["bus"].last == 1
    await store.close()


async def test_a_kill_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    acknowledged: dict[str, int] = {}
    messages: set[str] = set()
    for round_ in range(3):
        process = subprocess.Popen(  # noqa: ASYNC220 - nothing else runs on this loop
            [sys.executable, "-c", WRITER, str(tmp_path), str(round_)], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        for count, line in enumerate(process.stdout):
            if not line.endswith("\n"):
                break  # the kill cut this acknowledgement off
            what, position, name = line.split()
            if what == "event":
                acknowledged[name] = int(position)
            else:
                messages.add(name)
            if count == 400 + 150 * round_:
                process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
    store = await open_sqlite(tmp_path)
    log = await store.log.read("bus", 0, 1_000_000)
    assert [position for position, _ in log] == list(range(1, len(log) + 1))
    there = {event.body.decode(): position for position, event in log}
    assert acknowledged.items() <= there.items()
    found: set[str] = set()
    while got := await claim(store, 10, 1_000):
        found |= {each.id for each in got}
    assert messages <= found
    assert len(acknowledged) > 300
    await store.close()
