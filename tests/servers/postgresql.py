"""A PostgreSQL server with a new cluster, which syncs what it commits."""

from __future__ import annotations

from pathlib import Path

import psycopg

from tests.acceptance.client.postgres import programs
from tests.servers.server import Server


class Postgresql(Server):
    user = "postgres"

    @classmethod
    def missing(cls) -> str | None:
        return (
            None if programs() else "There is no PostgreSQL server here: apt-get install postgresql, or make servers."
        )

    @property
    def _programs(self) -> Path:
        found = programs()
        assert found is not None
        return found

    def prepare(self) -> None:
        initdb, data = str(self._programs / "initdb"), str(self.home / "data")
        (self.home / "word").write_text("secret word")
        (self.home / "word").chmod(0o644)
        self.run(initdb, "-D", data, "-U", "test", "-A", "scram-sha-256", "--pwfile", str(self.home / "word"),
                 "-E", "UTF8", "--locale=C", "-N")  # fmt: skip

    def command(self) -> list[str]:
        options = ["-c", "listen_addresses=127.0.0.1", "-c", f"unix_socket_directories={self.home}"]
        options += ["-c", "ssl=on", "-c", f"ssl_cert_file={self.certificate}", "-c", f"ssl_key_file={self.key}"]
        return [str(self._programs / "postgres"), "-D", str(self.home / "data"), "-p", str(self.port), *options]

    def ready(self) -> bool:
        try:
            self.ask("SELECT 1")
        except psycopg.OperationalError:
            return False
        return True

    @property
    def url(self) -> str:
        return f"postgresql://127.0.0.1:{self.port}/postgres"

    def ask(self, statement: str) -> list[tuple[object, ...]]:
        dsn = f"host=127.0.0.1 port={self.port} dbname=postgres user=test password='secret word' connect_timeout=5"
        with psycopg.connect(dsn, autocommit=True) as connection:
            found = connection.execute(statement.encode())
            return found.fetchall() if found.description else []
