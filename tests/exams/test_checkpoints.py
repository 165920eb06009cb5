"""The write-ahead log stays small whatever is written, and loses nothing on its way into the file."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest

from eventyard.stores.sqlite.checkpoints import Checkpoints

ROW = b"x" * 4_000
PAGE = 4_096


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "some.db"


@pytest.fixture
def connection(path: Path) -> Iterator[apsw.Connection]:
    opened = apsw.Connection(str(path))
    opened.execute("PRAGMA journal_mode = WAL")
    opened.execute("CREATE TABLE t (n INTEGER PRIMARY KEY, body BLOB)")
    yield opened
    opened.close()


def write(connection: apsw.Connection, checkpoints: Checkpoints, commits: int) -> None:
    for _ in range(commits):
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("INSERT INTO t (body) VALUES " + ",".join(["(?)"] * 10), [ROW] * 10)
        connection.execute("COMMIT")
        checkpoints.committed()
        checkpoints.make(idle=False)


def log_size(path: Path) -> int:
    return Path(f"{path}-wal").stat().st_size


def test_log_begins_again_while_writing_goes_on(path: Path, connection: apsw.Connection) -> None:
    checkpoints = Checkpoints(connection, bulk=100, insist=100_000)
    for _ in range(60):
        write(connection, checkpoints, 20)
        time.sleep(0.01)  # the copying thread gets its turn, as it does while a disk is waited for
    written = 60 * 20 * 10 * PAGE
    assert log_size(path) < written / 4
    checkpoints.close()
    assert connection.execute("SELECT count(*) FROM t").fetchall() == [(12_000,)]
    assert connection.pragma("integrity_check") == "ok"


def test_idle_log_is_copied_whole(path: Path, connection: apsw.Connection) -> None:
    checkpoints = Checkpoints(connection, bulk=100_000)
    write(connection, checkpoints, 5)
    assert checkpoints.wanted
    checkpoints.make(idle=True)
    assert not checkpoints.wanted
    checkpoints.close()
    # Without its log the file has everything.
    copy = path.with_name("copy.db")
    copy.write_bytes(path.read_bytes())
    other = apsw.Connection(str(copy), flags=apsw.SQLITE_OPEN_READWRITE)
    assert other.execute("SELECT count(*) FROM t").fetchall() == [(50,)]
    other.close()


def test_reader_that_stays_is_waited_for_only_when_the_log_has_grown_too_far(
    path: Path, connection: apsw.Connection
) -> None:
    reader = apsw.Connection(str(path))
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM t").fetchall()
    checkpoints = Checkpoints(connection, bulk=50, insist=500)
    write(connection, checkpoints, 30)
    before = log_size(path)
    write(connection, checkpoints, 10)
    assert log_size(path) > before, "the log can't begin again under a reader"
    reader.execute("COMMIT")
    reader.close()
    write(connection, checkpoints, 200)
    assert log_size(path) < 2_500 * PAGE
    checkpoints.close()
