"""Credentials of development, nothing of this machine's configuration, and a peer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.waiting import until

from .databases import Connect, execute, sqlite
from .peer import Peer
from .postgres import Postgres, programs


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "123456789012")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "no-config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "no-credentials"))


@pytest.fixture
def peer() -> Iterator[Peer]:
    with Peer() as peer:
        yield peer


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    found = programs()
    if found is None:
        pytest.skip("PostgreSQL is not installed (Debian: apt-get install postgresql)")
    server = Postgres(found)
    try:
        until(server.ready, 60)
        yield server
    finally:
        server.stop()


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Connect]:
    """A way to connect to a database without tables."""
    if request.param == "sqlite":
        connect = sqlite(str(tmp_path / "shop.db"))
        execute(connect, "PRAGMA journal_mode = WAL")
        yield connect
        return
    server: Postgres = request.getfixturevalue("postgres")
    execute(server.connect, "DROP SCHEMA public CASCADE")
    execute(server.connect, "CREATE SCHEMA public")
    yield server.connect
